"""SageMaker's monitoring in memory: job definitions, schedules, executions. Requests are held to botocore's model."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ClientError

from tests.unit.endpoint_safeguards_services import ACCOUNT, ENDPOINT, GROUP, SageMaker, World, package_arn, refusal

START = datetime(2030, 1, 1, tzinfo=timezone.utc)
ROLE = "arn:aws:iam::123456789012:role/Monitoring"
FEATURES = ("confidence", "brightness")
PREPROCESSOR = b'FEATURES = (*("confidence",), "brightness")\ndef preprocess_handler(record, logger=None): ...\n'


class Monitoring(SageMaker):
    """As the service: a definition is locked by its schedules, and names are taken once."""

    def __init__(self, journal: list[str]) -> None:
        super().__init__(journal)
        self._definitions: dict[tuple[str, str], dict[str, Any]] = {}
        self._schedules: dict[str, dict[str, Any]] = {}
        self._executions_of: dict[str, list[dict[str, Any]]] = {}
        self._jobs: dict[str, dict[str, Any]] = {}
        # what the next execution of a one-time schedule goes through, one status each time that it is looked at
        self._course = ["Pending", "InProgress", "Completed"]
        self._pending_looks = 0

    def __getattribute__(self, attribute: str) -> Any:
        # of the client's error classes the SDK catches one, when it waits for a schedule to be gone
        if attribute == "exceptions":
            return SimpleNamespace(ResourceNotFound=ClientError)
        return super().__getattribute__(attribute)

    def create_data_quality_job_definition(self, **request: Any) -> dict[str, Any]:
        return self._create("DataQuality", request)

    def create_model_quality_job_definition(self, **request: Any) -> dict[str, Any]:
        return self._create("ModelQuality", request)

    def describe_data_quality_job_definition(self, JobDefinitionName: str) -> dict[str, Any]:
        return self._definition("DataQuality", JobDefinitionName)

    def describe_model_quality_job_definition(self, JobDefinitionName: str) -> dict[str, Any]:
        return self._definition("ModelQuality", JobDefinitionName)

    def delete_data_quality_job_definition(self, JobDefinitionName: str) -> None:
        self._delete("DataQuality", JobDefinitionName)

    def delete_model_quality_job_definition(self, JobDefinitionName: str) -> None:
        self._delete("ModelQuality", JobDefinitionName)

    def create_monitoring_schedule(
        self, MonitoringScheduleName: str, MonitoringScheduleConfig: dict[str, Any], Tags: Any = ()
    ) -> dict[str, Any]:
        if MonitoringScheduleName in self._schedules:
            raise refusal("ResourceInUse", f"Monitoring schedule {MonitoringScheduleName} already exists")
        self._schedules[MonitoringScheduleName] = self._config(MonitoringScheduleConfig)
        if MonitoringScheduleConfig.get("ScheduleConfig", {}).get("ScheduleExpression") == "NOW":
            self._start(MonitoringScheduleName)
        return {"MonitoringScheduleArn": f"{ACCOUNT}:monitoring-schedule/{MonitoringScheduleName}"}

    def update_monitoring_schedule(
        self, MonitoringScheduleName: str, MonitoringScheduleConfig: dict[str, Any]
    ) -> dict[str, Any]:
        self._schedule(MonitoringScheduleName)
        self._schedules[MonitoringScheduleName] = self._config(MonitoringScheduleConfig)
        return {"MonitoringScheduleArn": f"{ACCOUNT}:monitoring-schedule/{MonitoringScheduleName}"}

    def describe_monitoring_schedule(self, MonitoringScheduleName: str) -> dict[str, Any]:
        config = self._schedule(MonitoringScheduleName)
        pending = self._pending_looks > 0
        self._pending_looks -= pending
        return {
            "MonitoringScheduleName": MonitoringScheduleName,
            "MonitoringScheduleStatus": "Pending" if pending else "Scheduled",
            "MonitoringScheduleConfig": json.loads(json.dumps(config)),
        }

    def delete_monitoring_schedule(self, MonitoringScheduleName: str) -> None:
        self._schedule(MonitoringScheduleName)
        del self._schedules[MonitoringScheduleName]
        self._executions_of.pop(MonitoringScheduleName, None)

    def list_monitoring_schedules(self, MonitoringJobDefinitionName: str) -> dict[str, Any]:
        return {
            "MonitoringScheduleSummaries": [
                {"MonitoringScheduleName": name}
                for name, config in self._schedules.items()
                if config.get("MonitoringJobDefinitionName") == MonitoringJobDefinitionName
            ]
        }

    def list_monitoring_executions(
        self, MonitoringScheduleName: str, SortBy: str, SortOrder: str, MaxResults: int
    ) -> dict[str, Any]:
        assert (SortBy, SortOrder) == ("ScheduledTime", "Descending")
        self._schedule(MonitoringScheduleName)
        found = self._executions_of.get(MonitoringScheduleName, [])
        answer = [{**one, "MonitoringExecutionStatus": one["MonitoringExecutionStatus"][0]} for one in found]
        for one in found:
            if len(one["MonitoringExecutionStatus"]) > 1:
                one["MonitoringExecutionStatus"].pop(0)
        return {"MonitoringExecutionSummaries": answer[:MaxResults]}

    def create_processing_job(self, **request: Any) -> dict[str, Any]:
        self._jobs[request["ProcessingJobName"]] = json.loads(json.dumps(request))
        return {"ProcessingJobArn": f"{ACCOUNT}:processing-job/{request['ProcessingJobName']}"}

    def describe_processing_job(self, ProcessingJobName: str) -> dict[str, Any]:
        return self._jobs[ProcessingJobName]

    def _config(self, config: dict[str, Any]) -> dict[str, Any]:
        if "MonitoringJobDefinitionName" in config:
            self._definition(config["MonitoringType"], config["MonitoringJobDefinitionName"])
        return json.loads(json.dumps(config))

    def _start(self, name: str) -> None:
        prefix = f"s3://bucket/scones/monitoring/reports/{ENDPOINT}/{name}/2030/01/01/00/00"
        self._jobs["job"] = {"ProcessingOutputConfig": {"Outputs": [{"S3Output": {"S3Uri": prefix}}]}}
        self._executions_of[name] = [
            {
                "MonitoringScheduleName": name,
                "MonitoringType": self._schedules[name]["MonitoringType"],
                "ScheduledTime": START,
                "LastModifiedTime": START + timedelta(minutes=1),
                "ProcessingJobArn": f"{ACCOUNT}:processing-job/job",
                "MonitoringExecutionStatus": list(self._course),
            }
        ]

    def _schedule(self, name: str) -> dict[str, Any]:
        if name not in self._schedules:
            raise refusal("ResourceNotFound", f"Could not find monitoring schedule with name: {name}")
        return self._schedules[name]

    def _create(self, kind: str, request: dict[str, Any]) -> dict[str, Any]:
        key = (kind, request["JobDefinitionName"])
        if key in self._definitions:
            raise refusal("ResourceInUse", f"{kind} {key[1]} already exists")
        self._definitions[key] = json.loads(json.dumps(request))
        return {"JobDefinitionArn": f"{ACCOUNT}:job-definition/{key[1]}"}

    def _definition(self, kind: str, name: str) -> dict[str, Any]:
        if (kind, name) not in self._definitions:
            raise refusal("ResourceNotFound", f"Could not find {kind} job definition with name: {name}")
        stored = {k: v for k, v in self._definitions[kind, name].items() if k != "Tags"}
        described: dict[str, Any] = json.loads(json.dumps(stored))
        return {**described, "JobDefinitionArn": f"{ACCOUNT}:job-definition/{name}", "CreationTime": START}

    def _delete(self, kind: str, name: str) -> None:
        self._definition(kind, name)
        if any(config.get("MonitoringJobDefinitionName") == name for config in self._schedules.values()):
            raise refusal("ValidationException", f"The job definition {name} is used by a schedule")
        del self._definitions[kind, name]


class MonitoredWorld(World):
    """Packages 1 and 2, each with baselines of its own in S3."""

    sagemaker: Monitoring

    def __init__(self) -> None:
        super().__init__()
        packages = self.sagemaker._packages
        self.sagemaker = Monitoring(self.calls)
        self.sagemaker._packages = packages
        self.aws = type(self.aws)(self.sagemaker, self.s3, self.cloudwatch, self.autoscaling)
        for version in (1, 2):
            packages[package_arn(version)].update(with_baselines(version))

    def schedule(self, monitoring_type: str = "DataQuality", version: int = 1, **changes: Any) -> str:
        """A schedule as `scones monitor schedule` makes it; its name."""
        name = f"{ENDPOINT}-{'data' if monitoring_type == 'DataQuality' else 'model'}-quality"
        request = definition(monitoring_type, version, JobDefinitionName=f"{name}-{version}", **changes)
        self.sagemaker._create(monitoring_type, request)
        self.sagemaker._schedules[name] = {
            "MonitoringJobDefinitionName": f"{name}-{version}",
            "MonitoringType": monitoring_type,
            "ScheduleConfig": {"ScheduleExpression": "cron(0 * ? * * *)"},
        }
        return name

    def runs(self, schedule: str) -> dict[str, Any]:
        """The definition that the schedule runs."""
        config = self.sagemaker._schedules[schedule]
        return self.sagemaker._definitions[config["MonitoringType"], config["MonitoringJobDefinitionName"]]


def with_baselines(version: int) -> dict[str, Any]:
    """Members of a described package."""
    place = f"s3://bucket/baselines/{version}"
    statistics, constraints = f"{place}/statistics.json", f"{place}/constraints.json"
    both = {"Statistics": {"S3Uri": statistics}, "Constraints": {"S3Uri": constraints}}
    return {
        "ModelPackageArn": package_arn(version),
        "ModelPackageGroupName": GROUP,
        "ModelPackageVersion": version,
        "CreationTime": START,
        "DriftCheckBaselines": {
            "ModelDataQuality": both,
            "ModelQuality": {"Constraints": {"S3Uri": f"{place}/quality/constraints.json"}},
        },
        "CustomerMetadataProperties": {
            "record_preprocessor": f"s3://bucket/code/{version}/record_preprocessor.py",
            "classes": "bicycle motorcycle",
        },
    }


def definition(monitoring_type: str, version: int, **changes: Any) -> dict[str, Any]:
    """A request for a job definition, with the baseline of that version."""
    place = f"s3://bucket/baselines/{version}"
    endpoint: dict[str, Any] = {
        "EndpointName": ENDPOINT,
        "LocalPath": "/opt/ml/processing/input/endpoint",
        "StartTimeOffset": "-PT1H",
        "EndTimeOffset": "-PT0H",
    }
    application: dict[str, Any] = {
        "ImageUri": "156813124566.dkr.ecr.us-east-1.amazonaws.com/sagemaker-model-monitor-analyzer",
        "Environment": {"publish_cloudwatch_metrics": "Enabled", "model_package_arn": package_arn(version)},
    }
    job_input: dict[str, Any] = {"EndpointInput": endpoint}
    if monitoring_type == "DataQuality":
        application["RecordPreprocessorSourceUri"] = f"s3://bucket/code/{version}/record_preprocessor.py"
        baseline = {
            "ConstraintsResource": {"S3Uri": f"{place}/constraints.json"},
            "StatisticsResource": {"S3Uri": f"{place}/statistics.json"},
        }
    else:
        application["ProblemType"] = "BinaryClassification"
        job_input["GroundTruthS3Input"] = {"S3Uri": f"s3://bucket/scones/ground-truth/{ENDPOINT}"}
        endpoint |= {"ProbabilityAttribute": "[1]", "ProbabilityThresholdAttribute": 0.5}
        baseline = {"ConstraintsResource": {"S3Uri": f"{place}/quality/constraints.json"}}
    output = {"S3Uri": "s3://bucket/scones/monitoring/reports", "LocalPath": "/opt/ml/processing/output"}
    return {
        f"{monitoring_type}AppSpecification": application,
        f"{monitoring_type}BaselineConfig": baseline,
        f"{monitoring_type}JobInput": job_input,
        f"{monitoring_type}JobOutputConfig": {"MonitoringOutputs": [{"S3Output": output}]},
        "JobResources": {
            "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 20},
        },
        "RoleArn": ROLE,
        "StoppingCondition": {"MaxRuntimeInSeconds": 1800},
        **changes,
    }
