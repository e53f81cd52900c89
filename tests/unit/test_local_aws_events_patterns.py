"""Event patterns: the examples of the guide, and what happens at the edges."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local_aws.events.matchers import InvalidPattern
from local_aws.events.patterns import Pattern

EVENT = {
    "version": "0",
    "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
    "detail-type": "EC2 Instance State-change Notification",
    "source": "aws.ec2",
    "account": "111122223333",
    "time": "2017-12-22T18:43:48Z",
    "region": "us-west-1",
    "resources": ["arn:aws:ec2:us-west-1:123456789012:instance/i-1234567890abcdef0", "arn:aws:ec2:x"],
    "detail": {
        "instance-id": "i-1234567890abcdef0",
        "state": "Terminated",
        "c-count": 5,
        "x-limit": 301.8,
        "source-ip": "10.0.0.33",
        "ipv6": "2001:db8::17",
        "empty": "",
        "nothing": None,
        "yes": True,
        "no": False,
        "file": "incoming/2024/picture.PNG",
        "star": "a*b",
        "slash": "a\\b",
        "list": ["red", "green"],
        "mixed": [1, "one", None, {"deep": "inside"}],
        "nested": [[1, 2], [3]],
        "no-elements": [],
        "employees": [{"first": "Anna", "last": "Smith"}, {"first": "Peter", "last": "Jones", "n": 1}],
        "object": {"leaf": 1, "deep": {"er": "x"}},
        "dotted.name": {"a": 1},
    },
}


def matches(pattern: dict[str, Any], event: Any = EVENT) -> bool:
    return Pattern.parse(json.dumps(pattern)).matches(event)


def in_detail(*values: Any, field: str = "state") -> bool:
    return matches({"detail": {field: list(values)}})


@pytest.mark.parametrize(
    ("pattern", "wanted"),
    [
        ({"source": ["aws.ec2"]}, True),
        ({"source": ["aws.s3", "aws.ec2"]}, True),
        ({"source": ["aws.s3"]}, False),
        ({"Source": ["aws.ec2"]}, False),
        ({"source": ["aws.ec2"], "region": ["eu-west-1"]}, False),
        ({"source": ["aws.ec2"], "detail": {"state": ["Terminated", "running"]}}, True),
        ({"detail": {"state": ["terminated"]}}, False),
        ({"resources": ["arn:aws:ec2:x", "other"]}, True),
        ({"resources": ["other"]}, False),
        ({"nowhere": ["x"]}, False),
        ({"detail": {"object": {"deep": {"er": ["x"]}}}}, True),
        ({"detail": {"object": {"deep": ["x"]}}}, False),
        ({"detail": {"state": {"deep": ["x"]}}}, False),
    ],
)
def test_fields_are_compared_with_all_values_of_a_list(pattern, wanted):
    assert matches(pattern) is wanted


@pytest.mark.parametrize(
    ("field", "expected", "wanted"),
    [
        ("empty", "", True),
        ("empty", None, False),
        ("nothing", None, True),
        ("nothing", "", False),
        ("nothing", "null", False),
        ("missing", None, False),
        ("yes", True, True),
        ("yes", 1, False),
        ("yes", "true", False),
        ("no", False, True),
        ("no", 0, False),
        ("c-count", 5, True),
        ("c-count", 5.0, True),
        ("c-count", "5", False),
        ("c-count", True, False),
        ("x-limit", 3.018e2, True),
        ("no-elements", None, False),
        # prefix and suffix
        ("file", {"prefix": "incoming/"}, True),
        ("file", {"prefix": "Incoming/"}, False),
        ("file", {"prefix": {"equals-ignore-case": "INCOMING/"}}, True),
        ("file", {"suffix": ".png"}, False),
        ("file", {"suffix": ".PNG"}, True),
        ("file", {"suffix": {"equals-ignore-case": ".png"}}, True),
        ("c-count", {"prefix": ""}, False),
        ("empty", {"prefix": ""}, True),
        ("state", {"equals-ignore-case": "tErMiNaTeD"}, True),
        ("state", {"equals-ignore-case": "term"}, False),
        ("empty", {"equals-ignore-case": ""}, True),
        # wildcard
        ("file", {"wildcard": "incoming/*.PNG"}, True),
        ("file", {"wildcard": "*/*/*"}, True),
        ("file", {"wildcard": "*2024*picture*"}, True),
        ("file", {"wildcard": "*picture*2024*"}, False),
        ("file", {"wildcard": "incoming"}, False),
        ("file", {"wildcard": "*"}, True),
        ("state", {"wildcard": "Terminated*"}, True),
        ("state", {"wildcard": "Term*inated*inated"}, False),
        ("star", {"wildcard": "a\\*b"}, True),
        ("slash", {"wildcard": "a\\*b"}, False),
        ("slash", {"wildcard": "a\\\\b"}, True),
        ("c-count", {"wildcard": "*"}, False),
        # numeric
        ("c-count", {"numeric": [">", 0, "<=", 5]}, True),
        ("c-count", {"numeric": [">", 5]}, False),
        ("c-count", {"numeric": [">=", 5, "<", 6]}, True),
        ("c-count", {"numeric": ["<", 5]}, False),
        ("c-count", {"numeric": ["=", 5]}, True),
        ("x-limit", {"numeric": ["=", 3.018e2]}, True),
        ("yes", {"numeric": ["=", 1]}, False),
        ("state", {"numeric": [">", 0]}, False),
        # IP addresses
        ("source-ip", {"cidr": "10.0.0.0/24"}, True),
        ("source-ip", {"cidr": "10.0.1.0/24"}, False),
        ("source-ip", {"cidr": "10.0.0.7/24"}, True),
        ("ipv6", {"cidr": "2001:db8::/32"}, True),
        ("ipv6", {"cidr": "10.0.0.0/8"}, False),
        ("state", {"cidr": "10.0.0.0/8"}, False),
        ("c-count", {"cidr": "0.0.0.0/0"}, False),
        # exists looks at leaves
        ("state", {"exists": True}, True),
        ("nothing", {"exists": True}, True),
        ("missing", {"exists": True}, False),
        ("missing", {"exists": False}, True),
        ("state", {"exists": False}, False),
        ("object", {"exists": True}, False),
        ("object", {"exists": False}, True),
        # lists in the event count as what is in them
        ("list", "green", True),
        ("list", "blue", False),
        ("mixed", None, True),
        ("mixed", 1, True),
        ("mixed", "inside", False),
        ("nested", 3, True),
    ],
)
def test_one_value(field, expected, wanted):
    assert in_detail(expected, field=field) is wanted


@pytest.mark.parametrize(
    ("field", "unwanted", "wanted"),
    [
        ("state", "initializing", True),
        ("state", "Terminated", False),
        ("state", ["initializing", "Terminated"], False),
        ("state", ["initializing", "stopped"], True),
        ("c-count", 5, False),
        ("c-count", [100, 200], True),
        ("c-count", "5", True),
        ("nothing", "anything", True),
        ("missing", "anything", False),
        ("state", {"prefix": "Term"}, False),
        ("state", {"prefix": ["init", "stop"]}, True),
        ("state", {"prefix": ["init", "Term"]}, False),
        ("c-count", {"prefix": "5"}, True),
        ("nothing", {"prefix": "x"}, True),
        ("missing", {"prefix": "x"}, False),
        ("file", {"suffix": ".PNG"}, False),
        ("file", {"suffix": [".txt", ".png"]}, True),
        ("state", {"equals-ignore-case": "TERMINATED"}, False),
        ("state", {"equals-ignore-case": ["running", "terminated"]}, False),
        ("state", {"equals-ignore-case": "running"}, True),
        ("file", {"wildcard": "*/2024/*"}, False),
        ("file", {"wildcard": ["*/2023/*", "outgoing/*"]}, True),
        # one element that is something else is enough
        ("list", "red", True),
        ("list", ["red", "green"], False),
    ],
)
def test_anything_but(field, unwanted, wanted):
    assert in_detail({"anything-but": unwanted}, field=field) is wanted


def test_a_list_of_tests_is_met_by_one_of_them():
    assert in_detail("running", {"prefix": "Term"}, {"exists": False})
    assert in_detail("x", {"exists": False}, field="missing")
    assert not in_detail("x", {"exists": False})


def test_elements_of_a_list_are_never_mixed():
    def employees(**wanted: Any) -> bool:
        return matches({"detail": {"employees": {name: [value] for name, value in wanted.items()}}})

    assert employees(first="Anna")
    assert employees(first="Anna", last="Smith")
    assert not employees(first="Anna", last="Jones")
    # it exists somewhere in the event, so it is not absent for Anna either
    assert not employees(first="Anna", n={"exists": False})
    assert employees(first="Anna", m={"exists": False})


@pytest.mark.parametrize(
    ("pattern", "wanted"),
    [
        ({"$or": [{"source": ["aws.s3"]}, {"region": ["us-west-1"]}]}, True),
        ({"$or": [{"source": ["aws.s3"]}, {"region": ["eu-west-1"]}]}, False),
        ({"source": ["aws.ec2"], "$or": [{"region": ["eu-west-1"]}, {"account": ["111122223333"]}]}, True),
        ({"source": ["aws.s3"], "$or": [{"region": ["us-west-1"]}, {"account": ["111122223333"]}]}, False),
        (
            {
                "detail": {
                    "$or": [{"c-count": [{"numeric": [">", 10]}]}, {"x-limit": [{"numeric": ["=", 301.8]}]}],
                    "state": ["Terminated"],
                }
            },
            True,
        ),
        ({"$or": [{"source": ["aws.s3"]}, {"region": ["us-west-1"], "detail": {"state": ["running"]}}]}, False),
        (
            {
                "$or": [
                    {"source": ["aws.s3"]},
                    {"region": ["us-west-1"], "$or": [{"detail": {"state": ["running"]}}, {"version": ["0"]}]},
                ]
            },
            True,
        ),
        ({"$or": [{"detail": {"missing": [{"exists": False}]}}, {"source": ["x"]}]}, True),
    ],
)
def test_or(pattern, wanted):
    assert matches(pattern) is wanted


def test_a_dot_in_a_name_is_one_more_level_on_both_sides():
    assert matches({"detail": {"dotted": {"name": {"a": [1]}}}})
    assert matches({"detail": {"object.deep.er": ["x"]}})
    assert matches({"detail": {"object.leaf": [1], "object": {"deep": {"er": ["x"]}}}})
    assert matches({"a.b": [1], "a": {"c": [2]}}, {"a.b": 1, "a": {"c": 2}})
    assert not matches({"detail": {"object.leaf": [2]}})


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("not json", "line: 1"),
        ("{'bad': ['quotes']}", "line: 1"),
        ('["a", "list"]', "Filter is not an object"),
        ("{}", "Empty objects are not allowed"),
        ('{"detail": {}}', "Empty objects are not allowed"),
        ('{"source": []}', "Empty arrays are not allowed"),
        ('{"source": "aws.s3"}', '"source" must be an object or an array'),
        ('{"n": 42}', '"n" must be an object or an array'),
        ('{"source": [["a"]]}', "Match value must be String, number, true, false, or null"),
        ('{"source": [{}]}', "Match expression name not found"),
        ('{"source": [{"EXISTS": true}]}', "Unrecognized match type EXISTS"),
        ('{"source": [{"prefix": "a", "suffix": "b"}]}', "Only one key allowed in match expression"),
        ('{"source": [{"prefix": 1}]}', "prefix match pattern must be a string"),
        ('{"source": [{"prefix": ["a"]}]}', "prefix match pattern must be a string"),
        ('{"source": [{"prefix": {"wildcard": "a"}}]}', "Unsupported prefix pattern: wildcard"),
        ('{"source": [{"suffix": 1}]}', "suffix match pattern must be a string"),
        ('{"source": [{"equals-ignore-case": ["a"]}]}', "equals-ignore-case match pattern must be a string"),
        ('{"source": [{"wildcard": 1}]}', "wildcard match pattern must be a string"),
        ('{"source": [{"wildcard": "ab**c"}]}', "Consecutive wildcard characters at pos 3"),
        (r'{"source": [{"wildcard": "a\\n"}]}', "Invalid escape character at pos 2"),
        ('{"source": [{"exists": "yes"}]}', "exists match pattern must be either true or false."),
        ('{"source": [{"cidr": "10.0.0.1"}]}', "Malformed CIDR, one '/' required"),
        ('{"source": [{"cidr": "10.0.0.0/33"}]}', "Malformed CIDR"),
        ('{"source": [{"cidr": "300.0.0.0/8"}]}', "Malformed CIDR"),
        ('{"n": [{"numeric": 1}]}', "Value of numeric must be an array."),
        ('{"n": [{"numeric": []}]}', "Invalid member in numeric match"),
        ('{"n": [{"numeric": [">", "0"]}]}', "Value of > must be numeric"),
        ('{"n": [{"numeric": [">", 0, "<"]}]}', "Value of < must be numeric"),
        ('{"n": [{"numeric": ["=", true]}]}', "Value of equals must be numeric"),
        ('{"n": [{"numeric": ["!=", 1]}]}', "Unrecognized numeric range operator: !="),
        ('{"n": [{"numeric": [">", 0, ">", 1]}]}', "Bad numeric range operator: >"),
        ('{"n": [{"numeric": ["<", 5, ">", 0]}]}', "Too many elements in numeric expression"),
        ('{"n": [{"numeric": ["=", 5, "<", 6]}]}', "Too many elements in numeric expression"),
        ('{"n": [{"numeric": [">", 5, "<", 5]}]}', "Bottom must be less than top"),
        ('{"n": [{"numeric": [">", 6e9]}]}', "Value must be between"),
        ('{"n": [{"anything-but": null}]}', "Value of anything-but must be an array or single string/number value."),
        ('{"n": [{"anything-but": [1, "a"]}]}', "mixed type is not supported"),
        ('{"n": [{"anything-but": []}]}', "mixed type is not supported"),
        ('{"n": [{"anything-but": [null]}]}', "Inside anything but list, start|null|boolean is not supported."),
        ('{"n": [{"anything-but": {"exists": true}}]}', "Unsupported anything-but pattern: exists"),
        ('{"n": [{"anything-but": {"prefix": ""}}]}', "Null prefix/suffix not allowed"),
        ('{"n": [{"anything-but": {"prefix": 1}}]}', "prefix/suffix match pattern must be a string"),
        ('{"n": [{"anything-but": {"suffix": [1, "a"]}}]}', "prefix/suffix match pattern must be a string"),
        ('{"n": [{"anything-but": {"wildcard": 1}}]}', "wildcard match pattern must be a string"),
        (
            '{"n": [{"anything-but": {"equals-ignore-case": 1}}]}',
            "Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported.",
        ),
        (
            '{"n": [{"anything-but": {"prefix": {"equals-ignore-case": "a"}}}]}',
            "Value of anything-but must be an array or single string/number value.",
        ),
        ('{"$or": {"a": [1]}}', "It must be an Array followed with $or."),
        ('{"$or": [{"a": [1]}]}', "There must have at least 2 Objects in $or relationship."),
        ('{"$or": [{"a": [1]}, 2]}', "Only JSON object is allowed in array of $or relationship."),
        ('{"$or": [{"numeric": [1]}, {"a": [2]}]}', "numeric is Ruler reserved fieldName"),
        ('{"a": [1], "a": [2]}', "Path `a` cannot be allowed multiple times"),
        ('{"a.b": [1], "a": {"b": [2]}}', "Path `a.b` cannot be allowed multiple times"),
        ('{"a": [NaN]}', "NaN is not a number in JSON"),
        pytest.param('{"a":' * 50_000 + "1" + "}" * 50_000, "nested too deeply", id="deep"),
    ],
)
def test_what_is_no_pattern_is_refused_with_the_reason(text, reason):
    with pytest.raises(InvalidPattern) as refused:
        Pattern.parse(text)
    assert reason in str(refused.value)


def test_a_wildcard_pattern_takes_no_exponential_time():
    hard = "*".join(["a" * 20] * 40) + "*b"
    assert not matches({"x": [{"wildcard": hard}]}, {"x": "a" * 100_000})
