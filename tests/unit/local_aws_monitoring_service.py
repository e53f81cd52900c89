"""A SageMaker in this process whose clock stands still, with two small images that analyse and merge captured data."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from moto.logs.models import LogsBackend
from moto.s3.models import S3Backend, s3_backends

from local_aws.cloudwatch.series import SeriesStore
from local_aws.images import Image
from local_aws.logs import LogGroups
from local_aws.metrics import Metrics
from local_aws.objects import ObjectStore
from local_aws.sagemaker import operations as _operations
from local_aws.sagemaker.context import ACCOUNT_ID, Context
from local_aws.sagemaker.control_plane import ControlPlane
from local_aws.sagemaker.endpoints.capture_log import CaptureLog
from local_aws.sagemaker.jobs.runner import JobRunner
from local_aws.sagemaker.monitoring.monitor import Monitor
from local_aws.sagemaker.store import Store
from local_aws.sagemaker.validation import response_problems
from tests.waiting import wait_until

assert _operations is not None

REGISTRY = "156813124566.dkr.ecr.us-east-1.amazonaws.com"
ANALYZER = f"{REGISTRY}/sagemaker-model-monitor-analyzer"
ROLE = "arn:aws:iam::123456789012:role/monitoring"
AT_NOON = datetime(2026, 3, 1, 12, 0, 30, tzinfo=timezone.utc)

# waits where it is told to; finds a violation in every record that says "odd"; says what it was given
ANALYZE = """
import json, os, sys, time
from pathlib import Path
assert sys.argv[1:] == ["process"]
opt_ml = Path(os.environ["SAGEMAKER_BASE_DIR"])
source, output = Path(os.environ["dataset_source"]), Path(os.environ["output_path"])
files = sorted(path for path in source.rglob("*") if path.is_file())
records = [line for path in files for line in path.read_text().splitlines()]
while any("wait" in record for record in records):
    time.sleep(0.05)
if any("break" in record for record in records):
    (opt_ml / "output" / "message").write_text("the records cannot be read")
    sys.exit(1)
given = {name: Path(os.environ[name]).read_text() for name in
         ("baseline_constraints", "baseline_statistics", "record_preprocessor_script") if name in os.environ}
seen = {"files": [str(path.relative_to(source)) for path in files], "records": records, "given": given,
        "environment": {name: value for name, value in os.environ.items() if name.islower()}}
violations = [{"feature_name": record, "constraint_check_type": "data_type_check", "description": "odd"}
              for record in records if "odd" in record]
(output / "statistics.json").write_text(json.dumps(seen))
(output / "constraint_violations.json").write_text(json.dumps({"violations": violations}))
metrics = opt_ml / "output" / "metrics" / "cloudwatch"
metrics.mkdir(parents=True)
dimensions = [{"Name": "Endpoint", "Value": os.environ["sagemaker_endpoint_name"]},
              {"Name": "MonitoringSchedule", "Value": os.environ["sagemaker_monitoring_schedule_name"]}]
line = {"MetricName": "records", "Timestamp": os.environ["start_time"], "Dimensions": dimensions, "Value": len(records)}
(metrics / "cloudwatch_metrics.jsonl").write_text(json.dumps(line) + "\\n\\nnot a metric\\n{}\\n")
text = "Completed: Job completed successfully with no violations."
if violations:
    text = f"CompletedWithViolations: Job completed successfully with {len(violations)} violations."
(opt_ml / "output" / "message").write_text(text)
"""

# keeps the captured lines for which there is a label
MERGE = """
import os
from pathlib import Path
source, truth = Path(os.environ["dataset_source"]), Path(os.environ["ground_truth_source"])
output = Path(os.environ["output_path"])
labels = {path.stem: path.read_text() for path in truth.rglob("*") if path.is_file()}
for path in sorted(source.rglob("*")):
    if not path.is_file():
        continue
    merged = [f"{line} {labels[line]}" for line in path.read_text().splitlines() if line in labels]
    if merged:
        target = output / path.relative_to(source)
        target.parent.mkdir(parents=True)
        target.write_text("\\n".join(merged) + "\\n")
"""


def small_images(folder: Path) -> dict[str, Image]:
    """The images by repository name, to stand in for those of the local AWS."""
    scripts = {"sagemaker-model-monitor-analyzer": ANALYZE, "sagemaker-model-monitor-groundtruth-merger": MERGE}
    found = {}
    for name, script in scripts.items():
        path = folder / f"{name}.py"
        path.write_text(script)
        found[name] = Image(name, path, ("process",))
    return found


@dataclass
class Service:
    """The API over a folder of state, at a moment that tests move. `close` and make another to restart it."""

    state: Path
    now: datetime = AT_NOON
    s3: S3Backend = field(default_factory=lambda: _new_s3())

    def __post_init__(self) -> None:
        self.state.mkdir(exist_ok=True)
        self.context = Context(
            region="us-east-1",
            state_dir=self.state,
            store=Store(self.state / "sagemaker.sqlite"),
            objects=ObjectStore(self.s3),
            logs=LogGroups(LogsBackend("us-east-1", ACCOUNT_ID)),
            endpoint_url="http://127.0.0.1:1",
            call=lambda _operation, _request: {},
            make_durable=lambda: None,
            now=lambda: self.now,
        )
        self.context.call = ControlPlane(self.context).call
        self.context.metrics = Metrics(SeriesStore(self.state / "metrics.sqlite"), self.context.now)
        self.jobs = JobRunner(self.context, grace_seconds=1.0)
        self.capture = CaptureLog(self.context)
        self.monitor = Monitor(self.context)
        self.context.workers |= {"jobs": self.jobs, "capture": self.capture, "monitoring": self.monitor}

    def close(self) -> None:
        """As the server ends its workers."""
        for worker in (self.monitor, self.capture, self.jobs):
            worker.shutdown()
        self.context.metrics.store.close()
        self.context.store.close()

    def call(self, operation: str, **request: Any) -> dict[str, Any]:
        """An API call; its answer is held against the service's model."""
        answer = self.context.call(operation, request)
        assert response_problems(operation, answer) == [], operation
        return answer

    def endpoint(self, name: str, **capture: Any) -> None:
        """An endpoint as far as monitoring looks at it."""
        config = {
            "EnableCapture": True,
            "DestinationS3Uri": "s3://bucket/captured/",
            "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
            **capture,
        }
        body = {"Config": {"DataCaptureConfig": config}, "EndpointName": name}
        self.context.store.insert("Endpoint", name, f"arn:{name}", body, "InService")

    def write(self, key: str, text: str) -> None:
        """An object of the bucket."""
        self.context.objects.write("bucket", key, text.encode())

    def json(self, key: str) -> Any:
        """The content of an object of the bucket."""
        return json.loads(self.context.objects.read("bucket", key))

    def at(self, moment: str) -> None:
        """Set the clock, `2026-03-01T13:00`, and let the worker look at it."""
        self.now = datetime.fromisoformat(moment).replace(tzinfo=timezone.utc)
        self.monitor.tick()

    def executions(self, **request: Any) -> list[dict[str, Any]]:
        """What ListMonitoringExecutions answers."""
        found: list[dict[str, Any]] = self.call("ListMonitoringExecutions", **request)["MonitoringExecutionSummaries"]
        return found

    def wait(self, *statuses: str, **request: Any) -> dict[str, Any]:
        """The latest execution, once it has one of the statuses; without any, once it has ended."""
        wanted = statuses or ("Completed", "CompletedWithViolations", "Failed", "Stopped")

        def latest() -> dict[str, Any] | None:
            found = self.executions(**request)
            return found[0] if found and found[0]["MonitoringExecutionStatus"] in wanted else None

        return wait_until(latest, lambda: f"one of {wanted}: {self.executions(**request)}")


def definition(kind: str = "DataQuality", endpoint: str = "vehicles", **members: Any) -> dict[str, Any]:
    """The request for a job definition, without its name."""
    inputs = {"EndpointInput": {"EndpointName": endpoint, "LocalPath": "/opt/ml/processing/input/endpoint"}}
    output = {"S3Uri": "s3://bucket/reports", "LocalPath": "/opt/ml/processing/output", "S3UploadMode": "EndOfJob"}
    return {
        f"{kind}AppSpecification": {"ImageUri": ANALYZER},
        f"{kind}JobInput": inputs,
        f"{kind}JobOutputConfig": {"MonitoringOutputs": [{"S3Output": output}]},
        "JobResources": {
            "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 20},
        },
        "RoleArn": ROLE,
        **members,
    }


def model_quality(**endpoint_input: Any) -> dict[str, Any]:
    """The request for a definition of model quality, without its name."""
    made = definition("ModelQuality")
    made["ModelQualityAppSpecification"]["ProblemType"] = "BinaryClassification"
    made["ModelQualityJobInput"]["EndpointInput"] |= {"ProbabilityAttribute": "1", **endpoint_input}
    made["ModelQualityJobInput"]["GroundTruthS3Input"] = {"S3Uri": "s3://bucket/truth"}
    return made


def schedule_config(expression: str | None, name: str, kind: str = "DataQuality", **members: str) -> dict[str, Any]:
    """A MonitoringScheduleConfig that names a definition."""
    when = {"ScheduleConfig": {"ScheduleExpression": expression, **members}} if expression else {}
    return {"MonitoringJobDefinitionName": name, "MonitoringType": kind, **when}


def _new_s3() -> S3Backend:
    # the names of buckets are moto's only state outside its backends
    s3_backends.bucket_accounts.pop("bucket", None)
    s3 = S3Backend("aws", ACCOUNT_ID)
    s3.create_bucket("bucket", "us-east-1")
    return s3


HOUR = timedelta(hours=1)
