"""Executions on a small SageMaker: starting, retrying, caching, stopping, selecting, surviving a restart."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from local_aws.sagemaker.errors import (
    ConflictException,
    InternalFailure,
    ResourceLimitExceeded,
    ResourceNotFound,
    ServiceError,
    ValidationException,
)
from local_aws.sagemaker.pipeline import records
from local_aws.sagemaker.pipeline.engine import PipelineEngine
from tests.unit.local_aws_pipeline_service import (
    BUCKET,
    Outcome,
    Service,
    condition,
    equals,
    fail,
    get,
    processing,
    training,
)
from tests.waiting import PATIENCE_SECONDS

CACHED = {"CacheConfig": {"Enabled": True, "ExpireAfter": "PT1H"}}


class Throttled(ServiceError):
    code = "ThrottlingException"


@pytest.fixture
def service(tmp_path: Path) -> Service:
    return Service(tmp_path)


def capacity_error() -> Outcome:
    return Outcome(status="Failed", reason="CapacityError: Unable to provision requested ML compute capacity.")


# Starting


def test_parameters_given_as_text_reach_the_steps_as_their_types(service: Service) -> None:
    service.create_pipeline(
        condition("Check", equals(get("Parameters.Epochs"), 7), then=[processing("Seven")], otherwise=[]),
        Parameters=[
            {"Name": "Epochs", "Type": "Integer", "DefaultValue": 3},
            {"Name": "Bar", "Type": "Float", "DefaultValue": 0.85},
        ],
    )
    arn = service.begin(PipelineParameters=[{"Name": "Epochs", "Value": "7"}])
    service.finish(arn)
    assert "Seven" in service.steps(arn)
    answer = service.call("ListPipelineParametersForExecution", {"PipelineExecutionArn": arn})
    assert answer["PipelineParameters"] == [
        {"Name": "Epochs", "Value": "7"},
        {"Name": "Bar", "Value": "0.85"},
    ]


def test_a_wrong_parameter_is_refused_and_no_execution_is_left(service: Service) -> None:
    service.create_pipeline(processing("A"), Parameters=[{"Name": "Epochs", "Type": "Integer"}])
    for given in ([], [{"Name": "Epochs", "Value": "many"}], [{"Name": "Epoch", "Value": "1"}]):
        with pytest.raises(ValidationException):
            service.begin(PipelineParameters=given)
    assert service.call("ListPipelineExecutions", {"PipelineName": "p"})["PipelineExecutionSummaries"] == []


def test_one_client_token_starts_one_execution(service: Service) -> None:
    service.create_pipeline(processing("A"))
    token = "t" * 32
    assert service.begin(ClientRequestToken=token) == service.begin(ClientRequestToken=token)
    assert service.begin(ClientRequestToken="u" * 32) != service.begin()
    with pytest.raises(ConflictException):
        service.begin(ClientRequestToken=token, PipelineExecutionDisplayName="other")


def test_an_execution_keeps_the_definition_it_was_started_with(service: Service) -> None:
    service.create_pipeline(processing("Old"))
    arn = service.begin()
    service.create_pipeline(processing("New"))
    service.finish(arn)
    assert set(service.steps(arn)) == {"Old"}
    assert set(service.execute()[1]) == {"New"}
    assert set(service.execute(PipelineVersionId=1)[1]) == {"Old"}
    definition = service.call("DescribePipelineDefinitionForExecution", {"PipelineExecutionArn": arn})
    assert '"Old"' in definition["PipelineDefinition"]


def test_executions_are_listed_latest_first_and_can_be_renamed(service: Service) -> None:
    service.create_pipeline(processing("A"))
    first = service.begin()
    service.clock.pass_time(1)
    second = service.begin(PipelineExecutionDisplayName="second")
    service.call("UpdatePipelineExecution", {"PipelineExecutionArn": first, "PipelineExecutionDisplayName": "first"})
    listed = service.call("ListPipelineExecutions", {"PipelineName": "p"})["PipelineExecutionSummaries"]
    assert [each["PipelineExecutionArn"] for each in listed] == [second, first]
    assert [each["PipelineExecutionDisplayName"] for each in listed] == ["second", "first"]
    late = {"PipelineName": "p", "CreatedAfter": service.clock.now() - timedelta(milliseconds=500)}
    assert len(service.call("ListPipelineExecutions", late)["PipelineExecutionSummaries"]) == 1


def test_an_unknown_execution_is_not_found(service: Service) -> None:
    service.create_pipeline(processing("A"))
    arn = service.begin()
    for unknown in (arn + "x", arn.replace("pipeline/p/", "pipeline/q/")):
        with pytest.raises(ResourceNotFound, match="does not exist"):
            service.describe(unknown)


# Retry policies


def test_a_job_without_capacity_is_started_again_as_its_policy_says(service: Service) -> None:
    service.plans["Train"] = [capacity_error(), capacity_error()]
    policy = {
        "ExceptionType": ["SageMaker.CAPACITY_ERROR"],
        "IntervalSeconds": 10,
        "BackoffRate": 3.0,
        "MaxAttempts": 2,
    }
    service.create_pipeline(training("Train", RetryPolicies=[policy]))
    status, steps = service.execute()
    assert status == "Succeeded"
    assert steps["Train"]["AttemptCount"] == 3
    assert len(service.jobs) == 3
    assert 43 <= service.clock.seconds() < 44


def test_the_last_failure_stands_when_the_attempts_are_used_up(service: Service) -> None:
    service.plans["Train"] = [capacity_error() for _ in range(5)]
    policy = {"ExceptionType": ["SageMaker.CAPACITY_ERROR"], "MaxAttempts": 1}
    service.create_pipeline(training("Train", RetryPolicies=[policy]))
    status, steps = service.execute()
    assert (status, steps["Train"]["AttemptCount"]) == ("Failed", 2)
    assert "CapacityError" in steps["Train"]["FailureReason"]


def test_retries_end_when_the_policy_expires(service: Service) -> None:
    service.plans["Train"] = [capacity_error() for _ in range(50)]
    policy = {
        "ExceptionType": ["SageMaker.CAPACITY_ERROR"],
        "IntervalSeconds": 20,
        "BackoffRate": 1.0,
        "ExpireAfterMin": 1,
    }
    service.create_pipeline(training("Train", RetryPolicies=[policy]))
    assert service.execute()[0] == "Failed"
    assert service.created == ["Train"] * 3
    assert service.clock.seconds() < 60


@pytest.mark.parametrize("error", [Throttled("Rate exceeded"), InternalFailure("try again")])
def test_faults_of_the_service_are_retried_without_a_policy(service: Service, error: ServiceError) -> None:
    service.plans["Train"] = [Outcome(error=error)]
    service.create_pipeline(training("Train"))
    status, steps = service.execute()
    assert (status, steps["Train"]["AttemptCount"]) == ("Succeeded", 2)


def test_a_limit_is_not_retried_without_a_policy_and_the_reason_says_so(service: Service) -> None:
    service.plans["Train"] = [Outcome(error=ResourceLimitExceeded("The limit is 0 Instances."))]
    service.create_pipeline(training("Train"))
    arn = service.begin()
    service.finish(arn)
    reason = service.steps(arn)["Train"]["FailureReason"]
    assert reason == (
        "ClientError: Failed to invoke sagemaker:CreateTrainingJob. Error Details: The limit is 0 Instances."
        f"\nRetry not appropriate on execution of step with PipelineExecutionArn {arn} and StepId Train. "
        "No retry policy configured for the exception type SAGEMAKER_RESOURCE_LIMIT."
    )


# Caching


def test_a_step_with_the_same_arguments_is_reused_and_passes_on_what_it_made(service: Service) -> None:
    bucket_of_execution = {"Std:Join": {"On": "/", "Values": [f"s3://{BUCKET}", get("Execution.PipelineExecutionId")]}}
    data = get("Steps.Extract.ProcessingOutputConfig.Outputs['data'].S3Output.S3Uri")
    service.create_pipeline(
        processing("Extract", Outputs={"data": bucket_of_execution}, **CACHED),
        processing("Use", Environment={"DATA": data}),
    )
    first = service.begin()
    service.finish(first)
    second = service.begin()
    assert service.finish(second) == "Succeeded"
    steps = service.steps(second)
    assert service.created == ["Extract", "Use", "Use"]
    assert steps["Extract"]["CacheHitResult"] == {"SourcePipelineExecutionArn": first}
    assert steps["Extract"]["Metadata"] == service.steps(first)["Extract"]["Metadata"]
    environment = service.job_of(steps["Use"]).request["Environment"]
    assert environment == {"DATA": f"s3://{BUCKET}/{first.rpartition('/')[2]}"}


def test_a_reused_step_names_the_execution_that_really_ran_it_and_ages_with_it(service: Service) -> None:
    service.create_pipeline(processing("A", **CACHED))
    first = service.begin()
    service.finish(first)
    service.clock.pass_time(2000)
    service.execute()
    service.clock.pass_time(1000)
    assert service.execute()[1]["A"]["CacheHitResult"] == {"SourcePipelineExecutionArn": first}
    service.clock.pass_time(1000)
    assert "CacheHitResult" not in service.execute()[1]["A"]
    assert service.created == ["A", "A"]


def test_what_does_not_count_may_change_and_what_counts_may_not(service: Service) -> None:
    service.create_pipeline(processing("A", Environment={"SEED": "1"}, **CACHED))
    service.execute()
    resources = {"ClusterConfig": {"InstanceType": "ml.m5.4xlarge", "InstanceCount": 2, "VolumeSizeInGB": 30}}
    bigger = processing("A", Environment={"SEED": "1"}, Arguments={"ProcessingResources": resources}, **CACHED)
    service.create_pipeline(bigger)
    assert "CacheHitResult" in service.execute()[1]["A"]
    service.create_pipeline(processing("A", Environment={"SEED": "2"}, **CACHED))
    assert "CacheHitResult" not in service.execute()[1]["A"]


def test_failed_steps_are_never_reused(service: Service) -> None:
    service.plans["A"] = [Outcome(status="Failed", reason="AlgorithmError: no")]
    service.create_pipeline(processing("A", **CACHED))
    assert service.execute()[0] == "Failed"
    status, steps = service.execute()
    assert status == "Succeeded"
    assert "CacheHitResult" not in steps["A"]


def test_a_step_whose_caching_is_off_runs_each_time(service: Service) -> None:
    service.create_pipeline(processing("A", CacheConfig={"Enabled": False, "ExpireAfter": "PT1H"}))
    service.execute()
    service.execute()
    assert service.created == ["A", "A"]


# Stopping


def test_stopping_an_execution_stops_its_jobs_and_begins_no_other_step(service: Service) -> None:
    service.plans["Long"] = [Outcome(seconds=1000)]
    service.create_pipeline(processing("Long"), processing("Short"), processing("Next", DependsOn=["Long"]))
    arn = service.begin()
    service.clock.at(5, lambda: _stop(service, arn))
    assert service.finish(arn) == "Stopped"
    steps = service.steps(arn)
    assert {name: step["StepStatus"] for name, step in steps.items()} == {
        "Long": "Stopped",
        "Short": "Succeeded",
    }
    assert service.clock.seconds() < 6
    assert "FailureReason" not in service.describe(arn)


def test_a_step_that_waits_for_its_retry_is_stopped_at_once(service: Service) -> None:
    service.plans["Train"] = [capacity_error()]
    policy = {"ExceptionType": ["SageMaker.CAPACITY_ERROR"], "IntervalSeconds": 1000}
    service.create_pipeline(training("Train", RetryPolicies=[policy]))
    arn = service.begin()
    service.clock.at(10, lambda: _stop(service, arn))
    assert service.finish(arn) == "Stopped"
    assert service.steps(arn)["Train"]["StepStatus"] == "Stopped"


def test_an_execution_that_has_ended_cannot_be_stopped(service: Service) -> None:
    service.create_pipeline(processing("A"))
    arn = service.begin()
    service.finish(arn)
    with pytest.raises(ValidationException, match='Only pipelines with "Executing" status can be stopped'):
        _stop(service, arn)


def test_while_it_stops_an_execution_and_its_step_say_so(service: Service) -> None:
    service.create_pipeline(processing("A"))
    arn = service.begin()
    seen: list[tuple[str, str]] = []
    stop_job = service._stop

    def look_and_stop(resource: str, name: str, request: dict[str, Any]) -> dict[str, Any]:
        seen.append((service.describe(arn)["PipelineExecutionStatus"], service.steps(arn)["A"]["StepStatus"]))
        return stop_job(resource, name, request)

    service._stop = look_and_stop  # type: ignore[method-assign]
    service.clock.at(0.5, lambda: _stop(service, arn))
    service.finish(arn)
    assert seen == [("Stopping", "Stopping")]


def test_a_job_stopped_behind_the_executions_back_fails_it(service: Service) -> None:
    service.plans["A"] = [Outcome(status="Stopped")]
    service.create_pipeline(processing("A"), processing("B", DependsOn=["A"]))
    status, steps = service.execute()
    assert (status, steps["A"]["StepStatus"]) == ("Failed", "Stopped")
    assert set(steps) == {"A"}


def test_an_execution_stopped_before_it_began_runs_nothing(service: Service) -> None:
    service.create_pipeline(processing("A"))
    arn = service.begin()
    _stop(service, arn)
    assert service.finish(arn) == "Stopped"
    assert service.steps(arn) == {}


# Retrying an execution


def test_a_retried_execution_goes_on_from_what_succeeded(service: Service) -> None:
    service.plans["Train"] = [Outcome(status="Failed", reason="AlgorithmError: no")]
    service.create_pipeline(processing("Extract"), training("Train", DependsOn=["Extract"]))
    arn = service.begin()
    assert service.finish(arn) == "Failed"
    service.call("RetryPipelineExecution", {"PipelineExecutionArn": arn})
    described = service.describe(arn)
    assert (described["PipelineExecutionStatus"], described.get("FailureReason")) == ("Executing", None)
    assert service.finish(arn) == "Succeeded"
    assert service.created == ["Extract", "Train", "Train"]
    with pytest.raises(ValidationException, match='Only pipelines with "Failed" or "Stopped" status'):
        service.call("RetryPipelineExecution", {"PipelineExecutionArn": arn})


# Selective execution


def _three_steps(service: Service) -> str:
    data = get("Steps.Extract.ProcessingOutputConfig.Outputs['data'].S3Output.S3Uri")
    service.create_pipeline(
        processing("Extract", Outputs={"data": f"s3://{BUCKET}/data"}),
        training("Train", HyperParameters={"data": data}),
        processing("Evaluate", DependsOn=["Train"]),
    )
    arn = service.begin()
    service.finish(arn)
    service.created.clear()
    return arn


def test_only_the_selected_steps_run_with_what_others_made_before(service: Service) -> None:
    source = _three_steps(service)
    status, steps = service.execute(SelectiveExecutionConfig=_select("Train", source=source))
    assert (status, service.created) == ("Succeeded", ["Train"])
    assert list(steps) == ["Extract", "Train"]
    assert steps["Extract"]["SelectiveExecutionResult"] == {"SourcePipelineExecutionArn": source}
    assert service.job_of(steps["Train"]).request["HyperParameters"] == {"data": f"s3://{BUCKET}/data"}


@pytest.mark.parametrize(
    ("selected", "words"),
    [
        (["Train"], "name a SourcePipelineExecutionArn"),
        (["Extract", "Evaluate"], "step 'Train' lies between"),
        (["Nothing"], "no step 'Nothing'"),
    ],
)
def test_a_selection_that_cannot_run_is_refused(service: Service, selected: list[str], words: str) -> None:
    _three_steps(service)
    with pytest.raises(ValidationException, match=words):
        service.begin(SelectiveExecutionConfig=_select(*selected))


def test_a_source_that_did_not_succeed_so_far_is_refused(service: Service) -> None:
    service.plans["Extract"] = [Outcome(status="Failed", reason="no")]
    source = _three_steps(service)
    with pytest.raises(ValidationException, match="has not succeeded in the source execution"):
        service.begin(SelectiveExecutionConfig=_select("Train", source=source))
    running = service.begin()
    with pytest.raises(ValidationException, match="is still Executing"):
        service.begin(SelectiveExecutionConfig=_select("Train", source=running))


def test_a_branch_the_source_did_not_take_cannot_be_selected(service: Service) -> None:
    service.create_pipeline(condition("Check", equals(1, 1), then=[processing("Yes")], otherwise=[fail("No")]))
    source = service.begin()
    service.finish(source)
    assert service.execute(SelectiveExecutionConfig=_select("Yes", source=source))[0] == "Succeeded"
    with pytest.raises(ValidationException, match="the condition's other branch"):
        service.begin(SelectiveExecutionConfig=_select("No", source=source))


# The worker


def test_an_execution_left_running_by_an_ended_process_is_failed_with_the_reason(service: Service) -> None:
    service.create_pipeline(processing("Done"), processing("Running"), processing("Later", DependsOn=["Running"]))
    arn = service.begin()
    service.plans["Running"] = [Outcome(seconds=1000)]
    service.clock.at(10, service._runs[arn.rpartition("/")[2]].abandon)
    service.finish(arn)
    assert service.describe(arn)["PipelineExecutionStatus"] == "Executing"

    PipelineEngine(service.context, service.clock).recover()

    described = service.describe(arn)
    assert described["PipelineExecutionStatus"] == "Failed"
    assert "the local AWS ended while it was running" in described["FailureReason"]
    steps = service.steps(arn)
    assert {name: step["StepStatus"] for name, step in steps.items()} == {
        "Done": "Succeeded",
        "Running": "Failed",
    }
    assert "the local AWS ended while it was running" in steps["Running"]["FailureReason"]
    service.call("RetryPipelineExecution", {"PipelineExecutionArn": arn})
    assert service.finish(arn) == "Succeeded"


def test_the_engine_executes_in_the_background_until_it_is_shut_down(service: Service) -> None:
    service.create_pipeline(processing("Endless"))
    service.plans["Endless"] = [Outcome(seconds=10**9)]
    engine = PipelineEngine(service.context, service.clock)
    service.context.workers["executions"] = engine
    reached = threading.Event()
    service.clock.at(1, reached.set)
    arn = service.begin()
    assert reached.wait(PATIENCE_SECONDS)
    engine.shutdown()
    assert service.describe(arn)["PipelineExecutionStatus"] == "Failed"
    assert not [each for each in threading.enumerate() if each.name.startswith("execution-")]


def test_an_error_in_the_engine_itself_ends_the_execution(service: Service) -> None:
    service.create_pipeline(processing("A"))
    arn = service.begin()
    service.context.store.delete(records.STEPS, arn.rpartition("/")[2])
    service.finish(arn)
    described = service.describe(arn)
    assert described["PipelineExecutionStatus"] == "Failed"
    assert described["FailureReason"].startswith("InternalServerError: ")


def _select(*steps: str, source: str | None = None) -> dict[str, Any]:
    chosen = {"SelectedSteps": [{"StepName": step} for step in steps]}
    return {**chosen, "SourcePipelineExecutionArn": source} if source else chosen


def _stop(service: Service, arn: str) -> None:
    service.call("StopPipelineExecution", {"PipelineExecutionArn": arn})
