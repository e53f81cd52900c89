"""The deployment's steps put together: the deployment pipeline, and the pre-approved branch of the training pipeline.

A step cannot wait for whichever branch of a condition was taken, so what follows a choice stands in each branch.
A choice whose setting is a value and no parameter is made here, and only its branch is compiled in.
"""

from __future__ import annotations

from collections.abc import Callable

from sagemaker.core.helper.pipeline_variable import PipelineVariable
from sagemaker.core.workflow.conditions import ConditionEquals
from sagemaker.mlops.workflow import ConditionStep, EndpointConfigStep, LambdaStep, ModelStep
from sagemaker.mlops.workflow.steps import Step

from pipelines.deployment.endpoint import capturing, configure, create_serving_model, deploy, instances, serverless
from pipelines.deployment.safeguards import Safeguards

Steps = list[Step | ModelStep]
Branch = Callable[[], Steps]


def deployment_steps(safeguards: Safeguards) -> Steps:
    """PlanDeployment and CheckPlan, which holds the rest."""
    plan = safeguards.plan()
    check = ConditionStep(
        name="CheckPlan",
        description="Deploys if the plan says so; else only alarms, scaling, tags and schedules are seen to",
        conditions=[ConditionEquals(left=plan.properties.Outputs["Action"], right="deploy")],
        if_steps=_update(safeguards, plan),
        else_steps=[safeguards.renew(plan)],
    )
    return [plan, check]


def _update(safeguards: Safeguards, plan: LambdaStep) -> Steps:
    model = create_serving_model(safeguards.settings, safeguards.deployment)
    on_instances = _choose(
        "ChooseCapacity",
        "Instances, or serverless",
        safeguards.deployment.serverless_memory_size_in_mb,
        0,
        lambda: _on_instances(safeguards, plan, model),
        lambda: _serverless(safeguards, model),
    )
    return [model, *on_instances]


def _on_instances(safeguards: Safeguards, plan: LambdaStep, model: ModelStep) -> Steps:
    settings, deployment = safeguards.settings, safeguards.deployment
    # the plan's count: an endpoint that has scaled out is not updated to fewer instances than its traffic needs
    capacity = instances(deployment, plan.properties.Outputs["InstanceCount"])
    capture = capturing(settings, deployment, safeguards.capture_uri)
    config = configure("ConfigureInstances", settings, deployment, model, capacity, capture)
    prepare = safeguards.prepare("PrepareInstances", config)

    def leaf(routing: str) -> Branch:
        return lambda: _deploy(safeguards, config, prepare, routing, routing.title().replace("_", ""))

    def gradually() -> Steps:
        return _choose(
            "ChooseCanary", "CANARY, or LINEAR", deployment.traffic_routing, "CANARY", leaf("CANARY"), leaf("LINEAR")
        )

    traffic = _choose(
        "ChooseTraffic",
        "All traffic at once, or gradually",
        deployment.traffic_routing,
        "ALL_AT_ONCE",
        leaf("ALL_AT_ONCE"),
        gradually,
    )
    return [config, prepare, *traffic]


def _serverless(safeguards: Safeguards, model: ModelStep) -> Steps:
    deployment = safeguards.deployment
    config = configure("ConfigureServerless", safeguards.settings, deployment, model, serverless(deployment), None)
    prepare = safeguards.prepare("PrepareServerless", config)
    return [config, prepare, *_deploy(safeguards, config, prepare, "ALL_AT_ONCE", "Serverless")]


def _deploy(
    safeguards: Safeguards, config: EndpointConfigStep, prepare: LambdaStep, routing: str, suffix: str
) -> Steps:
    endpoint = deploy(f"Deploy{suffix}", safeguards.settings, safeguards.deployment, config, prepare, routing)
    return [endpoint, safeguards.guard(f"Guard{suffix}", endpoint)]


def _choose(
    name: str,
    description: str,
    setting: str | int | PipelineVariable,
    value: str | int,
    then: Branch,
    otherwise: Branch,
) -> Steps:
    """A Condition step where only an execution knows the setting, else the steps of the branch that it chooses."""
    if not isinstance(setting, PipelineVariable):
        return then() if setting == value else otherwise()
    return [
        ConditionStep(
            name=name,
            description=description,
            conditions=[ConditionEquals(left=setting, right=value)],
            if_steps=then(),
            else_steps=otherwise(),
        )
    ]
