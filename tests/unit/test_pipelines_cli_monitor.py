"""`scones monitor run` and `status` as a person sees them, with their exit codes."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from model_monitor.stack import MonitorStack
from pipelines.cli.application import app
from pipelines.cli.deploy import outcome
from pipelines.cli.monitor import baseline as baseline_command
from pipelines.cli.monitor import run as run_command
from pipelines.cli.monitor import schedule as schedule_command
from pipelines.cli.monitor import status as status_command
from pipelines.submission import ExecutionStatus, StepStatus
from tests.unit.endpoint_safeguards_services import ENDPOINT, package_arn
from tests.unit.monitoring_services import PREPROCESSOR, ROLE, MonitoredWorld
from tests.unit.test_model_monitor_baseline import Objects, statistics
from tests.unit.test_model_monitor_on_demand import DRIFT, REPORT, Reports

NOW = datetime(2030, 1, 1, tzinfo=timezone.utc)
WORDS = "brightness: drifted from the baseline. Baseline drift distance: 0.42 exceeds threshold: 0.1"


class Place:
    name = "local"
    bucket = "bucket"
    role_arn = ROLE

    def __init__(self) -> None:
        self.world = MonitoredWorld()
        self.world.schedule()
        self.s3: Any = Reports(json.dumps({"violations": [DRIFT]}).encode())

    def client(self, service: str) -> Any:
        return {"sagemaker": self.world.sagemaker, "s3": self.s3}[service]

    def serve(self, version: int) -> None:
        """An endpoint that captures what it answers, and the baseline of that version."""
        self.world.endpoint(package_arn(version))
        sagemaker = self.world.sagemaker
        sagemaker._endpoints[ENDPOINT].update({"CreationTime": NOW, "LastModifiedTime": NOW})
        capture = sagemaker._configs["config"]["DataCaptureConfig"]
        capture["CaptureOptions"] = [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}]
        self.s3 = Objects()
        for file in ("statistics", "constraints"):
            self.s3.put(f"baselines/{version}/{file}.json", statistics())
        self.s3.put(f"baselines/{version}/quality/constraints.json", {})
        self.s3.put(f"code/{version}/record_preprocessor.py", PREPROCESSOR)

    def scones(self, *arguments: str) -> Result:
        return CliRunner().invoke(app, ["monitor", *arguments, "--endpoint", ENDPOINT])


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Place:
    made = Place()
    for command in (run_command, status_command):
        monkeypatch.setattr(command, "connect", lambda _target: made)
    monkeypatch.setitem(run_command.POLL_SECONDS, "local", 0.0)
    return made


@pytest.mark.parametrize(
    ("status", "code", "told"),
    [
        ("Completed", 0, f"no violations. Report: {REPORT}"),
        ("CompletedWithViolations", 3, WORDS),
        ("Failed", 1, "scones-data-quality-now is Failed: no reason given"),
        ("Stopped", 1, "scones-data-quality-now is Stopped: no reason given"),
    ],
)
def test_how_a_run_ends(place: Place, status: str, code: int, told: str) -> None:
    place.world.sagemaker._course = ["InProgress", status]
    done = place.scones("run")
    assert done.exit_code == code
    assert told in " ".join(done.output.split())


def test_a_run_for_machines(place: Place) -> None:
    place.world.sagemaker._course = ["CompletedWithViolations"]
    done = place.scones("run", "--json")
    assert done.exit_code == 3
    assert json.loads(done.stdout)["violations"][0]["name"] == "brightness"


def test_how_far_back_is_a_matter_of_usage(place: Place) -> None:
    assert place.scones("run", "--hours", "25").exit_code == 2


def test_the_status_says_what_the_latest_execution_found(place: Place) -> None:
    place.world.sagemaker._course = ["CompletedWithViolations"]
    place.scones("run")
    done = place.scones("status")
    assert done.exit_code == 0
    assert "scones-data-quality-now, latest:" in done.output
    assert WORDS in " ".join(done.output.split())


def test_the_baseline_of_the_served_version(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(baseline_command, "connect", lambda _target: place)
    place.serve(1)
    done = place.scones("baseline")
    assert done.exit_code == 0, done.output
    assert "Baseline of version 1" in done.output and "confidence, brightness" in done.output
    found = json.loads(place.scones("baseline", "--json").stdout)
    assert (found["items"], found["origin"]) == (200, "package")
    assert place.scones("baseline", "--pictures", ".").exit_code == 2


def test_the_schedules_that_are_as_wanted_need_no_sdk(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule_command, "connect", lambda _target: place)
    place.serve(1)
    place.world.schedule("ModelQuality")
    for kind, name in (("DataQuality", "data"), ("ModelQuality", "model")):
        definition = place.world.sagemaker._definitions[kind, f"{ENDPOINT}-{name}-quality-1"]
        definition["RoleArn"] = place.role_arn
        if kind == "ModelQuality":
            offsets = {"StartTimeOffset": "-PT25H", "EndTimeOffset": "-PT24H"}
            definition["ModelQualityJobInput"]["EndpointInput"] |= offsets
    asked: list[dict[str, str]] = []

    def deployed(_target: Any, endpoint: str, values: dict[str, str], **_: Any) -> MonitorStack:
        asked.append(values)
        return MonitorStack(
            "scones-monitor", "CREATE_COMPLETE", endpoint, "topic", "board", "drift", "quality", "queue"
        )

    monkeypatch.setattr("model_monitor.stack.deploy_monitor_stack", deployed)
    done = place.scones("schedule", "--param", "CoolDownMinutes=90")
    assert done.exit_code == 0, done.exception
    assert asked == [{"CoolDownMinutes": "90"}]
    assert "Stack scones-monitor is CREATE_COMPLETE: alarm drift" in done.output
    assert f"{ENDPOINT}-data-quality is as wanted" in done.output
    assert f"{ENDPOINT}-model-quality is as wanted" in done.output


@pytest.mark.parametrize(
    "options",
    [("--cron", "cron(0/5 * ? * * *)"), ("--threshold", "2"), ("--subnet", "subnet-1"), ("--labels-after", "-1")],
)
def test_bad_settings_are_told_before_anyone_is_asked(place: Place, options: tuple[str, ...]) -> None:
    assert place.scones("schedule", *options).exit_code != 0
    assert place.world.calls == []


def test_an_endpoint_without_schedules(place: Place) -> None:
    place.world.sagemaker._schedules.clear()
    assert "`scones monitor schedule` makes them" in place.scones("status").output
    assert place.scones("status", "--json").stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("said", "told"), [("nothing scheduled", False), ("scones-data-quality watches version 2 now", True)]
)
def test_a_deployment_says_what_became_of_the_schedules(said: str, told: bool) -> None:
    def step(name: str, **outputs: str) -> StepStatus:
        parameters = [{"Name": key, "Value": value} for key, value in outputs.items()]
        return StepStatus(name, "Succeeded", None, None, None, None, 1, {"Lambda": {"OutputParameters": parameters}})

    steps = (step("PlanDeployment", Action="deploy"), step("GuardAllAtOnce", Scaling="none", Monitoring=said))
    execution = ExecutionStatus("arn", "Succeeded", None, NOW, NOW, steps)
    assert (f"Monitoring: {said}." in outcome(execution, 2, "scones")) is told
