"""Monitoring executions: when they begin, what their jobs get, how they end, what a restart makes of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from werkzeug.test import Client

from local_aws.console.application import Console
from local_aws.console.record_pages import RecordPages
from local_aws.console.sources import Sources
from local_aws.sagemaker.errors import (
    ResourceInUse,
    ResourceLimitExceeded,
    ResourceNotFound,
    ServiceError,
    ValidationException,
)
from local_aws.sagemaker.jobs.reasons import SERVER_STOPPED
from tests.unit.local_aws_monitoring_service import (
    ANALYZER,
    ROLE,
    Service,
    definition,
    model_quality,
    schedule_config,
    small_images,
)

HOURLY = "cron(0 * ? * * *)"
ONCE = {"DataAnalysisStartTime": "-PT1H", "DataAnalysisEndTime": "-PT0H"}
CAPTURED = "captured/vehicles/AllTraffic"


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    images = small_images(tmp_path)
    monkeypatch.setattr("local_aws.images.known_images", lambda: images)
    made = Service(tmp_path / "state")
    made.endpoint("vehicles")
    yield made
    made.close()


def make(service: Service, name: str, expression: str | None, kind: str = "DataQuality", **more: Any) -> None:
    """A schedule of that name, and its definition."""
    request = model_quality() if kind == "ModelQuality" else definition()
    service.call(f"Create{kind}JobDefinition", JobDefinitionName=f"{name}-job", **{**request, **more.pop("of", {})})
    config = schedule_config(expression, f"{name}-job", kind, **more)
    service.call("CreateMonitoringSchedule", MonitoringScheduleName=name, MonitoringScheduleConfig=config)


def test_an_hourly_schedule_analyses_what_was_captured_in_the_hour_before(service):
    service.write("baseline/constraints.json", "{constraints}")
    service.write("baseline/statistics.json", "{statistics}")
    service.write("code/flat.py", "# flat")
    baseline = {
        "ConstraintsResource": {"S3Uri": "s3://bucket/baseline/constraints.json"},
        "StatisticsResource": {"S3Uri": "s3://bucket/baseline/statistics.json"},
    }
    application = {
        "ImageUri": ANALYZER,
        "RecordPreprocessorSourceUri": "s3://bucket/code/flat.py",
        "Environment": {"publish_cloudwatch_metrics": "Enabled", "own": "1"},
    }
    more = {"DataQualityBaselineConfig": baseline, "DataQualityAppSpecification": application}
    make(service, "hourly", HOURLY, of=more)
    described = service.call("DescribeMonitoringSchedule", MonitoringScheduleName="hourly")
    assert (described["MonitoringScheduleStatus"], described["EndpointName"]) == ("Scheduled", "vehicles")
    assert "LastMonitoringExecutionSummary" not in described
    service.write(f"{CAPTURED}/2026/03/01/11/59-59-999.jsonl", "before\n")
    service.write(f"{CAPTURED}/2026/03/01/12/00-01-000.jsonl", "one\n")
    service.write(f"{CAPTURED}/2026/03/01/12/30-01-000.jsonl", "two odd\n")
    service.write("captured/vehicles/Other/2026/03/01/12/00-01-000.jsonl", "three\n")
    service.write(f"{CAPTURED}/2026/03/01/13/00-00-001.jsonl", "after\n")
    service.write("captured/vehicles-2/AllTraffic/2026/03/01/12/00-01-000.jsonl", "of another endpoint\n")
    service.at("2026-03-01T12:59")
    assert service.executions() == []
    service.at("2026-03-01T13:00")
    found = service.wait()
    assert found["MonitoringExecutionStatus"] == "CompletedWithViolations"
    assert "FailureReason" not in found
    assert (found["MonitoringJobDefinitionName"], found["MonitoringType"]) == ("hourly-job", "DataQuality")
    assert found["ScheduledTime"].isoformat() == "2026-03-01T13:00:00+00:00"
    job_name = found["ProcessingJobArn"].rpartition("/")[2]
    assert job_name.startswith("model-monitoring-202603011300-")
    job = service.call("DescribeProcessingJob", ProcessingJobName=job_name)
    assert job["MonitoringScheduleArn"].endswith(":monitoring-schedule/hourly")
    assert job["ExitMessage"] == "CompletedWithViolations: Job completed successfully with 1 violations."
    assert job["StoppingCondition"] == {"MaxRuntimeInSeconds": 3600}
    report = "reports/vehicles/hourly/2026/03/01/13"
    assert len(service.json(f"{report}/constraint_violations.json")["violations"]) == 1
    seen = service.json(f"{report}/statistics.json")
    assert seen["records"] == ["one", "two odd", "three"]
    assert seen["files"][0] == "vehicles/AllTraffic/2026/03/01/12/00-01-000.jsonl"
    assert seen["given"] == {
        "baseline_constraints": "{constraints}",
        "baseline_statistics": "{statistics}",
        "record_preprocessor_script": "# flat",
    }
    environment = {name: job["Environment"][name] for name in job["Environment"] if "baseline" not in name}
    assert environment == {
        "own": "1",
        "publish_cloudwatch_metrics": "Enabled",
        "start_time": "2026-03-01T12:00:00Z",
        "end_time": "2026-03-01T13:00:00Z",
        "record_preprocessor_script": "/opt/ml/processing/code/preprocessing/flat.py",
        "dataset_format": '{"sagemakerCaptureJson":{"captureIndexNames":["endpointInput","endpointOutput"]}}',
        "dataset_source": "/opt/ml/processing/input/endpoint",
        "output_path": "/opt/ml/processing/output",
        "monitoring_input_type": "ENDPOINT_INPUT",
        "sagemaker_endpoint_name": "vehicles",
        "sagemaker_monitoring_schedule_name": "hourly",
    }
    dimensions = {"Endpoint": "vehicles", "MonitoringSchedule": "hourly"}
    values = service.context.metrics.statistic(
        "aws/sagemaker/Endpoints/data-metrics", "records", dimensions, "Sum", 3600, *job_window(service)
    )
    assert [value for _, value in values] == [3.0]
    last = service.call("DescribeMonitoringSchedule", MonitoringScheduleName="hourly")
    assert last["LastMonitoringExecutionSummary"] == found


def job_window(service: Service) -> tuple[Any, Any]:
    hour = service.now.replace(minute=0, second=0, microsecond=0)
    return hour - timedelta(hours=1), hour


def test_each_hour_is_run_once_and_an_hour_without_data_fails_as_in_the_service(service):
    make(service, "hourly", HOURLY)
    service.write(f"{CAPTURED}/2026/03/01/13/00.jsonl", "one\n")
    service.at("2026-03-01T13:00")
    found = service.wait()
    assert (found["MonitoringExecutionStatus"], found["FailureReason"]) == ("Failed", "Job inputs had no data")
    assert "ProcessingJobArn" not in found
    for _ in range(3):
        service.at("2026-03-01T13:10")
    service.at("2026-03-01T14:05")
    assert service.wait()["MonitoringExecutionStatus"] == "Completed"
    assert len(service.executions()) == 2
    by_time = service.executions(SortBy="ScheduledTime", SortOrder="Ascending")
    assert [each["ScheduledTime"].hour for each in by_time] == [13, 14]
    assert [
        each["ScheduledTime"].hour for each in service.executions(ScheduledTimeAfter=by_time[0]["ScheduledTime"])
    ] == [14]
    assert [each["ScheduledTime"].hour for each in service.executions(StatusEquals="Failed")] == [13]
    for given in ({"MonitoringScheduleName": "x"}, {"EndpointName": "x"}, {"MonitoringTypeEquals": "ModelQuality"}):
        assert service.executions(**given) == []
    assert len(service.executions(MonitoringJobDefinitionName="hourly-job", EndpointName="vehicles")) == 2


def test_a_run_at_once_takes_many_hours_and_reports_by_the_minute(service):
    for hour in range(24):
        service.write(f"{CAPTURED}/2026/02/28/{hour:02d}/00.jsonl", f"28-{hour}\n")
        service.write(f"{CAPTURED}/2026/03/01/{hour:02d}/00.jsonl", f"01-{hour}\n")
    make(service, "now", "NOW", DataAnalysisStartTime="-PT24H", DataAnalysisEndTime="-PT0H")
    found = service.wait()
    assert found["MonitoringExecutionStatus"] == "Completed"
    assert found["ScheduledTime"] == service.now
    seen = service.json("reports/vehicles/now/2026/03/01/12/00/statistics.json")
    # noon and half a minute: the hours that the window touches, on both sides
    assert seen["records"] == [*(f"28-{hour}" for hour in range(12, 24)), *(f"01-{hour}" for hour in range(13))]
    service.at("2026-03-02T13:00")
    assert len(service.executions()) == 1
    service.call("StopMonitoringSchedule", MonitoringScheduleName="now")
    service.call("StartMonitoringSchedule", MonitoringScheduleName="now")
    assert len(service.executions()) == 2
    service.wait()


def test_model_quality_merges_ground_truth_first_and_then_analyses_what_was_merged(service):
    of = {**model_quality(StartTimeOffset="-PT2H", EndTimeOffset="-PT1H")}
    make(service, "quality", HOURLY, "ModelQuality", of=of)
    service.write(f"{CAPTURED}/2026/03/01/11/00.jsonl", "a\nb odd\nc\n")
    service.write(f"{CAPTURED}/2026/03/01/12/00.jsonl", "d\n")
    service.write("truth/2026/03/01/10/a.jsonl", "too early")
    service.write("truth/2026/03/01/11/a.jsonl", "1")
    # a label that came an hour later, and one without a record
    service.write("truth/2026/03/01/12/b odd.jsonl", "0")
    service.write("truth/2026/03/01/12/x.jsonl", "0")
    service.at("2026-03-01T13:00")
    found = service.wait()
    assert found["MonitoringExecutionStatus"] == "CompletedWithViolations", found
    job_name = found["ProcessingJobArn"].rpartition("/")[2]
    assert job_name.startswith("model-quality-monitoring-202603011300-")
    merge_name = job_name.replace("model-quality-monitoring", "groundtruth-merge")
    merge = service.call("DescribeProcessingJob", ProcessingJobName=merge_name)
    assert merge["AppSpecification"]["ImageUri"].endswith(".amazonaws.com/sagemaker-model-monitor-groundtruth-merger")
    assert merge["Environment"] == {
        "dataset_source": "/opt/ml/processing/input_data",
        "ground_truth_source": "/opt/ml/processing/groundtruth",
        "output_path": "/opt/ml/processing/output",
        "start_time": "2026-03-01T11:00:00Z",
        "end_time": "2026-03-01T12:00:00Z",
    }
    seen = service.json("reports/vehicles/quality/2026/03/01/13/statistics.json")
    assert seen["records"] == ["a 1", "b odd 0"]
    assert seen["files"] == ["vehicles/AllTraffic/2026/03/01/11/00.jsonl"]
    given = seen["environment"]
    assert json.loads(given["dataset_format"]) == {"sagemakerMergeJson": {"captureIndexNames": ["endpointOutput"]}}
    assert given["analysis_type"] == "MODEL_QUALITY"
    assert (given["problem_type"], given["probability_attribute"]) == ("BinaryClassification", "1")
    dimensions = {"Endpoint": "vehicles", "MonitoringSchedule": "quality"}
    start = service.now - timedelta(hours=2)
    values = service.context.metrics.statistic(
        "aws/sagemaker/Endpoints/model-metrics", "records", dimensions, "Sum", 60, start, service.now
    )
    assert [value for _, value in values] == [2.0]


@pytest.mark.parametrize("truth", ["", "truth/2026/03/01/12/other.jsonl"])
def test_ground_truth_that_is_missing_or_fits_nothing_fails_in_the_words_of_the_service(service, truth):
    make(service, "quality", HOURLY, "ModelQuality")
    service.write(f"{CAPTURED}/2026/03/01/12/00.jsonl", "a\n")
    if truth:
        service.write(truth, "1")
    service.at("2026-03-01T13:00")
    found = service.wait()
    place = "reports/merge/vehicles/AllTraffic/2026/03/01/12" if truth else "truth/2026/03/01/12"
    assert found["MonitoringExecutionStatus"] == "Failed"
    assert found["FailureReason"] == (
        f'No S3 objects found under S3 URL "s3://bucket/{place}" given in input data source. Please ensure that the '
        "bucket exists in the selected region (us-east-1), that objects exist under that S3 prefix, and that the "
        f'role "{ROLE}" has "s3:ListBucket" permissions on bucket "bucket".'
    )
    assert found.get("ProcessingJobArn", "").rpartition("/")[2].startswith("groundtruth-merge-" if truth else "")


def test_a_job_that_fails_fails_the_execution_with_its_reason_and_so_does_a_missing_baseline(service):
    service.write(f"{CAPTURED}/2026/03/01/12/00.jsonl", "break\n")
    make(service, "breaks", HOURLY)
    uri = "s3://bucket/nowhere/constraints.json"
    make(service, "baseless", HOURLY, of={"DataQualityBaselineConfig": {"ConstraintsResource": {"S3Uri": uri}}})
    service.at("2026-03-01T13:00")
    broken = service.wait(MonitoringScheduleName="breaks")
    assert broken["FailureReason"] == "AlgorithmError: the records cannot be read, exit code: 1"
    baseless = service.wait(MonitoringScheduleName="baseless")
    assert baseless["MonitoringExecutionStatus"] == "Failed"
    assert f'No S3 objects found under S3 URL "{uri}"' in baseless["FailureReason"]


def test_what_is_captured_while_the_inputs_are_read_is_left_to_the_next_and_objects_are_whole(service):
    folder = f"{CAPTURED}/2026/03/01/12"
    service.write(f"{folder}/00.jsonl", "one\n")
    listed = service.context.objects.keys

    def meanwhile(bucket: str, prefix: str = "") -> Iterator[str]:
        found = list(listed(bucket, prefix))
        if prefix == folder:
            service.write(f"{folder}/00.jsonl", "one\ntwo\n")
            service.write(f"{folder}/later.jsonl", "later\n")
        return iter(found)

    service.context.objects.keys = meanwhile
    make(service, "now", "NOW", **ONCE)
    assert service.wait()["MonitoringExecutionStatus"] == "Completed"
    assert service.json("reports/vehicles/now/2026/03/01/12/00/statistics.json")["records"] == ["one", "two"]


def test_records_that_wait_in_their_spool_are_uploaded_before_the_window_is_looked_at(service, monkeypatch):
    monkeypatch.setattr(
        service.capture, "flush", lambda name: service.write(f"captured/{name}/V/2026/03/01/12/late.jsonl", "late\n")
    )
    make(service, "now", "NOW", **ONCE)
    assert service.wait()["MonitoringExecutionStatus"] == "Completed"


def test_a_stopped_schedule_ends_what_runs_and_fires_no_more_until_it_is_started(service):
    service.write(f"{CAPTURED}/2026/03/01/12/00.jsonl", "wait\n")
    make(service, "hourly", HOURLY)
    service.at("2026-03-01T13:00")
    service.wait("InProgress")
    service.call("StopMonitoringSchedule", MonitoringScheduleName="hourly")
    assert service.executions()[0]["MonitoringExecutionStatus"] in ("Stopping", "Stopped")
    assert service.wait("Stopped").get("FailureReason") is None
    service.at("2026-03-01T15:00")
    assert len(service.executions()) == 1
    described = service.call("DescribeMonitoringSchedule", MonitoringScheduleName="hourly")
    assert described["MonitoringScheduleStatus"] == "Stopped"
    service.call(
        "UpdateMonitoringSchedule",
        MonitoringScheduleName="hourly",
        MonitoringScheduleConfig=described["MonitoringScheduleConfig"],
    )
    service.at("2026-03-01T16:00")
    assert len(service.executions()) == 1
    service.call("StartMonitoringSchedule", MonitoringScheduleName="hourly")
    service.at("2026-03-01T16:59")
    assert len(service.executions()) == 1
    service.at("2026-03-01T17:00")
    assert len(service.executions()) == 2
    service.wait()


def test_a_deleted_schedule_leaves_its_history_and_its_name(service):
    service.write(f"{CAPTURED}/2026/03/01/12/00.jsonl", "wait\n")
    make(service, "hourly", HOURLY)
    service.at("2026-03-01T13:00")
    service.wait("InProgress")
    with pytest.raises(ValidationException, match="is used by the monitoring schedule"):
        service.call("DeleteDataQualityJobDefinition", JobDefinitionName="hourly-job")
    service.call("DeleteMonitoringSchedule", MonitoringScheduleName="hourly")
    service.call("DeleteDataQualityJobDefinition", JobDefinitionName="hourly-job")
    assert service.wait()["MonitoringExecutionStatus"] == "Stopped"
    with pytest.raises(ResourceNotFound):
        service.call("DescribeMonitoringSchedule", MonitoringScheduleName="hourly")
    make(service, "hourly", HOURLY)
    described = service.call("DescribeMonitoringSchedule", MonitoringScheduleName="hourly")
    assert "LastMonitoringExecutionSummary" not in described
    assert len(service.executions(MonitoringScheduleName="hourly")) == 1


def test_after_a_restart_no_hour_is_run_twice_and_what_ran_has_failed_with_a_reason(service, tmp_path):
    service.write(f"{CAPTURED}/2026/03/01/12/00.jsonl", "wait\n")
    service.write(f"{CAPTURED}/2026/03/01/15/00.jsonl", "one\n")
    make(service, "hourly", HOURLY)
    make(service, "now", "NOW", **ONCE)
    service.at("2026-03-01T13:00")
    service.wait("InProgress", MonitoringScheduleName="hourly")
    # as if the process had been killed: the records stay as they are
    left = {name: service.context.store.get("MonitoringExecution", name) for name in names(service)}
    service.close()
    again = Service(tmp_path / "state", service.now, service.s3)
    for record in left.values():
        again.context.store.edit("MonitoringExecution", record.name, lambda _, of=record: (of.status, of.body))
    again.monitor.recover()
    ended = again.executions()
    assert {(each["MonitoringExecutionStatus"], each["FailureReason"]) for each in ended} == {
        ("Failed", SERVER_STOPPED)
    }
    assert len(ended) == 2
    again.close()
    later = Service(tmp_path / "state", service.now + timedelta(hours=3, minutes=10), service.s3)
    later.monitor.recover()
    # of 14, 15 and 16 o'clock the latest
    assert later.wait(MonitoringScheduleName="hourly")["ScheduledTime"].hour == 16
    assert len(later.executions()) == 3
    later.close()


def names(service: Service) -> list[str]:
    return [record.name for record in service.context.store.all("MonitoringExecution")]


def test_a_server_that_ends_fails_what_runs_and_does_not_wait_for_it(service, tmp_path):
    service.write(f"{CAPTURED}/2026/03/01/12/00.jsonl", "wait\n")
    make(service, "hourly", HOURLY)
    service.at("2026-03-01T13:00")
    service.wait("InProgress")
    service.close()
    again = Service(tmp_path / "state", service.now, service.s3)
    (found,) = again.executions()
    assert (found["MonitoringExecutionStatus"], found["FailureReason"]) == ("Failed", SERVER_STOPPED)
    again.close()


def test_an_endpoint_that_is_missing_or_captures_nothing_fails_the_schedule_until_that_is_mended(service):
    service.endpoint("blind", EnableCapture=False)
    for endpoint, reason in (("none", "Could not find endpoint"), ("blind", "Data capture is not enabled")):
        of = definition(endpoint=endpoint)
        make(service, endpoint, HOURLY, of=of)
        described = service.call("DescribeMonitoringSchedule", MonitoringScheduleName=endpoint)
        assert described["MonitoringScheduleStatus"] == "Failed"
        assert reason in described["FailureReason"]
    service.at("2026-03-01T13:00")
    assert service.executions() == []
    service.endpoint("none")
    service.call("StartMonitoringSchedule", MonitoringScheduleName="none")
    described = service.call("DescribeMonitoringSchedule", MonitoringScheduleName="none")
    assert described["MonitoringScheduleStatus"] == "Scheduled" and "FailureReason" not in described


def test_an_inline_definition_is_one_of_data_quality(service):
    made = definition()
    inline = {
        "MonitoringInputs": [made["DataQualityJobInput"]],
        "MonitoringOutputConfig": made["DataQualityJobOutputConfig"],
        "MonitoringResources": made["JobResources"],
        "MonitoringAppSpecification": {"ImageUri": ANALYZER},
        "Environment": {"own": "2"},
        "RoleArn": ROLE,
    }
    config = {"ScheduleConfig": {"ScheduleExpression": "NOW", **ONCE}, "MonitoringJobDefinition": inline}
    service.write(f"{CAPTURED}/2026/03/01/12/00.jsonl", "one\n")
    service.call("CreateMonitoringSchedule", MonitoringScheduleName="inline", MonitoringScheduleConfig=config)
    found = service.wait()
    assert (found["MonitoringExecutionStatus"], found["MonitoringType"]) == ("Completed", "DataQuality")
    assert "MonitoringJobDefinitionName" not in found
    given = service.json("reports/vehicles/inline/2026/03/01/12/00/statistics.json")["environment"]
    assert (given["own"], given["publish_cloudwatch_metrics"]) == ("2", "Disabled")
    (listed,) = service.call("ListMonitoringSchedules", EndpointName="vehicles")["MonitoringScheduleSummaries"]
    assert listed["MonitoringType"] == "DataQuality"
    assert service.call("ListMonitoringSchedules", MonitoringTypeEquals="ModelQuality") == {
        "MonitoringScheduleSummaries": []
    }


def test_the_page_of_the_console_shows_windows_baselines_violations_and_logs(service):
    service.write("baseline/constraints.json", "{}")
    uri = "s3://bucket/baseline/constraints.json"
    service.write(f"{CAPTURED}/2026/03/01/12/00.jsonl", "<b>odd</b>\n" + "odd\n" * 40)
    make(service, "drift", "NOW", of={"DataQualityBaselineConfig": {"ConstraintsResource": {"S3Uri": uri}}}, **ONCE)
    service.wait(MonitoringScheduleName="drift")
    service.write(f"{CAPTURED}/2026/03/01/12/00.jsonl", "fine\n")
    make(service, "calm", "NOW", **ONCE)
    service.wait(MonitoringScheduleName="calm")
    nothing = cast(Any, None)
    records = RecordPages(service.state / "sagemaker.sqlite")
    page = (
        Client(Console(Sources(service.context, records, nothing, nothing, nothing))).get("/_console/monitoring").text
    )
    assert uri in page and "-PT1H to -PT0H" in page
    assert ">41<span" in page and "and 11 more" in page and "&lt;b&gt;odd&lt;/b&gt;" in page
    assert page.count("<details") == 1 and ">0</td>" in page
    assert 'datetime="2026-03-01T11:00:30Z"' in page and 'datetime="2026-03-01T12:00:30Z"' in page
    for execution in service.executions():
        assert f"prefix={execution['ProcessingJobArn'].rpartition('/')[2]}/" in page
    service.write("reports/vehicles/drift/2026/03/01/12/00/constraint_violations.json", "[not JSON")
    page = (
        Client(Console(Sources(service.context, records, nothing, nothing, nothing))).get("/_console/monitoring").text
    )
    assert "<details" not in page and "Completed with violations" in page


def refused(service: Service, error: type[ServiceError], reason: str, operation: str, **request: Any) -> None:
    with pytest.raises(error, match=reason):
        service.call(operation, **request)


def test_what_cannot_be_run_is_refused_when_it_is_made(service):
    create = "CreateMonitoringSchedule"
    make(service, "there", HOURLY)
    config = schedule_config(HOURLY, "there-job")
    refused(service, ResourceInUse, "unique", create, MonitoringScheduleName="there", MonitoringScheduleConfig=config)
    often = schedule_config("cron(0/5 * ? * * *)", "there-job")
    edges = schedule_config("NOW", "there-job")
    for given, reason in (
        (often, "only hourly integer rates"),
        (edges, "are required when ScheduleExpression is NOW"),
        (schedule_config(HOURLY, "gone"), "Could not find DataQuality job definition with name: gone"),
        (schedule_config(HOURLY, "there-job", "ModelBias"), "needs SageMaker Clarify"),
        (schedule_config(HOURLY, "there-job", "ModelExplainability"), "needs SageMaker Clarify"),
        ({"MonitoringJobDefinitionName": "there-job"}, "MonitoringType is required"),
        ({"MonitoringType": "DataQuality"}, "takes either"),
    ):
        refused(
            service, ValidationException, reason, create, MonitoringScheduleName="x", MonitoringScheduleConfig=given
        )
    refused(
        *(service, ResourceNotFound, "Could not find", "UpdateMonitoringSchedule"),
        **{"MonitoringScheduleName": "x", "MonitoringScheduleConfig": config},
    )
    for operation in ("Delete", "Describe", "Start", "Stop"):
        refused(
            service, ResourceNotFound, "Could not find", f"{operation}MonitoringSchedule", MonitoringScheduleName="x"
        )
    assert len(service.call("ListMonitoringSchedules")["MonitoringScheduleSummaries"]) == 1


def changed(made: dict[str, Any], member: str, **values: Any) -> dict[str, Any]:
    return {**made, member: {**made[member], **values}}


def test_definitions_that_could_only_fail_are_refused(service):
    data, quality = definition(), model_quality()
    endpoint = data["DataQualityJobInput"]["EndpointInput"]
    batch = {
        "BatchTransformInput": {
            "DataCapturedDestinationS3Uri": "s3://b/x",
            "DatasetFormat": {"Csv": {}},
            "LocalPath": "/opt/ml/processing/input",
        }
    }
    cluster = {"ClusterConfig": {"InstanceCount": 9, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}}
    for kind, request, reason in (
        ("Data", changed(data, "DataQualityAppSpecification", ImageUri="x/unknown"), "is not known here"),
        ("Data", changed(data, "DataQualityJobInput", EndpointInput={**endpoint, "S3InputMode": "Pipe"}), "Pipe"),
        ("Data", changed(data, "DataQualityJobInput", EndpointInput={**endpoint, "LocalPath": "/tmp"}), "must begin"),
        ("Data", {**data, "DataQualityJobInput": batch}, "BatchTransformInput is not supported|failed to satisfy"),
        ("Data", {**data, "DataQualityJobInput": {}}, "EndpointInput is required"),
        ("Data", {**data, "JobResources": cluster}, "more than the 8 containers"),
        ("Model", changed(quality, "ModelQualityJobInput", GroundTruthS3Input={}), "GroundTruthS3Input"),
        ("Model", changed(quality, "ModelQualityAppSpecification", ProblemType=None), "ProblemType is required"),
        ("Model", changed(quality, "ModelQualityJobInput", EndpointInput=endpoint), "InferenceAttribute"),
    ):
        refused(
            service, ValidationException, reason, f"Create{kind}QualityJobDefinition", JobDefinitionName="x", **request
        )


def test_a_job_may_not_take_longer_than_its_schedule_leaves_it(service):
    for kind, seconds in (("DataQuality", 3600), ("ModelQuality", 1800)):
        made = model_quality() if kind == "ModelQuality" else definition()
        stopping = {"MaxRuntimeInSeconds": seconds + 1}
        create = f"Create{kind}JobDefinition"
        service.call(create, JobDefinitionName="long", **{**made, "StoppingCondition": stopping})
        request = {"MonitoringScheduleName": kind, "MonitoringScheduleConfig": schedule_config(HOURLY, "long", kind)}
        refused(service, ValidationException, f"more than the {seconds} seconds", "CreateMonitoringSchedule", **request)
        config = schedule_config("cron(0 3 ? * * *)", "long", kind)
        service.call("CreateMonitoringSchedule", MonitoringScheduleName=kind, MonitoringScheduleConfig=config)


def test_job_definitions_are_described_listed_and_limited(service):
    tags = [{"Key": "k", "Value": "v"}]
    made = service.call("CreateDataQualityJobDefinition", JobDefinitionName="d", Tags=tags, **definition())
    assert made["JobDefinitionArn"].endswith(":data-quality-job-definition/d")
    assert service.call("ListTags", ResourceArn=made["JobDefinitionArn"])["Tags"] == tags
    described = service.call("DescribeDataQualityJobDefinition", JobDefinitionName="d")
    assert described["DataQualityJobInput"] == definition()["DataQualityJobInput"]
    service.call("CreateModelQualityJobDefinition", JobDefinitionName="d", **model_quality())
    assert service.call("DescribeModelQualityJobDefinition", JobDefinitionName="d")["RoleArn"] == ROLE
    refused(service, ResourceInUse, "unique", "CreateDataQualityJobDefinition", JobDefinitionName="d", **definition())
    for number in range(99):
        service.call("CreateDataQualityJobDefinition", JobDefinitionName=f"d{number}", **definition())
    refused(
        *(service, ResourceLimitExceeded, "100 DataQualityJobDefinitions", "CreateDataQualityJobDefinition"),
        **{"JobDefinitionName": "one-more", **definition()},
    )
    page = service.call("ListDataQualityJobDefinitions", NameContains="d1", SortBy="Name", SortOrder="Ascending")
    assert [each["MonitoringJobDefinitionName"] for each in page["JobDefinitionSummaries"]] == [
        "d1",
        *(f"d{number}" for number in range(10, 19)),
    ]
    assert "NextToken" in page
    (only,) = service.call("ListModelQualityJobDefinitions", EndpointName="vehicles")["JobDefinitionSummaries"]
    assert only["EndpointName"] == "vehicles"
    service.call("DeleteModelQualityJobDefinition", JobDefinitionName="d")
    refused(service, ResourceNotFound, "Could not find", "DeleteModelQualityJobDefinition", JobDefinitionName="d")
