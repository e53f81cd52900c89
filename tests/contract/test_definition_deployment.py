"""The golden deployment pipeline: its order, its branches, and what each of them asks of SageMaker."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipelines.definition import check_definition
from pipelines.definition.document import StepEntry, all_steps
from pipelines.deployment.endpoint_safeguards.alarms import PERIOD_SECONDS

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "deployment_pipeline.json"
LEAVES = {"AllAtOnce": "ALL_AT_ONCE", "Canary": "CANARY", "Linear": "LINEAR", "Serverless": "ALL_AT_ONCE"}
SIZES = {"CANARY": {"CanarySize"}, "LINEAR": {"LinearStepSize"}, "ALL_AT_ONCE": set()}
Definition = dict[str, Any]


@pytest.fixture(scope="module")
def golden() -> Definition:
    loaded: Definition = json.loads(GOLDEN.read_text(encoding="utf-8"))
    return loaded


@pytest.fixture(scope="module")
def steps(golden: Definition) -> dict[str, StepEntry]:
    return {step.name: step for step in all_steps(golden)}


def test_the_package_alone_has_no_default(golden: Definition) -> None:
    assert [one["Name"] for one in golden["Parameters"] if "DefaultValue" not in one] == ["ModelPackageArn"]


def test_a_plan_that_changes_nothing_leads_to_the_safeguards_alone(steps: dict[str, StepEntry]) -> None:
    check = steps["CheckPlan"].arguments
    assert check["Conditions"][0]["LeftValue"] == {"Get": "Steps.PlanDeployment.OutputParameters['Action']"}
    assert [step["Name"] for step in check["ElseSteps"]] == ["RenewSafeguards"]


@pytest.mark.parametrize(("leaf", "routing"), LEAVES.items())
def test_every_leaf_deploys_one_way_and_is_guarded_after_it(
    steps: dict[str, StepEntry], leaf: str, routing: str
) -> None:
    endpoint = steps[f"Deploy{leaf}"]
    policy = endpoint.arguments["DeploymentConfig"]["BlueGreenUpdatePolicy"]
    traffic = policy["TrafficRoutingConfiguration"]
    assert traffic["Type"] == routing
    assert set(traffic) == {"Type", "WaitIntervalInSeconds"} | SIZES[routing]
    guard = steps[f"Guard{leaf}"]
    assert guard.step["DependsOn"] == [endpoint.name]
    assert guard.parent == endpoint.parent


@pytest.mark.parametrize("leaf", LEAVES)
def test_every_update_is_rolled_back_on_both_alarms(steps: dict[str, StepEntry], leaf: str) -> None:
    alarms = steps[f"Deploy{leaf}"].arguments["DeploymentConfig"]["AutoRollbackConfiguration"]["Alarms"]
    names = [alarm["AlarmName"]["Get"].partition(".OutputParameters")[2] for alarm in alarms]
    assert names == ["['ErrorAlarmName']", "['LatencyAlarmName']"]


def test_the_old_fleet_is_kept_until_the_alarms_have_been_judged(golden: Definition) -> None:
    """An update may come at any second of a period, and a period is judged some seconds after its end."""
    defaults = {one["Name"]: one.get("DefaultValue") for one in golden["Parameters"]}
    assert defaults["BakeSeconds"] >= 2 * PERIOD_SECONDS


def test_requests_and_responses_are_captured_and_pictures_stay_bytes(steps: dict[str, StepEntry]) -> None:
    capture = steps["ConfigureInstances"].arguments["DataCaptureConfig"]
    assert [option["CaptureMode"] for option in capture["CaptureOptions"]] == ["Input", "Output"]
    assert capture["CaptureContentTypeHeader"] == {"JsonContentTypes": ["application/json"]}
    assert capture["InitialSamplingPercentage"] == {"Get": "Parameters.CapturePercentage"}


def test_a_serverless_variant_has_neither_instances_nor_capture(steps: dict[str, StepEntry]) -> None:
    arguments = steps["ConfigureServerless"].arguments
    (variant,) = arguments["ProductionVariants"]
    assert "ServerlessConfig" in variant
    assert not {"InstanceType", "InitialInstanceCount"} & set(variant)
    assert "DataCaptureConfig" not in arguments


def test_the_plan_says_with_how_many_instances_an_update_starts(steps: dict[str, StepEntry]) -> None:
    (variant,) = steps["ConfigureInstances"].arguments["ProductionVariants"]
    assert variant["InitialInstanceCount"] == {"Get": "Steps.PlanDeployment.OutputParameters['InstanceCount']"}


def test_nothing_is_cached(steps: dict[str, StepEntry]) -> None:
    """Deploying A, B and A again would find the third in the cache, and B would go on serving."""
    assert [step.name for step in steps.values() if "CacheConfig" in step.step] == []


def test_steps_that_can_be_retried_are(steps: dict[str, StepEntry]) -> None:
    retried = {step.name for step in steps.values() if "RetryPolicies" in step.step}
    assert retried == {step.name for step in steps.values() if step.type in {"Model", "EndpointConfig"}}


def _find(definition: Definition, name: str) -> dict[str, Any]:
    return next(dict_step for dict_step in _walk(definition["Steps"]) if dict_step["Name"] == name)


def _walk(steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found = []
    for step in steps:
        found.append(step)
        if step["Type"] == "Condition":
            found += _walk(step["Arguments"]["IfSteps"] + step["Arguments"]["ElseSteps"])
    return found


Break = Callable[[Definition], object]
BROKEN: dict[str, tuple[Break, str]] = {
    "a function that is no ARN": (
        lambda d: _find(d, "PlanDeployment").update(FunctionArn="plan"),
        "FunctionArn: 'plan' is not the ARN of a Lambda function",
    ),
    "an output of no known type": (
        lambda d: _find(d, "PlanDeployment")["OutputParameters"][0].update(OutputType="Text"),
        "OutputParameters.Action: type 'Text' is not one of String, Integer, Float, Boolean",
    ),
    "an output declared twice": (
        lambda d: _find(d, "PlanDeployment")["OutputParameters"].append(
            {"OutputName": "Action", "OutputType": "String"}
        ),
        "OutputParameters.Action: is declared twice",
    ),
    "an output that nobody declares": (
        lambda d: _find(d, "PlanDeployment")["OutputParameters"].pop(0),
        "no property \"OutputParameters['Action']\": its outputs are Reason, InstanceCount",
    ),
    "an output of the wrong type for its place": (
        lambda d: _find(d, "PlanDeployment")["OutputParameters"][2].update(OutputType="String"),
        "InitialInstanceCount: is String in an execution",
    ),
    "a property that is no output": (
        lambda d: _find(d, "PrepareInstances")["Arguments"].update(x={"Get": "Steps.PlanDeployment.StatusCode"}),
        "has no property 'StatusCode'",
    ),
    "an event that refers to nothing": (
        lambda d: _find(d, "PlanDeployment")["Arguments"].update(x={"Get": "Parameters.Nothing"}),
        "no parameter 'Nothing'",
    ),
    "a function on another step": (
        lambda d: _find(d, "DeployCanary").update(FunctionArn="arn"),
        "FunctionArn: is unknown",
    ),
    "a retried Lambda step": (
        lambda d: _find(d, "PlanDeployment").update(RetryPolicies=[{"ExceptionType": ["Step.THROTTLING"]}]),
        "Lambda steps cannot be retried",
    ),
    "a retried Endpoint step": (
        lambda d: _find(d, "DeployCanary").update(RetryPolicies=[{"ExceptionType": ["Step.THROTTLING"]}]),
        "Endpoint steps cannot be retried",
    ),
    "a property that the endpoint configuration has not": (
        lambda d: _find(d, "DeployCanary")["Arguments"].update(
            EndpointConfigName={"Get": "Steps.ConfigureInstances.Name"}
        ),
        "DescribeEndpointConfigOutput has no Name",
    ),
    "an unknown traffic routing": (
        lambda d: _find(d, "DeployCanary")["Arguments"]["DeploymentConfig"]["BlueGreenUpdatePolicy"][
            "TrafficRoutingConfiguration"
        ].update(Type="BLUE"),
        "'BLUE' is not one of",
    ),
    "a configuration without variants": (
        lambda d: _find(d, "ConfigureInstances")["Arguments"].pop("ProductionVariants"),
        "ProductionVariants is missing",
    ),
}


@pytest.mark.parametrize(("break_it", "expected"), [pytest.param(*case, id=name) for name, case in BROKEN.items()])
def test_a_broken_definition_is_found(golden: Definition, break_it: Break, expected: str) -> None:
    definition = copy.deepcopy(golden)
    break_it(definition)
    problems = [str(problem) for problem in check_definition(definition)]
    assert any(expected in problem for problem in problems), problems


@pytest.mark.parametrize("name", ["PlanDeployment", "ConfigureInstances", "DeployCanary"])
def test_the_service_would_cache_these_steps(golden: Definition, name: str) -> None:
    definition = copy.deepcopy(golden)
    _find(definition, name)["CacheConfig"] = {"Enabled": True, "ExpireAfter": "P1D"}
    assert check_definition(definition) == []
