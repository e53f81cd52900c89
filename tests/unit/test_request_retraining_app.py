"""The function that requests retrainings, over services that behave: races, lost sends, damaged histories."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from botocore.exceptions import ClientError

from model_monitor.request_retraining.alarm_event import EventNotUnderstood
from model_monitor.request_retraining.app import EventRefused, Settings, respond
from model_monitor.request_retraining.aws import Aws
from model_monitor.request_retraining.history_object import Overtaken

NOON = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
KEY = "scones/retraining/state.json"
ALARM = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:e-drift"
RULE = "arn:aws:events:us-east-1:123456789012:rule/monitor-ScheduleRule"
ENVIRONMENT = {
    "STATE_BUCKET": "bucket",
    "STATE_KEY": KEY,
    "ENDPOINT_NAME": "e",
    "PIPELINE_NAME": "SconesTraining",
    "COOL_DOWN_MINUTES": "360",
    "DAILY_LIMIT": "2",
}


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": code}}, "Call")


class S3:
    """Objects of one bucket, with conditional writes. `meanwhile` is called before each of those, once."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.meanwhile: list[Callable[[], None]] = []
        self.refused: str | None = None

    def etag(self, key: str) -> str:
        return f'"{hashlib.sha256(self.objects[key]).hexdigest()[:32]}"'

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:
        assert Bucket == "bucket"
        if self.refused:
            raise refusal(self.refused)
        if Key not in self.objects:
            raise refusal("NoSuchKey")
        return {"Body": io.BytesIO(self.objects[Key]), "ETag": self.etag(Key)}

    def put_object(
        self, Bucket: str, Key: str, Body: bytes, ContentType: str = "", IfMatch: str = "", IfNoneMatch: str = ""
    ) -> dict[str, Any]:
        assert Bucket == "bucket"
        if (IfMatch or IfNoneMatch) and self.meanwhile:
            self.meanwhile.pop(0)()
        if IfNoneMatch and Key in self.objects:
            raise refusal("PreconditionFailed")
        if IfMatch and Key not in self.objects:
            raise refusal("NoSuchKey")
        if IfMatch and IfMatch != self.etag(Key):
            raise refusal("PreconditionFailed")
        self.objects[Key] = Body
        return {"ETag": self.etag(Key)}


class Events:
    def __init__(self) -> None:
        self.details: list[dict[str, Any]] = []
        self.failures: list[Exception | dict[str, Any]] = []

    def put_events(self, Entries: list[dict[str, Any]]) -> dict[str, Any]:
        if self.failures:
            failure = self.failures.pop(0)
            if isinstance(failure, Exception):
                raise failure
            return {"FailedEntryCount": 1, "Entries": [failure]}
        (entry,) = Entries
        assert (entry["Source"], entry["DetailType"]) == ("scones.model-monitor", "Retraining Requested")
        assert entry["Resources"] in ([ALARM], [RULE])
        self.details.append(json.loads(entry["Detail"]))
        return {"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]}


class SageMaker:
    """`statuses` of the pipeline's executions, the newest first; None where there is no pipeline."""

    def __init__(self) -> None:
        self.statuses: list[str] | None = None

    def list_pipeline_executions(self, PipelineName: str, **more: Any) -> dict[str, Any]:
        assert PipelineName == "SconesTraining" and more["SortOrder"] == "Descending"
        if self.statuses is None:
            raise refusal("ResourceNotFound")
        found = enumerate(self.statuses)
        return {
            "PipelineExecutionSummaries": [
                {"PipelineExecutionArn": f"execution/{number}", "PipelineExecutionStatus": status}
                for number, status in found
            ]
        }


class World:
    def __init__(self) -> None:
        self.s3, self.events, self.sagemaker = S3(), Events(), SageMaker()
        self.now = NOON

    def ask(self, event_id: str, invocation: str | None = None, ago: float = 0.0, **settings: str) -> dict[str, Any]:
        """An alarm that went off `ago` seconds before now."""
        moment = (self.now - timedelta(seconds=ago)).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"
        event = {
            "id": event_id,
            "time": "2026-03-01T12:00:00Z",
            "resources": [ALARM],
            "detail": {"alarmName": "e-drift", "state": {"value": "ALARM", "reason": "drift", "timestamp": moment}},
        }
        aws = Aws(s3=self.s3, events=self.events, sagemaker=self.sagemaker)
        chosen = Settings.of({**ENVIRONMENT, **settings})
        return respond(event, invocation or f"invocation of {event_id}", aws, chosen, lambda: self.now)

    def be_scheduled(self, event_id: str, **changes: Any) -> dict[str, Any]:
        """A rule's schedule is due now."""
        event = {
            "id": event_id,
            "source": "aws.events",
            "detail-type": "Scheduled Event",
            "time": self.now.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "resources": [RULE],
            "detail": {},
            **changes,
        }
        aws = Aws(s3=self.s3, events=self.events, sagemaker=self.sagemaker)
        return respond(event, f"invocation of {event_id}", aws, Settings.of(ENVIRONMENT), lambda: self.now)

    def state(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.s3.objects[KEY])["requests"]
        return found


@pytest.fixture
def world() -> World:
    return World()


def test_a_first_alarm_starts_a_retraining(world, capsys):
    answer = world.ask("1")
    assert (answer["outcome"], answer["requestId"]) == ("start", "1")
    assert world.events.details == [
        {
            "reason": "drift",
            "trigger": {"name": "e-drift", "arn": ALARM},
            "endpoint": "e",
            "requestId": "1",
            "requestedAt": "2026-03-01T12:00:00Z",
        }
    ]
    (kept,) = world.state()
    assert kept["published"] is True
    told = json.loads(capsys.readouterr().out)
    assert (told["RetrainingRequested"], told["RetrainingSuppressed"], told["Endpoint"]) == (1, 0, "e")
    assert told["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "Scones"


def test_the_same_event_twice_one_request(world, capsys):
    world.ask("1")
    capsys.readouterr()
    assert world.ask("1", invocation="another")["outcome"] == "stale-duplicate"
    assert len(world.events.details) == 1
    assert json.loads(capsys.readouterr().out)["RetrainingSuppressed"] == 1


def test_the_second_drift_waits_for_the_cool_down(world):
    world.ask("1")
    world.now += timedelta(hours=5)
    answer = world.ask("2")
    assert (answer["outcome"], answer["until"]) == ("cool-down", "2026-03-01T18:00:00+00:00")
    world.now += timedelta(hours=1)
    assert world.ask("3")["outcome"] == "start"
    world.now += timedelta(hours=7)
    assert world.ask("4")["outcome"] == "daily-limit"
    assert [one["requestId"] for one in world.events.details] == ["1", "3"]


@pytest.mark.parametrize(
    ("statuses", "outcome"),
    [
        (None, "start"),
        ([], "start"),
        (["Succeeded", "Failed", "Stopped"], "start"),
        (["Succeeded", "Executing"], "already-running"),
        (["Stopping"], "already-running"),
    ],
)
def test_nothing_is_started_beside_a_training_that_runs(world, statuses, outcome):
    world.sagemaker.statuses = statuses
    assert world.ask("1")["outcome"] == outcome
    assert (KEY in world.s3.objects) == (outcome == "start")


def test_of_two_at_the_same_time_one_is_overtaken_and_decides_anew(world):
    world.s3.meanwhile.append(lambda: world.ask("other"))
    assert world.ask("1")["outcome"] == "cool-down"
    assert [one["requestId"] for one in world.events.details] == ["other"]


def test_a_history_that_is_deleted_between_reading_and_writing_is_made_anew(world):
    world.ask("1")
    world.now += timedelta(hours=7)
    world.s3.meanwhile.append(lambda: world.s3.objects.pop(KEY) and None)
    assert world.ask("2")["outcome"] == "start"
    assert [one["requestId"] for one in world.state()] == ["2"]


def test_who_is_always_overtaken_gives_up_without_a_request(world):
    def other() -> None:
        world.s3.objects[KEY] = b'{"version": 1, "requests": []}' + b" " * len(world.s3.meanwhile)

    world.s3.meanwhile += [other] * 20
    with pytest.raises(Overtaken, match="in each of 10 tries"):
        world.ask("1")
    assert world.events.details == []


@pytest.mark.parametrize("failure", [refusal("InternalFailure"), {"ErrorCode": "Throttled", "ErrorMessage": "later"}])
def test_a_request_that_could_not_be_sent_is_sent_by_lambdas_next_try_and_nobody_else(world, failure):
    world.events.failures = [failure]
    with pytest.raises((ClientError, EventRefused)):
        world.ask("1", invocation="first")
    assert world.state()[0]["published"] is False
    assert world.ask("1", invocation="second")["outcome"] == "stale-duplicate"
    world.now += timedelta(minutes=1)
    assert world.ask("1", invocation="first", ago=60)["outcome"] == "start"
    assert [one["requestedAt"] for one in world.events.details] == ["2026-03-01T12:00:00Z"]
    assert world.state()[0]["published"] is True
    assert world.ask("1", invocation="first", ago=60)["outcome"] == "stale-duplicate"


def test_that_it_was_sent_is_noted_whoever_writes_meanwhile(world):
    def other() -> None:
        document = json.loads(world.s3.objects[KEY])
        world.s3.objects[KEY] = json.dumps(document).encode()

    world.s3.meanwhile = [lambda: None, other]
    world.ask("1")
    assert [one["published"] for one in world.state()] == [True]


def test_that_noting_fails_is_logged_and_does_not_send_again(world, capsys):
    def break_down() -> None:
        world.s3.refused = "SlowDown"
        raise refusal("SlowDown")

    world.s3.meanwhile = [lambda: None, break_down]
    assert world.ask("1")["outcome"] == "start"
    assert "could not be noted: SlowDown" in capsys.readouterr().out


def test_a_damaged_history_is_set_aside_and_begins_anew(world, capsys):
    world.s3.objects[KEY] = b'{"version": 1, "requests": [oops'
    assert world.ask("1")["outcome"] == "start"
    (aside,) = set(world.s3.objects) - {KEY}
    assert aside.startswith("scones/retraining/state.damaged-") and aside.endswith(".json")
    assert world.s3.objects[aside] == b'{"version": 1, "requests": [oops'
    assert [one["requestId"] for one in world.state()] == ["1"]
    warning = json.loads(capsys.readouterr().out.splitlines()[0])
    assert warning["level"] == "warning" and "damaged" in warning["message"] and aside in warning["message"]
    world.now += timedelta(minutes=1)
    assert world.ask("2")["outcome"] == "cool-down"


def test_a_clock_that_went_backwards_is_told_of_and_starts_nothing(world, capsys):
    world.ask("1")
    capsys.readouterr()
    world.now -= timedelta(hours=3)
    assert world.ask("2")["outcome"] == "stale-duplicate"
    assert "the clock went backwards" in capsys.readouterr().out
    # the alarm's own clock is right
    assert world.ask("3", ago=-3 * 3600)["outcome"] == "cool-down"


def test_what_is_forbidden_is_no_history(world):
    world.s3.refused = "AccessDenied"
    with pytest.raises(ClientError, match="AccessDenied"):
        world.ask("1")
    assert world.events.details == []


def test_a_schedule_asks_as_an_alarm_does_and_keeps_the_same_limits(world, capsys):
    assert world.be_scheduled("s-1")["outcome"] == "start"
    (detail,) = world.events.details
    assert (detail["reason"], detail["trigger"]) == ("scheduled", {"name": "schedule", "arn": RULE})
    world.now += timedelta(minutes=5)
    assert world.ask("alarm")["outcome"] == "cool-down"
    world.now += timedelta(hours=7)
    assert world.ask("another alarm")["outcome"] == "start"
    capsys.readouterr()
    world.now += timedelta(hours=1)
    answer = world.be_scheduled("s-2")
    assert (answer["outcome"], answer["until"]) == ("cool-down", "2026-03-02T01:05:00+00:00")
    told = json.loads(capsys.readouterr().out)
    assert told["trigger"] == "schedule" and told["reason"] == "within the cool-down of request another alarm"
    assert told["RetrainingSuppressed"] == 1
    world.now += timedelta(hours=6)
    assert world.be_scheduled("s-3")["outcome"] == "daily-limit"
    assert [one["requestId"] for one in world.events.details] == ["s-1", "another alarm"]


def test_a_schedule_does_nothing_while_a_training_runs(world):
    world.sagemaker.statuses = ["Executing"]
    assert world.be_scheduled("s-1")["outcome"] == "already-running"
    assert world.events.details == [] and KEY not in world.s3.objects


@pytest.mark.parametrize("changes", [{"time": "soon"}, {"resources": []}, {"time": None}])
def test_a_scheduled_event_that_is_none_is_told(world, changes):
    with pytest.raises(EventNotUnderstood, match="none of a rule's schedule"):
        world.be_scheduled("s-1", **changes)


def test_settings_come_from_the_environment():
    found = Settings.of(ENVIRONMENT)
    assert (found.limits.cool_down, found.limits.daily) == (timedelta(hours=6), 2)
    with pytest.raises(KeyError):
        Settings.of({})
