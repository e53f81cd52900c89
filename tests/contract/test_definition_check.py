"""`check_definition` finds what is wrong: each case breaks the golden definition in one way and names what
must be said."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipelines.definition import check_definition

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "training_pipeline.json"
Definition = dict[str, Any]
Break = Callable[[Definition], object]


@pytest.fixture
def definition() -> Definition:
    # The placeholder of digests is no value that the service would take.
    loaded: Definition = json.loads(GOLDEN.read_text(encoding="utf-8").replace("<sha256>", "0" * 64))
    return loaded


def _step(definition: Definition, name: str) -> dict[str, Any]:
    branches = definition["Steps"][-1]["Arguments"]
    everything = [*definition["Steps"], *branches["IfSteps"], *branches["ElseSteps"]]
    return next(step for step in everything if step["Name"] == name)


def _arguments(definition: Definition, name: str) -> dict[str, Any]:
    arguments: dict[str, Any] = _step(definition, name)["Arguments"]
    return arguments


def _parameter(definition: Definition, name: str) -> dict[str, Any]:
    return next(parameter for parameter in definition["Parameters"] if parameter["Name"] == name)


def _hyperparameters(definition: Definition) -> dict[str, Any]:
    found: dict[str, Any] = _arguments(definition, "TrainClassifier")["HyperParameters"]
    return found


def _condition(definition: Definition) -> dict[str, Any]:
    found: dict[str, Any] = _arguments(definition, "CheckQuality")["Conditions"][0]
    return found


def _json_get(path: str, file: str) -> dict[str, Any]:
    return {"Std:JsonGet": {"PropertyFile": {"Get": file}, "Path": path}}


REQUESTS: dict[str, tuple[Break, str]] = {
    "a required member is missing": (
        lambda d: _arguments(d, "TrainClassifier").pop("OutputDataConfig"),
        "OutputDataConfig is missing",
    ),
    "a member is unknown": (
        lambda d: _arguments(d, "TrainClassifier").update(SpotPrice=1),
        "SpotPrice: is unknown",
    ),
    "a member is null": (
        lambda d: _arguments(d, "ScoreTestSet").update(Environment=None),
        "Environment: is null",
    ),
    "a bare number parameter where a string is wanted": (
        lambda d: _hyperparameters(d).update(epochs={"Get": "Parameters.Epochs"}),
        "epochs: is Integer in an execution, but HyperParameterValue wants string (use .to_string())",
    ),
    "a literal number where a string is wanted": (
        lambda d: _hyperparameters(d).update(width=24),
        "width: is an integer, but HyperParameterValue wants string",
    ),
    "a string where an integer is wanted": (
        lambda d: _arguments(d, "TrainClassifier")["StoppingCondition"].update(MaxRuntimeInSeconds="7200"),
        "MaxRuntimeInSeconds: is a string",
    ),
    "a string parameter where an integer is wanted": (
        lambda d: _arguments(d, "ScoreTestSet").update(MaxPayloadInMB={"Get": "Parameters.InputDataUri"}),
        "MaxPayloadInMB: is String in an execution",
    ),
    "a float parameter where an integer is wanted": (
        lambda d: _arguments(d, "ScoreTestSet").update(MaxPayloadInMB={"Get": "Parameters.LearningRate"}),
        "MaxPayloadInMB: is Float in an execution",
    ),
    "true is no integer": (
        lambda d: _arguments(d, "ScoreTestSet").update(MaxPayloadInMB=True),
        "MaxPayloadInMB: is a boolean",
    ),
    "a value outside the enum": (
        lambda d: _arguments(d, "ScoreTestSet").update(BatchStrategy="OneByOne"),
        "'OneByOne' is not one of MultiRecord, SingleRecord",
    ),
    "a value that does not match the pattern": (
        lambda d: _arguments(d, "ExtractCifar").update(RoleArn="SconesPipelineRole-and-more"),
        "RoleArn: 'SconesPipelineRole-and-more' does not match",
    ),
    "a string that is too long": (
        lambda d: _arguments(d, "ExtractCifar")["AppSpecification"]["ContainerArguments"].append("x" * 257),
        "has 257 characters, at most 256 are allowed",
    ),
    "too many items": (
        lambda d: _arguments(d, "ExtractCifar")["ProcessingInputs"].extend(
            _arguments(d, "ExtractCifar")["ProcessingInputs"] * 5
        ),
        "has 18 items, at most 10 are allowed",
    ),
    "a number below its range": (
        lambda d: _arguments(d, "TrainClassifier")["ResourceConfig"].update(VolumeSizeInGB=-1),
        "VolumeSizeInGB: -1 is below",
    ),
    "a list where a structure is wanted": (
        lambda d: _arguments(d, "TrainClassifier").update(ResourceConfig=[]),
        "ResourceConfig: is a list",
    ),
    "a sign that metadata may not hold": (
        lambda d: _arguments(d, "RegisterModel")["CustomerMetadataProperties"].update(note="a,b"),
        "note: 'a,b' does not match",
    ),
}

REFERENCES: dict[str, tuple[Break, str]] = {
    "no such parameter": (
        lambda d: _hyperparameters(d).update(epochs={"Std:Join": {"On": "", "Values": [{"Get": "Parameters.Epoch"}]}}),
        "no parameter 'Epoch'",
    ),
    "no such step": (
        lambda d: _arguments(d, "ScoreTestSet").update(ModelName={"Get": "Steps.MakeModel.ModelName"}),
        "no step 'MakeModel'",
    ),
    "no such property of the step": (
        lambda d: _arguments(d, "ScoreTestSet").update(ModelName={"Get": "Steps.CreateModel.Name"}),
        "step 'CreateModel' (Model) has no property 'Name'",
    ),
    "a property of another type": (
        lambda d: _arguments(d, "ScoreTestSet").update(MaxPayloadInMB={"Get": "Steps.CreateModel.ModelName"}),
        "MaxPayloadInMB: is String in an execution",
    ),
    "no such output of the step": (
        lambda d: _arguments(d, "ScoreTestSet")["TransformInput"]["DataSource"]["S3DataSource"].update(
            S3Uri={"Get": "Steps.ExtractCifar.ProcessingOutputConfig.Outputs['tset'].S3Output.S3Uri"}
        ),
        "has no output 'tset'",
    ),
    "no such execution variable": (
        lambda d: _arguments(d, "ScoreTestSet").update(ModelName={"Get": "Execution.Id"}),
        "no execution variable 'Id'",
    ),
    "a reference that is none": (
        lambda d: _arguments(d, "ScoreTestSet").update(ModelName={"Get": "CreateModel.ModelName"}),
        "'CreateModel.ModelName' is neither",
    ),
    "no such property file": (
        lambda d: _condition(d).update(LeftValue=_json_get("a", "Steps.EvaluateModel.PropertyFiles.Evalution")),
        "declares no property file 'Evalution'",
    ),
    "a property file of a step that has none": (
        lambda d: _condition(d).update(LeftValue=_json_get("a", "Steps.TrainClassifier.PropertyFiles.Evaluation")),
        "declares no property file 'Evaluation'",
    ),
    "a property file read without JsonGet": (
        lambda d: _condition(d).update(LeftValue={"Get": "Steps.EvaluateModel.PropertyFiles.Evaluation"}),
        "read it with Std:JsonGet",
    ),
    "a property file in an output that does not exist": (
        lambda d: _step(d, "EvaluateModel")["PropertyFiles"][0].update(OutputName="evaluations"),
        "lies in output 'evaluations'",
    ),
    "a broken reference inside a Join": (
        lambda d: _arguments(d, "RejectModel")["ErrorMessage"]["Std:Join"]["Values"].append({"Get": "Steps.X.Y"}),
        "no step 'X'",
    ),
    "a Join of a structure": (
        lambda d: _arguments(d, "RejectModel")["ErrorMessage"]["Std:Join"]["Values"].append({"a": 1}),
        "Std:Join joins strings, numbers and expressions only",
    ),
    "a step that depends on none": (
        lambda d: _step(d, "ScoreTestSet").update(DependsOn=["Extract"]),
        "DependsOn: no step 'Extract'",
    ),
    "steps that wait for each other": (
        lambda d: _step(d, "ExtractCifar").update(DependsOn=["EvaluateModel"]),
        "wait for each other in a circle",
    ),
    "a step that waits for a branch of the condition it feeds": (
        lambda d: _step(d, "EvaluateModel").update(DependsOn=["RegisterModel"]),
        "wait for each other in a circle",
    ),
    "a step after a Fail step": (
        lambda d: _step(d, "RegisterModel").update(DependsOn=["RejectModel"]),
        "waits for RejectModel, a Fail step",
    ),
}

DECLARATIONS: dict[str, tuple[Break, str]] = {
    "two steps of one name": (
        lambda d: _step(d, "RejectModel").update(Name="ExtractCifar"),
        "2 steps have this name",
    ),
    "a step name with a blank": (
        lambda d: _step(d, "RejectModel").update(Name="Reject Model"),
        "does not match",
    ),
    "a step name that is too long": (
        lambda d: _step(d, "RejectModel").update(Name="R" * 65),
        "does not match",
    ),
    "an unknown step type": (
        lambda d: _step(d, "RejectModel").update(Type="Stop"),
        "step type 'Stop' is not one of",
    ),
    "an unknown field of a step": (lambda d: _step(d, "RejectModel").update(Retry=3), "Retry: is unknown"),
    "a parameter declared twice": (
        lambda d: d["Parameters"].append(copy.deepcopy(d["Parameters"][0])),
        "is declared twice",
    ),
    "a parameter nobody uses": (
        lambda d: d["Parameters"].append({"Name": "Momentum", "Type": "Float", "DefaultValue": 0.9}),
        "Parameters.Momentum: is declared and never used",
    ),
    "a default of another type": (
        lambda d: _parameter(d, "Epochs").update(DefaultValue="30"),
        "is not of type Integer",
    ),
    "a default outside its enum": (
        lambda d: _parameter(d, "ModelApprovalStatus").update(DefaultValue="Maybe"),
        "default 'Maybe' is not one of PendingManualApproval",
    ),
    "a parameter of no known type": (lambda d: _parameter(d, "Epochs").update(Type="Number"), "type 'Number'"),
    "an unknown condition": (lambda d: _condition(d).update(Type="AtLeast"), "condition type 'AtLeast'"),
    "a condition without a side": (lambda d: _condition(d).pop("RightValue"), "RightValue is missing"),
    "a condition step without conditions": (
        lambda d: _arguments(d, "CheckQuality").update(Conditions=[]),
        "Conditions: there are none",
    ),
    "a fault that cannot be retried": (
        lambda d: _step(d, "CreateModel")["RetryPolicies"][0]["ExceptionType"].append("SageMaker.CAPACITY_ERROR"),
        "'SageMaker.CAPACITY_ERROR' is not one of",
    ),
    "too many attempts": (
        lambda d: _step(d, "TrainClassifier")["RetryPolicies"][0].update(MaxAttempts=21),
        "21 is not in 1 to 20",
    ),
    "a retry without an end": (
        lambda d: _step(d, "TrainClassifier")["RetryPolicies"][0].pop("MaxAttempts"),
        "wants one of MaxAttempts and ExpireAfterMin",
    ),
    "a cache that expires after nothing": (
        lambda d: _step(d, "TrainClassifier")["CacheConfig"].update(ExpireAfter="30 days"),
        "'30 days' is not an ISO 8601 duration",
    ),
    "a cache on a step that has none": (
        lambda d: _step(d, "CreateModel").update(CacheConfig={"Enabled": True, "ExpireAfter": "P1D"}),
        "Model steps cannot be cached",
    ),
    "another version": (lambda d: d.update(Version="2021-01-01"), "Version: is '2021-01-01'"),
    "no steps": (lambda d: d.update(Steps=[]), "Steps: there are none"),
    "more steps than the quota": (
        lambda d: d["Steps"].extend([{**_step(d, "RejectModel"), "Name": f"Reject{i}"} for i in range(50)]),
        "at most 50 are allowed",
    ),
    "larger than the service takes": (
        lambda d: _step(d, "RejectModel").update(Description="x" * 1024 * 1024),
        "at most 1048576 are allowed",
    ),
}


def _baseline(definition: Definition) -> dict[str, Any]:
    return _step(definition, "DataQualityBaseline")


QUALITY_CHECKS: dict[str, tuple[Break, str]] = {
    "an unknown check type": (
        lambda d: _baseline(d).update(CheckType="DATA_BIAS"),
        "CheckType: 'DATA_BIAS' is not one of DATA_QUALITY, MODEL_QUALITY",
    ),
    "a flag as text": (lambda d: _baseline(d).update(SkipCheck="true"), "SkipCheck: is 'true', but wants Boolean"),
    "a flag of a parameter of another type": (
        lambda d: _baseline(d).update(RegisterNewBaseline={"Get": "Parameters.Seed"}),
        "RegisterNewBaseline: is Integer, but wants Boolean",
    ),
    "a supplied baseline of an unknown step": (
        lambda d: _baseline(d).update(SuppliedBaselineStatistics={"Get": "Steps.Gone.CalculatedBaselineStatistics"}),
        "SuppliedBaselineStatistics: no step 'Gone'",
    ),
    "a supplied baseline that waits for itself": (
        lambda d: (
            _baseline(d).update(
                SuppliedBaselineStatistics={"Get": "Steps.ModelQualityBaseline.CalculatedBaselineStatistics"}
            )
            or _step(d, "ModelQualityBaseline").update(
                SuppliedBaselineStatistics={"Get": "Steps.DataQualityBaseline.CalculatedBaselineStatistics"}
            )
        ),
        "wait for each other in a circle",
    ),
    "a check against nothing": (
        lambda d: _baseline(d).update(SkipCheck=False, ModelPackageGroupName=None),
        "DataQualityBaseline: needs an earlier baseline",
    ),
    "a check with two outputs": (
        lambda d: _arguments(d, "DataQualityBaseline")["ProcessingOutputConfig"]["Outputs"].append(
            {
                "OutputName": "other",
                "S3Output": {"S3Uri": "s3://b/o", "LocalPath": "/opt/ml/processing/o", "S3UploadMode": "EndOfJob"},
            }
        ),
        "has 2 outputs: the reports want one",
    ),
    "a request member that is missing": (
        lambda d: _arguments(d, "DataQualityBaseline").pop("RoleArn"),
        "RoleArn is missing",
    ),
    "a retried check": (
        lambda d: _baseline(d).update(RetryPolicies=[{"ExceptionType": ["Step.THROTTLING"], "MaxAttempts": 1}]),
        "QualityCheck steps cannot be retried",
    ),
    "a member of another step type": (lambda d: _baseline(d).update(FunctionArn="f"), "FunctionArn: is unknown"),
    "a property that a check has not": (
        lambda d: _arguments(d, "RegisterModel")["CustomerMetadataProperties"].update(
            x={"Get": "Steps.DataQualityBaseline.ProcessingJobName"}
        ),
        "'DataQualityBaseline' is a QualityCheck step and has no property 'ProcessingJobName'",
    ),
}


def test_the_golden_definition_has_no_problems(definition: Definition) -> None:
    assert check_definition(definition) == []


@pytest.mark.parametrize(
    ("break_it", "expected"),
    [
        pytest.param(*case, id=name)
        for name, case in {**REQUESTS, **REFERENCES, **DECLARATIONS, **QUALITY_CHECKS}.items()
    ],
)
def test_a_broken_definition_is_found(definition: Definition, break_it: Break, expected: str) -> None:
    break_it(definition)
    problems = [str(problem) for problem in check_definition(json.dumps(definition))]
    assert any(expected in problem for problem in problems), problems


def test_text_that_is_not_json_is_one_problem() -> None:
    assert [problem.path for problem in check_definition("{")] == ["definition"]
    assert [problem.path for problem in check_definition("[]")] == ["definition"]


def test_a_problem_says_where_in_names_not_indexes(definition: Definition) -> None:
    _arguments(definition, "RegisterModel").update(Domain=7)
    (problem,) = check_definition(definition)
    assert problem.path == "Steps.CheckQuality.IfSteps.RegisterModel.Arguments.Domain"


def test_a_check_may_be_supplied_with_its_baseline_cached_and_told_by_a_parameter(definition: Definition) -> None:
    definition["Parameters"].append({"Name": "Skip", "Type": "Boolean", "DefaultValue": False})
    supplied = {f"SuppliedBaseline{name}": f"s3://b/{name}.json" for name in ("Statistics", "Constraints")}
    cache = {"CacheConfig": {"Enabled": True, "ExpireAfter": "P1D"}}
    _baseline(definition).update(SkipCheck={"Get": "Parameters.Skip"}, ModelPackageGroupName=None, **supplied, **cache)
    assert check_definition(definition) == []


def test_json_get_may_stand_where_any_scalar_is_wanted(definition: Definition) -> None:
    file = "Steps.EvaluateModel.PropertyFiles.Evaluation"
    _arguments(definition, "RegisterModel")["CustomerMetadataProperties"]["f1"] = _json_get("f1", file)
    assert check_definition(definition) == []
