"""An execution on demand: beside the schedule, with its job, followed to its end; and what it says it found."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from model_monitor.execution import list_executions
from model_monitor.on_demand import MonitoringRefused, MonitoringTimedOut, ScheduleMissing, Waiting, run_now
from model_monitor.status import monitoring_status
from tests.unit.endpoint_safeguards_services import ENDPOINT
from tests.unit.monitoring_services import MonitoredWorld

DATA = f"{ENDPOINT}-data-quality"
NOW = f"{DATA}-now"
REPORT = f"s3://bucket/scones/monitoring/reports/{ENDPOINT}/{NOW}/2030/01/01/00/00"
DRIFT = {
    "feature_name": "brightness",
    "constraint_check_type": "baseline_drift_check",
    "description": "Baseline drift distance: 0.42\n exceeds threshold: 0.1",
}


class Reports:
    """S3 with the file of violations."""

    def __init__(self, content: bytes | None) -> None:
        self.content = content

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:
        if self.content is None or f"s3://{Bucket}/{Key}" != f"{REPORT}/constraint_violations.json":
            raise ClientError({"Error": {"Code": "NoSuchKey", "Message": "gone"}}, "GetObject")
        return {"ContentLength": len(self.content), "Body": io.BytesIO(self.content)}


class Runs:
    """A world with both schedules, and a clock that only waiting moves."""

    def __init__(self) -> None:
        self.world = MonitoredWorld()
        self.world.schedule("DataQuality")
        self.world.schedule("ModelQuality")
        self.sagemaker = self.world.sagemaker
        self.slept: list[float] = []
        self.statuses: list[str] = []
        self.s3 = Reports(json.dumps({"violations": [DRIFT]}).encode())

    def run(self, monitoring_type: Any = "DataQuality", hours: int = 2) -> Any:
        waiting = Waiting(10.0, self.slept.append, self.statuses.append)
        return run_now(self.sagemaker, self.s3, ENDPOINT, monitoring_type, hours, waiting)


@pytest.fixture
def runs() -> Runs:
    return Runs()


def test_a_run_is_followed_to_its_end(runs: Runs) -> None:
    found = runs.run()
    assert (found.status, found.report, found.violations, found.schedule) == ("Completed", REPORT, (), NOW)
    assert runs.statuses == ["Pending", "InProgress", "Completed"]
    assert runs.slept == [10.0, 10.0]
    assert runs.sagemaker._schedules[NOW]["ScheduleConfig"] == {
        "ScheduleExpression": "NOW",
        "DataAnalysisStartTime": "-PT2H",
        "DataAnalysisEndTime": "-PT0H",
    }


@pytest.mark.parametrize("monitoring_type", ["DataQuality", "ModelQuality"])
def test_it_does_what_the_schedule_does_without_the_schedules_own_offsets(runs: Runs, monitoring_type: str) -> None:
    name = f"{ENDPOINT}-{'data' if monitoring_type == 'DataQuality' else 'model'}-quality"
    runs.run(monitoring_type)
    wanted, made = runs.world.runs(name), runs.world.runs(f"{name}-now")
    for member in ("StartTimeOffset", "EndTimeOffset"):
        del wanted[f"{monitoring_type}JobInput"]["EndpointInput"][member]
    assert {**wanted, "JobDefinitionName": ""} == {**made, "JobDefinitionName": ""}


def test_an_earlier_run_makes_place_and_nothing_is_left_of_it(runs: Runs) -> None:
    runs.run()
    first = runs.sagemaker._schedules[NOW]["MonitoringJobDefinitionName"]
    definition = runs.sagemaker._definitions["DataQuality", f"{DATA}-1"]
    definition["StoppingCondition"] = {"MaxRuntimeInSeconds": 60}
    runs.run()
    second = runs.sagemaker._schedules[NOW]["MonitoringJobDefinitionName"]
    assert first != second
    assert set(runs.sagemaker._definitions) == {
        ("DataQuality", f"{DATA}-1"),
        ("DataQuality", second),
        ("ModelQuality", f"{ENDPOINT}-model-quality-1"),
    }


def test_two_at_a_time_are_refused(runs: Runs) -> None:
    runs.run()
    runs.sagemaker._executions_of[NOW][0]["MonitoringExecutionStatus"] = ["InProgress"]
    with pytest.raises(MonitoringRefused, match="is InProgress already"):
        runs.run()
    assert NOW in runs.sagemaker._schedules


def test_without_a_schedule_there_is_nothing_to_run(runs: Runs) -> None:
    del runs.sagemaker._schedules[DATA]
    with pytest.raises(ScheduleMissing, match="`scones monitor schedule` makes it"):
        runs.run()


@pytest.mark.parametrize("hours", [0, 25])
def test_how_far_back_it_can_look(runs: Runs, hours: int) -> None:
    with pytest.raises(MonitoringRefused, match=f"1 to 24 hours, not {hours}"):
        runs.run(hours=hours)


def test_waiting_ends(runs: Runs) -> None:
    runs.sagemaker._course = ["InProgress"]
    with pytest.raises(MonitoringTimedOut, match="is InProgress after 3600 s"):
        runs.run()


def test_a_schedule_that_fails_before_it_runs(runs: Runs) -> None:
    class Failing(runs.sagemaker.__class__):  # type: ignore[misc, name-defined]
        def _start(self, name: str) -> None:
            self._executions_of[name] = []

        def describe_monitoring_schedule(self, MonitoringScheduleName: str) -> dict[str, Any]:
            found = super().describe_monitoring_schedule(MonitoringScheduleName)
            if MonitoringScheduleName == NOW:
                found |= {"MonitoringScheduleStatus": "Failed", "FailureReason": "no machine"}
            return found

    runs.sagemaker.__class__ = Failing
    with pytest.raises(MonitoringRefused, match="failed: no machine"):
        runs.run()


def test_violations_are_said_in_words(runs: Runs) -> None:
    runs.sagemaker._course = ["CompletedWithViolations"]
    (violation,) = runs.run().violations
    assert violation.words == (
        "brightness: drifted from the baseline. Baseline drift distance: 0.42 exceeds threshold: 0.1"
    )


def test_model_quality_names_metrics(runs: Runs) -> None:
    runs.sagemaker._course = ["CompletedWithViolations"]
    worse = {"metric_name": "auc", "constraint_check_type": "LessThanThreshold", "description": "Metric auc with 0.8"}
    runs.s3.content = json.dumps({"violations": [worse]}).encode()
    (violation,) = runs.run().violations
    assert violation.words == "auc: below its bar. Metric auc with 0.8"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "there is nothing at"),
        (b"{", "is not JSON"),
        (b'{"violations": [{}]}', "is not what Model Monitor writes"),
        (b'{"violations": ["drift"]}', "is not what Model Monitor writes"),
    ],
)
def test_violations_that_cannot_be_read_are_a_problem_and_no_error(
    runs: Runs, content: bytes | None, told: str
) -> None:
    runs.sagemaker._course = ["CompletedWithViolations"]
    runs.s3.content = content
    found = runs.run()
    assert found.violations == () and told in found.problem


def test_a_failed_run_says_why_and_has_no_report(runs: Runs) -> None:
    runs.sagemaker._course = ["Failed"]
    original = runs.sagemaker._start

    def start(name: str) -> None:
        original(name)
        runs.sagemaker._executions_of[name][0]["FailureReason"] = "No data"

    runs.sagemaker.__dict__["_start"] = start
    found = runs.run()
    assert (found.status, found.reason, found.report) == ("Failed", "No data", None)


def test_the_status_of_all_schedules(runs: Runs) -> None:
    runs.run()
    found = monitoring_status(runs.sagemaker, runs.s3, ENDPOINT, 3)
    assert [(one.name, one.cron, len(one.executions)) for one in found] == [
        (DATA, "cron(0 * ? * * *)", 0),
        (NOW, "NOW", 1),
        (f"{ENDPOINT}-model-quality", "cron(0 * ? * * *)", 0),
    ]
    assert monitoring_status(runs.sagemaker, runs.s3, "another", 3) == []
    assert list_executions(runs.sagemaker, runs.s3, "another", 3) == []
