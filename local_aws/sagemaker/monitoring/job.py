"""What a schedule monitors, whether it says so itself or by the name of a job definition."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from local_aws.images import require_image
from local_aws.sagemaker.context import Context
from local_aws.sagemaker.errors import ValidationException
from local_aws.sagemaker.jobs.lifecycle import refuse, refuse_foreign_uri
from local_aws.sagemaker.jobs.path_mapping import PathOutside, relative_to_root
from local_aws.sagemaker.monitoring.records import DATA_QUALITY, MODEL_QUALITY, definition_kind
from local_aws.sagemaker.monitoring.windows import check_input_offsets
from local_aws.sagemaker.store import RecordNotFound

MOST_INSTANCES = 8
MONITORING_TYPES = (DATA_QUALITY, MODEL_QUALITY)


@dataclass(frozen=True)
class MonitoringJob:
    """Its members are those of the API, whose names differ between the ways to say the same."""

    monitoring_type: str
    definition_name: str | None
    application: Mapping[str, Any]
    endpoint_input: Mapping[str, Any]
    ground_truth_uri: str | None
    output: Mapping[str, Any]
    cluster: Mapping[str, Any]
    role_arn: str
    baseline: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    network: Mapping[str, Any] | None = None
    kms_key: str | None = None
    most_seconds: int | None = None

    @classmethod
    def of_definition(cls, monitoring_type: str, name: str, request: Mapping[str, Any]) -> MonitoringJob:
        """Of the request (or description) of a job definition. Raises ValidationException for what cannot be used."""
        application, inputs = request[f"{monitoring_type}AppSpecification"], request[f"{monitoring_type}JobInput"]
        output = request[f"{monitoring_type}JobOutputConfig"]
        job = cls(
            monitoring_type=monitoring_type,
            definition_name=name,
            application=application,
            endpoint_input=_endpoint_input(inputs),
            ground_truth_uri=(inputs.get("GroundTruthS3Input") or {}).get("S3Uri"),
            output=output["MonitoringOutputs"][0]["S3Output"],
            cluster=request["JobResources"]["ClusterConfig"],
            role_arn=request["RoleArn"],
            baseline=request.get(f"{monitoring_type}BaselineConfig") or {},
            environment=application.get("Environment") or {},
            network=request.get("NetworkConfig"),
            kms_key=output.get("KmsKeyId"),
            most_seconds=(request.get("StoppingCondition") or {}).get("MaxRuntimeInSeconds"),
        )
        return job.checked()

    @classmethod
    def of_inline(cls, definition: Mapping[str, Any]) -> MonitoringJob:
        """Of a MonitoringJobDefinition, which is one of data quality. Raises ValidationException."""
        output = definition["MonitoringOutputConfig"]
        job = cls(
            monitoring_type=DATA_QUALITY,
            definition_name=None,
            application=definition["MonitoringAppSpecification"],
            endpoint_input=_endpoint_input(definition["MonitoringInputs"][0]),
            ground_truth_uri=None,
            output=output["MonitoringOutputs"][0]["S3Output"],
            cluster=definition["MonitoringResources"]["ClusterConfig"],
            role_arn=definition["RoleArn"],
            baseline=definition.get("BaselineConfig") or {},
            environment=definition.get("Environment") or {},
            network=definition.get("NetworkConfig"),
            kms_key=output.get("KmsKeyId"),
            most_seconds=(definition.get("StoppingCondition") or {}).get("MaxRuntimeInSeconds"),
        )
        return job.checked()

    @property
    def endpoint_name(self) -> str:
        """The endpoint that is monitored."""
        return str(self.endpoint_input["EndpointName"])

    def checked(self) -> MonitoringJob:
        """Itself. Raises ValidationException for what could only fail at every execution."""
        command = None if self.application.get("ContainerEntrypoint") else "process"
        require_image(self.application["ImageUri"], command)
        for what, path in (("input", self.endpoint_input["LocalPath"]), ("output", self.output["LocalPath"])):
            _refuse_foreign_path(f"The LocalPath of the monitoring {what}", path)
        refuse(
            self.endpoint_input.get("S3InputMode", "File") != "File",
            "EndpointInput: S3InputMode Pipe is not supported here, File is.",
        )
        refuse(
            self.cluster["InstanceCount"] > MOST_INSTANCES,
            f"InstanceCount {self.cluster['InstanceCount']} is more than the {MOST_INSTANCES} containers that one job "
            "may have on this machine.",
        )
        check_input_offsets(self.endpoint_input)
        uris = {
            "MonitoringOutputs": self.output["S3Uri"],
            "GroundTruthS3Input": self.ground_truth_uri,
            **{name: (self.baseline.get(name) or {}).get("S3Uri") for name in BASELINES},
            **{name: self.application.get(name) for name in SCRIPTS},
        }
        for what, uri in uris.items():
            if uri is not None:
                refuse_foreign_uri(what, uri)
        if self.monitoring_type == MODEL_QUALITY:
            self._check_model_quality()
        return self

    def _check_model_quality(self) -> None:
        refuse(self.ground_truth_uri is None, "ModelQualityJobInput: GroundTruthS3Input needs an S3Uri.")
        problem = self.application.get("ProblemType")
        refuse(problem is None, "ModelQualityAppSpecification: ProblemType is required.")
        named = [self.endpoint_input.get(f"{what}Attribute") for what in ("Inference", "Probability")]
        refuse(
            not any(named),
            "EndpointInput: a model quality job needs InferenceAttribute, or for a classification "
            "ProbabilityAttribute, to find the prediction.",
        )


BASELINES = ("ConstraintsResource", "StatisticsResource")
SCRIPTS = ("RecordPreprocessorSourceUri", "PostAnalyticsProcessorSourceUri")


def job_of(context: Context, schedule_config: Mapping[str, Any]) -> MonitoringJob:
    """What a MonitoringScheduleConfig monitors. Raises ValidationException, for a definition that is not there too."""
    monitoring_type = schedule_config.get("MonitoringType")
    name, inline = schedule_config.get("MonitoringJobDefinitionName"), schedule_config.get("MonitoringJobDefinition")
    if (name is None) == (inline is None):
        raise ValidationException(
            "A monitoring schedule takes either MonitoringJobDefinition or MonitoringJobDefinitionName."
        )
    if monitoring_type not in (None, *MONITORING_TYPES):
        raise ValidationException(
            f"MonitoringType {monitoring_type} is not supported here: it needs SageMaker Clarify, whose processing "
            f"image this local AWS does not have. Use one of: {', '.join(MONITORING_TYPES)}."
        )
    if inline is not None:
        refuse(
            monitoring_type == MODEL_QUALITY,
            "A MonitoringJobDefinition has no ground truth: use MonitoringJobDefinitionName for ModelQuality.",
        )
        return MonitoringJob.of_inline(inline)
    if monitoring_type is None:
        raise ValidationException("MonitoringType is required with MonitoringJobDefinitionName.")
    try:
        record = context.store.get(definition_kind(monitoring_type), str(name))
    except RecordNotFound as error:
        raise ValidationException(f"Could not find {monitoring_type} job definition with name: {name}") from error
    return MonitoringJob.of_definition(monitoring_type, record.name, record.body)


def _endpoint_input(inputs: Mapping[str, Any]) -> Mapping[str, Any]:
    refuse(
        "BatchTransformInput" in inputs,
        "BatchTransformInput is not supported here: batch transform captures nothing in this local AWS. "
        "Use EndpointInput.",
    )
    refuse("EndpointInput" not in inputs, "EndpointInput is required.")
    found: Mapping[str, Any] = inputs["EndpointInput"]
    return found


def _refuse_foreign_path(what: str, path: str) -> None:
    try:
        inside = relative_to_root(path).is_relative_to("processing")
    except PathOutside:
        inside = False
    refuse(not inside, f"{what}, {path}, must begin with /opt/ml/processing/.")
