"""What a definition may hold, and how one that is wrong is refused."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from local_aws.sagemaker.errors import ValidationException
from local_aws.sagemaker.pipeline.definition import parse_definition
from local_aws.sagemaker.pipeline.structure import Branch, CachePolicy, Dependency
from tests.unit.local_aws_pipeline_service import condition, equals, fail, get, processing, training

COMPILED = Path(__file__).parent.parent / "data" / "local_aws_pipeline_compiled.json"
Document = dict[str, Any]
REPORT = [{"PropertyFileName": "Report", "OutputName": "out", "FilePath": "report.json"}]


def document(*steps: Document, **members: Any) -> Document:
    return {"Version": "2020-12-01", "Metadata": {}, "Parameters": [], "Steps": list(steps), **members}


def refusal(definition: Any) -> str:
    with pytest.raises(ValidationException) as raised:
        parse_definition(definition if isinstance(definition, str) else json.dumps(definition))
    # The SDK takes a message with these words for an existing pipeline, and would update it.
    assert "names must be unique" not in raised.value.message
    return raised.value.message


def test_a_definition_compiled_by_the_sdk_is_read_with_all_it_holds() -> None:
    definition = parse_definition(COMPILED.read_text())
    assert {name: parameter.type for name, parameter in definition.parameters.items()} == {
        "InstanceType": "String",
        "InstanceCount": "Integer",
        "AccuracyThreshold": "Float",
        "Epochs": "Integer",
        "ModelApprovalStatus": "String",
        "Verbose": "Boolean",
    }
    needs = {name: set(step.needs) for name, step in definition.steps.items()}
    assert needs == {
        "Extract": set(),
        "Train": {"Extract"},
        "CreateModel": {"Train"},
        "Score": {"CreateModel"},
        "Evaluate": {"Score"},
        "CheckQuality": {"Evaluate"},
        "CheckApproval": {"CheckQuality"},
        "Register": {"CheckApproval", "Train"},
        "NotYet": {"CheckApproval"},
        "Reject": {"CheckQuality", "Evaluate"},
    }
    assert definition.steps["Register"].branch == Branch("CheckApproval", True)
    assert definition.steps["Reject"].branch == Branch("CheckQuality", False)
    assert definition.steps["Extract"].cache == CachePolicy(True, timedelta(days=30))
    assert [policy.max_attempts for policy in definition.steps["Extract"].retry_policies] == [3, None]
    assert definition.experiment == {
        "ExperimentName": get("Execution.PipelineName"),
        "TrialName": get("Execution.PipelineExecutionId"),
    }


def test_a_dependency_may_carry_a_trigger() -> None:
    steps = (processing("A"), processing("B", DependsOn=["A", {"Step": "A", "Trigger": "Failed"}]))
    definition = parse_definition(json.dumps(document(*steps)))
    assert definition.steps["B"].depends_on == (Dependency("A"), Dependency("A", "Failed"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "It is not JSON"),
        ("[]", "Expecting start of Json Object"),
        (json.dumps(document(processing("A"), Version="2019-01-01")), "The Version must be '2020-12-01'"),
        (json.dumps(document(processing("A"), Foo=1)), "Unknown member 'Foo'"),
        (json.dumps(document(processing("A"), Steps={"A": 1})), "Steps: Expecting start of Json Array"),
        (json.dumps(document()), "Steps must be a list of steps"),
        (json.dumps(document(processing("A"), MlflowConfig={"MlflowResourceArn": "a"})), "MlflowConfig"),
        (json.dumps(document(processing("A"), Parameters={})), "Parameters: Expecting start of Json Array"),
        (json.dumps({**document(), "Steps": ["A"]}), "Steps[0]: Expecting start of Json Object"),
    ],
)
def test_a_document_of_the_wrong_form_is_refused(text: str, words: str) -> None:
    assert words in refusal(text)


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ([processing("A"), processing("A")], "The step name 'A' is used more than once"),
        (
            [processing("A"), condition("C", then=[], otherwise=[processing("A")])],
            "The step name 'A' is used more than once",
        ),
        ([processing("A b")], "Steps[0]: 'A b' is not a step name"),
        ([processing("A" * 65)], "is not a step name"),
        (
            [processing("A", Type="AutoML")],
            "Step type 'AutoML' of step 'A' is not supported by this local AWS; ",
        ),
        (
            [condition("C", then=[processing("X", Type="EMR")], otherwise=[])],
            "Step type 'EMR' of step 'X' is not supported by this local AWS; "
            "supported: Processing, Training, Transform, Model, RegisterModel, EndpointConfig, Endpoint, Lambda, "
            "QualityCheck, Condition, Fail.",
        ),
        ([processing("A", Foo=1)], "Unknown member 'Foo' of step 'A'"),
        ([processing("A", DisplayName=1)], "DisplayName of step 'A' must be a string"),
        ([{**processing("A"), "Arguments": []}], "Arguments of step 'A': Expecting start of Json Object"),
        ([processing("A", DependsOn="B")], "DependsOn of step 'A': Expecting start of Json Array"),
        ([processing("A", DependsOn=["B"])], "Step 'A' depends on the unknown step 'B'"),
        (
            [processing("A", DependsOn=[{"Step": "A", "Trigger": "Never"}])],
            "the Trigger 'Never' is not one of",
        ),
        (
            [condition("C", then=[processing("X", DependsOn=["Y"])], otherwise=[])],
            "Step 'X' depends on the unknown step 'Y'",
        ),
        ([processing("A", DependsOn=["A"])], "in a cycle: A -> A"),
        (
            [
                processing("A", DependsOn=["B"]),
                processing("B", Environment={"X": get("Steps.A.ProcessingJobName")}),
            ],
            "in a cycle: A -> B -> A",
        ),
        (
            [condition("C", then=[processing("X")], otherwise=[], DependsOn=["X"])],
            "in a cycle: C -> X -> C",
        ),
        (
            [processing("A", Environment={"X": get("Parameters.P")})],
            "Step 'A' refers to the unknown parameter 'P'",
        ),
        ([processing("A", Environment={"X": get("Steps.B.Y")})], "Step 'A' refers to the unknown step 'B'"),
        ([processing("A", Environment={"X": get("Execution.Foo")})], "the execution variables are"),
        ([processing("A", Environment={"X": get("Foo.Bar")})], "'Foo.Bar' is none of Parameters.*"),
        ([processing("A", Environment={"X": {"Std:Upper": "a"}})], "the function Std:Upper is not supported"),
        (
            [fail("F"), processing("A", Environment={"X": get("Steps.F.ErrorMessage")})],
            "a Fail step has no properties",
        ),
        (
            [condition("C", {"Type": "Near"}, then=[], otherwise=[])],
            "the condition type 'Near' is not one of",
        ),
        ([condition("C", {"Type": "Equals"}, then=[], otherwise=[])], "needs the member LeftValue"),
        (
            [condition("C", {"Type": "Not"}, then=[], otherwise=[])],
            "a Not condition needs the member Condition",
        ),
        ([condition("C", then=[1], otherwise=[])], "IfSteps of step 'C'[0]: Expecting start of Json Object"),
        ([fail("F", 3)], "ErrorMessage must be a string or an expression"),
    ],
)
def test_a_step_that_is_wrong_is_refused_by_name(steps: list[Document], words: str) -> None:
    assert words in refusal(document(*steps))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda a: a.update(Foo=1), "Step 'A': Arguments: Unknown Argument member 'Foo'"),
        (
            lambda a: a.update(AppSpecification="x"),
            "Arguments.AppSpecification: Expecting start of Json Object",
        ),
        (
            lambda a: a.update(ProcessingInputs={}),
            "Arguments.ProcessingInputs: Expecting start of Json Array",
        ),
        (lambda a: a.update(RoleArn=["x"]), "Arguments.RoleArn: Expecting a string, not list"),
        (
            lambda a: a["ProcessingResources"]["ClusterConfig"].update(InstanceType="ml.huge"),
            "Value 'ml.huge' failed to satisfy enum value set: [",
        ),
    ],
)
def test_arguments_that_the_api_call_does_not_take_are_refused(change: Callable[[Document], None], words: str) -> None:
    step = copy.deepcopy(processing("A"))
    change(step["Arguments"])
    assert words in refusal(document(step))


def test_an_expression_may_stand_in_place_of_any_argument() -> None:
    join = {"Std:Join": {"On": "", "Values": [get("Parameters.P")]}}
    arguments = {"RoleArn": join, "AppSpecification": {"ImageUri": get("Parameters.P")}}
    parameters = [{"Name": "P", "Type": "String"}]
    parse_definition(json.dumps(document(processing("A", Arguments=arguments), Parameters=parameters)))


def figure(step: str, file: str = "Report", **members: Any) -> Document:
    content = {"PropertyFile": get(f"Steps.{step}.PropertyFiles.{file}"), "Path": "a.b", **members}
    return {"Std:JsonGet": {member: value for member, value in content.items() if value is not None}}


@pytest.mark.parametrize(
    ("read", "words"),
    [
        (figure("P", "Other"), "reads the property file 'Other', not declared by step 'P'"),
        (figure("Q"), "refers to the unknown step 'Q'"),
        (figure("T"), "reads the property file 'Report', not declared by step 'T'"),
        (figure("P", Path="a..b"), "the path 'a..b' cannot be read at '..b'"),
        (figure("P", Path="$.a[*]"), "the path '$.a[*]' cannot be read at '[*]'"),
        (figure("P", Path=None), "Std:JsonGet needs the members Path"),
        (figure("P", S3Uri="s3://a/b"), "Std:JsonGet needs one of PropertyFile and S3Uri"),
        (figure("P", PropertyFile=None), "Std:JsonGet needs one of PropertyFile and S3Uri"),
        (figure("P", PropertyFile="Report"), "PropertyFile of Std:JsonGet must be"),
        (get("Steps.P.PropertyFiles.Report"), "a property file can only be read with Std:JsonGet"),
    ],
)
def test_a_json_get_that_cannot_work_is_refused(read: Document, words: str) -> None:
    steps = [
        processing("P", Outputs={"out": "s3://b/out"}, PropertyFiles=REPORT),
        training("T"),
        condition("C", equals(read, 1), then=[], otherwise=[]),
    ]
    assert words in refusal(document(*steps))


def test_a_property_file_must_lie_in_an_output_of_its_step() -> None:
    assert "the step has no output 'out'" in refusal(document(processing("P", PropertyFiles=REPORT)))
    assert "an entry needs the strings" in refusal(document(processing("P", PropertyFiles=[{"FilePath": "x"}])))
    assert "only Processing steps" in refusal(document(training("T", PropertyFiles=REPORT)))


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (processing("A", CacheConfig={"Enabled": "yes"}), "CacheConfig needs the member Enabled"),
        (
            processing("A", CacheConfig={"Enabled": True, "ExpireAfter": "30 days"}),
            "is not an ISO 8601 duration",
        ),
        (fail("A", CacheConfig={"Enabled": True}), "a step of type Fail cannot be cached"),
        (processing("A", RetryPolicies=[{"MaxAttempts": 1}]), "needs the member ExceptionType"),
        (
            processing("A", RetryPolicies=[{"ExceptionType": ["Bad"]}]),
            "the ExceptionType 'Bad' is not one of",
        ),
        (
            processing("A", RetryPolicies=[{"ExceptionType": ["Step.THROTTLING"], "MaxAttempts": 21}]),
            "MaxAttempts 21 of a retry policy is not a number from 0 to 20",
        ),
        (
            processing(
                "A",
                RetryPolicies=[{"ExceptionType": ["Step.THROTTLING"], "MaxAttempts": 1, "ExpireAfterMin": 1}],
            ),
            "either MaxAttempts or ExpireAfterMin",
        ),
        (
            condition("A", then=[], otherwise=[], RetryPolicies=[{"ExceptionType": ["Step.THROTTLING"]}]),
            "cannot be retried",
        ),
    ],
)
def test_a_policy_that_breaks_its_rules_is_refused(step: Document, words: str) -> None:
    assert words in refusal(document(step))


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        (
            [{"Name": "P", "Type": "String"}, {"Name": "P", "Type": "Float"}],
            "The parameter name 'P' is used more than",
        ),
        ([{"Name": "P P", "Type": "String"}], "'P P' is not a parameter name"),
        ([{"Name": "P", "Type": "List"}], "parameter 'P' has the type 'List'"),
        ([{"Name": "P", "Type": "Integer", "DefaultValue": "1"}], "DefaultValue '1' of parameter 'P'"),
        ([{"Name": "P", "Type": "Integer", "DefaultValue": True}], "DefaultValue True of parameter 'P'"),
        ([{"Name": "P", "Type": "Boolean", "DefaultValue": 1}], "DefaultValue 1 of parameter 'P'"),
        (
            [{"Name": "P", "Type": "String", "DefaultValue": "c", "EnumValues": ["a", "b"]}],
            "not one of its EnumValues: [a, b]",
        ),
        ([{"Name": "P", "Type": "Integer", "DefaultValue": 0, "MinValue": 1}], "below its MinValue 1"),
        ([{"Name": "P", "Type": "String", "MinValue": 1}], "MinValue is for numbers"),
        ([{"Name": "P", "Type": "String", "Foo": 1}], "Unknown member 'Foo' of parameter 'P'"),
    ],
)
def test_a_parameter_that_is_wrong_is_refused(parameters: list[Document], words: str) -> None:
    assert words in refusal(document(processing("A"), Parameters=parameters))


def test_the_experiment_cannot_refer_to_steps() -> None:
    experiment = {"ExperimentName": get("Steps.A.ProcessingJobName"), "TrialName": "t"}
    assert "cannot refer to steps" in refusal(document(processing("A"), PipelineExperimentConfig=experiment))
