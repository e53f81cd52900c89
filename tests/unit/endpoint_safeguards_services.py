"""The services that the endpoint's safeguards speak to, in memory. Every request is held to botocore's model of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from typing import Any

import botocore.session
from botocore.exceptions import ClientError
from botocore.model import ServiceModel
from botocore.validate import ParamValidator

from pipelines.deployment.endpoint_safeguards.aws import Aws

GROUP = "SconesDeliveryVehicles"
ACCOUNT = "arn:aws:sagemaker:us-east-1:123456789012"
ENDPOINT = "scones"


def package_arn(version: int, group: str = GROUP) -> str:
    return f"{ACCOUNT}:model-package/{group}/{version}"


def event(operation: str = "plan", **changes: Any) -> dict[str, Any]:
    """What a step sends, for version 2."""
    return {
        "operation": operation,
        "EndpointName": ENDPOINT,
        "ModelPackageArn": package_arn(2),
        "ModelPackageGroupName": GROUP,
        "InferenceInstanceType": "ml.m5.large",
        "InitialInstanceCount": 1,
        "ServerlessMemorySizeInMB": 0,
        "ServerlessMaxConcurrency": 5,
        "TrafficRouting": "ALL_AT_ONCE",
        "TrafficSharePercent": 10,
        "TrafficWaitSeconds": 60,
        "BakeSeconds": 60,
        "CapturePercentage": 100,
        "CaptureUri": "s3://bucket/scones/data-capture",
        "MinCapacity": 1,
        "MaxCapacity": 4,
        "TargetInvocationsPerInstance": 2000,
        "ScaleInCooldown": 300,
        "ScaleOutCooldown": 60,
        "ErrorAlarmCount": 5,
        "LatencyAlarmMilliseconds": 1000,
        "KmsKeyId": "",
        "Subnets": [],
        "SecurityGroupIds": [],
        "EnableNetworkIsolation": False,
        **changes,
    }


@lru_cache
def _model(service: str) -> ServiceModel:
    return botocore.session.get_session().get_service_model(service)


class Service:
    """A client: a method of this object's class answers a call, and `calls` lists the calls in order."""

    def __init__(self, name: str, journal: list[str]) -> None:
        self._name, self._journal = name, journal

    def __getattribute__(self, attribute: str) -> Any:
        if attribute.startswith("_"):
            return super().__getattribute__(attribute)
        answer: Callable[..., Any] = super().__getattribute__(attribute)

        def call(**request: Any) -> Any:
            operation = "".join(word.capitalize() for word in attribute.split("_"))
            problems = ParamValidator().validate(request, _model(self._name).operation_model(operation).input_shape)
            assert not problems.has_errors(), problems.generate_report()
            self._journal.append(attribute)
            return answer(**request)

        return call


def refusal(code: str, message: str, operation: str = "Call") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


class SageMaker(Service):
    def __init__(self, journal: list[str]) -> None:
        super().__init__("sagemaker", journal)
        self._packages: dict[str, dict[str, Any]] = {}
        self._endpoints: dict[str, dict[str, Any]] = {}
        self._configs: dict[str, dict[str, Any]] = {}
        self._models: dict[str, dict[str, Any]] = {}
        self._tags: dict[str, dict[str, str]] = {}
        # newest first: started, status, parameters
        self._executions: dict[str, tuple[datetime, str, dict[str, str]]] = {}

    def list_pipeline_executions(self, PipelineName: str, SortBy: str, SortOrder: str) -> dict[str, Any]:
        assert (SortBy, SortOrder) == ("CreationTime", "Descending")
        found = [
            {"PipelineExecutionArn": arn, "StartTime": started, "PipelineExecutionStatus": status}
            for arn, (started, status, _) in self._executions.items()
            if f":pipeline/{PipelineName}/" in arn
        ]
        return {"PipelineExecutionSummaries": sorted(found, key=lambda one: one["StartTime"], reverse=True)}

    def list_pipeline_parameters_for_execution(self, PipelineExecutionArn: str, MaxResults: int) -> dict[str, Any]:
        _, _, given = self._executions[PipelineExecutionArn]
        return {"PipelineParameters": [{"Name": name, "Value": value} for name, value in given.items()]}

    def describe_model_package(self, ModelPackageName: str) -> dict[str, Any]:
        if ModelPackageName not in self._packages:
            raise refusal("ValidationException", f"ModelPackage {ModelPackageName} does not exist.")
        return self._packages[ModelPackageName]

    def describe_endpoint(self, EndpointName: str) -> dict[str, Any]:
        if EndpointName not in self._endpoints:
            raise refusal("ValidationException", f'Could not find endpoint "{EndpointName}".')
        return dict(self._endpoints[EndpointName])

    def describe_endpoint_config(self, EndpointConfigName: str) -> dict[str, Any]:
        return self._configs[EndpointConfigName]

    def describe_model(self, ModelName: str) -> dict[str, Any]:
        if ModelName not in self._models:
            raise refusal("ValidationException", f'Could not find model "{ModelName}".')
        return self._models[ModelName]

    def describe_monitoring_schedule(self, MonitoringScheduleName: str) -> dict[str, Any]:
        raise refusal("ResourceNotFound", f"Could not find monitoring schedule with name: {MonitoringScheduleName}")

    def add_tags(self, ResourceArn: str, Tags: list[dict[str, str]]) -> dict[str, Any]:
        self._tags.setdefault(ResourceArn, {}).update({tag["Key"]: tag["Value"] for tag in Tags})
        return {}


class S3(Service):
    def __init__(self, journal: list[str]) -> None:
        super().__init__("s3", journal)
        self._objects: set[tuple[str, str]] = set()
        self._forbidden = False

    def head_object(self, Bucket: str, Key: str) -> dict[str, Any]:
        if self._forbidden:
            raise refusal("403", "Forbidden")
        if (Bucket, Key) not in self._objects:
            raise refusal("404", "Not Found")
        return {}


class CloudWatch(Service):
    def __init__(self, journal: list[str]) -> None:
        super().__init__("cloudwatch", journal)
        self._alarms: dict[str, dict[str, Any]] = {}

    def describe_alarms(self, AlarmNames: list[str]) -> dict[str, Any]:
        return {"MetricAlarms": [self._alarms[name] for name in AlarmNames if name in self._alarms]}

    def put_metric_alarm(self, **alarm: Any) -> None:
        # an alarm that is only changed keeps its state
        state = self._alarms.get(alarm["AlarmName"], {}).get("StateValue", "INSUFFICIENT_DATA")
        dimensions = list(reversed(alarm["Dimensions"]))
        self._alarms[alarm["AlarmName"]] = {**alarm, "Dimensions": dimensions, "StateValue": state}

    def delete_alarms(self, AlarmNames: list[str]) -> None:
        for name in AlarmNames:
            self._alarms.pop(name, None)


class AutoScaling(Service):
    def __init__(self, journal: list[str]) -> None:
        super().__init__("application-autoscaling", journal)
        self._targets: dict[str, dict[str, Any]] = {}
        self._policies: dict[str, dict[str, Any]] = {}

    def describe_scalable_targets(self, ResourceIds: list[str], **_of: str) -> dict[str, Any]:
        return {"ScalableTargets": [self._targets[name] for name in ResourceIds if name in self._targets]}

    def register_scalable_target(self, ResourceId: str, **target: Any) -> dict[str, Any]:
        self._targets[ResourceId] = target
        return {}

    def deregister_scalable_target(self, ResourceId: str, **_of: str) -> dict[str, Any]:
        if ResourceId not in self._targets:
            raise refusal("ObjectNotFoundException", f"No scalable target {ResourceId}")
        del self._targets[ResourceId]
        self._policies.pop(ResourceId, None)
        return {}

    def describe_scaling_policies(self, ResourceId: str, **_of: Any) -> dict[str, Any]:
        return {"ScalingPolicies": [self._policies[ResourceId]] if ResourceId in self._policies else []}

    def put_scaling_policy(self, ResourceId: str, **policy: Any) -> dict[str, Any]:
        if ResourceId not in self._targets:
            raise refusal("ObjectNotFoundException", f"No scalable target {ResourceId}")
        self._policies[ResourceId] = policy
        return {}


class World:
    """Services with approved packages 1 and 2 of the group, and whatever a test adds."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.sagemaker, self.s3 = SageMaker(self.calls), S3(self.calls)
        self.cloudwatch, self.autoscaling = CloudWatch(self.calls), AutoScaling(self.calls)
        self.aws = Aws(self.sagemaker, self.s3, self.cloudwatch, self.autoscaling)
        for version in (1, 2):
            self.package(version)

    def package(self, version: int, **changes: Any) -> None:
        key = f"models/{version}/model.tar.gz"
        self.sagemaker._packages[package_arn(version)] = {
            "ModelPackageGroupName": GROUP,
            "ModelPackageStatus": "Completed",
            "ModelApprovalStatus": "Approved",
            "InferenceSpecification": {"Containers": [{"ModelDataUrl": f"s3://bucket/{key}"}]},
            **changes,
        }
        self.s3._objects.add(("bucket", key))

    def endpoint(
        self,
        package: str | None = package_arn(2),
        status: str = "InService",
        count: int = 1,
        variant: dict[str, Any] | None = None,
        variant_name: str = "AllTraffic",
        model: dict[str, Any] | None = None,
        **config: Any,
    ) -> None:
        """An endpoint as the pipeline makes it, serving the package on instances unless `variant` says otherwise."""
        container = {"ModelPackageName": package} if package else {"Image": "image"}
        self.sagemaker._models["model"] = {"Containers": [container], **(model or {})}
        capacity = variant or {"InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
        self.sagemaker._configs["config"] = {
            "ProductionVariants": [{"VariantName": variant_name, "ModelName": "model", **capacity}],
            "DataCaptureConfig": {
                "EnableCapture": True,
                "InitialSamplingPercentage": 100,
                "DestinationS3Uri": "s3://bucket/scones/data-capture",
            },
            **config,
        }
        now = {"VariantName": variant_name} | ({} if variant else {"DesiredInstanceCount": count})
        self.sagemaker._endpoints[ENDPOINT] = {
            "EndpointArn": f"{ACCOUNT}:endpoint/{ENDPOINT}",
            "EndpointStatus": status,
            "EndpointConfigName": "config",
            "ProductionVariants": [now],
        }

    def execution(self, number: int, package: str = "", status: str = "Executing", **given: str) -> str:
        """An execution of the deployment pipeline, started `number` seconds after the first one; its ARN."""
        arn = f"{ACCOUNT}:pipeline/SconesDeployment/execution/{number}"
        started = datetime(2030, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=number)
        self.sagemaker._executions[arn] = (started, status, {"ModelPackageArn": package or package_arn(2), **given})
        return arn

    @property
    def changes(self) -> list[str]:
        """The calls that are not only looking."""
        return [call for call in self.calls if not call.startswith(("describe_", "head_", "list_"))]
