"""Requests are checked as the service checks them, in its words."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import datetime, timezone
from typing import Any

import pytest

from local_aws.sagemaker.errors import UnsupportedOperation, ValidationException
from local_aws.sagemaker.validation import (
    SerializationException,
    response_problems,
    service_model,
    validate_request,
)
from local_aws.sagemaker.validation.constraints import java_text
from local_aws.sagemaker.validation.patterns import matches
from tests.waiting import PATIENCE_SECONDS

ROLE = "arn:aws:iam::123456789012:role/local"
MODEL_ARN = "arn:aws:sagemaker:us-east-1:123456789012:model/m"


def training_job(**changes: Any) -> dict[str, Any]:
    request = {
        "TrainingJobName": "job",
        "AlgorithmSpecification": {"TrainingImage": "image", "TrainingInputMode": "File"},
        "RoleArn": ROLE,
        "OutputDataConfig": {"S3OutputPath": "s3://bucket/out"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
    }
    return {**request, **changes}


def refusal(operation: str, request: dict[str, Any]) -> str:
    with pytest.raises(ValidationException) as caught:
        validate_request(operation, request)
    return caught.value.message


def test_a_request_of_the_right_shape_passes() -> None:
    validate_request("CreateTrainingJob", training_job())


def test_a_name_breaking_two_constraints_is_reported_twice_in_the_services_form() -> None:
    name = "a_" * 32
    assert refusal("DescribeTrainingJob", {"TrainingJobName": name}) == (
        "2 validation errors detected: "
        f"Value '{name}' at 'trainingJobName' failed to satisfy constraint: "
        "Member must have length less than or equal to 63; "
        f"Value '{name}' at 'trainingJobName' failed to satisfy constraint: "
        "Member must satisfy regular expression pattern: [a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}"
    )


def test_a_missing_member_must_not_be_null() -> None:
    assert refusal("DescribeModel", {}) == (
        "1 validation error detected: Value null at 'modelName' failed to satisfy constraint: Member must not be null"
    )


def test_a_member_that_is_none_counts_as_absent() -> None:
    validate_request("CreateTrainingJob", training_job(HyperParameters=None))
    assert "'roleArn' failed" in refusal("CreateTrainingJob", training_job(RoleArn=None))


@pytest.mark.parametrize(("size", "words"), [(0, "greater than or equal to 1"), (101, "less than or equal to 100")])
def test_a_number_out_of_range_is_refused(size: int, words: str) -> None:
    assert refusal("ListModels", {"MaxResults": size}) == (
        f"1 validation error detected: Value '{size}' at 'maxResults' failed to satisfy constraint: "
        f"Member must have value {words}"
    )


def test_a_nested_member_is_named_by_its_path() -> None:
    config = {"InstanceType": "ml.coffee", "InstanceCount": 1, "VolumeSizeInGB": 1}
    message = refusal("CreateTrainingJob", training_job(ResourceConfig=config))
    assert "Value 'ml.coffee' at 'resourceConfig.instanceType' failed to satisfy constraint" in message


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://abc", True),
        ("https://a/b/c/", True),
        ("https://ab", False),
        ("https://a//bc", False),
        ("https:///abc", False),
    ],
)
def test_a_pattern_replaced_for_its_speed_matches_the_same_texts(url: str, expected: bool) -> None:
    pattern = r"https://([.\-_a-zA-Z0-9]+/?){3,1016}"
    assert matches(pattern, url) is expected
    assert (re.fullmatch(pattern, url) is not None) is expected


def test_a_value_outside_an_enum_is_refused_with_the_whole_set() -> None:
    message = refusal("ListModels", {"SortOrder": "Up"})
    assert message == (
        "1 validation error detected: Value 'Up' at 'sortOrder' failed to satisfy constraint: "
        "Member must satisfy enum value set: [Ascending, Descending]"
    )


def test_a_bad_member_of_a_list_of_structures_is_named_by_its_position() -> None:
    tags = [{"Key": "fine", "Value": "x"}, {"Key": "no;good", "Value": "x"}]
    assert "Value 'no;good' at 'tags.2.member.key' failed" in refusal(
        "AddTags", {"ResourceArn": MODEL_ARN, "Tags": tags}
    )


def test_a_bad_scalar_in_a_list_is_reported_once_with_the_whole_list() -> None:
    message = refusal("DeleteTags", {"ResourceArn": MODEL_ARN, "TagKeys": ["ok", ";", ";"]})
    assert message.startswith(
        "1 validation error detected: Value '[ok, ;, ;]' at 'tagKeys' failed to satisfy constraint: "
        "Member must satisfy constraint: [Member must have length less than or equal to 128, "
    )


def test_a_long_hyperparameter_is_reported_as_a_map_value_and_is_not_printed_whole() -> None:
    message = refusal("CreateTrainingJob", training_job(HyperParameters={"a": "b" * 3000}))
    assert "at 'hyperParameters' failed to satisfy constraint: Map value must satisfy constraint: [Member" in message
    assert len(message) < 1500


def test_a_sensitive_value_is_never_printed() -> None:
    card = {"ModelCardContent": "secret\n", "ModelCardStatus": "Draft"}
    message = refusal("CreateModelPackage", {"ModelPackageName": "p", "ModelCard": card})
    assert "Value at 'modelCard.modelCardContent' failed" in message
    assert "secret" not in message


def test_an_unknown_member_is_refused_and_the_known_ones_are_listed() -> None:
    message = refusal("DescribeModel", {"ModelName": "m", "Modelname": "m"})
    assert "at 'modelname' failed to satisfy constraint: Member is not known" in message
    assert "[ModelName]" in message


@pytest.mark.parametrize("source", [{}, {"S3Uris": [], "ModelPackageArns": []}])
def test_a_union_takes_exactly_one_of_its_members(source: dict[str, Any]) -> None:
    assert "at 'adapterSource' failed to satisfy constraint: Exactly one member must be set of: [" in refusal(
        "CreateAIRecommendationJob", {"AdapterSource": source}
    )


@pytest.mark.parametrize(
    ("operation", "request_", "words"),
    [
        ("DescribeModel", {"ModelName": 3}, "NUMBER_VALUE can not be converted to String at 'modelName'."),
        ("ListModels", {"MaxResults": "3"}, "STRING_VALUE can not be converted to Integer at 'maxResults'."),
        ("ListModels", {"MaxResults": True}, "TRUE_VALUE can not be converted to Integer at 'maxResults'."),
        (
            "ListModels",
            {"MaxResults": 2**31},
            "NUMBER_VALUE can not be converted to Integer at 'maxResults'.",
        ),
        ("ListModels", {"CreationTimeAfter": "x"}, "STRING_VALUE can not be converted to Timestamp"),
        ("DescribeModel", {"ModelName": ["m"]}, "Start of list found where not expected at 'modelName'."),
        ("DescribeModel", {"ModelName": {}}, "Start of structure or map found where not expected"),
        ("DeleteTags", {"ResourceArn": MODEL_ARN, "TagKeys": "k"}, "Expected list or null at 'tagKeys'"),
        (
            "CreateTrainingJob",
            {"HyperParameters": {"epochs": 3}},
            "NUMBER_VALUE can not be converted to String",
        ),
    ],
)
def test_a_value_of_the_wrong_type_is_a_serialization_error(
    operation: str, request_: dict[str, Any], words: str
) -> None:
    with pytest.raises(SerializationException) as caught:
        validate_request(operation, request_)
    assert words in caught.value.message


def test_an_operation_that_sagemaker_does_not_have_is_unknown() -> None:
    with pytest.raises(UnsupportedOperation, match="CreateCoffee is not an operation of SageMaker"):
        validate_request("CreateCoffee", {})


@pytest.mark.parametrize(
    ("tags", "words"),
    [
        ([{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}], "Duplicate tag keys found: a"),
        ([{"Key": "aws:cloud", "Value": "1"}], "aws: prefixed tag key names are not allowed"),
    ],
)
def test_tag_keys_twice_or_reserved_are_refused(tags: list[dict[str, str]], words: str) -> None:
    assert words in refusal("AddTags", {"ResourceArn": MODEL_ARN, "Tags": tags})


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        (r"[a-z]+", "abc", True),
        (r"[a-z]+", "abc\n", False),
        (r"^[a-z]+$", "abc\n", False),
        (r"\d+", "١٢", False),
        (r"([\p{L}\p{Z}\p{N}_.:/=+\-@]*)", "Größe 1 ⅔", True),
        (r"([\p{L}\p{Z}\p{N}_.:/=+\-@]*)", "a;b", False),
        (r"([\p{L}\p{Z}\p{N}_.:/=+\-@]*)", "smile 🙂", False),
        (r"[\p{L}\p{M}\p{Z}\p{S}\p{N}\p{P}]*", "smile 🙂, e\u0301!", True),
        (r"[\p{L}\p{M}\p{Z}\p{S}\p{N}\p{P}]*", "tab\t", False),
        (r"([\p{L}\p{Z}\p{N}_.:\/=+\-@]*)${1,128}", "key", True),
        (r"[\u0020-\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF\t]*", "smile 🙂\t", True),
        (r"[\u0020-\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF\t]*", "\x00", False),
        (r"arn:[\p{Alnum}\-]+:lambda", "arn:aws-cn:lambda", True),
        (r"arn:[\p{Alnum}\-]+:lambda", "arn:äws:lambda", False),
    ],
)
def test_patterns_match_as_java_matches_them(pattern: str, text: str, expected: bool) -> None:
    assert matches(pattern, text) is expected


@pytest.mark.timeout(PATIENCE_SECONDS)
def test_every_pattern_of_the_service_model_is_decided_fast_on_text_that_does_not_match() -> None:
    shapes = [service_model().shape_for(name) for name in service_model().shape_names]
    patterns = {shape.metadata["pattern"] for shape in shapes if "pattern" in shape.metadata}
    assert len(patterns) > 200
    for pattern in patterns:
        for text in ("x" * 300 + "\n", "x-" * 100 + "\n", f"https://{'a' * 200}!\n", f"s3://{'a/' * 200} \n"):
            matches(pattern, text)


def test_collections_are_printed_as_java_prints_them() -> None:
    shape = service_model().shape_for("TagList")
    assert java_text([{"Key": "k", "Value": "v"}], shape) == "[Tag(key=k, value=v)]"
    assert java_text({"a": "1", "b": "2"}, service_model().shape_for("HyperParameters")) == "{a=1, b=2}"


def test_a_response_is_checked_for_members_types_and_time_zones() -> None:
    moment = datetime(2026, 1, 1, tzinfo=timezone.utc)
    fine = {"ModelName": "m", "ModelArn": MODEL_ARN, "CreationTime": moment}
    assert response_problems("DescribeModel", fine) == []
    assert response_problems("DescribeModel", {**fine, "Status": "x"}) == ["Status: unknown member"]
    assert response_problems("DescribeModel", {"ModelName": "m", "CreationTime": moment}) == ["ModelArn: missing"]
    naive = {**fine, "CreationTime": datetime(2026, 1, 1)}
    assert response_problems("DescribeModel", naive) == ["CreationTime: a datetime without a time zone"]
    listed = {"Models": [{**fine, "ModelName": 3}]}
    assert response_problems("ListModels", listed) == ["Models[0].ModelName: int 3 where a string belongs"]


def test_importing_the_operations_does_not_load_the_service_model() -> None:
    code = (
        "import local_aws.sagemaker.operations\n"
        "from local_aws.sagemaker.validation import service_model\n"
        "assert service_model.cache_info().currsize == 0"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
