"""Which resource policies let EventBridge in."""

from __future__ import annotations

from typing import Any

import pytest

from local_aws.events.permissions import Call

QUEUE = "arn:aws:sqs:us-east-1:123456789012:orders"
RULE = "arn:aws:events:us-east-1:123456789012:rule/arrivals"
CALL = Call("sqs:SendMessage", QUEUE, RULE)
GUIDE: dict[str, Any] = {
    "Effect": "Allow",
    "Principal": {"Service": "events.amazonaws.com"},
    "Action": "sqs:SendMessage",
    "Resource": QUEUE,
    "Condition": {"ArnEquals": {"aws:SourceArn": RULE}},
}


def statement(**changes: Any) -> dict[str, Any]:
    return {name: value for name, value in (GUIDE | changes).items() if value is not None}


@pytest.mark.parametrize(
    ("changes", "allowed"),
    [
        ({}, True),
        ({"Condition": None}, True),
        ({"Resource": None}, True),
        ({"Resource": "*"}, True),
        ({"Resource": ["other", "arn:aws:sqs:*:*:or?ers"]}, True),
        ({"Resource": "arn:aws:sqs:us-east-1:123456789012:other"}, False),
        ({"Action": ["SQS:*"]}, True),
        ({"Action": "*"}, True),
        ({"Action": "sqs:sendmessage"}, True),
        ({"Action": "sqs:ReceiveMessage"}, False),
        ({"Action": None}, False),
        ({"Action": None, "NotAction": "sqs:DeleteQueue"}, False),
        ({"Principal": "*"}, True),
        ({"Principal": {"AWS": "*"}}, True),
        ({"Principal": {"Service": ["sns.amazonaws.com", "events.amazonaws.com"]}}, True),
        ({"Principal": {"Service": "sns.amazonaws.com"}}, False),
        ({"Principal": {"AWS": "arn:aws:iam::123456789012:root"}}, False),
        ({"Principal": "123456789012"}, False),
        ({"Effect": "Deny"}, False),
        ({"Condition": {"ArnLike": {"AWS:SourceArn": "arn:aws:events:*:*:rule/*"}}}, True),
        ({"Condition": {"ArnEquals": {"aws:SourceArn": f"{RULE}-2"}}}, False),
        ({"Condition": {"ArnEquals": {"aws:SourceArn": [f"{RULE}-2", RULE]}}}, True),
        ({"Condition": {"StringEquals": {"aws:SourceArn": "arn:aws:events:*"}}}, False),
        ({"Condition": {"StringLike": {"aws:SourceArn": "arn:aws:events:*"}}}, True),
        ({"Condition": {"StringEquals": {"aws:SourceAccount": "123456789012"}}}, True),
        ({"Condition": {"StringEquals": {"aws:SourceAccount": "210987654321"}}}, False),
        ({"Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}}, False),
        ({"Condition": {"Bool": {"aws:SourceArn": "true"}}}, False),
        ({"Condition": {"ArnLike": {"aws:SourceArn": RULE}, "StringEquals": {"aws:SourceAccount": "1"}}}, False),
    ],
)
def test_a_statement_allows_what_it_says(changes, allowed):
    assert CALL.allowed_by([statement(**changes)]) is allowed


def test_a_denial_beats_what_others_allow_and_no_statement_is_no_permission():
    assert not CALL.allowed_by([])
    assert CALL.allowed_by([statement(Action="sqs:ReceiveMessage"), statement()])
    assert not CALL.allowed_by([statement(), statement(Effect="Deny", Condition=None)])
    assert CALL.allowed_by([statement(), statement(Effect="Deny", Action="sqs:DeleteQueue")])


def test_what_is_missing_is_named():
    text = CALL.missing()
    assert "events.amazonaws.com" in text and "sqs:SendMessage" in text and QUEUE in text and RULE in text
