"""Lambda's entry point: decides under the history's lock, and puts the event `Retraining Requested` on the default bus.

The request is written down before its event is sent, so that nobody else sends one meanwhile; where sending fails the
function fails, and Lambda's next try, which is the same invocation, sends it. Whoever takes the event may get it twice,
with the same requestId.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from botocore.exceptions import ClientError

from .alarm_event import read_trigger
from .aws import Aws, connect, error_code
from .decision import Decision, Limits, Outcome, Request, Trigger, decide, event_detail, granted, published
from .history_object import HistoryObject, Kept, Overtaken
from .scheduled_event import is_scheduled, read_scheduled

SOURCE = "scones.model-monitor"
DETAIL_TYPE = "Retraining Requested"
NAMESPACE = "Scones"
# each means that somebody else got on meanwhile
MOST_TRIES = 10
EXECUTIONS_LOOKED_AT = 20
UNDER_WAY = frozenset({"Executing", "Stopping"})

Now = Callable[[], datetime]


class EventRefused(RuntimeError):
    """EventBridge did not take the event."""


@dataclass(frozen=True)
class Settings:
    """What the template sets through the environment."""

    bucket: str
    key: str
    endpoint: str
    pipeline: str
    limits: Limits

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Settings:
        """Raises KeyError, ValueError."""
        return cls(
            bucket=environment["STATE_BUCKET"],
            key=environment["STATE_KEY"],
            endpoint=environment["ENDPOINT_NAME"],
            pipeline=environment["PIPELINE_NAME"],
            limits=Limits(timedelta(minutes=float(environment["COOL_DOWN_MINUTES"])), int(environment["DAILY_LIMIT"])),
        )


def handler(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """Answers what was decided. Raises EventNotUnderstood, EventRefused, Overtaken, ClientError."""
    return respond(event, context.aws_request_id, connect(), Settings.of(os.environ), _now)


def respond(event: Mapping[str, Any], invocation: str, aws: Aws, settings: Settings, now: Now) -> dict[str, Any]:
    """As `handler`. `invocation` is the same in all tries of one invocation."""
    read = read_scheduled if is_scheduled(event) else read_trigger
    trigger = read(event, settings.endpoint)
    kept_at = HistoryObject(aws, settings.bucket, settings.key)
    decision, request = _claim(kept_at, trigger, invocation, settings, now)
    if request is not None:
        _publish(aws, request)
        _note_published(kept_at, request, now)
    return _told(trigger, decision, request)


def _claim(
    kept_at: HistoryObject, trigger: Trigger, invocation: str, settings: Settings, now: Now
) -> tuple[Decision, Request | None]:
    """The decision; and the request, written down, if it is to start."""
    for _ in range(MOST_TRIES):
        kept, moment = kept_at.read(now()), now()
        _warn(kept, moment)
        decision = decide(kept.history, trigger, settings.limits, moment, claimant=invocation)
        if decision.outcome is not Outcome.START:
            return decision, None
        before = kept.history.of(trigger.id)
        if before is not None:
            return decision, before
        running = _under_way(kept_at.aws, settings.pipeline)
        decision = decide(kept.history, trigger, settings.limits, moment, claimant=invocation, running=running)
        if decision.outcome is not Outcome.START:
            return decision, None
        request = granted(kept.history, trigger, moment, invocation)
        try:
            kept_at.replace(kept.etag, kept.history.with_request(request))
        except Overtaken:
            continue
        return decision, request
    raise Overtaken(f"s3://{kept_at.bucket}/{kept_at.key} was written by others in each of {MOST_TRIES} tries")


def _under_way(aws: Aws, pipeline: str) -> str | None:
    """The ARN of an execution of the training pipeline that has not ended."""
    try:
        found = aws.sagemaker.list_pipeline_executions(
            PipelineName=pipeline, SortBy="CreationTime", SortOrder="Descending", MaxResults=EXECUTIONS_LOOKED_AT
        )
    except ClientError as error:
        if error_code(error) in ("ResourceNotFound", "ResourceNotFoundException"):
            return None
        raise
    executions = found["PipelineExecutionSummaries"]
    return next(
        (one["PipelineExecutionArn"] for one in executions if one["PipelineExecutionStatus"] in UNDER_WAY), None
    )


def _publish(aws: Aws, request: Request) -> None:
    answer = aws.events.put_events(
        Entries=[
            {
                "Source": SOURCE,
                "DetailType": DETAIL_TYPE,
                "Detail": json.dumps(event_detail(request)),
                "Resources": [request.trigger.arn],
            }
        ]
    )
    if answer["FailedEntryCount"]:
        entry = answer["Entries"][0]
        raise EventRefused(f"{entry.get('ErrorCode')}: {entry.get('ErrorMessage')}")


def _note_published(kept_at: HistoryObject, request: Request, now: Now) -> None:
    """Write down that the event was sent. It was: that this fails is no reason to send it again."""
    try:
        for _ in range(MOST_TRIES):
            kept = kept_at.read(now())
            try:
                kept_at.replace(kept.etag, kept.history.with_request(published(request)))
            except Overtaken:
                continue
            return
    except ClientError as error:
        _log("warning", f"request {request.request_id} was sent, which could not be noted: {error_code(error)}")


def _warn(kept: Kept, now: datetime) -> None:
    if kept.damage is not None:
        _log("warning", f"the history was damaged, and begins anew: {kept.damage}")
    last = kept.history.last
    if last is not None and last.requested_at > now:
        _log("warning", f"the clock went backwards: it is {now.isoformat()}, and request {last.request_id} is of later")


def _told(trigger: Trigger, decision: Decision, request: Request | None) -> dict[str, Any]:
    """The answer, which is written to the log as well, with the metrics in it (embedded metric format)."""
    answer: dict[str, Any] = {
        "outcome": decision.outcome.value,
        "reason": decision.reason,
        "trigger": trigger.name,
        "triggerId": trigger.id,
        **({"until": decision.until.isoformat()} if decision.until else {}),
        **({"requestId": request.request_id} if request else {}),
    }
    names = ("RetrainingRequested", "RetrainingSuppressed")
    metrics = [{"Name": name, "Unit": "Count"} for name in names]
    directive = {"Namespace": NAMESPACE, "Dimensions": [["Endpoint"]], "Metrics": metrics}
    counted = {names[0]: int(request is not None), names[1]: int(request is None)}
    about = {"Timestamp": round(_now().timestamp() * 1000), "CloudWatchMetrics": [directive]}
    _log("info", "a retraining was asked for", **answer, **counted, Endpoint=trigger.endpoint, _aws=about)
    return answer


def _log(level: str, message: str, **more: Any) -> None:
    print(json.dumps({"level": level, "message": message, **more}))


def _now() -> datetime:
    return datetime.now(timezone.utc)
