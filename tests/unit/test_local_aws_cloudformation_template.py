"""Templates before anything is made of them: functions, conditions, what is supported, parameters."""

from __future__ import annotations

from typing import Any

import pytest

from local_aws.cloudformation.errors import ValidationError
from local_aws.cloudformation.functions import Scope, decide, functions_in, references, resolve
from local_aws.cloudformation.parameters import parameter_values
from local_aws.cloudformation.resources import RESOURCE_TYPES
from local_aws.cloudformation.support import check_support, refusals, remark
from local_aws.cloudformation.template import Resource, load_document, parse_document

NO_VALUE = {"Ref": "AWS::NoValue"}
CONDITIONS = {
    "Yes": {"Fn::Equals": [{"Ref": "Mode"}, "on"]},
    "No": {"Fn::Not": [{"Condition": "Yes"}]},
    "Both": {"Fn::And": [{"Condition": "Yes"}, {"Fn::Or": [{"Condition": "No"}, {"Fn::Equals": ["a", "a"]}]}]},
}


@pytest.fixture
def scope() -> Scope:
    found = Scope({"Mode": "on", "AWS::Partition": "aws", "List": ["a", "b"]}, {"M": {"k": {"v": 7}}}, CONDITIONS)
    found.physical_ids["ImageBucket"] = "pictures"
    found.attributes["ImageBucket"] = {"Arn": "arn:aws:s3:::pictures"}
    return found


def resource(kind: str, **properties: Any) -> Resource:
    return Resource("R", kind, properties, (), None)


@pytest.mark.parametrize(
    ("value", "resolved"),
    [
        ({"Fn::Sub": "${ImageBucket.Arn}/*"}, "arn:aws:s3:::pictures/*"),
        ({"Fn::Sub": "arn:${AWS::Partition}:s3:::${ImageBucket}/${!Literal}"}, "arn:aws:s3:::pictures/${Literal}"),
        ({"Fn::Sub": ["${word}-${Mode}", {"word": True}]}, "true-on"),
        ({"a": NO_VALUE, "b": [1, NO_VALUE, {"c": NO_VALUE}]}, {"b": [1, {}]}),
        ([{"Fn::If": ["No", {"x": 1}, NO_VALUE]}, 2], [2]),
        ({"Fn::If": ["Both", [{"Fn::If": ["No", 1, NO_VALUE]}, 2], 3]}, [2]),
        ({"Fn::Join": ["/", ["a", NO_VALUE, {"Ref": "Mode"}]]}, "a/on"),
        ({"Fn::Join": [",", {"Ref": "List"}]}, "a,b"),
        ({"Fn::Select": ["1", {"Ref": "List"}]}, "b"),
        ({"Fn::FindInMap": ["M", "k", "v"]}, 7),
        ({"Fn::GetAtt": "ImageBucket.Arn"}, "arn:aws:s3:::pictures"),
        # no function where it stands in a policy or a state machine
        (
            {"Condition": {"Bool": {"aws:SecureTransport": "false"}}},
            {"Condition": {"Bool": {"aws:SecureTransport": "false"}}},
        ),
    ],
)
def test_functions_are_replaced_by_what_they_stand_for(scope: Scope, value: Any, resolved: Any) -> None:
    assert resolve(value, scope) == resolved


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ({"Ref": "Nothing"}, r"Unresolved resource dependencies \[Nothing\]"),
        ({"Fn::GetAtt": ["ImageBucket", "Colour"]}, "does not support attribute type Colour"),
        ({"Fn::GetAtt": "ImageBucket"}, "requires two non-empty parameters"),
        ({"Fn::Sub": ["a"]}, "Fn::Sub takes"),
        ({"Fn::If": ["Yes", 1]}, "three elements"),
        ({"Fn::If": ["Unknown", 1, 2]}, "Unresolved condition dependency Unknown"),
        ({"Fn::Cidr": []}, "Fn::Cidr is not supported"),
    ],
)
def test_functions_that_stand_for_nothing_are_told(scope: Scope, value: Any, told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        resolve(value, scope)


def test_deciding_leaves_what_is_known_only_later(scope: Scope) -> None:
    value = {"a": {"Fn::If": ["Yes", {"Ref": "Later"}, 1]}, "b": {"Fn::If": ["No", 1, NO_VALUE]}, "c": [NO_VALUE]}
    assert decide(value, scope) == {"a": {"Ref": "Later"}, "c": []}


def test_what_a_value_refers_to() -> None:
    value = {"x": [{"Fn::Sub": ["${A.Arn} ${own} ${B}", {"own": {"Ref": "C"}}]}, {"Fn::GetAtt": ["D", "E.F"]}]}
    assert set(references(value)) == {"A", "B", "C", "D"}
    assert set(functions_in(value)) == {"Fn::Sub", "Ref", "Fn::GetAtt"}
    with pytest.raises(ValidationError, match="single String value"):
        list(references({"Ref": ["A"]}))


@pytest.mark.parametrize(
    ("declared", "told"),
    [
        (resource("AWS::EC2::Instance"), ["Resource R: the type AWS::EC2::Instance is not supported"]),
        (
            resource(
                "AWS::S3::Bucket", WebsiteConfiguration={}, NotificationConfiguration={"LambdaConfigurations": []}
            ),
            ["AWS::S3::Bucket this local AWS does not support NotificationConfiguration.LambdaConfigurations, Website"],
        ),
        (
            resource("AWS::Events::Rule", Targets=[{"Id": "a", "Arn": "b"}, {"Id": "c", "EcsParameters": {}}]),
            ["does not support Targets.EcsParameters."],
        ),
        (
            resource("AWS::S3::BucketPolicy", Bucket="b"),
            ["resource R with message: #: required key [PolicyDocument] not"],
        ),
        (resource("AWS::S3::Bucket", WebsiteConfiguration={"Fn::If": ["No", {}, NO_VALUE]}), []),
        (resource("AWS::S3::Bucket", Tags={"Ref": "List"}), []),
        (
            resource("AWS::S3::BucketPolicy", Bucket="b", PolicyDocument={"Fn::If": ["No", {}, NO_VALUE]}),
            ["PolicyDocument"],
        ),
        (
            resource("AWS::Lambda::Function", Code={"ImageUri": "i"}, Handler="h", Role="r", Runtime="p"),
            ["Code.ImageUri"],
        ),
    ],
)
def test_what_is_not_supported_is_named(scope: Scope, declared: Resource, told: list[str]) -> None:
    found = list(refusals(declared, scope))
    assert len(found) == len(told)
    assert all(part in sentence for part, sentence in zip(told, found, strict=True))


def test_everything_that_is_not_supported_is_told_at_once_but_not_what_is_not_wanted(scope: Scope) -> None:
    kinds = {"A": "AWS::X::Y", "B": "AWS::Z::Z", "C": "AWS::Q::Q"}
    resources: dict[str, Any] = {name: {"Type": kind} for name, kind in kinds.items()}
    resources["C"]["Condition"] = "No"
    template = parse_document({"Resources": resources, "Conditions": CONDITIONS})
    with pytest.raises(ValidationError, match=r"Resource A: .*AWS::X::Y.* Resource B: .*AWS::Z::Z") as refused:
        check_support(template, scope)
    assert "Resource C" not in refused.value.message


def test_what_each_type_says_of_its_properties_is_true_of_its_properties() -> None:
    for kind in RESOURCE_TYPES.values():
        top = {name.partition(".")[0] for name in kind.properties}
        assert kind.required <= top and kind.replacing <= top, kind.type
        assert kind.inert <= top | kind.properties, kind.type
        assert kind.named_by is None or kind.named_by in kind.replacing, kind.type


def test_properties_without_effect_are_remarked() -> None:
    declared = {"BucketEncryption": {}, "Tags": [], "OwnershipControls": {}}
    said = "declared, without effect on this local AWS: BucketEncryption, OwnershipControls"
    assert remark("AWS::S3::Bucket", declared) == said
    assert remark("AWS::S3::Bucket", {"Tags": []}) is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Resources: {A: {Type: T, DeletionPolicy: Snapshot}}", "DeletionPolicy Snapshot of resource A"),
        ("Resources: {A: {Type: T, UpdateReplacePolicy: RetainExceptOnCreate}}", "UpdateReplacePolicy RetainExcept"),
        ("Resources: {A: {Type: T, CreationPolicy: {}}}", "CreationPolicy of resource A"),
        ("Resources: {A: {Type: T, Properties: [1]}}", "Properties of resource A must be a map"),
        ("Resources: {A: {Type: T}}\nRules: {}", "Rules is not supported"),
        ("Resources: {A: {Type: T}}\nGlobals: {}", "Globals is not a section"),
        ("Resources: {A: {Type: T}}\nOutputs: {O: {Export: {Name: n}, Value: v}}", "Export of output O"),
        ("Resources: {A: {Type: T}}\nOutputs: {O: {}}", "Output O needs a Value"),
        ("Resources: {A: {Type: T}}\nParameters: {P: String}", "Every Parameters member must be a map, P is none"),
    ],
)
def test_templates_of_another_form_are_refused(text: str, told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        parse_document(load_document(text))


def test_short_forms_and_dates_are_plain_data() -> None:
    document = load_document(
        "Resources: {A: {Type: T, Properties: {When: 2012-10-17, B: !GetAtt C.D.E, F: !Sub '${G}'}}}"
    )
    properties = document["Resources"]["A"]["Properties"]
    assert properties == {"When": "2012-10-17", "B": {"Fn::GetAtt": ["C", "D.E"]}, "F": {"Fn::Sub": "${G}"}}


@pytest.mark.parametrize(
    ("rules", "value", "told"),
    [
        ({"Type": "Number", "MinValue": 0}, "-1", "'P' must be a number not less than 0"),
        ({"Type": "Number", "MaxValue": 1}, "1.01", "'P' must be a number not greater than 1"),
        ({"Type": "Number"}, "much", "must be a number"),
        ({"Type": "Number", "AllowedValues": [1, 3]}, "2", "must be one of AllowedValues"),
        ({"Type": "AWS::SSM::Parameter::Value<String>"}, "/a", "Parameter P is of type AWS::SSM"),
    ],
)
def test_values_that_a_parameter_does_not_allow(rules: dict[str, Any], value: str, told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        parameter_values({"P": rules}, [{"ParameterKey": "P", "ParameterValue": value}], {})


def test_a_boolean_default_is_what_json_says() -> None:
    assert parameter_values({"P": {"Type": "String", "Default": True}}, [], {}) == {"P": "true"}
