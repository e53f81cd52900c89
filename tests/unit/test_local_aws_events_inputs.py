"""What targets get of an event: constants, parts and templates, and what PutTargets refuses of them."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any

import pytest

from local_aws.events.inputs import check_input, target_input
from local_aws.events.json_path import InvalidPath, JsonPath, NothingThere
from local_aws.events.records import Origin
from local_aws.sagemaker.errors import ValidationException

EVENT = {
    "version": "0",
    "id": "7bf73129-1428-4cd3-a780-95db273d1602",
    "detail-type": "EC2 Instance State-change Notification",
    "source": "aws.ec2",
    "account": "123456789012",
    "time": "2015-11-11T21:29:54Z",
    "region": "us-east-1",
    "resources": ["arn:aws:ec2:us-east-1:123456789012:instance/i-abcd1111"],
    "detail": {
        "instance-id": "i-0123456789",
        "state": "RUNNING",
        "quote": 'a "b"',
        "n": 2.5,
        "flag": True,
        "nothing": None,
        "text": "ümlaut",
        "items": [{"name": "one"}, {"name": "two"}],
        "inner": {"a": "x", "b": [1]},
    },
}
ORIGIN = Origin(
    "default",
    "example",
    "arn:aws:events:us-east-2:123456789012:rule/example",
    datetime(2030, 1, 2, 3, 4, 5, 678, tzinfo=timezone.utc),
)
PATHS = {"instance": "$.detail.instance-id", "state": "$.detail.state", "timestamp": "$.time"}


def filled(template: str, **paths: str) -> str:
    target = {"Id": "t", "Arn": "a", "InputTransformer": {"InputTemplate": template, "InputPathsMap": PATHS | paths}}
    check_input(target)
    return target_input(target, EVENT, ORIGIN)


def refusal(**target: Any) -> str:
    with pytest.raises(ValidationException) as refused:
        check_input({"Id": "t1", "Arn": "a", **target})
    return str(refused.value)


def test_without_an_input_of_its_own_a_target_gets_the_whole_event_as_compact_json():
    text = target_input({"Id": "t", "Arn": "a"}, EVENT, ORIGIN)
    assert json.loads(text) == EVENT
    assert '"state":"RUNNING"' in text and "ümlaut" in text


@pytest.mark.parametrize("given", ['{"a": [1]}', '"text"', "17", "null", "[]"])
def test_a_constant_is_passed_as_it_is(given):
    target = {"Id": "t", "Arn": "a", "Input": given}
    check_input(target)
    assert target_input(target, EVENT, ORIGIN) == given


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("$", EVENT),
        ("$.detail.state", "RUNNING"),
        ("$.detail.inner", {"a": "x", "b": [1]}),
        ("$.resources[0]", EVENT["resources"][0]),
        ("$.detail.items[1].name", "two"),
        ("$.detail.items[*].name", ["one", "two"]),
        ("$.detail.inner.*", ["x", [1]]),
        ("$.detail.nothing", None),
        ("$.detail.missing", None),
        ("$.detail-type", EVENT["detail-type"]),
    ],
)
def test_a_path_passes_a_part(path, wanted):
    target = {"Id": "t", "Arn": "a", "InputPath": path}
    check_input(target)
    assert json.loads(target_input(target, EVENT, ORIGIN)) == wanted


@pytest.mark.parametrize(
    ("template", "wanted"),
    [
        # the examples of the guide
        ('"instance <instance> is in <state>"', '"instance i-0123456789 is in RUNNING"'),
        (r'"instance \"<instance>\" is in <state>"', r'"instance \"i-0123456789\" is in RUNNING"'),
        ('{"instance" : <instance>, "state": <state>}', '{"instance":"i-0123456789","state":"RUNNING"}'),
        (
            '{"instance" : <instance>, "state": "<state>", "status": "instance \\"<instance>\\" is in <state>"}',
            '{"instance":"i-0123456789","state":"RUNNING","status":"instance \\"i-0123456789\\" is in RUNNING"}',
        ),
        ('{"state": [ 9, <state>, true ],\n "T" : "Yes"}', '{"state":[9,"RUNNING",true],"T":"Yes"}'),
        ('"<aws.events.rule-name> triggered"', '"example triggered"'),
        ('{"arn": <aws.events.rule-arn>}', '{"arn":"arn:aws:events:us-east-2:123456789012:rule/example"}'),
        ('"<aws.events.event.ingestion-time>"', '"2030-01-02T03:04:05Z"'),
        # several strings, one a line
        ('"one <state>"\n"two <state>"', '"one RUNNING"\n"two RUNNING"'),
        ("{}", "{}"),
    ],
)
def test_a_template_is_filled_in(template, wanted):
    assert filled(template) == wanted


@pytest.mark.parametrize(
    ("path", "plain", "in_string"),
    [
        ("$.detail.n", "2.5", "2.5"),
        ("$.detail.flag", "true", "true"),
        ("$.detail.nothing", "null", "null"),
        ("$.detail.missing", '""', ""),
        ("$.detail.text", '"ümlaut"', "ümlaut"),
        ("$.detail.inner", '{"a":"x","b":[1]}', "{a:x,b:[1]}"),
        ("$.detail.items[*].name", '["one","two"]', "[one,two]"),
        ("$.detail.quote", '"a \\"b\\""', None),
    ],
)
def test_a_value_is_quoted_outside_of_strings_and_stands_as_it_is_inside(path, plain, in_string):
    assert filled('{"v": <v>}', v=path) == f'{{"v":{plain}}}'
    if in_string is not None:
        assert filled('{"v": "<v>!"}', v=path) == f'{{"v":"{in_string}!"}}'
    else:
        # as the service warns: values are not escaped, so this is no JSON any more
        assert filled('{"v": "<v>!"}', v=path) == '{"v": "a "b"!"}'


def test_whole_events_with_and_without_their_detail():
    both = json.loads(filled('{"event": <aws.events.event>, "json": <aws.events.event.json>}'))
    assert both["json"] == EVENT
    assert both["event"] == {name: value for name, value in EVENT.items() if name != "detail"}


def test_what_looks_like_a_variable_in_a_value_is_not_replaced():
    target = {
        "Id": "t",
        "Arn": "a",
        "InputTransformer": {"InputTemplate": '"<a> <b>"', "InputPathsMap": {"a": "$.detail.a", "b": "$.detail.b"}},
    }
    event = {**EVENT, "detail": {"a": "<b>", "b": r"\1"}}
    assert target_input(target, event, ORIGIN) == r'"<b> \1"'


def test_inputs_that_no_target_can_have_are_refused():
    one_of = "Only one of Input, InputPath, or InputTransformer must be provided for target t1."
    assert refusal(Input="{}", InputPath="$") == one_of
    assert refusal(InputPath="$", InputTransformer={"InputTemplate": "{}"}) == one_of
    assert refusal(Input="bare word") == "JSON syntax error in input for target t1."
    for path in ("detail", "$.detail['key']", "$..detail", "$.", "$.detail[", "$.a b"):
        assert refusal(InputPath=path).startswith("InputPath for target t1 is invalid."), path
        transformer = {"InputTemplate": "{}", "InputPathsMap": {"v": path}}
        assert refusal(InputTransformer=transformer).startswith("InputPath for target t1 is invalid."), path


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ('"<unknown>"', "InputTemplate for target t1 contains invalid placeholder unknown."),
        ("bare <v>", "Invalid InputTemplate for target t1"),
        ('{"v": <v>', "Invalid InputTemplate for target t1"),
        (
            '"<aws.events.event.json>"',
            "contains placeholder aws.events.event.json valid only for JSON template.",
        ),
        ("[<aws.events.event>]", "contains placeholder aws.events.event valid only for JSON template."),
        (
            '{"e": "all: <aws.events.event.json>"}',
            "contains placeholder aws.events.event.json valid only for JSON template.",
        ),
    ],
)
def test_templates_that_cannot_be_filled_in_are_refused(template, reason):
    transformer = {"InputTemplate": template, "InputPathsMap": {"v": "$.detail"}}
    assert reason in refusal(InputTransformer=transformer)


def test_predefined_names_are_taken():
    transformer = {"InputTemplate": "{}", "InputPathsMap": {"aws.events.rule-name": "$.id"}}
    assert "reserved name aws.events.rule-name" in refusal(InputTransformer=transformer)


def test_paths_say_what_they_cannot_read_and_when_nothing_is_there():
    with pytest.raises(InvalidPath, match="from"):
        JsonPath.parse("$.a[x]")
    for path in ("$.missing", "$.detail.items[7]", "$.detail.state[0]", "$.detail.state.deeper"):
        with pytest.raises(NothingThere):
            JsonPath.parse(path).find(EVENT)
    assert JsonPath.parse("$.detail.state[*]").find(EVENT) == []
