"""The processing jobs of an execution: names, inputs, outputs and environment as the service gives them.

One input an hour, as the service has it, and there may be more than the ten that the API would take: these jobs are
made within the server. Contract: https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-byoc-contract-inputs.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

from local_aws.objects import S3Uri
from local_aws.sagemaker.monitoring.captured import HourFolder, below
from local_aws.sagemaker.monitoring.job import MonitoringJob
from local_aws.sagemaker.monitoring.records import DATA_QUALITY, MODEL_QUALITY
from local_aws.sagemaker.monitoring.windows import Window

ANALYSES = {DATA_QUALITY: "model-monitoring", MODEL_QUALITY: "model-quality-monitoring"}
MERGE = "groundtruth-merge"
MERGER = "sagemaker-model-monitor-groundtruth-merger"
PROCESSING = "/opt/ml/processing"
MERGER_CAPTURE, MERGER_TRUTH, MERGER_OUTPUT = (
    f"{PROCESSING}/{name}" for name in ("input_data", "groundtruth", "output")
)
PUBLISH = "publish_cloudwatch_metrics"
ATTRIBUTES = {
    "FeaturesAttribute": "features_attribute",
    "InferenceAttribute": "inference_attribute",
    "ProbabilityAttribute": "probability_attribute",
    "ProbabilityThresholdAttribute": "probability_threshold_attribute",
    "ExcludeFeaturesAttribute": "exclude_features_attribute",
}


@dataclass(frozen=True)
class Run:
    """One execution: what of, for which schedule, for when. `token` makes the names of its jobs its own."""

    job: MonitoringJob
    schedule_name: str
    scheduled: datetime
    window: Window
    once: bool
    token: str
    most_seconds: int

    def job_name(self, kind: str) -> str:
        """`model-monitoring-202601312300-<token>`."""
        return f"{kind}-{self.scheduled:%Y%m%d%H%M}-{self.token}"

    @property
    def report(self) -> S3Uri:
        """The folder of its results: that of the hour for which it was scheduled; of the minute, if it runs once."""
        moment = self.scheduled.strftime("%Y/%m/%d/%H/%M" if self.once else "%Y/%m/%d/%H")
        return below(S3Uri.parse(self.job.output["S3Uri"]), f"{self.job.endpoint_name}/{self.schedule_name}/{moment}")

    @property
    def merged(self) -> S3Uri:
        """The folder of the endpoint's records that ground truth was found for."""
        return below(self._merge_output, self.job.endpoint_name)

    @property
    def _merge_output(self) -> S3Uri:
        return below(S3Uri.parse(self.job.output["S3Uri"]), "merge")

    def merge_request(self, captured: Iterable[HourFolder], truth: Iterable[HourFolder]) -> dict[str, Any]:
        """The job that joins captured data and ground truth."""
        source, target = f"{MERGER_CAPTURE}/{self.job.endpoint_name}", {"S3Uri": str(self._merge_output)}
        environment = {
            "dataset_source": MERGER_CAPTURE,
            "ground_truth_source": MERGER_TRUTH,
            "output_path": MERGER_OUTPUT,
            **self.window.environment(),
        }
        image = self.job.application["ImageUri"].rpartition("/")[0]
        return self._request(
            MERGE,
            {"ImageUri": f"{image}/{MERGER}" if image else MERGER},
            environment,
            [
                *_hour_inputs("endpoint_input", source, captured),
                *_hour_inputs("groundtruth_input", MERGER_TRUTH, truth),
            ],
            {**target, "LocalPath": MERGER_OUTPUT, "S3UploadMode": "EndOfJob"},
        )

    def analysis_request(self, data: Iterable[HourFolder], dataset_format: Mapping[str, Any]) -> dict[str, Any]:
        """The job that analyses captured data, or merged records."""
        job, application = self.job, self.job.application
        source = job.endpoint_input["LocalPath"].rstrip("/")
        files = [each for each in self._files() if each.uri is not None]
        environment = {
            PUBLISH: "Disabled",
            **job.environment,
            **self.window.environment(),
            **{each.variable: each.path for each in files},
            "dataset_format": json.dumps(dataset_format, separators=(",", ":")),
            "dataset_source": source,
            "output_path": job.output["LocalPath"],
            "monitoring_input_type": "ENDPOINT_INPUT",
            "sagemaker_endpoint_name": job.endpoint_name,
            "sagemaker_monitoring_schedule_name": self.schedule_name,
            **self._attributes(),
        }
        own = {name: application[name] for name in ("ContainerEntrypoint", "ContainerArguments") if name in application}
        return self._request(
            ANALYSES[job.monitoring_type],
            {"ImageUri": application["ImageUri"], **own},
            environment,
            [
                *(_input(each.name, str(each.uri), str(PurePosixPath(each.path).parent)) for each in files),
                *_hour_inputs("endpoint_input", f"{source}/{job.endpoint_name}", data, job.endpoint_input),
            ],
            {"S3UploadMode": "EndOfJob", **job.output, "S3Uri": str(self.report)},
        )

    def _attributes(self) -> dict[str, str]:
        """How the analysis finds the prediction, as text."""
        given = self.job.endpoint_input
        found = {variable: str(given[member]) for member, variable in ATTRIBUTES.items() if member in given}
        if self.job.monitoring_type == MODEL_QUALITY:
            found |= {"analysis_type": "MODEL_QUALITY", "problem_type": self.job.application["ProblemType"]}
        return found

    def _files(self) -> list[_File]:
        baseline, application = self.job.baseline, self.job.application
        constraints, statistics = (
            (baseline.get(name) or {}).get("S3Uri") for name in ("ConstraintsResource", "StatisticsResource")
        )
        return [
            _File("constraints", "baseline_constraints", constraints, "baseline/constraints"),
            _File("baseline", "baseline_statistics", statistics, "baseline/stats"),
            _File(
                "pre_processor_script",
                "record_preprocessor_script",
                application.get("RecordPreprocessorSourceUri"),
                "code/preprocessing",
            ),
            _File(
                "post_processor_script",
                "post_analytics_processor_script",
                application.get("PostAnalyticsProcessorSourceUri"),
                "code/postprocessing",
            ),
        ]

    def _request(
        self,
        kind: str,
        application: dict[str, Any],
        environment: dict[str, str],
        inputs: list[dict[str, Any]],
        output: dict[str, Any],
    ) -> dict[str, Any]:
        config: dict[str, Any] = {"Outputs": [{"OutputName": "result", "S3Output": output, "AppManaged": False}]}
        if self.job.kms_key:
            config["KmsKeyId"] = self.job.kms_key
        request = {
            "ProcessingJobName": self.job_name(kind),
            "AppSpecification": application,
            "Environment": environment,
            "ProcessingInputs": inputs,
            "ProcessingOutputConfig": config,
            "ProcessingResources": {"ClusterConfig": dict(self.job.cluster)},
            "RoleArn": self.job.role_arn,
            "StoppingCondition": {"MaxRuntimeInSeconds": self.most_seconds},
        }
        return request | ({"NetworkConfig": dict(self.job.network)} if self.job.network else {})


@dataclass(frozen=True)
class _File:
    """A file that a container gets, in a folder of its own, and the variable that names it."""

    name: str
    variable: str
    uri: str | None
    folder: str

    @property
    def path(self) -> str:
        return f"{PROCESSING}/{self.folder}/{PurePosixPath(self.uri or '').name}"


def _hour_inputs(
    name: str, folder: str, hours: Iterable[HourFolder], given: Mapping[str, Any] | None = None
) -> list[dict[str, Any]]:
    distribution = (given or {}).get("S3DataDistributionType", "FullyReplicated")
    return [
        _input(f"{name}_{number}", str(hour.uri), f"{folder}/{hour.path}", distribution)
        for number, hour in enumerate(hours, start=1)
    ]


def _input(name: str, uri: str, path: str, distribution: str = "FullyReplicated") -> dict[str, Any]:
    source = {
        "S3Uri": uri,
        "LocalPath": path,
        "S3DataType": "S3Prefix",
        "S3InputMode": "File",
        "S3DataDistributionType": distribution,
        "S3CompressionType": "None",
    }
    return {"InputName": name, "AppManaged": False, "S3Input": source}
