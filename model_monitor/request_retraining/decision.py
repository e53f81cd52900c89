"""Whether a retraining may be requested: from who asks, what was requested before, and the limits. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum

DAY = timedelta(days=1)
# a day's requests and the one that the longest cool-down counts from: more than any daily limit
KEPT = 100


class Outcome(str, Enum):
    """What became of somebody's wish for a retraining."""

    START = "start"
    COOL_DOWN = "cool-down"
    DAILY_LIMIT = "daily-limit"
    RUNNING = "already-running"
    STALE = "stale-duplicate"


@dataclass(frozen=True)
class Limits:
    """No second request within `cool_down` of one, and at most `daily` (1 or more) within any 24 hours."""

    cool_down: timedelta
    daily: int


@dataclass(frozen=True)
class Trigger:
    """Who asks, and since when there is a reason to. `id` is the same in every delivery of the same wish.

    `name` and `arn` are those of the alarm; of a schedule `schedule` and its rule's ARN; of a
    person, whatever names them.
    """

    id: str
    name: str
    arn: str
    endpoint: str
    reason: str
    occurred_at: datetime


@dataclass(frozen=True)
class Request:
    """A request that was granted. Until it is `published`, only the invocation that made it, `claimant`, may go on."""

    request_id: str
    trigger: Trigger
    requested_at: datetime
    claimant: str
    published: bool = False


@dataclass(frozen=True)
class History:
    """The latest requests, the oldest first."""

    requests: tuple[Request, ...] = ()

    @property
    def last(self) -> Request | None:
        """The latest request."""
        return self.requests[-1] if self.requests else None

    def of(self, trigger_id: str) -> Request | None:
        """The request that this trigger led to."""
        return next((one for one in self.requests if one.trigger.id == trigger_id), None)

    def with_request(self, request: Request) -> History:
        """As it is with one more, or with another state of one that it has."""
        if self.of(request.trigger.id) is not None:
            return History(tuple(request if one.request_id == request.request_id else one for one in self.requests))
        return History((*self.requests, request)[-KEPT:])


@dataclass(frozen=True)
class Decision:
    """`reason` is for people; `until` is from when on the answer might be another one, None where it never will be."""

    outcome: Outcome
    reason: str
    until: datetime | None = None


def decide(
    history: History, trigger: Trigger, limits: Limits, now: datetime, *, claimant: str = "", running: str | None = None
) -> Decision:
    """Whether this trigger starts a retraining. `running` names a retraining that is under way.

    The cool-down is judged by when the trigger occurred, not by when it was delivered: an event that comes late, or a
    second time, is answered as it was. A trigger from the future counts as one of now, and a request that a clock gone
    backwards puts into the future goes on to hold others back.
    """
    before = history.of(trigger.id)
    if before is not None:
        if not before.published and before.claimant == claimant:
            return Decision(Outcome.START, f"request {before.request_id} was granted, and its event not sent")
        return Decision(Outcome.STALE, f"this led to request {before.request_id} of {_text(before.requested_at)}")
    occurred = min(trigger.occurred_at, now)
    last = history.last
    if last is not None:
        if trigger.occurred_at < last.trigger.occurred_at:
            told = f"it is of {_text(trigger.occurred_at)}, before what led to request {last.request_id}"
            return Decision(Outcome.STALE, told)
        until = last.requested_at + limits.cool_down
        if occurred < until:
            return Decision(Outcome.COOL_DOWN, f"within the cool-down of request {last.request_id}", until)
    recent = [one.requested_at for one in history.requests if one.requested_at > now - DAY]
    if len(recent) >= limits.daily:
        told = f"{len(recent)} requests within 24 hours, of at most {limits.daily}"
        return Decision(Outcome.DAILY_LIMIT, told, sorted(recent)[-limits.daily] + DAY)
    if running is not None:
        return Decision(Outcome.RUNNING, f"{running} is under way")
    return Decision(Outcome.START, "nothing speaks against it")


def granted(history: History, trigger: Trigger, now: datetime, claimant: str) -> Request:
    """The request that a trigger leads to which may start: the one that it has already, or a new one."""
    return history.of(trigger.id) or Request(trigger.id, trigger, now, claimant)


def published(request: Request) -> Request:
    """The request, after its event was sent."""
    return replace(request, published=True)


def event_detail(request: Request) -> Mapping[str, object]:
    """The detail of the event `Retraining Requested` of the source `scones.model-monitor`."""
    trigger = request.trigger
    return {
        "reason": trigger.reason,
        "trigger": {"name": trigger.name, "arn": trigger.arn},
        "endpoint": trigger.endpoint,
        "requestId": request.request_id,
        "requestedAt": _text(request.requested_at),
    }


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
