"""A small SageMaker for the engine's tests: real records, models and packages, jobs without real time.

Its clock moves only when the engine waits, so that every test runs the same each time.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from uuid import uuid4

from moto.logs.models import LogsBackend
from moto.s3.models import S3Backend, s3_backends

import local_aws.sagemaker.operations  # noqa: F401  registers the operations
from local_aws.logs import LogGroups
from local_aws.objects import ObjectStore, S3Uri
from local_aws.sagemaker.context import ACCOUNT_ID, Context
from local_aws.sagemaker.control_plane import OPERATIONS
from local_aws.sagemaker.errors import ServiceError
from local_aws.sagemaker.pipeline.run import ExecutionRun
from local_aws.sagemaker.store import Store
from local_aws.sagemaker.validation import input_shape, validate_request

REGION = "us-east-1"
BUCKET = "test-bucket"
ROLE = "arn:aws:iam::123456789012:role/SageMakerRole"
TRAINING_IMAGE = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.10.0-cpu-py313"
INFERENCE_IMAGE = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-inference:2.6.0-cpu-py312"
JOBS = ("ProcessingJob", "TrainingJob", "TransformJob")
START = datetime(2026, 8, 6, 12, 0, tzinfo=timezone.utc)


class ManualClock:
    """Time that passes only when somebody waits; `at` does something when it has come."""

    def __init__(self) -> None:
        self.moment = START
        self._events: list[tuple[datetime, Callable[[], None]]] = []

    def now(self) -> datetime:
        return self.moment

    def wait(self, wake: threading.Event, seconds: float) -> None:
        if not wake.is_set():
            self.pass_time(seconds)

    def pass_time(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)
        due = [event for event in self._events if event[0] <= self.moment]
        self._events = [event for event in self._events if event[0] > self.moment]
        for _, act in due:
            act()

    def at(self, seconds: float, act: Callable[[], None]) -> None:
        self._events.append((self.moment + timedelta(seconds=seconds), act))

    def seconds(self) -> float:
        """How long it is since the beginning."""
        return (self.moment - START).total_seconds()


@dataclass
class Outcome:
    """What becomes of one job of a step: refused with `error`, or ended after some seconds."""

    seconds: float = 1.0
    status: str = "Completed"
    reason: str | None = None
    error: ServiceError | None = None
    message: str | None = None


@dataclass
class Job:
    """A job that runs, in fake time."""

    request: dict[str, Any]
    outcome: Outcome
    ends: datetime
    stopped: bool = False


@dataclass
class Service:
    """The API the engine speaks to. `plans` has the outcomes of each step's jobs, one after the other."""

    folder: Path
    plans: dict[str, list[Outcome]] = field(default_factory=dict)
    jobs: dict[str, Job] = field(default_factory=dict)
    created: list[str] = field(default_factory=list)
    running: set[str] = field(default_factory=set)
    most_running: int = 0

    def __post_init__(self) -> None:
        self.clock = ManualClock()
        # moto knows bucket names across all backends of a process.
        s3_backends.bucket_accounts.pop(BUCKET, None)
        s3 = S3Backend("aws", ACCOUNT_ID)
        s3.create_bucket(BUCKET, REGION)
        self.context = Context(
            region=REGION,
            state_dir=self.folder,
            store=Store(self.folder / "records.db", self.clock.now),
            objects=ObjectStore(s3),
            logs=LogGroups(LogsBackend(REGION, ACCOUNT_ID)),
            endpoint_url="",
            call=self.call,
            make_durable=lambda: None,
            now=self.clock.now,
        )
        self.context.workers["executions"] = self
        self._runs: dict[str, ExecutionRun] = {}

    def call(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """Answer as the API does, requests checked as it checks them."""
        shape = input_shape(operation)
        if "ClientRequestToken" in shape.members and "ClientRequestToken" not in request:
            # boto3 fills it in like this.
            request = {**request, "ClientRequestToken": str(uuid4())}
        validate_request(operation, request)
        for resource in JOBS:
            if operation.endswith(resource) and hasattr(self, f"_{operation[: -len(resource)].lower()}"):
                act = getattr(self, f"_{operation[: -len(resource)].lower()}")
                answer: dict[str, Any] = act(resource, request[f"{resource}Name"], request)
                return answer
        return OPERATIONS[operation](self.context, request)

    def create_pipeline(self, *steps: dict[str, Any], **members: Any) -> None:
        """A pipeline named `p`, or its next definition."""
        parameters = members.pop("Parameters", [])
        document = {"Version": "2020-12-01", "Metadata": {}, "Parameters": parameters, "Steps": list(steps)}
        request = {
            "PipelineName": "p",
            "RoleArn": ROLE,
            "PipelineDefinition": json.dumps(document),
            **members,
        }
        known = self.call("ListPipelines", {})["PipelineSummaries"]
        self.call("UpdatePipeline" if known else "CreatePipeline", request)

    def begin(self, **members: Any) -> str:
        """Start an execution, of which nothing has run yet; its ARN."""
        answer = self.call("StartPipelineExecution", {"PipelineName": "p", **members})
        return str(answer["PipelineExecutionArn"])

    def finish(self, arn: str) -> str:
        """Let a started execution run to its end; its status."""
        self._runs[arn.rpartition("/")[2]].execute()
        return str(self.describe(arn)["PipelineExecutionStatus"])

    def execute(self, **members: Any) -> tuple[str, dict[str, dict[str, Any]]]:
        """Start an execution and let it run; its status, and its steps by name."""
        arn = self.begin(**members)
        return self.finish(arn), self.steps(arn)

    def describe(self, arn: str) -> dict[str, Any]:
        return self.call("DescribePipelineExecution", {"PipelineExecutionArn": arn})

    def steps(self, arn: str) -> dict[str, dict[str, Any]]:
        """The steps of an execution by name, in the order in which they began."""
        request = {"PipelineExecutionArn": arn, "SortOrder": "Ascending", "MaxResults": 100}
        answer = self.call("ListPipelineExecutionSteps", request)
        return {step["StepName"]: step for step in answer["PipelineExecutionSteps"]}

    def job_of(self, step: dict[str, Any]) -> Job:
        """The job that a step made."""
        ((_, metadata),) = step["Metadata"].items()
        return self.jobs[metadata["Arn"].rpartition("/")[2]]

    def put_json(self, key: str, document: Any) -> None:
        self.context.objects.write(BUCKET, key, json.dumps(document).encode())

    # The worker that the operations know: it runs nothing by itself.
    def start(self, kind: str, name: str) -> None:
        self._runs[name] = ExecutionRun(self.context, self.clock, name)

    def stop(self, kind: str, name: str) -> None:
        self._runs[name].request_stop()

    def recover(self) -> None: ...
    def shutdown(self) -> None: ...

    def _create(self, resource: str, name: str, request: dict[str, Any]) -> dict[str, Any]:
        named_by_engine = re.fullmatch(r"pipelines-[^-]+-(.*)-[^-]+", name)
        step = named_by_engine[1] if named_by_engine else name
        plan = self.plans.get(step) or [Outcome()]
        outcome = plan.pop(0)
        self.created.append(step)
        if outcome.error:
            raise outcome.error
        self.jobs[name] = Job(request, outcome, self.clock.now() + timedelta(seconds=outcome.seconds))
        self.running.add(name)
        self.most_running = max(self.most_running, len(self.running))
        return {f"{resource}Arn": self._arn(resource, name)}

    def _describe(self, resource: str, name: str, request: dict[str, Any]) -> dict[str, Any]:
        job = self.jobs[name]
        ended = job.stopped or self.clock.now() >= job.ends
        status = "Stopped" if job.stopped else job.outcome.status if ended else "InProgress"
        if ended:
            self.running.discard(name)
        answer = {**job.request, f"{resource}Arn": self._arn(resource, name), f"{resource}Status": status}
        if ended and job.outcome.reason:
            answer["FailureReason"] = job.outcome.reason
        if ended and job.outcome.message:
            answer["ExitMessage"] = job.outcome.message
        if resource == "TrainingJob" and status == "Completed":
            uri = f"{job.request['OutputDataConfig']['S3OutputPath']}/{name}/output/model.tar.gz"
            self.context.objects.write(BUCKET, S3Uri.parse(uri).key, b"model")
            answer["ModelArtifacts"] = {"S3ModelArtifacts": uri}
        return answer

    def _stop(self, resource: str, name: str, request: dict[str, Any]) -> dict[str, Any]:
        self.jobs[name].stopped = True
        return {}

    def _arn(self, resource: str, name: str) -> str:
        return self.context.arn(f"{resource.removesuffix('Job').lower()}-job/{name}")


def processing(name: str, **members: Any) -> dict[str, Any]:
    """A Processing step; Environment, Outputs and Arguments go into its arguments, the rest beside them."""
    environment = members.pop("Environment", {})
    arguments: dict[str, Any] = {
        "AppSpecification": {"ImageUri": TRAINING_IMAGE},
        "ProcessingResources": {
            "ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 30}
        },
        "RoleArn": ROLE,
        "Environment": environment,
    }
    outputs = members.pop("Outputs", {})
    if outputs:
        arguments["ProcessingOutputConfig"] = {
            "Outputs": [
                {
                    "OutputName": output,
                    "S3Output": {
                        "S3Uri": uri,
                        "LocalPath": f"/opt/ml/processing/{output}",
                        "S3UploadMode": "EndOfJob",
                    },
                }
                for output, uri in outputs.items()
            ]
        }
    arguments |= members.pop("Arguments", {})
    return {"Name": name, "Type": "Processing", "Arguments": arguments, **members}


def training(name: str, **members: Any) -> dict[str, Any]:
    """A Training step; HyperParameters go into its arguments."""
    arguments = {
        "AlgorithmSpecification": {"TrainingImage": TRAINING_IMAGE, "TrainingInputMode": "File"},
        "HyperParameters": members.pop("HyperParameters", {}),
        "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/models"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 30},
        "RoleArn": ROLE,
        "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
    }
    return {"Name": name, "Type": "Training", "Arguments": arguments, **members}


def condition(name: str, *conditions: Any, then: list[Any], otherwise: list[Any], **members: Any) -> dict[str, Any]:
    """A Condition step."""
    arguments = {"Conditions": list(conditions), "IfSteps": then, "ElseSteps": otherwise}
    return {"Name": name, "Type": "Condition", "Arguments": arguments, **members}


def fail(name: str, message: Any = "no", **members: Any) -> dict[str, Any]:
    """A Fail step."""
    return {"Name": name, "Type": "Fail", "Arguments": {"ErrorMessage": message}, **members}


def equals(left: Any, right: Any) -> dict[str, Any]:
    """A condition."""
    return {"Type": "Equals", "LeftValue": left, "RightValue": right}


def get(text: str) -> dict[str, str]:
    """A reference."""
    return {"Get": text}
