"""The steps that call the function: PlanDeployment before everything, Prepare… before an update, Guard… after it."""

from __future__ import annotations

from dataclasses import dataclass

from sagemaker.core.helper.pipeline_variable import PipelineVariable
from sagemaker.core.lambda_helper import Lambda
from sagemaker.core.workflow.execution_variables import ExecutionVariables
from sagemaker.mlops.workflow import EndpointConfigStep, EndpointStep, LambdaStep
from sagemaker.mlops.workflow.lambda_step import LambdaOutput, LambdaOutputTypeEnum

from pipelines.deployment.settings import DeploymentSettings
from pipelines.names import SAFEGUARDS_FUNCTION_NAME
from pipelines.training.job_settings import JobSettings

PLAN = "PlanDeployment"
RENEW = "RenewSafeguards"


@dataclass(frozen=True)
class Safeguards:
    """The function by its ARN, and what it is told with every call besides the operation.

    None of its steps is cached: what they see and set is outside of the pipeline and changes without it.
    """

    function_arn: str
    group: str
    capture_uri: str
    settings: JobSettings
    deployment: DeploymentSettings
    takes_turns: bool

    def plan(self) -> LambdaStep:
        """Outputs Action ("deploy", "none" or "superseded"), Reason, InstanceCount."""
        outputs = {
            "Action": LambdaOutputTypeEnum.String,
            "Reason": LambdaOutputTypeEnum.String,
            "InstanceCount": LambdaOutputTypeEnum.Integer,
        }
        told = "Whether the package may be deployed, and whether that changes anything"
        execution = {"ExecutionArn": ExecutionVariables.PIPELINE_EXECUTION_ARN} if self.takes_turns else {}
        return self._step(PLAN, told, "plan", outputs, execution)

    def prepare(self, name: str, config: EndpointConfigStep) -> LambdaStep:
        """Outputs ErrorAlarmName, LatencyAlarmName: alarms on what is served from the new configuration."""
        outputs = {"ErrorAlarmName": LambdaOutputTypeEnum.String, "LatencyAlarmName": LambdaOutputTypeEnum.String}
        config_name = {"EndpointConfigName": config.properties.EndpointConfigName}
        return self._step(name, "The alarms on which the update is rolled back", "prepare", outputs, config_name)

    def guard(self, name: str, endpoint: EndpointStep) -> LambdaStep:
        """Outputs, in words: Scaling, between how many instances, and Monitoring, what became of the schedules."""
        step = self._guard(name)
        step.add_depends_on([endpoint])
        return step

    def renew(self, plan: LambdaStep) -> LambdaStep:
        """As `guard`, of an endpoint that the plan does not change."""
        return self._guard(RENEW, {"Action": plan.properties.Outputs["Action"]})

    def _guard(self, name: str, more: dict[str, PipelineVariable] | None = None) -> LambdaStep:
        outputs = {"Scaling": LambdaOutputTypeEnum.String, "Monitoring": LambdaOutputTypeEnum.String}
        told = "The endpoint's alarms, scaling, tags and monitoring schedules"
        return self._step(name, told, "guard", outputs, more)

    def _step(
        self,
        name: str,
        description: str,
        operation: str,
        outputs: dict[str, LambdaOutputTypeEnum],
        more: dict[str, PipelineVariable] | None = None,
    ) -> LambdaStep:
        return LambdaStep(
            name=name,
            description=description,
            lambda_func=Lambda(function_arn=self.function_arn, session=self.settings.session),
            inputs={"operation": operation, **self.deployment.as_event(), **self._compiled_in(), **(more or {})},
            outputs=[LambdaOutput(output_name=output, output_type=kind) for output, kind in outputs.items()],
        )

    def _compiled_in(self) -> dict[str, object]:
        settings = self.settings
        return {
            "ModelPackageGroupName": self.group,
            "CaptureUri": self.capture_uri,
            "KmsKeyId": settings.kms_key or "",
            "Subnets": list(settings.subnets),
            "SecurityGroupIds": list(settings.security_group_ids),
            "EnableNetworkIsolation": settings.enable_network_isolation,
        }


def open_safeguards(
    settings: JobSettings,
    deployment: DeploymentSettings,
    group: str,
    function_arn: str | None,
    *,
    takes_turns: bool = False,
) -> Safeguards:
    """Safeguards for packages of `group`; the function is the one of its usual name if no ARN is given.

    takes_turns: for a pipeline whose executions do nothing but deploy, so that they can wait for each other.
    """
    return Safeguards(
        function_arn=function_arn or _usual_function(settings),
        group=group,
        # one place for both pipelines: an endpoint that either has deployed is as the other wants it
        capture_uri=f"s3://{settings.bucket}/{settings.job_name_prefix}/data-capture",
        settings=settings,
        deployment=deployment,
        takes_turns=takes_turns,
    )


def _usual_function(settings: JobSettings) -> str:
    partition, account = settings.role.split(":")[1], settings.role.split(":")[4]
    return f"arn:{partition}:lambda:{settings.region}:{account}:function:{SAFEGUARDS_FUNCTION_NAME}"
