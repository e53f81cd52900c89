"""QualityCheck steps: which baseline is calculated, checked against and carried over, and what violations do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from local_aws.sagemaker.errors import ServiceError, ValidationException
from local_aws.sagemaker.validation import response_problems
from tests.unit.local_aws_pipeline_service import INFERENCE_IMAGE, Outcome, Service, get, processing

OUT = "s3://test-bucket/reports/now"
NEW = {"Statistics": f"{OUT}/statistics.json", "Constraints": f"{OUT}/constraints.json"}
OLD = {"Statistics": "s3://test-bucket/v1/statistics.json", "Constraints": "s3://test-bucket/v1/constraints.json"}
SUPPLIED = {"SuppliedBaselineStatistics": "s3://b/s.json", "SuppliedBaselineConstraints": "s3://b/c.json"}
VIOLATED = "CompletedWithViolations: Job completed successfully with 2 violations."


@pytest.fixture
def service(tmp_path: Path) -> Service:
    return Service(tmp_path)


def check(name: str = "Check", **members: Any) -> dict[str, Any]:
    """A QualityCheck step as the SDK compiles it."""
    step = processing(name, Outputs={"quality_check_output": members.pop("Output", OUT)})
    step["Arguments"] |= {"Environment": {"output_path": "/opt/ml/processing/quality_check_output"}}
    return {
        **step,
        "Type": "QualityCheck",
        "CheckType": "DATA_QUALITY",
        "ModelPackageGroupName": "g",
        "SkipCheck": False,
        "FailOnViolation": True,
        "RegisterNewBaseline": False,
        "SuppliedBaselineStatistics": None,
        "SuppliedBaselineConstraints": None,
        **members,
    }


def sources(uris: dict[str, str]) -> dict[str, Any]:
    return {name: {"ContentType": "application/json", "S3Uri": uri} for name, uri in uris.items()}


def register(service: Service, status: str = "Approved", **baselines: dict[str, str]) -> str:
    """A version of group g, whose DriftCheckBaselines are those of ModelDataQuality or ModelQuality."""
    try:
        service.call("CreateModelPackageGroup", {"ModelPackageGroupName": "g"})
    except ServiceError as error:
        assert "already exists" in error.message
    service.clock.pass_time(1)
    request = {
        "ModelPackageGroupName": "g",
        "ModelApprovalStatus": status,
        "InferenceSpecification": {
            "Containers": [{"Image": INFERENCE_IMAGE}],
            "SupportedContentTypes": ["image/png"],
            "SupportedResponseMIMETypes": ["application/json"],
        },
        "DriftCheckBaselines": {name: sources(uris) for name, uris in baselines.items()},
    }
    return str(service.call("CreateModelPackage", request)["ModelPackageArn"])


def prefixed(prefix: str, uris: dict[str, str]) -> dict[str, str]:
    return {f"{prefix}{name}": uri for name, uri in uris.items()}


@pytest.mark.parametrize(
    ("skip", "renew", "checked", "used"),
    [(False, False, True, OLD), (False, True, True, NEW), (True, False, False, OLD), (True, True, False, NEW)],
)
def test_which_baseline_is_checked_against_and_carried_over(
    service: Service, skip: bool, renew: bool, checked: bool, used: dict[str, str]
) -> None:
    register(service, ModelDataQuality=OLD)
    register(service, "Rejected", ModelDataQuality=NEW)
    after = processing(
        "After",
        Environment={
            f"{kind}{name}": get(f"Steps.Check.{kind}{name}")
            for kind in ("CalculatedBaseline", "BaselineUsedForDriftCheck")
            for name in OLD
        },
    )
    service.create_pipeline(check(SkipCheck=skip, RegisterNewBaseline=renew), after)
    status, steps = service.execute()
    assert status == "Succeeded", steps
    shown = steps["Check"]["Metadata"]["QualityCheck"]
    arn = shown.pop("CheckJobArn")
    assert ":processing-job/" in arn
    uris = prefixed("CalculatedBaseline", NEW) | prefixed("BaselineUsedForDriftCheck", used)
    flags = {"SkipCheck": skip, "RegisterNewBaseline": renew}
    assert shown == {"CheckType": "DATA_QUALITY", "ModelPackageGroupName": "g", **flags, **uris}
    assert service.job_of(steps["After"]).request["Environment"] == uris

    request = service.jobs[arn.rpartition("/")[2]].request
    mounted = {source["InputName"]: source["S3Input"] for source in request.get("ProcessingInputs", [])}
    assert ("baseline_constraints" in request["Environment"]) == checked == bool(mounted)
    if checked:
        for name in ("statistics", "constraints"):
            source, file = mounted[f"baseline_{name}"], request["Environment"][f"baseline_{name}"]
            assert source["S3Uri"] == OLD[name.capitalize()] and file == f"{source['LocalPath']}/{name}.json"


def test_the_step_as_it_is_listed_is_of_the_services_shape(service: Service) -> None:
    service.create_pipeline(check(SkipCheck=True, RegisterNewBaseline=True, ModelPackageGroupName=None))
    arn = service.begin()
    assert service.finish(arn) == "Succeeded"
    listed = service.call("ListPipelineExecutionSteps", {"PipelineExecutionArn": arn})
    assert list(response_problems("ListPipelineExecutionSteps", listed)) == []
    assert "ModelPackageGroupName" not in listed["PipelineExecutionSteps"][0]["Metadata"]["QualityCheck"]


def test_the_baseline_is_that_of_the_latest_approved_version_and_of_the_checks_type(service: Service) -> None:
    register(service, ModelDataQuality=NEW, ModelQuality=NEW)
    register(service, ModelDataQuality=NEW, ModelQuality=OLD)
    register(service, "PendingManualApproval", ModelQuality=NEW)
    service.create_pipeline(check(CheckType="MODEL_QUALITY"))
    _, steps = service.execute()
    shown = steps["Check"]["Metadata"]["QualityCheck"]
    assert shown["BaselineUsedForDriftCheckStatistics"] == OLD["Statistics"]
    assert shown["BaselineUsedForDriftCheckConstraints"] == OLD["Constraints"]


def test_a_supplied_baseline_goes_before_the_groups_each_file_by_itself(service: Service) -> None:
    register(service, ModelDataQuality=OLD)
    constraints = {"SuppliedBaselineConstraints": SUPPLIED["SuppliedBaselineConstraints"]}
    service.create_pipeline(check("Both", **SUPPLIED, ModelPackageGroupName=None), check("One", **constraints))
    _, steps = service.execute()
    used = "BaselineUsedForDriftCheck"
    both, one = (steps[name]["Metadata"]["QualityCheck"] for name in ("Both", "One"))
    assert (both[f"{used}Statistics"], both[f"{used}Constraints"]) == ("s3://b/s.json", "s3://b/c.json")
    assert (one[f"{used}Statistics"], one[f"{used}Constraints"]) == (OLD["Statistics"], "s3://b/c.json")


@pytest.mark.parametrize("fails", [True, False])
def test_violations_fail_the_step_where_it_says_so_and_are_reported_either_way(service: Service, fails: bool) -> None:
    service.plans = {"Check": [Outcome(message=VIOLATED)]}
    after = processing("After", DependsOn=["Check"])
    service.create_pipeline(check(**SUPPLIED, FailOnViolation=fails), after)
    status, steps = service.execute()
    report = f"{OUT}/constraint_violations.json"
    assert steps["Check"]["Metadata"]["QualityCheck"]["ViolationReport"] == report
    assert (status, "After" in steps) == (("Failed", False) if fails else ("Succeeded", True))
    if fails:
        reason = steps["Check"]["FailureReason"]
        assert "2 violations" in reason and report in reason


def test_a_job_without_violations_has_no_report(service: Service) -> None:
    service.plans = {"Check": [Outcome(message="Completed: Job completed successfully with no violations.")]}
    service.create_pipeline(check(**SUPPLIED))
    status, steps = service.execute()
    assert status == "Succeeded" and "ViolationReport" not in steps["Check"]["Metadata"]["QualityCheck"]


def test_a_job_that_fails_fails_the_step_and_one_that_is_stopped_is_stopped(service: Service) -> None:
    service.plans = {"Check": [Outcome(status="Failed", reason="AlgorithmError: no rows, exit code: 1")]}
    service.create_pipeline(check(**SUPPLIED))
    status, steps = service.execute()
    assert (status, steps["Check"]["FailureReason"]) == ("Failed", "ClientError: AlgorithmError: no rows, exit code: 1")

    service.plans = {"Check": [Outcome(seconds=60)]}
    arn = service.begin()
    stop = {"PipelineExecutionArn": arn, "ClientRequestToken": "t" * 32}
    service.clock.at(5, lambda: service.call("StopPipelineExecution", stop) and None)
    assert service.finish(arn) == "Stopped"
    assert service.steps(arn)["Check"]["StepStatus"] == "Stopped" and service.clock.seconds() < 30


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"ModelPackageGroupName": None}, "are not both given, nor is a ModelPackageGroupName"),
        ({"ModelPackageGroupName": "missing"}, "model package group missing cannot be read"),
        ({}, "model package group g has no approved version"),
        ({**SUPPLIED, "SuppliedBaselineConstraints": "c.json"}, "constraints c.json is not the S3 URI of a file"),
        ({**SUPPLIED, "SuppliedBaselineStatistics": "s3://b/"}, "statistics s3://b/ is not the S3 URI of a file"),
    ],
)
@pytest.mark.parametrize("flag", ["SkipCheck", "RegisterNewBaseline"])
def test_a_step_that_needs_an_earlier_baseline_fails_without_one(
    service: Service, members: dict[str, Any], words: str, flag: str
) -> None:
    register(service, "PendingManualApproval", ModelDataQuality=OLD)
    service.create_pipeline(check(**{flag: True, **members}))
    status, steps = service.execute()
    assert status == "Failed" and words in steps["Check"]["FailureReason"] and not service.jobs


def test_an_approved_version_without_the_baseline_is_said_to_lack_it(service: Service) -> None:
    arn = register(service, ModelQuality=OLD)
    service.create_pipeline(check())
    _, steps = service.execute()
    assert f"{arn} has no DriftCheckBaselines.ModelDataQuality.Statistics" in steps["Check"]["FailureReason"]


def test_flags_may_be_parameters_and_must_come_to_true_or_false(service: Service) -> None:
    flag = get("Parameters.Skip")
    for kind, value, expected in (("Boolean", True, "Succeeded"), ("String", "yes", "Failed")):
        parameters = [{"Name": "Skip", "Type": kind, "DefaultValue": value}]
        service.create_pipeline(check(SkipCheck=flag, RegisterNewBaseline=flag), Parameters=parameters)
        status, steps = service.execute()
        assert status == expected
    assert "SkipCheck must be true or false, not 'yes'" in steps["Check"]["FailureReason"]


def test_a_cached_check_is_found_by_its_job_and_its_members_not_by_where_it_writes(service: Service) -> None:
    cached = {"CacheConfig": {"Enabled": True}, **SUPPLIED}
    service.create_pipeline(check(**cached))
    service.execute()
    service.create_pipeline(check(**cached, Output="s3://test-bucket/reports/later"))
    _, steps = service.execute()
    assert "CacheHitResult" in steps["Check"]
    for change in ({"RegisterNewBaseline": True}, {"SuppliedBaselineConstraints": "s3://b/other.json"}):
        service.create_pipeline(check(**{**cached, **change}))
        _, steps = service.execute()
        assert "CacheHitResult" not in steps["Check"], change
    changed = check(**cached)
    changed["Arguments"]["Environment"] = {"dataset_format": "{}"}
    service.create_pipeline(changed)
    _, steps = service.execute()
    assert "CacheHitResult" not in steps["Check"]


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"CheckType": "DATA_BIAS"}, "CheckType must be one of DATA_QUALITY, MODEL_QUALITY, not 'DATA_BIAS'"),
        ({"SkipCheck": "true"}, "SkipCheck must be true, false or an expression, not 'true'"),
        ({"ModelPackageGroupName": 1}, "ModelPackageGroupName must be a string or an expression, not 1"),
        ({"RetryPolicies": [{"ExceptionType": ["Step.THROTTLING"]}]}, "a step of type QualityCheck cannot be retried"),
        ({"Arguments": {"RoleArn": "r"}}, "has one output, for its reports, not 0"),
        ({"Arguments": {"Unknown": "r"}}, "Unknown Argument member 'Unknown'"),
        ({"Baseline": 1}, "Unknown member 'Baseline'"),
    ],
)
def test_a_definition_that_cannot_be_is_refused(service: Service, members: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationException) as refused:
        service.create_pipeline({**check(), **members})
    assert words in refused.value.message
