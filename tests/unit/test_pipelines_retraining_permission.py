"""Whether a retraining may start: the alarms' rules and history, and of several at once one."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from model_monitor.request_retraining import history_document
from model_monitor.request_retraining.decision import History, Limits, Request, Trigger
from pipelines.retraining.permission import (
    DEFAULT_LIMITS,
    STARTS_WITHIN,
    Permission,
    RetrainingRefused,
    limits_in_force,
)
from pipelines.retraining.places import STATE_KEY

NOON = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
LIMITS = Limits(timedelta(hours=6), 2)


class Services:
    """S3 with conditional writes, SageMaker's executions, CloudFormation's stacks, behind one clock."""

    def __init__(self) -> None:
        self.now = NOON
        self.state: bytes | None = None
        self.executions: list[dict[str, Any]] = []
        self.stacks: list[dict[str, Any]] = []
        self.meanwhile: list[Callable[[], object]] = []
        self.bucket = "bucket"

    def client(self, _name: str) -> Services:
        return self

    def etag(self) -> str:
        return hashlib.sha256(self.state or b"").hexdigest()

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:
        assert (Bucket, Key) == ("bucket", STATE_KEY)
        if self.state is None:
            raise ClientError({"Error": {"Code": "NoSuchKey", "Message": ""}}, "GetObject")
        return {"Body": io.BytesIO(self.state), "ETag": self.etag()}

    def put_object(
        self, Bucket: str, Key: str, Body: bytes, ContentType: str, IfMatch: str = "", IfNoneMatch: str = ""
    ) -> dict[str, Any]:
        assert (Bucket, Key, bool(IfMatch) != bool(IfNoneMatch)) == ("bucket", STATE_KEY, True)
        if self.meanwhile:
            self.meanwhile.pop(0)()
        if self.state is not None if IfNoneMatch else IfMatch != self.etag():
            raise ClientError({"Error": {"Code": "PreconditionFailed", "Message": ""}}, "PutObject")
        self.state = Body
        return {"ETag": self.etag()}

    def list_pipeline_executions(self, PipelineName: str, **more: Any) -> dict[str, Any]:
        assert (PipelineName, more["SortOrder"]) == ("SconesTraining", "Descending")
        return {"PipelineExecutionSummaries": self.executions[::-1]}

    def get_paginator(self, operation: str) -> Any:
        assert operation == "describe_stacks"
        pages = [{"Stacks": [stack]} for stack in self.stacks]
        return SimpleNamespace(paginate=lambda: pages)

    def stack(self, name: str, status: str = "CREATE_COMPLETE", **parameters: str) -> None:
        given = [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]
        self.stacks.append({"StackName": name, "StackStatus": status, "Parameters": given})

    def history(self) -> History:
        return history_document.read(self.state, self.now) if self.state else History()

    def requested_by_alarm(self, ago: timedelta) -> None:
        trigger = Trigger("alarm-1", "e-drift", "arn:alarm", "e", "drift", self.now - ago)
        request = Request("alarm-1", trigger, self.now - ago, "x", published=True)
        self.state = history_document.write(self.history().with_request(request))

    def permission(self, name: str = "one", force: bool = False, limits: Limits = LIMITS) -> Permission:
        trigger = Trigger(name, "user", "arn:person", "e", "because", self.now)
        return Permission(self, trigger, limits, force, now=lambda: self.now)  # type: ignore[arg-type]

    def start(self, status: str = "Succeeded") -> str:
        arn = f"execution/{len(self.executions)}"
        self.executions.append({"PipelineExecutionArn": arn, "PipelineExecutionStatus": status, "StartTime": self.now})
        return arn


@pytest.fixture
def services() -> Services:
    return Services()


def refusal(ask: Callable[[], object]) -> RetrainingRefused:
    with pytest.raises(RetrainingRefused) as refused:
        ask()
    return refused.value


def test_what_may_start_is_written_down_where_the_alarms_look(services: Services) -> None:
    permission = services.permission()
    permission.check()
    assert services.state is None, "looking leaves no trace"
    assert permission.start(services.start) == "execution/0"
    (request,) = services.history().requests
    assert (request.trigger.name, request.trigger.reason, request.requested_at) == ("user", "because", NOON)
    assert request.published, "no event is owed for it"


def test_within_the_cool_down_of_an_alarm_it_is_refused_with_the_time_from_which_it_may(services: Services) -> None:
    services.requested_by_alarm(ago=timedelta(hours=2))
    for ask in (services.permission().check, lambda: services.permission().start(services.start)):
        refused = refusal(ask)
        assert "cool-down" in str(refused)
        assert refused.until == NOON + timedelta(hours=4)
    assert services.executions == []
    services.now = NOON + timedelta(hours=4)
    assert services.permission().start(services.start)


def test_who_asked_before_somebody_else_was_granted_is_told_the_time_too(services: Services) -> None:
    mine = services.permission("mine")
    services.now += timedelta(seconds=9)
    services.permission("other").start(services.start)
    refused = refusal(lambda: mine.start(services.start))
    assert refused.until == services.now + LIMITS.cool_down
    # the clock of another machine was ahead
    services.now -= timedelta(seconds=30)
    assert refusal(services.permission("third").check).until == refused.until


def test_the_daily_limit_holds_and_force_goes_before_both(services: Services) -> None:
    limits = Limits(timedelta(0), 2)
    for number in range(2):
        services.permission(str(number), limits=limits).start(services.start)
        services.now += timedelta(hours=1)
    refused = refusal(services.permission("third", limits=limits).check)
    assert refused.until == NOON + timedelta(days=1)
    assert services.permission("third", force=True).start(services.start)
    assert len(services.history().requests) == 3, "what was forced counts for the others"


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("status", ["Executing", "Stopping"])
def test_one_at_a_time_is_not_forced(services: Services, force: bool, status: str) -> None:
    services.start(status)
    services.now += timedelta(days=2)
    refused = refusal(lambda: services.permission(force=force).start(services.start))
    assert "execution/0 is under way" in str(refused)
    assert refused.until is None
    services.executions[0]["PipelineExecutionStatus"] = "Failed"
    assert services.permission(force=force).start(services.start)


def test_force_waits_for_a_request_whose_build_has_not_started_its_execution(services: Services) -> None:
    services.requested_by_alarm(ago=timedelta(minutes=2))
    refused = refusal(services.permission(force=True).check)
    assert "alarm-1 (e-drift) is about to start" in str(refused)
    assert refused.until == NOON - timedelta(minutes=2) + STARTS_WITHIN
    services.start()
    services.permission(force=True).check()
    services.executions.clear()
    services.now += STARTS_WITHIN
    services.permission(force=True).check()


@pytest.mark.parametrize("force", [False, True])
def test_of_two_at_once_one_starts(services: Services, force: bool) -> None:
    other = services.permission("other", force=force)
    services.meanwhile.append(lambda: other.start(lambda: services.start("Executing")))
    refusal(lambda: services.permission("mine", force=force).start(services.start))
    assert len(services.executions) == 1
    assert [request.request_id for request in services.history().requests] == ["other"]


def test_a_start_that_fails_takes_its_request_back(services: Services) -> None:
    def fails() -> str:
        raise ClientError({"Error": {"Code": "ResourceLimitExceeded", "Message": ""}}, "StartPipelineExecution")

    services.requested_by_alarm(ago=timedelta(days=1))
    with pytest.raises(ClientError):
        services.permission().start(fails)
    assert [request.request_id for request in services.history().requests] == ["alarm-1"]
    assert services.permission().start(services.start)


def test_limits_are_the_deployed_monitors_or_the_templates(services: Services) -> None:
    target: Any = services
    assert limits_in_force(target, "e") == DEFAULT_LIMITS
    of_e = {"EndpointName": "e", "StateBucket": "bucket"}
    # another endpoint's, another bucket's, the project's around it, one that is gone
    services.stack("1", EndpointName="f", StateBucket="bucket", CoolDownMinutes="1", DailyLimit="1")
    services.stack("2", EndpointName="e", StateBucket="elsewhere", CoolDownMinutes="1", DailyLimit="1")
    services.stack("project-x", SageMakerProjectName="x", CoolDownMinutes="1", DailyLimit="1")
    services.stack("3", "DELETE_COMPLETE", **of_e, CoolDownMinutes="1", DailyLimit="1")
    assert limits_in_force(target, "e") == DEFAULT_LIMITS
    services.stack("project-x-Monitor-ABC", **of_e, CoolDownMinutes="0.5", DailyLimit="7")
    assert limits_in_force(target, "e") == Limits(timedelta(seconds=30), 7)
    # they share the history
    services.stack("scones-monitor-e", **of_e, CoolDownMinutes="10", DailyLimit="9")
    assert limits_in_force(target, "e") == Limits(timedelta(minutes=10), 7)
