"""What EventBridge is told of SageMaker and Step Functions: every change of a status, once, after it is on disk."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from local_aws.event_sources.executions import LARGEST_DATA, ExecutionEvents
from local_aws.event_sources.sagemaker import SageMakerEvents
from local_aws.sagemaker.context import Context
from local_aws.sagemaker.pipeline import records
from local_aws.sagemaker.store import RecordExists, Store
from local_aws.workflows.records import FAILED, RUNNING, SUCCEEDED, Execution
from tests.unit.local_aws_event_sink import EventSink

NOW = datetime(2026, 3, 1, 12, 0, 30, 250_000, tzinfo=timezone.utc)
MILLISECONDS = 1772366430250
ARN = "arn:aws:sagemaker:us-east-1:123456789012"
PIPELINE = f"{ARN}:pipeline/training"
EXECUTION = f"{PIPELINE}/execution/abcdef123456"


class World:
    """A store with its events, told when the test says so."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "records.sqlite"
        self.sink = EventSink()
        self.open()

    def open(self) -> None:
        self.store = Store(self.path, lambda: NOW)
        context = cast(Context, SimpleNamespace(store=self.store, events=self.sink))
        self.source = SageMakerEvents(context)

    def told(self) -> list[dict[str, Any]]:
        self.source.tell()
        events, self.sink.events = self.sink.events, []
        return events

    def details(self) -> list[dict[str, Any]]:
        return [event["detail"] for event in self.told()]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.store.close()


def test_a_job_is_told_of_as_it_is_described(world):
    body = {"ProcessingResources": {"ClusterConfig": {"InstanceCount": 1}}, "ProcessingStartTime": NOW}
    world.store.insert("ProcessingJob", "p", f"{ARN}:processing-job/p", body, "InProgress")
    world.store.put_tags(f"{ARN}:processing-job/p", {"team": "vision"})
    world.store.update("ProcessingJob", "p", "Failed", FailureReason="AlgorithmError: no")
    first, last = world.told()
    assert (first["source"], first["detail-type"]) == ("aws.sagemaker", "SageMaker Processing Job State Change")
    assert first["resources"] == [f"{ARN}:processing-job/p"]
    assert first["detail"]["ProcessingJobStatus"] == "InProgress"
    assert last["detail"] == {
        "ProcessingJobName": "p",
        "ProcessingJobArn": f"{ARN}:processing-job/p",
        "ProcessingJobStatus": "Failed",
        "ProcessingResources": {"ClusterConfig": {"InstanceCount": 1}},
        "ProcessingStartTime": MILLISECONDS,
        "FailureReason": "AlgorithmError: no",
        "CreationTime": MILLISECONDS,
        "LastModifiedTime": MILLISECONDS,
        "Tags": {"team": "vision"},
    }


def test_a_change_that_is_none_of_the_status_is_not_told(world):
    world.store.insert("TransformJob", "t", f"{ARN}:transform-job/t", {}, "InProgress")
    world.store.update("TransformJob", "t", TransformStartTime=NOW)
    world.store.insert("Model", "m", f"{ARN}:model/m", {})
    (told,) = world.details()
    assert told["CreationTime"] == "2026-03-01T12:00:30Z"


def test_of_a_training_job_the_secondary_status_is_told_too(world):
    world.store.insert("TrainingJob", "t", f"{ARN}:training-job/t", {"SecondaryStatus": "Starting"}, "InProgress")
    world.store.update("TrainingJob", "t", SecondaryStatus="Downloading")
    world.store.update("TrainingJob", "t", ModelArtifacts={})
    world.store.update("TrainingJob", "t", "Completed", SecondaryStatus="Completed")
    told = [(detail["TrainingJobStatus"], detail["SecondaryStatus"]) for detail in world.details()]
    assert told == [("InProgress", "Starting"), ("InProgress", "Downloading"), ("Completed", "Completed")]


def test_an_endpoint_is_told_of_in_the_words_of_the_event(world):
    body = {
        "EndpointName": "e",
        "EndpointArn": f"{ARN}:endpoint/e",
        "EndpointConfigName": "c",
        "Config": {"Secret": 1},
        "Models": {},
        "Variants": {"AllTraffic": {"Weight": 1.0, "Count": 2}},
    }
    world.store.insert("Endpoint", "e", f"{ARN}:endpoint/e", body, "Creating")
    world.store.update("Endpoint", "e", "InService")
    world.store.update("Endpoint", "e", "Failed", FailureReason="no health")
    creating, in_service, failed = world.details()
    assert (creating["EndpointStatus"], in_service["EndpointStatus"]) == ("CREATING", "IN_SERVICE")
    assert failed == {
        "EndpointName": "e",
        "EndpointArn": f"{ARN}:endpoint/e",
        "EndpointConfigName": "c",
        "ProductionVariants": [{"VariantName": "AllTraffic", "DesiredWeight": 1.0, "DesiredInstanceCount": 2}],
        "EndpointStatus": "FAILED",
        "FailureReason": "no health",
        "CreationTime": MILLISECONDS,
        "LastModifiedTime": MILLISECONDS,
        "Tags": {},
    }


def test_a_model_package_is_told_of_when_it_is_made_and_whenever_it_is_decided_about(world):
    arn = f"{ARN}:model-package/scones/2"
    body = {
        "ModelPackageGroupName": "scones",
        "ModelPackageVersion": 2,
        "ModelPackageArn": arn,
        "ModelApprovalStatus": "PendingManualApproval",
        "InferenceSpecification": {"Containers": [{"Image": "i"}]},
        "ModelMetrics": {"ModelQuality": {"Statistics": {"S3Uri": "s3://b/e.json"}}},
        "ModelCard": {"ModelCardContent": "large"},
        "CreatedBy": {},
    }
    world.store.insert("ModelPackage", "scones/2", arn, body, "Completed")
    approval = {"ModelApprovalStatus": "Approved", "ApprovalDescription": "fine", "LastModifiedTime": NOW}
    world.store.update("ModelPackage", "scones/2", **approval)
    world.store.update("ModelPackage", "scones/2", **approval)
    registered, approved = world.told()
    assert registered["detail-type"] == approved["detail-type"] == "SageMaker Model Package State Change"
    assert "UpdatedModelPackageFields" not in registered["detail"]
    assert approved["resources"] == [arn]
    assert approved["detail"] == {
        "ModelPackageGroupName": "scones",
        "ModelPackageVersion": 2,
        "ModelPackageArn": arn,
        "ModelPackageStatus": "Completed",
        "ModelApprovalStatus": "Approved",
        "ApprovalDescription": "fine",
        "InferenceSpecification": {"Containers": [{"Image": "i"}]},
        "ModelMetrics": {"ModelQuality": {"Statistics": {"S3Uri": "s3://b/e.json"}}},
        "CreationTime": "2026-03-01T12:00:30Z",
        "LastModifiedTime": "2026-03-01T12:00:30Z",
        "UpdatedModelPackageFields": ["ModelApprovalStatus", "ApprovalDescription"],
    }


DEFINITION = """{"Version": "2020-12-01", "Metadata": {}, "Parameters": [], "Steps": [
{"Name": "Extract", "Type": "Processing", "Arguments": {}},
{"Name": "Stop", "Type": "Fail", "Arguments": {"ErrorMessage": "no"}}]}"""


def test_pipeline_executions_and_their_steps(world):
    given = records.ExecutionInput(DEFINITION, {}, NOW)
    body = {"PipelineArn": PIPELINE, "PipelineExecutionArn": EXECUTION, "PipelineExecutionDisplayName": "first"}
    records.create_execution(world.store, EXECUTION, body, given, {})
    started = records.StepState("Extract", "Starting", NOW)
    metadata = {"ProcessingJob": {"Arn": f"{ARN}:processing-job/p"}}
    running = replace(started, status="Executing", metadata=metadata)
    for state in (started, running, running, running.end("Failed", NOW + timedelta(seconds=5), "no data")):
        records.write_steps(world.store, "abcdef123456", {"Extract": state})
    world.store.edit(records.EXECUTION, "abcdef123456", lambda record: ("Failed", record.body))
    begun, *steps, ended = world.told()
    assert {event["detail-type"] for event in (begun, ended)} == {
        "SageMaker Model Building Pipeline Execution Status Change"
    }
    assert begun["resources"] == ended["resources"] == [PIPELINE, EXECUTION]
    assert "executionEndTime" not in begun["detail"] and begun["detail"]["previousPipelineExecutionStatus"] is None
    assert ended["detail"] == {
        "pipelineExecutionDisplayName": "first",
        "currentPipelineExecutionStatus": "Failed",
        "previousPipelineExecutionStatus": "Executing",
        "executionStartTime": "2026-03-01T12:00:30Z",
        "executionEndTime": "2026-03-01T12:00:30Z",
        "pipelineArn": PIPELINE,
        "pipelineExecutionArn": EXECUTION,
    }
    changes = [(step["detail"]["previousStepStatus"], step["detail"]["currentStepStatus"]) for step in steps]
    assert changes == [(None, "Starting"), ("Starting", "Executing"), ("Executing", "Failed")]
    assert steps[2]["detail-type"] == "SageMaker Model Building Pipeline Execution Step Status Change"
    assert steps[2]["resources"] == [PIPELINE, EXECUTION]
    assert steps[2]["detail"] == {
        "metadata": {"processingJob": {"arn": f"{ARN}:processing-job/p"}},
        "stepStartTime": "2026-03-01T12:00:30Z",
        "stepEndTime": "2026-03-01T12:00:35Z",
        "stepName": "Extract",
        "stepType": "Processing",
        "previousStepStatus": "Executing",
        "currentStepStatus": "Failed",
        "failureReason": "no data",
        "pipelineArn": PIPELINE,
        "pipelineExecutionArn": EXECUTION,
    }


def test_a_step_from_the_cache_says_so(world):
    records.create_execution(
        world.store, EXECUTION, {"PipelineArn": PIPELINE}, records.ExecutionInput(DEFINITION, {}, NOW), {}
    )
    hit = replace(records.StepState("Extract", "Succeeded", NOW, NOW), cached_from=f"{PIPELINE}/execution/old")
    records.write_steps(world.store, "abcdef123456", {"Extract": hit})
    assert world.details()[-1]["cacheHitResult"] == {"sourcePipelineExecutionArn": f"{PIPELINE}/execution/old"}
    assert asdict(hit)["status"] == "Succeeded"


def test_what_a_process_left_untold_the_next_one_tells_once(world):
    world.store.insert("ProcessingJob", "p", f"{ARN}:processing-job/p", {}, "InProgress")
    world.store.close()
    world.open()
    world.store.update("ProcessingJob", "p", "Failed")
    assert [detail["ProcessingJobStatus"] for detail in world.details()] == ["InProgress", "Failed"]
    world.store.close()
    world.open()
    assert world.told() == []


def test_a_change_that_was_not_made_is_not_told(world):
    world.store.insert("ProcessingJob", "p", f"{ARN}:processing-job/p", {}, "InProgress")
    with pytest.raises(RecordExists):
        world.store.insert("ProcessingJob", "p", f"{ARN}:processing-job/p", {}, "Failed")
    with pytest.raises(ZeroDivisionError):
        world.store.edit("ProcessingJob", "p", lambda record: (str(1 / 0), record.body))
    assert len(world.told()) == 1


def test_a_change_that_cannot_be_told_is_made_all_the_same(world, caplog):
    world.store.insert("Endpoint", "e", f"{ARN}:endpoint/e", {}, "Creating")
    assert world.store.get("Endpoint", "e").status == "Creating"
    assert world.told() == []
    assert "a change of Endpoint e cannot be told" in caplog.text


RUN = Execution(
    arn="arn:aws:states:us-east-1:123456789012:execution:classify:one",
    state_machine_arn="arn:aws:states:us-east-1:123456789012:stateMachine:classify",
    revision_id="r",
    name="one",
    status=RUNNING,
    started=NOW,
    input='{"s3_key": "a b+ü.png"}',
)


def test_an_execution_that_begins_and_one_that_succeeds():
    sink = EventSink()
    tell = ExecutionEvents(cast(Any, sink))
    tell(RUN)
    tell(replace(RUN, status=SUCCEEDED, stopped=NOW + timedelta(seconds=1), output='"done"'))
    begun, ended = sink.events
    assert (begun["source"], begun["detail-type"]) == ("aws.states", "Step Functions Execution Status Change")
    assert begun["resources"] == [RUN.arn]
    assert begun["detail"] == {
        "executionArn": RUN.arn,
        "stateMachineArn": RUN.state_machine_arn,
        "name": "one",
        "status": "RUNNING",
        "startDate": MILLISECONDS,
        "stopDate": None,
        "input": '{"s3_key": "a b+ü.png"}',
        "inputDetails": {"included": True},
        "output": None,
        "outputDetails": None,
        "error": None,
        "cause": None,
    }
    changed = {name: value for name, value in ended["detail"].items() if value != begun["detail"][name]}
    assert changed == {
        "status": "SUCCEEDED",
        "stopDate": MILLISECONDS + 1000,
        "output": '"done"',
        "outputDetails": {"included": True},
    }


def test_an_execution_that_fails_says_why():
    sink = EventSink()
    ExecutionEvents(cast(Any, sink))(replace(RUN, status=FAILED, stopped=NOW, error="ThresholdNotMet", cause="0.5"))
    (detail,) = sink.details
    assert (detail["status"], detail["error"], detail["cause"]) == ("FAILED", "ThresholdNotMet", "0.5")


def test_data_that_is_too_long_for_an_event_is_left_out():
    sink = EventSink()
    tell = ExecutionEvents(cast(Any, sink))
    half, whole = '"' + "x" * (LARGEST_DATA // 2) + '"', '"' + "x" * LARGEST_DATA + '"'
    for given, output in ((half, half), ('""', whole), (whole, '""')):
        tell(replace(RUN, status=SUCCEEDED, stopped=NOW, input=given, output=output))
    included = [(one["inputDetails"]["included"], one["outputDetails"]["included"]) for one in sink.details]
    assert included == [(False, True), (False, False), (False, True)]
    assert sink.details[0]["input"] is None and sink.details[0]["output"] == half
