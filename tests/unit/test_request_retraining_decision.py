"""Whether a retraining may be requested: every outcome, and what moves it; the history as it is kept."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from model_monitor.request_retraining.alarm_event import EventNotUnderstood, read_trigger
from model_monitor.request_retraining.decision import (
    KEPT,
    History,
    Limits,
    Outcome,
    Trigger,
    decide,
    event_detail,
    granted,
    published,
)
from model_monitor.request_retraining.history_document import HistoryDamaged, read, write

NOON = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
LIMITS = Limits(timedelta(hours=6), 2)
DRIFT = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:e-drift"


def hours(number: float) -> datetime:
    return NOON + timedelta(hours=number)


def trigger(occurred: float, name: str = "e-drift", number: str | None = None) -> Trigger:
    return Trigger(number or f"{name}@{occurred}", name, DRIFT, "e", "brightness drifted", hours(occurred))


def history(*requested: float) -> History:
    found = History()
    for moment in requested:
        found = found.with_request(published(granted(found, trigger(moment), hours(moment), "someone")))
    return found


@pytest.mark.parametrize(
    ("requested", "occurred", "now", "running", "outcome", "until"),
    [
        ((), 0, 0, None, Outcome.START, None),
        ((), 0, 0, "an execution", Outcome.RUNNING, None),
        # the cool-down is open at its end
        ((0,), 0.5, 0.5, None, Outcome.COOL_DOWN, 6),
        ((0,), 5.999, 5.999, None, Outcome.COOL_DOWN, 6),
        ((0,), 6, 6, None, Outcome.START, None),
        # two alarms at the same second: whichever comes second
        ((0,), 0, 0.001, None, Outcome.COOL_DOWN, 6),
        # judged by when it occurred, however late it is delivered
        ((0,), 5, 9, None, Outcome.COOL_DOWN, 6),
        ((0,), -1, 9, None, Outcome.STALE, None),
        # of the future: as if it were of now
        ((0,), 48, 1, None, Outcome.COOL_DOWN, 6),
        # the clock went backwards by two hours
        ((0,), -2, -2, None, Outcome.STALE, None),
        ((0,), 0.1, -2, None, Outcome.COOL_DOWN, 6),
        # at most two a day, rolling
        ((0, 7), 14, 14, None, Outcome.DAILY_LIMIT, 24),
        ((0, 7), 23.999, 23.999, None, Outcome.DAILY_LIMIT, 24),
        ((0, 7), 24, 24, None, Outcome.START, None),
        ((0, 7, 24), 30.5, 30.5, None, Outcome.DAILY_LIMIT, 31),
        # limits go before what runs: nobody need look
        ((0,), 1, 1, "an execution", Outcome.COOL_DOWN, 6),
    ],
)
def test_every_outcome(requested, occurred, now, running, outcome, until):
    found = decide(history(*requested), trigger(occurred, "e-other"), LIMITS, hours(now), running=running)
    assert (found.outcome, found.until) == (outcome, None if until is None else hours(until))
    assert found.reason


def test_the_same_wish_is_granted_once():
    before = history(0)
    again = decide(before, trigger(0), LIMITS, hours(48))
    assert again.outcome is Outcome.STALE and "e-drift@0" in again.reason


def test_only_its_own_invocation_goes_on_with_a_request_that_was_not_sent():
    wish = trigger(0)
    request = granted(History(), wish, NOON, "first")
    claimed = History().with_request(request)
    assert decide(claimed, wish, LIMITS, NOON, claimant="second").outcome is Outcome.STALE
    assert decide(claimed, wish, LIMITS, hours(1), claimant="first").outcome is Outcome.START
    assert granted(claimed, wish, hours(1), "first") == request
    sent = claimed.with_request(published(request))
    assert len(sent.requests) == 1
    assert decide(sent, wish, LIMITS, hours(1), claimant="first").outcome is Outcome.STALE


def test_flapping_gives_as_many_requests_as_the_limits_let_through():
    """An alarm that goes off every ten minutes for two days."""
    found, limits = History(), Limits(timedelta(hours=1), 5)
    for step in range(2 * 24 * 6):
        wish, now = trigger(step / 6), hours(step / 6)
        if decide(found, wish, limits, now).outcome is Outcome.START:
            found = found.with_request(published(granted(found, wish, now, "x")))
    assert [(one.requested_at - NOON) / timedelta(hours=1) for one in found.requests] == [
        *(0, 1, 2, 3, 4),
        *(24, 25, 26, 27, 28),
    ]


def test_the_history_does_not_grow_for_ever():
    found = history(*range(0, 7 * (KEPT + 5), 7))
    assert len(found.requests) == KEPT and found.last == history(*range(0, 7 * (KEPT + 5), 7)).requests[-1]


def test_the_event_says_who_what_and_when():
    assert event_detail(granted(History(), trigger(0), NOON, "x")) == {
        "reason": "brightness drifted",
        "trigger": {"name": "e-drift", "arn": DRIFT},
        "endpoint": "e",
        "requestId": "e-drift@0",
        "requestedAt": "2026-03-01T12:00:00Z",
    }


def test_the_document_is_read_as_it_was_written():
    found = history(0, 7)
    found = found.with_request(granted(found, trigger(14), hours(14), "not sent yet"))
    assert read(write(found), hours(14)) == found
    assert read(write(History()), NOON) == History()


def test_requests_are_read_in_order_of_time():
    found = history(0, 7)
    assert read(write(History(found.requests[::-1])), hours(8)) == found


def edited(**changes: Any) -> bytes:
    document = json.loads(write(history(0)))
    document["requests"][0].update(changes)
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not JSON"),
        (b'{"version": 1, "requests": [', "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "no object of version 1"),
        (b'{"version": 2, "requests": []}', "no object of version 1"),
        (b'{"version": 1}', "not as they were written"),
        (b'{"version": 1, "requests": 7}', "not as they were written"),
        (edited(requestedAt="yesterday"), "not as they were written"),
        (edited(requestedAt=7), "not as they were written"),
        (edited(trigger=None), "not as they were written"),
        (edited(published="no"), "neither true nor false"),
        (edited(requestId=7), "requestId is no text"),
        (edited(requestedAt="2099-01-01T00:00:00+00:00"), "of the future"),
        (b" " * 1_000_001, "more than 1000000"),
    ],
)
def test_what_is_no_history_is_told_of(content, reason):
    with pytest.raises(HistoryDamaged, match=reason):
        read(content, NOON)


def test_a_time_without_a_zone_is_utc():
    assert read(edited(requestedAt="2026-03-01T12:00:00"), NOON).last == history(0).last


def event(**changes: Any) -> dict[str, Any]:
    state = {"value": "ALARM", "reason": "Threshold Crossed", "timestamp": "2026-03-01T12:00:00.250+0000"}
    return {
        "id": "event-1",
        "time": "2026-03-01T12:00:01Z",
        "resources": [DRIFT],
        "detail": {"alarmName": "e-drift", "state": {**state, **changes}},
    }


def test_an_alarms_event_is_a_trigger():
    moment = NOON + timedelta(milliseconds=250)
    assert read_trigger(event(), "e") == Trigger("event-1", "e-drift", DRIFT, "e", "Threshold Crossed", moment)
    assert read_trigger(event(timestamp=None), "e").occurred_at == NOON + timedelta(seconds=1)


def test_of_an_alarm_over_others_the_reason_is_which_of_them():
    told = {"triggeringAlarms": [{"arn": f"{DRIFT}-{name}"} for name in ("warmth", "contrast")]}
    found = read_trigger(event(reasonData=json.dumps(told)), "e")
    assert found.reason == "in alarm: e-drift-contrast, e-drift-warmth"


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"id": "x", "detail": {}},
        {"id": "x", "detail": []},
        event(value="OK"),
        event(timestamp="noon"),
        event(reasonData="{"),
        {**event(), "resources": []},
        {key: value for key, value in event().items() if key != "id"},
    ],
)
def test_another_event_is_not_understood(wrong):
    with pytest.raises(EventNotUnderstood):
        read_trigger(wrong, "e")


def test_a_trigger_in_another_zone_is_the_same_moment():
    there = replace(trigger(0), occurred_at=hours(0).astimezone(timezone(timedelta(hours=5))))
    assert decide(history(0), replace(there, id="other"), LIMITS, hours(0)).outcome is Outcome.COOL_DOWN


def test_deciding_needs_no_aws():
    code = (
        "import sys, model_monitor.request_retraining.decision; "
        "sys.exit(bool({'boto3', 'botocore', 'sagemaker'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2]).returncode == 0
