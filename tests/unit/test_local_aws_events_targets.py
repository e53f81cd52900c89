"""Functions and topics as targets: what is asked of them, and what their faults come to."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from moto.awslambda.exceptions import UnknownFunctionException
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from local_aws.events.errors import FunctionFailed, NotDelivered, Refused, TryAgain
from local_aws.events.records import Delivery, Origin
from local_aws.events.targets.functions import FunctionTarget
from local_aws.events.targets.topics import TopicTarget
from local_aws.functions.errors import (
    InvalidRequestContent,
    InvalidZipFile,
    InvocationRefused,
    RequestTooLarge,
    TooManyRequests,
)
from local_aws.functions.function import FunctionAnswer, FunctionNotFound
from tests.unit.local_aws_events_service import ACCOUNT, EVENT, REGION, ROLE, Clock

RULE = f"arn:aws:events:{REGION}:{ACCOUNT}:rule/one"
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:notify"
ALLOWED = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "lambda:InvokeFunction"}


def delivery(arn: str, **target: Any) -> Delivery:
    now = Clock()()
    return Delivery("d-1", EVENT, Origin("default", "one", RULE, now), {"Id": "1", "Arn": arn, **target}, now)


class Lambda:
    """The records of one function, `notify`, with an alias `live`, and what it was invoked with."""

    def __init__(self, *statements: dict[str, Any], retries: int | None = None) -> None:
        self.region_name, self.account_id = REGION, ACCOUNT
        configured = [] if retries is None else [SimpleNamespace(config={"MaximumRetryAttempts": retries})]
        self._function = SimpleNamespace(
            **{"function_name": "notify", "version": "$LATEST", "function_arn": FUNCTION, "run_time": "python3.11"},
            **{"handler": "app.handler", "timeout": 3, "memory_size": 128, "code_sha_256": "x", "code_bytes": b""},
            **{"layers": [], "environment_vars": {}, "reserved_concurrency": None, "event_invoke_config": configured},
            policy=SimpleNamespace(statements=list(statements)),
        )
        self.invoked: list[tuple[str, bytes]] = []
        self.outcome: FunctionAnswer | Exception = FunctionAnswer(200, b"null", None)

    def get_function(self, name: str, qualifier: str | None) -> Any:
        if name != "notify" or qualifier not in (None, "live"):
            raise UnknownFunctionException(name)
        return self._function

    def layers_versions_by_arn(self, arn: str) -> Any:
        raise AssertionError(arn)

    def invoke(self, function: str, payload: bytes) -> FunctionAnswer:
        self.invoked.append((function, payload))
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


def target(functions: Any) -> FunctionTarget:
    return FunctionTarget(functions.invoke, functions)


def outcome(deliver: Callable[[], None]) -> NotDelivered:
    with pytest.raises(NotDelivered) as failed:
        deliver()
    return failed.value


@pytest.mark.parametrize("arn", [FUNCTION, f"{FUNCTION}:live"])
def test_a_function_is_invoked_where_its_policy_permits_it(arn):
    functions = Lambda(ALLOWED)
    target(functions).deliver(delivery(arn), '{"n":"ü"}')
    assert functions.invoked == [(arn, '{"n":"ü"}'.encode())]


@pytest.mark.parametrize(
    "statements",
    [
        [],
        [{**ALLOWED, "Principal": {"Service": "s3.amazonaws.com"}}],
        [{**ALLOWED, "Condition": {"ArnLike": {"AWS:SourceArn": f"{RULE}-other"}}}],
    ],
)
def test_a_function_is_not_invoked_where_its_policy_does_not_permit_it(statements):
    functions = Lambda(*statements)
    failed = outcome(lambda: target(functions).deliver(delivery(FUNCTION), "{}"))
    assert isinstance(failed, Refused) and failed.code == "NO_PERMISSIONS"
    assert functions.invoked == []
    # a role of the target's own takes the place of the policy; what it permits is not looked at
    target(functions).deliver(delivery(FUNCTION, RoleArn=ROLE), "{}")
    assert len(functions.invoked) == 1


@pytest.mark.parametrize(
    ("error", "kind", "code"),
    [
        (FunctionNotFound("gone"), Refused, "NO_RESOURCE"),
        (TooManyRequests("Rate Exceeded."), TryAgain, "THROTTLING"),
        (InvalidRequestContent("no JSON"), Refused, "INVALID_JSON"),
        (RequestTooLarge("too large"), Refused, "INVALID_PARAMETER"),
        (InvalidZipFile("no code"), Refused, "ERROR_FROM_TARGET"),
        (InvocationRefused("what"), Refused, "ERROR_FROM_TARGET"),
    ],
)
def test_what_lambda_answers_decides_whether_to_try_again(error, kind, code):
    functions = Lambda(ALLOWED)
    functions.outcome = error
    failed = outcome(lambda: target(functions).deliver(delivery(FUNCTION), "{}"))
    assert (type(failed), failed.code) == (kind, code)


def test_a_function_that_is_not_there_is_refused():
    failed = outcome(lambda: target(Lambda(ALLOWED)).deliver(delivery(f"{FUNCTION}-2"), "{}"))
    assert isinstance(failed, Refused) and failed.code == "NO_RESOURCE"


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        (b'{"errorType": "ValueError", "errorMessage": "no"}', "ValueError: no"),
        (b"not JSON", "not JSON"),
        (b"[]", "[]"),
    ],
)
def test_a_function_that_fails_says_how_often_lambda_tries_it_again(payload, message):
    for configured, retries in ((None, 2), (0, 0)):
        functions = Lambda(ALLOWED, retries=configured)
        functions.outcome = FunctionAnswer(200, payload, "Unhandled")
        with pytest.raises(FunctionFailed) as failed:
            target(functions).deliver(delivery(FUNCTION), "{}")
        assert (str(failed.value), failed.value.retries) == (message, retries)


@pytest.fixture
def sns():
    made = sns_backends[ACCOUNT][REGION]
    yield made
    made.topics.clear()
    made.subscriptions.clear()
    sqs_backends[ACCOUNT][REGION].queues.clear()


def test_a_topic_hands_the_event_to_its_subscribers_where_its_policy_permits_it(sns):
    queue = sqs_backends[ACCOUNT][REGION].create_queue("subscriber")
    topic = sns.create_topic("news")
    sns.subscribe(topic.arn, queue.queue_arn, "sqs")
    changed: list[str] = []
    things = TopicTarget(sns, changed.append)
    # the policy that a topic begins with lets the account in, not EventBridge
    failed = outcome(lambda: things.deliver(delivery(topic.arn), '"text"'))
    assert isinstance(failed, Refused) and failed.code == "NO_PERMISSIONS" and "sns:Publish" in failed.message
    assert not queue._messages and changed == []
    statement = {**ALLOWED, "Action": "sns:Publish", "Resource": topic.arn}
    topic.policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    things.deliver(delivery(topic.arn), '"text"')
    (message,) = queue._messages
    assert json.loads(message.body)["Message"] == '"text"'
    assert changed == ["sns", "sqs"]


def test_a_topic_that_is_not_there_or_a_message_that_is_too_long_is_refused(sns):
    topic = sns.create_topic("news")
    things = TopicTarget(sns)
    gone = outcome(lambda: things.deliver(delivery(f"{topic.arn}-2"), "{}"))
    assert (type(gone), gone.code) == (Refused, "NO_RESOURCE")
    large = outcome(lambda: things.deliver(delivery(topic.arn, RoleArn=ROLE), "x" * 300_000))
    assert (type(large), large.code) == (Refused, "INVALID_PARAMETER")
