"""From events to targets: routing, retries, dead letters, functions that fail, and what survives."""

from __future__ import annotations

import json
import logging
from datetime import datetime, timedelta, timezone

import pytest

from local_aws.events.errors import FunctionFailed, Refused, TryAgain
from local_aws.events.pending import PendingDeliveries, TooMany
from local_aws.events.records import DISABLED
from local_aws.events.retries import Exhausted, RetryPolicy, next_try
from tests.unit.local_aws_events_service import EVENT, ROLE, THING, World, world

NOW = datetime(2030, 1, 1, tzinfo=timezone.utc)


@pytest.fixture
def events(tmp_path):
    with world(tmp_path) as made:
        yield made


def test_an_event_goes_to_every_target_of_every_enabled_rule_of_its_bus_that_matches(events):
    events.bus("other")
    events.rule("one", {"Input": '"first"'}, {"InputPath": "$.detail.n"})
    events.rule("two", {"Input": '"second"'})
    events.rule("off", state=DISABLED)
    events.rule("elsewhere", bus="other")
    events.rule("another", pattern='{"source": ["others"]}')
    events.router.route(EVENT, "default")
    assert events.deliver() == 3
    assert sorted(events.things.got) == ['"first"', '"second"', "1"]
    assert len(events.pending) == 0
    assert events.count("MatchedEvents") == 1
    assert [events.count("TriggeredRules", RuleName=name) for name in ("one", "two", "off")] == [1, 1, 0]
    assert events.count("Invocations", RuleName="one") == 2
    assert events.count("SuccessfulInvocationAttempts", RuleName="one") == 2
    assert events.count("RetryInvocationAttempts", RuleName="one") == 0


def test_rules_of_other_buses_are_counted_with_the_name_of_their_bus(events):
    events.bus("other")
    events.rule("one", bus="other")
    events.router.route(EVENT, "other")
    events.deliver()
    assert events.count("Invocations", RuleName="one", EventBusName="other") == 1
    assert events.count("Invocations", RuleName="one") == 0


def test_a_target_that_may_take_the_event_later_is_tried_again_at_growing_intervals(events):
    events.rule("one")
    events.things.failures = [TryAgain("THROTTLING", "busy")] * 4
    events.router.route(EVENT, "default")
    assert events.deliver() == 1 and events.deliver() == 0
    assert [events.deliver_next() for _ in range(4)] == [1.0, 2.0, 4.0, 8.0]
    assert json.loads(events.things.got[0]) == EVENT
    # the target can tell that it is the same
    assert len({delivery.id for delivery in events.things.tried}) == 1
    assert events.count("InvocationAttempts", RuleName="one") == 5
    assert events.count("RetryInvocationAttempts", RuleName="one") == 4
    assert events.count("Invocations", RuleName="one") == 1
    assert events.count("FailedInvocations", RuleName="one") == 0


def attributes(events: World, queue: str) -> dict[str, str]:
    (message,) = events.messages(queue)
    assert json.loads(message.body) == EVENT
    return {name: value["StringValue"] for name, value in message.message_attributes.items()}


def test_when_the_retries_are_exhausted_the_event_is_a_dead_letter(events):
    queue = events.queue("dead")
    target = {"DeadLetterConfig": {"Arn": queue}, "RetryPolicy": {"MaximumRetryAttempts": 2}, "Input": '"other"'}
    rule = events.rule("one", target)
    events.things.failures = [TryAgain("THROTTLING", "too busy")] * 3
    events.router.route(EVENT, "default")
    events.deliver()
    assert events.messages(queue) == []
    events.deliver_next()
    events.deliver_next()
    assert attributes(events, queue) == {
        "RULE_ARN": rule.arn,
        "TARGET_ARN": THING,
        "ERROR_CODE": "THROTTLING",
        "ERROR_MESSAGE": "too busy",
        "RETRY_ATTEMPTS": "2",
        "EXHAUSTED_RETRY_CONDITION": "MaximumRetryAttempts",
    }
    assert len(events.pending) == 0 and events.things.got == []
    assert events.count("FailedInvocations", RuleName="one") == 1
    assert events.count("InvocationsSentToDlq", RuleName="one") == 1


def test_when_the_event_is_too_old_it_is_a_dead_letter(events):
    queue = events.queue("dead")
    target = {"DeadLetterConfig": {"Arn": queue}, "RetryPolicy": {"MaximumEventAgeInSeconds": 60}}
    events.rule("one", target)
    events.things.failures = [TryAgain("TIMEOUT", "slow")] * 100
    events.router.route(EVENT, "default")
    events.deliver()
    while len(events.pending):
        events.deliver_next()
    assert (events.clock() - NOW).total_seconds() <= 60
    assert attributes(events, queue)["EXHAUSTED_RETRY_CONDITION"] == "MaximumEventAgeInSeconds"


def test_what_will_never_work_is_not_tried_again(events):
    queue = events.queue("dead")
    events.rule("one", {"DeadLetterConfig": {"Arn": queue}})
    events.things.failures = [Refused("NO_RESOURCE", "not there")]
    events.router.route(EVENT, "default")
    events.deliver()
    found = attributes(events, queue)
    assert (found["ERROR_CODE"], found["RETRY_ATTEMPTS"]) == ("NO_RESOURCE", "0")
    assert "EXHAUSTED_RETRY_CONDITION" not in found
    assert len(events.pending) == 0
    assert events.count("FailedInvocations", RuleName="one") == 1


def test_without_a_dead_letter_queue_the_log_says_what_was_lost_and_why(events, caplog):
    rule = events.rule("one")
    events.things.failures = [Refused("NO_PERMISSIONS", "the policy of the thing does not allow it")]
    events.router.route(EVENT, "default")
    with caplog.at_level(logging.WARNING):
        events.deliver()
    assert rule.arn in caplog.text and EVENT["id"] in caplog.text
    assert "NO_PERMISSIONS: the policy of the thing does not allow it" in caplog.text
    assert len(events.pending) == 0


@pytest.mark.parametrize("fault", ["closed to EventBridge", "for another rule", "not there"])
def test_a_dead_letter_queue_must_be_there_and_let_eventbridge_in(events, caplog, fault):
    queue = events.queue("dead")
    if fault == "closed to EventBridge":
        events.sqs.get_queue("dead")._policy_json = {}
    elif fault == "for another rule":
        queue = events.queue("dead", Condition={"ArnEquals": {"aws:SourceArn": "arn:aws:events:x"}})
    else:
        queue = f"{queue}-2"
    events.rule("one", {"DeadLetterConfig": {"Arn": queue}})
    events.things.failures = [Refused("NO_RESOURCE", "not there")]
    events.router.route(EVENT, "default")
    with caplog.at_level(logging.WARNING):
        events.deliver()
    assert queue in caplog.text
    assert events.count("InvocationsFailedToBeSentToDlq", RuleName="one") == 1
    assert events.count("InvocationsSentToDlq", RuleName="one") == 0
    assert len(events.pending) == 0


def test_a_function_that_fails_is_tried_twice_more_as_lambda_does_and_then_dropped(events, caplog):
    queue = events.queue("dead")
    events.rule("one", {"DeadLetterConfig": {"Arn": queue}})
    events.things.failures = [FunctionFailed(2, "ValueError: no")] * 3
    events.router.route(EVENT, "default")
    events.deliver()
    with caplog.at_level(logging.WARNING):
        assert [events.deliver_next(), events.deliver_next()] == [60.0, 120.0]
    assert len(events.pending) == 0 and "failed 3 times, last with ValueError: no" in caplog.text
    # EventBridge has done its part with the first invocation
    assert events.messages(queue) == []
    assert events.count("Invocations", RuleName="one") == 1
    assert events.count("FailedInvocations", RuleName="one") == 0
    assert events.count("InvocationAttempts", RuleName="one") == 1


def test_a_function_may_want_fewer_tries_and_may_succeed_at_a_later_one(events):
    events.rule("one")
    events.things.failures = [FunctionFailed(0, "no")]
    events.router.route(EVENT, "default")
    events.deliver()
    assert len(events.pending) == 0
    events.things.failures = [FunctionFailed(1, "no")]
    events.router.route(EVENT, "default")
    events.deliver()
    events.deliver_next()
    assert len(events.things.got) == 1 and len(events.pending) == 0


def test_a_fault_of_this_server_is_tried_again_like_one_of_the_target(events):
    events.rule("one")
    events.things.failures = [RuntimeError("a bug")]
    events.router.route(EVENT, "default")
    events.deliver()
    events.deliver_next()
    assert len(events.things.got) == 1


def test_pending_deliveries_outlive_the_process(events):
    events.rule("one", {"Input": '"ü"'})
    events.things.failures = [TryAgain("THROTTLING", "busy")]
    events.router.route(EVENT, "default")
    events.deliver()
    again = PendingDeliveries(events.database)
    assert len(again) == 1
    (found,) = again.due("quick", events.clock() + timedelta(seconds=1), 10)
    (tried,) = events.things.tried
    assert (found.id, found.event, found.origin, found.target) == (
        tried.id,
        tried.event,
        tried.origin,
        tried.target,
    )
    assert found.retries == 1


def test_a_rule_that_is_deleted_or_changed_still_delivers_what_it_matched(events):
    rule = events.rule("one", {"Input": '"as it was"'})
    events.router.route(EVENT, "default")
    events.store.delete_rule(rule)
    events.rules.changed()
    events.router.route(EVENT, "default")
    assert events.deliver() == 1
    assert events.things.got == ['"as it was"']


def test_no_more_are_taken_than_there_is_room_for(tmp_path):
    with world(tmp_path, most=2) as events:
        events.rule("one", {}, {})
        events.router.route(EVENT, "default")
        with pytest.raises(TooMany, match="2 deliveries are pending, 2 are the most"):
            events.router.route(EVENT, "default")
        assert len(events.pending) == 2
        events.deliver()
        events.router.route(EVENT, "default")
        assert len(events.pending) == 2


def test_an_event_goes_one_bus_further_and_not_to_a_third(events, caplog):
    second, third = events.bus("second"), events.bus("third")
    events.rule("onwards", {"Arn": second, "RoleArn": ROLE})
    events.rule("again", {"Arn": third, "RoleArn": ROLE}, {"Input": '"second"'}, bus="second")
    events.rule("last", {"Input": '"third"'}, bus="third")
    events.router.route(EVENT, "default")
    while events.deliver():
        pass
    assert events.things.got == ['"second"']
    assert events.count("DeadLetterInvocations", RuleName="again", EventBusName="second") == 1


def test_a_bus_that_is_not_there_is_refused_at_delivery(events, caplog):
    gone = events.bus("gone")
    events.rule("onwards", {"Arn": gone, "RoleArn": ROLE})
    events.store.delete_bus(events.store.bus("gone"))
    events.router.route(EVENT, "default")
    events.deliver()
    assert "NO_RESOURCE: Event bus gone does not exist." in caplog.text


@pytest.mark.parametrize(
    ("policy", "retries", "age", "wanted"),
    [
        (RetryPolicy(), 0, 0, 1.0),
        (RetryPolicy(), 3, 10, 8.0),
        # never more than eight minutes apart
        (RetryPolicy(), 9, 600, 480.0),
        (RetryPolicy(), 184, 50_000, 480.0),
        (RetryPolicy(), 185, 50_000, "MaximumRetryAttempts"),
        (RetryPolicy(attempts=0), 0, 0, "MaximumRetryAttempts"),
        (RetryPolicy(), 20, 86_000, "MaximumEventAgeInSeconds"),
        (RetryPolicy(age=60), 5, 28, 32.0),
        (RetryPolicy(age=60), 5, 29, "MaximumEventAgeInSeconds"),
    ],
)
def test_the_next_try(policy, retries, age, wanted):
    now = NOW + timedelta(seconds=age)
    found = next_try(policy, NOW, now, retries, lambda: 1.0)
    if isinstance(wanted, str):
        assert found == Exhausted(wanted)
    else:
        assert found == now + timedelta(seconds=wanted)


def test_jitter_takes_up_to_half_of_the_wait():
    assert next_try(RetryPolicy(), NOW, NOW, 3, lambda: 0.0) == NOW + timedelta(seconds=4)


def test_all_tries_of_the_default_policy_fit_into_a_day():
    now, retries = NOW, 0
    while not isinstance(due := next_try(RetryPolicy(), NOW, now, retries, lambda: 0.99), Exhausted):
        now, retries = due, retries + 1
    assert retries > 150 and now <= NOW + timedelta(days=1)
