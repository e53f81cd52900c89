"""Whether a retraining may start now, by the same rules and the same history as those that alarms request.

The rules are model_monitor/request_retraining/decision.py's. Here, too, a request is written down before it is acted
on, so that of several at once one goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import Any

from botocore.exceptions import ClientError

from model_monitor.request_retraining.aws import Aws
from model_monitor.request_retraining.decision import (
    History,
    Limits,
    Outcome,
    Request,
    Trigger,
    decide,
    granted,
    published,
)
from model_monitor.request_retraining.history_object import HistoryObject, Kept, Overtaken
from pipelines.names import PIPELINE_NAME
from pipelines.retraining.places import STATE_KEY
from pipelines.session import Target
from pipelines.stacks import Stack, all_stacks

MOST_TRIES = 10
EXECUTIONS_LOOKED_AT = 20
UNDER_WAY = frozenset({"Executing", "Stopping"})
# those of model_monitor/template.yaml, for where there is no monitor
DEFAULT_LIMITS = Limits(timedelta(minutes=360), 2)
LIMITS = frozenset({"CoolDownMinutes", "DailyLimit"})
# as long as a build may take from a request to the execution that it starts
STARTS_WITHIN = timedelta(minutes=15)

Now = Callable[[], datetime]


class RetrainingRefused(RuntimeError):
    """No retraining now; the message says why, and `until` from when on there may be one, None if nobody knows."""

    def __init__(self, reason: str, until: datetime | None) -> None:
        super().__init__(reason)
        self.until = until


@dataclass(frozen=True)
class Execution:
    """An execution of the training pipeline."""

    arn: str
    status: str
    started: datetime


def limits_in_force(target: Target, endpoint: str) -> Limits:
    """The cool-down and daily limit that the endpoint's monitor was given; the template's where there is none.

    The monitor's stack is known by its parameters, endpoint and this target's bucket for the history of requests: in a
    SageMaker project it is nested, and called as CloudFormation likes. Of several the strictest counts, since they
    share that history. Raises ClientError.
    """
    wanted = {"EndpointName": endpoint, "StateBucket": target.bucket}.items()
    stacks = all_stacks(target.client("cloudformation"))
    monitors = [one for one in stacks if one.parameters.items() >= wanted and one.parameters.keys() >= LIMITS]
    found = [_limits(one) for one in monitors]
    if not found:
        return DEFAULT_LIMITS
    return Limits(max(one.cool_down for one in found), min(one.daily for one in found))


def _limits(monitor: Stack) -> Limits:
    given = monitor.parameters
    return Limits(timedelta(minutes=float(given["CoolDownMinutes"])), int(given["DailyLimit"]))


@dataclass(frozen=True)
class Permission:
    """Asks for one retraining. With `force` neither cool-down nor daily limit count; one at a time always does."""

    target: Target
    trigger: Trigger
    limits: Limits
    force: bool = False
    pipeline: str = PIPELINE_NAME
    now: Now = lambda: datetime.now(timezone.utc)

    def check(self) -> None:
        """Whether it may start, without a trace. Raises RetrainingRefused, ClientError."""
        self._decide(self._history.read(self.now()))

    def start(self, start: Callable[[], str]) -> str:
        """Write the request down and then do `start`, whose answer is returned; if that fails, take the request back.

        Raises RetrainingRefused, Overtaken, ClientError, and what `start` raises.
        """
        request = self._claim()
        try:
            return start()
        except BaseException:
            self._change(lambda history: _without(history, request))
            raise

    def _claim(self) -> Request:
        for _ in range(MOST_TRIES):
            kept = self._history.read(self.now())
            self._decide(kept)
            # nobody is to send an event for it: the execution is started here
            request = published(granted(kept.history, self._wish(kept), self.now(), claimant=self.trigger.name))
            try:
                self._history.replace(kept.etag, kept.history.with_request(request))
            except Overtaken:
                continue
            return request
        raise self._overtaken()

    def _change(self, change: Callable[[History], History]) -> None:
        for _ in range(MOST_TRIES):
            kept = self._history.read(self.now())
            try:
                self._history.replace(kept.etag, change(kept.history))
            except Overtaken:
                continue
            return
        raise self._overtaken()

    def _decide(self, kept: Kept) -> None:
        """Raises RetrainingRefused."""
        now, executions = self.now(), self._executions()
        history = History() if self.force else kept.history
        decision = decide(history, self._wish(kept), self.limits, now, running=_running(executions))
        if decision.outcome is not Outcome.START:
            raise RetrainingRefused(decision.reason, decision.until)
        about_to = _about_to_start(kept.history, executions, now)
        if about_to is not None:
            told = f"the execution of request {about_to.request_id} ({about_to.trigger.name}) is about to start"
            raise RetrainingRefused(told, about_to.requested_at + STARTS_WITHIN)

    def _wish(self, kept: Kept) -> Trigger:
        """The trigger as of now: who waits for the answer still wants it, whoever else has asked meanwhile."""
        last = kept.history.last
        now = self.now()
        return replace(self.trigger, occurred_at=max(now, last.trigger.occurred_at) if last else now)

    def _executions(self) -> list[Execution]:
        """The newest first; none for a pipeline that does not exist."""
        try:
            found = self.target.client("sagemaker").list_pipeline_executions(
                PipelineName=self.pipeline,
                SortBy="CreationTime",
                SortOrder="Descending",
                MaxResults=EXECUTIONS_LOOKED_AT,
            )
        except ClientError as error:
            if error.response["Error"]["Code"] in ("ResourceNotFound", "ResourceNotFoundException"):
                return []
            raise
        return [_execution(one) for one in found["PipelineExecutionSummaries"]]

    @property
    def _history(self) -> HistoryObject:
        client = self.target.client
        return HistoryObject(Aws(client("s3"), client("events"), client("sagemaker")), self.target.bucket, STATE_KEY)

    def _overtaken(self) -> Overtaken:
        state = f"s3://{self.target.bucket}/{STATE_KEY}"
        return Overtaken(f"{state} was written by others in each of {MOST_TRIES} tries: try again")


def _running(executions: Sequence[Execution]) -> str | None:
    return next((one.arn for one in executions if one.status in UNDER_WAY), None)


def _about_to_start(history: History, executions: Sequence[Execution], now: datetime) -> Request | None:
    """The latest request, where no execution has been started since, and it is young enough for one to come."""
    last = history.last
    if last is None or now - last.requested_at >= STARTS_WITHIN:
        return None
    # the service's clock is not ours
    since = last.requested_at - timedelta(seconds=5)
    return None if any(one.started >= since for one in executions) else last


def _without(history: History, request: Request) -> History:
    return History(tuple(one for one in history.requests if one.request_id != request.request_id))


def _execution(summary: Any) -> Execution:
    return Execution(summary["PipelineExecutionArn"], summary["PipelineExecutionStatus"], summary["StartTime"])
