"""The pure parts of pipelines: parameters' values, references, conditions, durations, names, retries."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from local_aws.sagemaker.errors import ValidationException
from local_aws.sagemaker.pipeline.caching import cache_key
from local_aws.sagemaker.pipeline.conditions import BadCondition, evaluate, evaluate_all
from local_aws.sagemaker.pipeline.durations import BadDuration, parse_duration
from local_aws.sagemaker.pipeline.expressions import BadExpression, parse_path
from local_aws.sagemaker.pipeline.graph import ancestors, find_cycle
from local_aws.sagemaker.pipeline.names import new_execution_id, resource_name
from local_aws.sagemaker.pipeline.parameters import Parameter, bind, parse_parameter
from local_aws.sagemaker.pipeline.policies import parse_retries
from local_aws.sagemaker.pipeline.references import Scope, UnresolvedReference, resolve
from local_aws.sagemaker.pipeline.retries import next_wait, policy_for
from local_aws.sagemaker.pipeline.structure import PropertyFile

# Parameters


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("String", "12", "12"),
        ("String", "", ""),
        ("Integer", "12", 12),
        ("Integer", "-3", -3),
        ("Float", "0.85", 0.85),
        ("Float", "1", 1.0),
        ("Float", "1e-3", 0.001),
        ("Boolean", "True", True),
        ("Boolean", "false", False),
    ],
)
def test_a_value_given_as_text_becomes_one_of_its_type(kind: str, text: str, value: Any) -> None:
    bound = bind({"P": Parameter("P", kind)}, [{"Name": "P", "Value": text}])
    assert bound == {"P": value}
    assert type(bound["P"]) is type(value)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("Integer", "1.5"),
        ("Integer", ""),
        ("Float", "x"),
        ("Float", "nan"),
        ("Boolean", "yes"),
        ("Boolean", "1"),
    ],
)
def test_a_value_of_another_type_is_refused(kind: str, text: str) -> None:
    with pytest.raises(ValidationException) as raised:
        bind({"P": Parameter("P", kind)}, [{"Name": "P", "Value": text}])
    assert raised.value.message == f"Unexpected type for parameter 'P'. Expected {kind} but found '{text}'."


def test_values_are_bound_in_declaration_order_with_defaults_for_the_rest() -> None:
    declared = {
        "A": Parameter("A", "Integer", 1),
        "B": Parameter("B", "Boolean", False),
        "C": Parameter("C", "String"),
    }
    assert list(bind(declared, [{"Name": "C", "Value": "c"}]).items()) == [("A", 1), ("B", False), ("C", "c")]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ([], "Parameter 'A' is undefined"),
        ([{"Name": "Z", "Value": "1"}], "Unknown parameter 'Z'. The pipeline's parameters are: A."),
        ([{"Name": "A", "Value": "2"}, {"Name": "A", "Value": "3"}], "given more than once"),
        ([{"Name": "A", "Value": "1"}], "Parameter 'A' value 1 is below its MinValue 2."),
        ([{"Name": "A", "Value": "9"}], "Parameter 'A' value 9 is above its MaxValue 8."),
    ],
)
def test_values_that_do_not_fit_the_declaration_are_refused(given: list[dict[str, str]], words: str) -> None:
    declared = parse_parameter({"Name": "A", "Type": "Integer", "MinValue": 2, "MaxValue": 8})
    with pytest.raises(ValidationException, match=re.escape(words)):
        bind({"A": declared}, given)


def test_a_value_must_be_among_the_enum_values() -> None:
    declared = parse_parameter({"Name": "A", "Type": "String", "EnumValues": ["x", "y"]})
    assert bind({"A": declared}, [{"Name": "A", "Value": "y"}]) == {"A": "y"}
    with pytest.raises(ValidationException, match=re.escape("value 'z' is not one of its EnumValues: [x, y]")):
        bind({"A": declared}, [{"Name": "A", "Value": "z"}])


# References

OUTPUTS = [{"OutputName": "train", "S3Output": {"S3Uri": "s3://b/train/"}}]
OBJECTS = {
    "s3://b/train/e.json": {"m": {"a b": [1, {"v": 0.5}], "t": True, "n": None}},
    "s3://b/x.json": [5, 10],
}


def read(uri: str) -> bytes:
    return json.dumps(OBJECTS[uri]).encode()


SCOPE = Scope(
    parameters={"I": 3, "F": 0.5, "S": "s", "B": True},
    variables={"PipelineName": "p"},
    experiment={"TrialName": "t"},
    properties={
        "P": {
            "ProcessingOutputConfig": {"Outputs": OUTPUTS},
            "ProcessingEndTime": datetime(2026, 8, 6, 1, 2, 3, 456000, tzinfo=timezone.utc),
            "Environment": {"a.b": "dotted"},
            "AppSpecification": {"ContainerArguments": ["x", "y"]},
        },
        "T": {"FinalMetricDataList": [{"MetricName": "val:acc", "Value": 0.9}]},
        "C": {"Outcome": False},
    },
    property_files={"P": {"E": PropertyFile("E", "train", "e.json")}},
    read=read,
)


def get(text: str) -> dict[str, str]:
    return {"Get": text}


def join(*values: Any, on: str = "") -> dict[str, Any]:
    return {"Std:Join": {"On": on, "Values": list(values)}}


def json_get(path: str, **source: Any) -> dict[str, Any]:
    return {"Std:JsonGet": {**(source or {"PropertyFile": get("Steps.P.PropertyFiles.E")}), "Path": path}}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        (get("Parameters.I"), 3),
        (get("Parameters.B"), True),
        (get("Execution.PipelineName"), "p"),
        (get("PipelineExperimentConfig.TrialName"), "t"),
        (get("Steps.P.ProcessingOutputConfig.Outputs['train'].S3Output.S3Uri"), "s3://b/train/"),
        (get("Steps.P.ProcessingOutputConfig.Outputs[0].OutputName"), "train"),
        (get("Steps.P.Environment['a.b']"), "dotted"),
        (get('Steps.P.Environment["a.b"]'), "dotted"),
        (get("Steps.P.AppSpecification.ContainerArguments"), ["x", "y"]),
        (get("Steps.P.ProcessingEndTime"), "2026-08-06T01:02:03.456Z"),
        (get("Steps.T.FinalMetricDataList['val:acc'].Value"), 0.9),
        (get("Steps.C.Outcome"), False),
        (join("a", get("Parameters.I"), get("Parameters.F"), get("Parameters.B"), on="/"), "a/3/0.5/true"),
        (join(join("a", "b"), get("Steps.C.Outcome"), on=" "), "ab false"),
        (join(), ""),
        (join(1.0, 10, 1e-05), "1.0101e-05"),
        (json_get("m['a b'][1].v"), 0.5),
        (json_get("$.m['a b'][-1].v"), 0.5),
        (json_get("m.t"), True),
        (json_get("[1]", S3Uri="s3://b/x.json"), 10),
        (json_get("[0]", S3Uri=join("s3://b", "x.json", on="/")), 5),
        (
            {"a": [get("Parameters.S"), {"b": get("Parameters.I")}], "Get": 1},
            {"a": ["s", {"b": 3}], "Get": 1},
        ),
        ("plain", "plain"),
    ],
)
def test_expressions_get_their_values_and_keep_their_types(expression: Any, value: Any) -> None:
    resolved = resolve(expression, SCOPE)
    assert resolved == value
    assert type(resolved) is type(value)


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        (get("Steps.P.ExitMessage"), "Steps.P.ExitMessage has no value here: 'ExitMessage' is not there"),
        (get("Steps.P.ProcessingOutputConfig.Outputs['test'].S3Output"), "'test' is not there"),
        (get("Steps.P.ProcessingOutputConfig.Outputs[1]"), "1 is not there"),
        (get("Steps.Q.X"), "'Q' is not there"),
        (get("Execution.TrainingJobName"), "'TrainingJobName' is not there"),
        (json_get("m.x"), "the file s3://b/train/e.json has nothing at the path 'm.x'"),
        (json_get("a", S3Uri="s3://b/none"), "the file s3://b/none, which JsonGet reads, does not exist"),
        (join(get("Steps.P.AppSpecification")), "cannot be made into text"),
        (join(json_get("m.n")), "None cannot be made into text"),
    ],
)
def test_a_reference_without_a_value_says_what_is_missing(expression: Any, words: str) -> None:
    with pytest.raises(UnresolvedReference, match=re.escape(words)):
        resolve(expression, SCOPE)


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("a.b", ("a", "b")),
        ("$.a[0][1].b", ("a", 0, 1, "b")),
        ("['a.b'][\"c\"]", ("a.b", "c")),
        ("a['x-y:z']", ("a", "x-y:z")),
        ("", ()),
    ],
)
def test_a_path_is_read_into_keys_and_indexes(path: str, parts: tuple[str | int, ...]) -> None:
    assert parse_path(path) == parts


@pytest.mark.parametrize("path", ["a..b", "a[", "a[*]", "a[?(@.x)]", "a[1:2]", "['a", "a."])
def test_a_path_of_another_form_is_refused(path: str) -> None:
    with pytest.raises(BadExpression):
        parse_path(path)


# Conditions


def compare(kind: str, left: Any, right: Any) -> dict[str, Any]:
    return {"Type": kind, "LeftValue": left, "RightValue": right}


@pytest.mark.parametrize(
    ("condition", "outcome"),
    [
        (compare("Equals", "a", "a"), True),
        (compare("Equals", 1, 1.0), True),
        (compare("Equals", True, True), True),
        (compare("Equals", True, False), False),
        (compare("GreaterThan", 2, 1.5), True),
        (compare("GreaterThan", "1", "3"), False),
        (compare("GreaterThan", 1, 1), False),
        (compare("GreaterThanOrEqualTo", 0.85, 0.85), True),
        (compare("LessThan", "a", "b"), True),
        (compare("LessThanOrEqualTo", 3, 2), False),
        ({"Type": "In", "QueryValue": "a", "Values": ["b", "a"]}, True),
        ({"Type": "In", "QueryValue": 1, "Values": ["1", True]}, False),
        ({"Type": "In", "QueryValue": 1, "Values": []}, False),
        ({"Type": "Not", "Condition": compare("Equals", 1, 2)}, True),
        ({"Type": "Not", "Expression": compare("Equals", 1, 1)}, False),
        ({"Type": "Or", "Conditions": [compare("Equals", 1, 2), compare("Equals", 1, 1)]}, True),
        ({"Type": "Or", "Conditions": []}, False),
        ({"Type": "Not", "Condition": {"Type": "Or", "Conditions": [compare("LessThan", 1, 0)]}}, True),
    ],
)
def test_conditions_hold_or_not(condition: dict[str, Any], outcome: bool) -> None:
    assert evaluate(condition) is outcome


def test_all_conditions_of_a_step_must_hold() -> None:
    assert evaluate_all([]) is True
    assert evaluate_all([compare("Equals", 1, 1), compare("Equals", 1, 1)]) is True
    assert evaluate_all([compare("Equals", 1, 1), compare("Equals", 1, 2)]) is False


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        (compare("Equals", "1", 1), "Equals cannot compare '1' (a String) with 1 (a number)"),
        (compare("Equals", True, 1), "cannot compare True (a Boolean) with 1 (a number)"),
        (compare("LessThan", None, 1), "cannot compare None: it is neither a string, a number nor a Boolean"),
        (compare("LessThan", [1], 1), "cannot compare [1]"),
        (compare("GreaterThan", True, False), "cannot order Booleans"),
        ({"Type": "In", "QueryValue": 1, "Values": "abc"}, "must be a list, but is 'abc'"),
        ({"Type": "In", "QueryValue": {}, "Values": []}, "cannot compare {}"),
    ],
)
def test_operands_that_cannot_be_compared_are_named(condition: dict[str, Any], words: str) -> None:
    with pytest.raises(BadCondition, match=re.escape(words)):
        evaluate(condition)


# Durations, names, graphs, cache keys, retries


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("P30D", timedelta(days=30)),
        ("p30d", timedelta(days=30)),
        ("P4DT12H", timedelta(days=4, hours=12)),
        ("T12H", timedelta(hours=12)),
        ("T30m", timedelta(minutes=30)),
        ("PT1.5S", timedelta(seconds=1.5)),
        ("P1M", timedelta(days=30)),
        ("P1Y2W", timedelta(days=379)),
    ],
)
def test_durations_are_read_as_the_sdk_writes_them(text: str, duration: timedelta) -> None:
    assert parse_duration(text) == duration


@pytest.mark.parametrize("text", ["", "P", "PT", "30", "30 days", "P1H", "-P1D"])
def test_a_text_that_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(BadDuration):
        parse_duration(text)


def test_names_are_those_of_the_service() -> None:
    assert re.fullmatch(r"[a-z0-9]{12}", new_execution_id())
    assert re.fullmatch(r"pipelines-abc-My-Step-[A-Za-z0-9]{10}", resource_name("abc", "My_-Step-"))
    assert re.fullmatch(r"nightly-abc-[A-Za-z0-9]{10}", resource_name("abc", "Step", "nightly"))
    assert len(resource_name("abcdefghijkl", "s" * 64)) == 63


def test_a_cycle_is_found_wherever_it_is() -> None:
    assert find_cycle({"a": {"b"}, "b": {"c"}, "c": set(), "d": {"a", "c"}}) is None
    assert find_cycle({"x": {"a"}, "a": {"b"}, "b": {"c"}, "c": {"a"}}) == ["a", "b", "c"]
    assert ancestors({"a": {"b"}, "b": {"c"}, "c": set()}, "a") == {"b", "c"}


def test_a_long_chain_of_steps_is_no_problem() -> None:
    chain = {str(number): {str(number + 1)} if number < 5000 else set() for number in range(5001)}
    assert find_cycle(chain) is None


def test_only_the_deciding_arguments_make_the_cache_key() -> None:
    keys = ("Environment",)
    assert cache_key("T", keys, {"Environment": {"a": "1", "b": "2"}, "RoleArn": "x"}) == cache_key(
        "T", keys, {"Environment": {"b": "2", "a": "1"}}
    )
    assert cache_key("T", keys, {"Environment": {"a": "1"}}) != cache_key("T", keys, {"Environment": {"a": "2"}})
    assert cache_key("T", keys, {}) != cache_key("P", keys, {})


def test_waits_between_attempts_grow_by_the_backoff_rate_until_the_attempts_are_used_up() -> None:
    (policy,) = parse_retries([{"ExceptionType": ["Step.THROTTLING"], "IntervalSeconds": 2, "MaxAttempts": 3}])
    assert [next_wait(policy, attempts, timedelta(0)) for attempts in (1, 2, 3, 4)] == [2, 4, 8, None]


def test_a_policy_of_the_step_comes_before_the_services_own() -> None:
    (own,) = parse_retries([{"ExceptionType": ["Step.THROTTLING"], "MaxAttempts": 0}])
    assert policy_for((own,), "Step.THROTTLING") is own
    assert next_wait(own, 1, timedelta(0)) is None
    default = policy_for((own,), "Step.SERVICE_FAULT")
    assert default is not None
    assert default.max_attempts == 5
    assert policy_for((own,), "SageMaker.CAPACITY_ERROR") is None
    assert policy_for((own,), None) is None
