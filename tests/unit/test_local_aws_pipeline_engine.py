"""Executions on a small SageMaker with a clock of its own: order, branches, failures, names, references."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from local_aws.sagemaker.errors import ValidationException
from local_aws.sagemaker.validation import response_problems
from tests.unit.local_aws_pipeline_service import (
    BUCKET,
    INFERENCE_IMAGE,
    ROLE,
    Outcome,
    Service,
    condition,
    equals,
    fail,
    get,
    processing,
    training,
)

COMPILED = Path(__file__).parent.parent / "data" / "local_aws_pipeline_compiled.json"


@pytest.fixture
def service(tmp_path: Path) -> Service:
    return Service(tmp_path)


def test_steps_run_after_those_they_name_and_those_they_refer_to(service: Service) -> None:
    uri = get("Steps.First.ProcessingOutputConfig.Outputs['data'].S3Output.S3Uri")
    service.create_pipeline(
        processing("Third", DependsOn=["Second"]),
        processing("Second", Environment={"DATA": uri}),
        processing("First", Outputs={"data": f"s3://{BUCKET}/data"}),
    )
    status, steps = service.execute()
    assert status == "Succeeded"
    assert list(steps) == ["First", "Second", "Third"]
    assert service.job_of(steps["Second"]).request["Environment"] == {"DATA": f"s3://{BUCKET}/data"}
    assert steps["First"]["EndTime"] <= steps["Second"]["StartTime"]


def test_independent_steps_run_at_the_same_time(service: Service) -> None:
    service.create_pipeline(*(processing(f"S{number}") for number in range(5)))
    assert service.execute()[0] == "Succeeded"
    assert service.most_running == 5
    assert service.clock.seconds() < 2


def test_no_more_steps_run_at_once_than_the_parallelism_configuration_allows(service: Service) -> None:
    service.create_pipeline(
        *(processing(f"S{number}") for number in range(5)),
        ParallelismConfiguration={"MaxParallelExecutionSteps": 2},
    )
    service.execute()
    assert service.most_running == 2
    service.execute(ParallelismConfiguration={"MaxParallelExecutionSteps": 3})
    assert service.most_running == 3


def test_jobs_are_named_as_the_service_names_them(service: Service) -> None:
    service.create_pipeline(processing("Extract_Data"), processing("x" * 64))
    arn = service.begin()
    service.finish(arn)
    names = list(service.jobs)
    execution_id = arn.rpartition("/")[2]
    assert re.fullmatch(rf"pipelines-{execution_id}-Extract-Data-[A-Za-z0-9]{{10}}", names[0])
    assert re.fullmatch(rf"pipelines-{execution_id}-x+-[A-Za-z0-9]{{10}}", names[1])
    assert len(names[1]) == 63


def test_a_name_among_the_arguments_is_the_prefix_of_the_jobs_name(service: Service) -> None:
    service.create_pipeline(processing("Extract", Arguments={"ProcessingJobName": "nightly"}))
    service.execute()
    assert re.fullmatch(r"nightly-[a-z0-9]{12}-[A-Za-z0-9]{10}", next(iter(service.jobs)))


def test_only_the_branch_taken_runs_and_is_listed(service: Service) -> None:
    service.create_pipeline(
        condition(
            "Check",
            equals(get("Parameters.Mode"), "full"),
            then=[
                processing("Full"),
                condition("Inner", equals(1, 2), then=[fail("No")], otherwise=[processing("Yes")]),
            ],
            otherwise=[processing("Short")],
        ),
        processing("AfterShort", DependsOn=["Short"]),
        processing("AfterCheck", DependsOn=["Check"]),
        Parameters=[{"Name": "Mode", "Type": "String", "DefaultValue": "full"}],
    )
    status, steps = service.execute()
    assert status == "Succeeded"
    assert set(steps) == {"Check", "Full", "Inner", "Yes", "AfterCheck"}
    assert steps["Check"]["Metadata"] == {"Condition": {"Outcome": "True"}}
    assert steps["Inner"]["Metadata"] == {"Condition": {"Outcome": "False"}}
    status, steps = service.execute(PipelineParameters=[{"Name": "Mode", "Value": "short"}])
    assert set(steps) == {"Check", "Short", "AfterShort", "AfterCheck"}


def test_the_steps_after_a_failed_step_do_not_run_and_the_others_do(service: Service) -> None:
    service.plans["Train"] = [Outcome(status="Failed", reason="AlgorithmError: ValueError: bad shape")]
    service.create_pipeline(
        training("Train"),
        processing("AfterTrain", DependsOn=["Train"]),
        processing("Other"),
        processing("AfterOther", DependsOn=["Other"]),
    )
    arn = service.begin()
    assert service.finish(arn) == "Failed"
    assert service.describe(arn)["FailureReason"] == "Step failure: One or multiple steps failed."
    steps = service.steps(arn)
    assert set(steps) == {"Train", "Other", "AfterOther"}
    assert steps["Train"]["StepStatus"] == "Failed"
    assert steps["Train"]["FailureReason"] == "ClientError: AlgorithmError: ValueError: bad shape"
    assert steps["AfterOther"]["StepStatus"] == "Succeeded"


def test_a_fail_step_ends_the_execution_with_its_message_and_stops_what_runs(service: Service) -> None:
    service.plans["Long"] = [Outcome(seconds=1000)]
    message = {"Std:Join": {"On": " ", "Values": ["outcome", get("Steps.Check.Outcome"), "of", 1, 0.5]}}
    service.create_pipeline(
        processing("Long"),
        condition("Check", equals(1, 2), then=[], otherwise=[fail("Reject", message)]),
        processing("Later", DependsOn=["Long"]),
    )
    arn = service.begin()
    assert service.finish(arn) == "Failed"
    steps = service.steps(arn)
    assert steps["Reject"]["FailureReason"] == "outcome false of 1 0.5"
    assert steps["Reject"]["Metadata"] == {"Fail": {"ErrorMessage": "outcome false of 1 0.5"}}
    assert steps["Long"]["StepStatus"] == "Stopped"
    assert "Later" not in steps
    assert service.clock.seconds() < 1


def test_a_refused_request_fails_the_step_with_the_services_words(service: Service) -> None:
    service.create_pipeline(
        training("Train", HyperParameters={"epochs": get("Parameters.Epochs")}),
        Parameters=[{"Name": "Epochs", "Type": "Integer", "DefaultValue": 3}],
    )
    status, steps = service.execute()
    assert status == "Failed"
    assert steps["Train"]["Metadata"] == {}
    assert steps["Train"]["FailureReason"].startswith(
        "ClientError: Failed to invoke sagemaker:CreateTrainingJob. Error Details: "
    )


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "does not exist"),
        (b"{", "is not JSON"),
        (b'{"accuracy": {}}', "has nothing at the path 'accuracy.value'"),
        (b'{"accuracy": {"value": "high"}}', "cannot compare 'high' (a String) with 0.9 (a number)"),
    ],
)
def test_a_property_file_that_cannot_be_read_fails_the_step(
    service: Service, content: bytes | None, words: str
) -> None:
    service.create_pipeline(*_gate())
    if content is not None:
        service.context.objects.write(BUCKET, "evaluation/evaluation.json", content)
    status, steps = service.execute()
    assert status == "Failed"
    assert words in steps["Check"]["FailureReason"]
    assert steps["Check"]["FailureReason"].startswith("ClientError: ")


def test_a_figure_in_a_property_file_decides_the_branch(service: Service) -> None:
    service.create_pipeline(*_gate())
    service.put_json("evaluation/evaluation.json", {"accuracy": {"value": 0.91}})
    assert set(service.execute()[1]) == {"Evaluate", "Check", "Good"}
    service.put_json("evaluation/evaluation.json", {"accuracy": {"value": 0.89}})
    status, steps = service.execute()
    assert (status, steps["Bad"]["FailureReason"]) == ("Failed", "accuracy 0.89")


def test_a_failed_step_can_be_answered_by_a_step_that_waits_for_its_failure(service: Service) -> None:
    service.plans["Train"] = [Outcome(status="Failed", reason="AlgorithmError: no")]
    reason = get("Steps.Train.FailureReason")
    service.create_pipeline(
        training("Train"),
        processing("Notify", DependsOn=[{"Step": "Train", "Trigger": "Failed"}], Environment={"WHY": reason}),
        processing("Never", DependsOn=["Train"]),
    )
    status, steps = service.execute()
    assert status == "CompletedWithFailures"
    assert set(steps) == {"Train", "Notify"}
    assert service.job_of(steps["Notify"]).request["Environment"] == {"WHY": "AlgorithmError: no"}
    assert set(service.execute()[1]) == {"Train", "Never"}


def test_execution_variables_and_the_jobs_own_name_reach_the_arguments(service: Service) -> None:
    names = ("PipelineName", "PipelineExecutionId", "PipelineExecutionArn", "PipelineArn", "StartDateTime")
    environment = {name: get(f"Execution.{name}") for name in (*names, "ProcessingJobName", "CurrentDateTime")}
    service.plans["First"] = [Outcome(seconds=60)]
    service.create_pipeline(processing("First"), processing("Second", Environment=environment, DependsOn=["First"]))
    arn = service.begin()
    service.finish(arn)
    job = service.job_of(service.steps(arn)["Second"])
    assert job.request["Environment"] == {
        "PipelineName": "p",
        "PipelineExecutionId": arn.rpartition("/")[2],
        "PipelineExecutionArn": arn,
        "PipelineArn": arn.partition("/execution/")[0],
        "StartDateTime": "2026-08-06T12:00:00.000Z",
        "CurrentDateTime": job.request["Environment"]["CurrentDateTime"],
        "ProcessingJobName": job.request["ProcessingJobName"],
    }
    assert job.request["Environment"]["CurrentDateTime"].startswith("2026-08-06T12:01:0")


def test_a_pipeline_compiled_by_the_sdk_runs_to_a_registered_model(service: Service) -> None:
    _create_compiled(service)
    service.put_json("evaluation/evaluation.json", {"binary_classification_metrics": {"accuracy": {"value": 0.9}}})
    status, steps = service.execute()
    assert status == "Succeeded", steps
    assert list(steps) == [
        *("Extract", "Train", "CreateModel", "Score", "Evaluate", "CheckQuality", "CheckApproval", "Register")
    ]
    model = steps["CreateModel"]["Metadata"]["Model"]["Arn"].rpartition("/")[2]
    assert service.job_of(steps["Score"]).request["ModelName"] == model
    package = service.call(
        "DescribeModelPackage", {"ModelPackageName": steps["Register"]["Metadata"]["RegisterModel"]["Arn"]}
    )
    trained = steps["Train"]["Metadata"]["TrainingJob"]["Arn"].rpartition("/")[2]
    container = package["InferenceSpecification"]["Containers"][0]
    assert container["ModelDataUrl"] == f"s3://{BUCKET}/models/{trained}/output/model.tar.gz"
    assert package["ModelApprovalStatus"] == "PendingManualApproval"
    assert (package["ModelPackageGroupName"], package["ModelPackageVersion"]) == ("vehicles", 1)


def test_a_model_package_group_that_exists_gets_a_further_version(service: Service) -> None:
    service.context.objects.write(BUCKET, "model.tar.gz", b"model")
    service.create_pipeline(_register("Register"))
    assert service.execute()[0] == "Succeeded"
    steps = service.execute()[1]
    assert steps["Register"]["Metadata"]["RegisterModel"]["Arn"].endswith("model-package/vehicles/2")


def test_what_the_api_shows_of_an_execution_fits_the_service_model(service: Service) -> None:
    service.plans["Train"] = [Outcome(status="Failed", reason="AlgorithmError: " + "x" * 3000)]
    named = {"PipelineExecutionDisplayName": "nightly", "PipelineExecutionDescription": "d"}
    service.create_pipeline(
        training("Train", DisplayName="shown", Description="told"), condition("Check", then=[], otherwise=[])
    )
    arn = service.begin(**named)
    service.finish(arn)
    requests: dict[str, dict[str, Any]] = {
        "ListPipelineExecutions": {"PipelineName": "p"},
        **{
            operation: {"PipelineExecutionArn": arn}
            for operation in (
                "DescribePipelineExecution",
                "ListPipelineExecutionSteps",
                "ListPipelineParametersForExecution",
                "DescribePipelineDefinitionForExecution",
            )
        },
    }
    for operation, request in requests.items():
        assert response_problems(operation, service.call(operation, request)) == []


def test_steps_are_listed_latest_first_and_in_pages(service: Service) -> None:
    service.create_pipeline(*(processing(f"S{n}", DependsOn=[f"S{n - 1}"] if n else []) for n in range(5)))
    arn = service.begin()
    service.finish(arn)
    seen: list[str] = []
    request: dict[str, Any] = {"PipelineExecutionArn": arn, "MaxResults": 2}
    while True:
        answer = service.call("ListPipelineExecutionSteps", request)
        seen += [step["StepName"] for step in answer["PipelineExecutionSteps"]]
        if "NextToken" not in answer:
            break
        request["NextToken"] = answer["NextToken"]
    assert seen == ["S4", "S3", "S2", "S1", "S0"]


def test_a_definition_with_an_unsupported_step_type_is_refused_when_created(service: Service) -> None:
    with pytest.raises(ValidationException, match="Step type 'EMR' of step 'L' is not supported"):
        service.create_pipeline({"Name": "L", "Type": "EMR", "Arguments": {}})


def _create_compiled(service: Service) -> None:
    request = {"PipelineName": "p", "RoleArn": ROLE, "PipelineDefinition": COMPILED.read_text()}
    service.call("CreatePipeline", request)


def _gate() -> list[dict[str, Any]]:
    figure = {"Std:JsonGet": {"PropertyFile": get("Steps.Evaluate.PropertyFiles.Report"), "Path": "accuracy.value"}}
    reject = fail("Bad", {"Std:Join": {"On": " ", "Values": ["accuracy", figure]}})
    evaluate = processing(
        "Evaluate",
        Outputs={"evaluation": f"s3://{BUCKET}/evaluation"},
        PropertyFiles=[{"PropertyFileName": "Report", "OutputName": "evaluation", "FilePath": "evaluation.json"}],
    )
    bar = {"Type": "GreaterThanOrEqualTo", "LeftValue": figure, "RightValue": 0.9}
    return [evaluate, condition("Check", bar, then=[processing("Good")], otherwise=[reject])]


def _register(name: str) -> dict[str, Any]:
    arguments = {
        "ModelPackageGroupName": "vehicles",
        "InferenceSpecification": {
            "Containers": [{"Image": INFERENCE_IMAGE, "ModelDataUrl": f"s3://{BUCKET}/model.tar.gz"}],
            "SupportedContentTypes": ["image/png"],
            "SupportedResponseMIMETypes": ["application/json"],
        },
    }
    return {"Name": name, "Type": "RegisterModel", "Arguments": arguments}
