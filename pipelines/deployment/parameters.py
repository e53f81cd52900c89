"""What an operator may set when starting a deployment: every setting is a parameter."""

from __future__ import annotations

from dataclasses import MISSING, fields

from sagemaker.core.workflow.parameters import Parameter, ParameterInteger, ParameterString

from pipelines.deployment.settings import TRAFFIC_ROUTINGS, DeploymentSettings, parameter_name
from pipelines.training.parameters import INFERENCE_INSTANCE_TYPE, INFERENCE_INSTANCE_TYPES


def deployment_parameters(endpoint_name: str) -> DeploymentSettings:
    """Settings that are all parameters. ModelPackageArn has no default; `endpoint_name` is that of EndpointName."""
    given = {
        "model_package_arn": ParameterString("ModelPackageArn"),
        "endpoint_name": ParameterString("EndpointName", default_value=endpoint_name),
        "inference_instance_type": ParameterString(
            "InferenceInstanceType", default_value=INFERENCE_INSTANCE_TYPE, enum_values=INFERENCE_INSTANCE_TYPES
        ),
        "traffic_routing": ParameterString(
            "TrafficRouting", default_value=DeploymentSettings.traffic_routing, enum_values=TRAFFIC_ROUTINGS
        ),
    }
    numbers = {
        field.name: ParameterInteger(parameter_name(field.name), default_value=field.default)
        for field in fields(DeploymentSettings)
        if field.default is not MISSING and field.name not in given
    }
    return DeploymentSettings(**given, **numbers)


def as_list(parameters: DeploymentSettings) -> list[Parameter]:
    return [getattr(parameters, field.name) for field in fields(parameters)]
