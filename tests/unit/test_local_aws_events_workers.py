"""The threads of EventBridge: who delivers when, what stops them, and schedules by a clock that is set by hand."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from local_aws.events.dispatcher import Dispatcher
from local_aws.events.pending import PendingDeliveries
from local_aws.events.records import DISABLED, Delivery, Origin
from local_aws.events.rule_book import ActiveRule
from local_aws.events.scheduler import Scheduler
from local_aws.events.targets.base import QUICK, SLOW
from tests.unit.local_aws_events_service import EVENT, THING, world
from tests.waiting import PATIENCE_SECONDS, wait_until


@pytest.fixture
def events(tmp_path):
    with world(tmp_path) as made:
        yield made


class Work:
    """Deliveries that block until they are let go."""

    def __init__(self, pending: PendingDeliveries) -> None:
        self.pending = pending
        self.gate = threading.Event()
        self.blocked: set[str] = set()
        self.begun: list[str] = []
        self.faults: list[Exception] = []
        self._lock = threading.Lock()
        self.at_once = self.most_at_once = 0

    def attempt(self, delivery: Delivery) -> None:
        with self._lock:
            self.begun.append(delivery.id)
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            if self.faults:
                raise self.faults.pop()
            if delivery.id in self.blocked:
                assert self.gate.wait(PATIENCE_SECONDS)
            self.pending.done(delivery)
        finally:
            with self._lock:
                self.at_once -= 1


@pytest.fixture
def work(events):
    made = Work(events.pending)
    yield made
    made.gate.set()


@pytest.fixture
def dispatcher(events, work):
    made = Dispatcher(events.pending, work.attempt, events.clock, {QUICK: 2, SLOW: 2})
    made.start()
    yield made
    work.gate.set()
    made.stop()


def add(events: Any, *names: str, lane: str = QUICK, seconds: float = 0.0) -> None:
    now = events.clock()
    origin = Origin("default", "one", "arn:aws:events:us-east-1:123456789012:rule/one", now)
    due = now + timedelta(seconds=seconds)
    target = {"Id": "1", "Arn": THING}
    events.pending.add((lane, Delivery(name, EVENT, origin, target, due)) for name in names)


def test_slow_deliveries_do_not_hold_up_quick_ones_and_each_lane_has_so_many_threads(events, work, dispatcher):
    slow = [f"slow-{number}" for number in range(5)]
    work.blocked = set(slow)
    add(events, *slow, lane=SLOW)
    dispatcher.wake()
    wait_until(lambda: len(work.begun) == 2, "two to begin")
    add(events, *(f"quick-{number}" for number in range(20)))
    dispatcher.wake()
    wait_until(lambda: len(events.pending) == 5, "five to be left")
    assert len([name for name in work.begun if name in work.blocked]) == 2
    # the others wait on disk, not in memory
    assert len(dispatcher._at_work[SLOW]) == 2
    work.gate.set()
    wait_until(lambda: len(events.pending) == 0, "none to be left")
    assert sorted(work.begun) == sorted([*slow, *(f"quick-{number}" for number in range(20))])
    assert work.most_at_once <= 4


def test_a_delivery_waits_until_it_is_due(events, work, dispatcher):
    add(events, "later", seconds=60)
    add(events, "now")
    dispatcher.wake()
    wait_until(lambda: work.begun == ["now"] and len(events.pending) == 1, "the first to be done")
    events.clock.advance(60)
    dispatcher.wake()
    wait_until(lambda: work.begun == ["now", "later"], "the later one")


def test_what_an_earlier_process_left_is_delivered_at_the_start(events, work):
    add(events, "left")
    dispatcher = Dispatcher(events.pending, work.attempt, events.clock)
    dispatcher.start()
    wait_until(lambda: len(events.pending) == 0, "none to be left")
    dispatcher.stop()


def test_a_stop_waits_for_what_is_at_work_and_leaves_the_rest_on_record(events, work, dispatcher):
    work.blocked = {"one", "two"}
    add(events, "one", "two", "three")
    dispatcher.wake()
    wait_until(lambda: len(work.begun) == 2, "two to begin")
    dispatcher.stop(grace=0.05)
    # it did not wait longer than the grace: both are still at work
    assert work.at_once == 2 and len(events.pending) == 3
    work.gate.set()
    wait_until(lambda: len(events.pending) == 1, "one to be left")
    assert sorted(work.begun) == ["one", "two"]


def test_a_delivery_whose_outcome_could_not_be_recorded_is_tried_again(events, work, dispatcher, monkeypatch):
    monkeypatch.setattr("local_aws.events.dispatcher.PAUSE_AFTER_A_FAULT", 0.01)
    work.faults = [RuntimeError("the disk is full")]
    add(events, "one")
    dispatcher.wake()
    wait_until(lambda: len(events.pending) == 0, "none to be left")
    assert work.begun == ["one", "one"]


class Fired:
    """What a scheduler fired, by rule and minute."""

    def __init__(self) -> None:
        self.times: list[str] = []

    def __call__(self, active: ActiveRule, due: Any) -> None:
        self.times.append(f"{active.rule.name} {due:%H:%M:%S}")


@pytest.fixture
def fired():
    return Fired()


@pytest.fixture
def scheduler(events, fired):
    return Scheduler(events.rules, events.clock, fired)


def run(scheduler: Scheduler, events: Any, seconds: int, step: int = 1) -> None:
    """Let the clock go on, looking at it each so many seconds."""
    for _ in range(0, seconds, step):
        events.clock.advance(step)
        scheduler.tick()


def test_schedules_fire_when_they_are_due_and_once(events, scheduler, fired):
    events.rule("rate", pattern=None, schedule="rate(1 minute)")
    events.clock.advance(10)
    events.rule("cron", pattern=None, schedule="cron(0/2 * * * ? *)")
    events.rule("pattern")
    events.rule("off", schedule="rate(1 minute)", state=DISABLED)
    run(scheduler, events, 180)
    assert fired.times == ["rate 00:01:00", "cron 00:02:00", "rate 00:02:00", "rate 00:03:00"]


def test_a_rule_that_was_due_several_times_since_the_last_look_fires_once(events, scheduler, fired):
    events.rule("rate", schedule="rate(1 minute)")
    scheduler.tick()
    run(scheduler, events, 600, step=600)
    assert fired.times == ["rate 00:01:00"]
    run(scheduler, events, 60)
    assert fired.times == ["rate 00:01:00", "rate 00:11:00"]


def test_what_was_missed_while_the_server_was_down_is_not_made_up_for(events, fired):
    events.rule("cron", schedule="cron(0 1 * * ? *)")
    events.rule("rate", schedule="rate(1 hour)")
    events.clock.advance(90 * 60)
    scheduler = Scheduler(events.rules, events.clock, fired)
    run(scheduler, events, 60)
    assert fired.times == []
    run(scheduler, events, 30 * 60, step=30)
    # the rate goes on counting from when it began
    assert fired.times == ["rate 02:00:00"]


def test_a_change_counts_from_when_it_was_made_and_a_deleted_rule_never_fires(events, scheduler, fired):
    rule = events.rule("rate", schedule="rate(10 minutes)")
    run(scheduler, events, 300)
    changed = replace(rule, schedule="rate(2 minutes)", since=events.clock())
    events.store.put_rule(changed)
    events.rules.changed()
    run(scheduler, events, 120)
    assert fired.times == ["rate 00:07:00"]
    events.store.put_rule(replace(changed, state=DISABLED))
    events.rules.changed()
    run(scheduler, events, 300)
    # enabled again: it counts anew, and nothing is made up for
    events.store.put_rule(replace(changed, since=events.clock()))
    events.rules.changed()
    run(scheduler, events, 120)
    assert fired.times == ["rate 00:07:00", "rate 00:14:00"]
    events.store.delete_rule(changed)
    events.rules.changed()
    run(scheduler, events, 300)
    assert fired.times == ["rate 00:07:00", "rate 00:14:00"]


def test_a_rule_that_cannot_be_fired_does_not_stop_the_others(events):
    names = []

    def fire(active: ActiveRule, _due: Any) -> None:
        names.append(active.rule.name)
        if active.rule.name == "bad":
            raise RuntimeError("no room")

    events.rule("bad", schedule="rate(1 minute)")
    events.rule("good", schedule="rate(1 minute)")
    scheduler = Scheduler(events.rules, events.clock, fire)
    run(scheduler, events, 120)
    assert names == ["bad", "good", "bad", "good"]
