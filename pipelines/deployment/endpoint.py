"""The steps that make what serves: model, endpoint configuration, endpoint."""

from __future__ import annotations

import logging
from typing import Any

from sagemaker.core.helper.pipeline_variable import PipelineVariable
from sagemaker.core.resources import Model
from sagemaker.core.shapes import ContainerDefinition
from sagemaker.mlops.workflow import EndpointConfigStep, EndpointStep, LambdaStep, ModelStep
from sagemaker.serve import ModelBuilder

from pipelines.deployment.settings import DeploymentSettings, Number
from pipelines.training.job_settings import JobSettings, service_retries

MODEL = "CreateServingModel"
VARIANT = "AllTraffic"
# Pictures are named in neither list of content types, on purpose: what is in none the service writes as BASE64, which
# is how bytes can be read again. As CsvContentTypes or JsonContentTypes they would be written as text.
CAPTURED_AS_JSON = ["application/json"]


def create_serving_model(settings: JobSettings, deployment: DeploymentSettings) -> ModelStep:
    """The model as the package has it: image, archive and environment are the package's own."""
    builder = ModelBuilder(
        model=[
            Model(
                model_name="unused", containers=[ContainerDefinition(model_package_name=deployment.model_package_arn)]
            )
        ],
        role_arn=settings.role,
        network=settings.training_network,
        # Both given only so that the SDK does not go looking for them, for the bucket even by a call: the model has
        # no instance type, and its archive is the package's.
        instance_type="ml.m5.large",
        s3_model_data_url=f"s3://{settings.bucket}/unused",
        sagemaker_session=settings.session,
        # It sets the level of the SDK's logger, to DEBUG if not told otherwise.
        log_level=logging.ERROR,
    )
    return ModelStep(
        name=MODEL, description="The model of the package", step_args=builder.build(), retry_policies=service_retries()
    )


def instances(deployment: DeploymentSettings, count: Number) -> dict[str, Any]:
    """Capacity of a production variant: `count` instances."""
    return {"InstanceType": deployment.inference_instance_type, "InitialInstanceCount": count}


def serverless(deployment: DeploymentSettings) -> dict[str, Any]:
    """Capacity of a production variant: memory for each of so many requests at a time."""
    return {
        "ServerlessConfig": {
            "MemorySizeInMB": deployment.serverless_memory_size_in_mb,
            "MaxConcurrency": deployment.serverless_max_concurrency,
        }
    }


def configure(
    name: str,
    settings: JobSettings,
    deployment: DeploymentSettings,
    model: ModelStep,
    capacity: dict[str, Any],
    capture: dict[str, Any] | None,
) -> EndpointConfigStep:
    """A configuration of one variant that takes all traffic. Serverless, it has no volume, hence no key for it."""
    variant = {
        "VariantName": VARIANT,
        "ModelName": model.properties.ModelName,
        "InitialVariantWeight": 1.0,
        **capacity,
    }
    step_args = settings.session.create_endpoint_config(
        # the pipeline service makes a name of its own from it in every execution
        name=settings.job_name("endpoint"),
        production_variants=[variant],
        kms_key=None if "ServerlessConfig" in capacity else settings.kms_key,
        data_capture_config_dict=capture,
    )
    return EndpointConfigStep(
        name=name,
        description="What the endpoint is to serve, and on what",
        step_args=step_args,
        retry_policies=service_retries(),
    )


def capturing(settings: JobSettings, deployment: DeploymentSettings, uri: str) -> dict[str, Any]:
    """The DataCaptureConfig for request and response, below `uri`. The service refuses one for serverless endpoints."""
    capture: dict[str, Any] = {
        "EnableCapture": True,
        "InitialSamplingPercentage": deployment.capture_percentage,
        "DestinationS3Uri": uri,
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        "CaptureContentTypeHeader": {"JsonContentTypes": CAPTURED_AS_JSON},
    }
    if settings.kms_key:
        capture["KmsKeyId"] = settings.kms_key
    return capture


def deploy(
    name: str,
    settings: JobSettings,
    deployment: DeploymentSettings,
    config: EndpointConfigStep,
    prepare: LambdaStep,
    routing: str,
) -> EndpointStep:
    """The endpoint: created, or updated blue/green and rolled back when an alarm of `prepare` goes off."""
    step_args = settings.session.create_endpoint(
        endpoint_name=deployment.endpoint_name, config_name=config.properties.EndpointConfigName
    )
    # of CreateEndpoint's members the SDK's call does not know this one
    step_args.args["DeploymentConfig"] = {
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": _traffic(deployment, routing),
            "TerminationWaitInSeconds": deployment.bake_seconds,
        },
        "AutoRollbackConfiguration": {
            "Alarms": [
                {"AlarmName": prepare.properties.Outputs[output]} for output in ("ErrorAlarmName", "LatencyAlarmName")
            ]
        },
    }
    return EndpointStep(name=name, description=f"The endpoint; traffic shifts {routing}", step_args=step_args)


def _traffic(deployment: DeploymentSettings, routing: str) -> dict[str, Any]:
    share: dict[str, str | int | PipelineVariable] = {
        "Type": "CAPACITY_PERCENT",
        "Value": deployment.traffic_share_percent,
    }
    sizes = {"CANARY": {"CanarySize": share}, "LINEAR": {"LinearStepSize": share}}
    return {"Type": routing, "WaitIntervalInSeconds": deployment.traffic_wait_seconds, **sizes.get(routing, {})}
