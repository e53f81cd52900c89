"""PlanDeployment: what may be deployed, what is refused and in which words, and when there is nothing to do."""

from __future__ import annotations

from typing import Any

import pytest

from pipelines.deployment.endpoint_safeguards.endpoint_name import check_endpoint_name
from pipelines.deployment.endpoint_safeguards.errors import (
    ArtefactMissing,
    EndpointBusy,
    EndpointFailed,
    EndpointTaken,
    InvalidEndpointName,
    InvalidRequest,
    NotConvertible,
    PackageMissing,
    PackageNotApproved,
    PackageNotCompleted,
    PackageOfAnotherGroup,
    Refused,
)
from pipelines.deployment.endpoint_safeguards.handler import respond
from pipelines.deployment.endpoint_safeguards.live import POLL_SECONDS, WAIT_SECONDS
from tests.unit.endpoint_safeguards_services import ENDPOINT, World, event, package_arn

SERVERLESS = {"ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 5}}
KEY = "arn:aws:kms:us-east-1:123456789012:key/1"


@pytest.fixture
def world() -> World:
    return World()


def never(_seconds: float) -> None:
    raise AssertionError("nothing is to be waited for")


def plan(world: World, **changes: Any) -> dict[str, Any]:
    return respond(event(**changes), world.aws, never)


def refused(world: World, kind: type[Refused], **changes: Any) -> str:
    with pytest.raises(kind) as caught:
        plan(world, **changes)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_new_endpoint_is_deployed(world: World) -> None:
    assert plan(world) == {"Action": "deploy", "Reason": "there is no endpoint scones yet", "InstanceCount": 1}


def test_what_is_live_as_wanted_is_left_alone(world: World) -> None:
    world.endpoint()
    assert plan(world)["Action"] == "none"
    assert world.changes == []


def test_another_version_is_deployed_and_one_that_served_before_is_too(world: World) -> None:
    world.endpoint(package_arn(1))
    assert plan(world)["Reason"] == "endpoint scones serves version 1, not 2"
    world.endpoint(package_arn(2))
    back = plan(world, ModelPackageArn=package_arn(1))
    assert (back["Action"], back["Reason"]) == ("deploy", "endpoint scones serves version 2, not 1")


@pytest.mark.parametrize(
    ("live", "wanted", "reason"),
    [
        ({}, {"InferenceInstanceType": "ml.c5.xlarge"}, "has 1 x ml.m5.large, not 1 x ml.c5.xlarge"),
        ({}, {"CapturePercentage": 10}, "has data capture of 100 % to s3://bucket/scones/data-capture, not of 10 %"),
        ({}, {"CaptureUri": "s3://bucket/other"}, "not of 100 % to s3://bucket/other"),
        ({"DataCaptureConfig": {"EnableCapture": False}}, {}, "has data capture off, not of 100 %"),
        ({}, {"KmsKeyId": KEY}, f"has KMS key none, not {KEY}"),
        ({"KmsKeyId": KEY}, {}, f"has KMS key {KEY}, not none"),
        ({}, {"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}, "runs in another network"),
        ({"model": {"EnableNetworkIsolation": True}}, {}, "runs in another network"),
        ({}, {"MinCapacity": 3, "MaxCapacity": 3, "InitialInstanceCount": 3}, "has 1 x ml.m5.large, not 3 x"),
        ({"variant": SERVERLESS}, {}, "has serverless capacity of 2048 MB for 5 requests, not 1 x ml.m5.large"),
    ],
)
def test_every_difference_is_a_reason(world: World, live: dict[str, Any], wanted: dict[str, Any], reason: str) -> None:
    world.endpoint(**live)
    answer = plan(world, **wanted)
    assert answer["Action"] == "deploy"
    assert reason in answer["Reason"]


def test_a_serverless_endpoint_as_wanted_is_left_alone(world: World) -> None:
    world.endpoint(variant=SERVERLESS, DataCaptureConfig={})
    assert plan(world, ServerlessMemorySizeInMB=2048)["Action"] == "none"
    assert plan(world, ServerlessMemorySizeInMB=4096)["Action"] == "deploy"
    assert plan(world, ServerlessMemorySizeInMB=2048, ServerlessMaxConcurrency=6)["Action"] == "deploy"


def test_the_number_of_instances_is_the_scalings_business_where_there_is_scaling(world: World) -> None:
    world.endpoint(count=3)
    assert plan(world)["Action"] == "none"
    assert plan(world, MaxCapacity=1)["Action"] == "deploy"


@pytest.mark.parametrize(("live", "first", "most", "count"), [(3, 1, 4, 3), (1, 2, 4, 2), (4, 1, 3, 3), (3, 1, 1, 1)])
def test_an_update_starts_with_the_instances_that_scaling_has_brought(
    world: World, live: int, first: int, most: int, count: int
) -> None:
    world.endpoint(package_arn(1), count=live)
    assert plan(world, InitialInstanceCount=first, MaxCapacity=most)["InstanceCount"] == count


def test_packages_that_must_not_serve_are_refused_by_name(world: World) -> None:
    for status in ("PendingManualApproval", "Rejected"):
        world.package(2, ModelApprovalStatus=status)
        assert refused(world, PackageNotApproved) == f"model package {package_arn(2)} is {status}, not Approved"
    world.package(2, ModelPackageStatus="Failed")
    assert "is Failed, not Completed" in refused(world, PackageNotCompleted)
    world.package(2, ModelPackageGroupName="Cats")
    assert "is of group Cats, not of SconesDeliveryVehicles" in refused(world, PackageOfAnotherGroup)
    assert f"no model package {package_arn(9)}" in refused(world, PackageMissing, ModelPackageArn=package_arn(9))


def test_a_missing_archive_is_told_from_a_forbidden_one(world: World) -> None:
    world.s3._objects.clear()
    assert "s3://bucket/models/2/model.tar.gz" in refused(world, ArtefactMissing)
    assert "is missing" in refused(world, ArtefactMissing)
    world.s3._forbidden = True
    assert "cannot be read (Forbidden)" in refused(world, ArtefactMissing)


def test_an_endpoint_of_somebody_else_is_not_touched(world: World) -> None:
    world.endpoint(package_arn(1, "Cats"))
    assert f"it serves {package_arn(1, 'Cats')}, which is not of group" in refused(world, EndpointTaken)
    world.endpoint(package=None)
    assert "it serves a model of no model package" in refused(world, EndpointTaken)
    world.endpoint()
    world.sagemaker._models.clear()
    assert "or one that was deleted" in refused(world, EndpointTaken)


@pytest.mark.parametrize("status", ["Failed", "UpdateRollbackFailed", "OutOfService"])
def test_an_endpoint_that_no_update_mends_is_to_be_deleted(world: World, status: str) -> None:
    world.endpoint(status=status)
    assert f"endpoint scones is {status}: delete it" in refused(world, EndpointFailed)


def test_instances_do_not_become_serverless_and_the_other_way_round_they_do(world: World) -> None:
    world.endpoint()
    assert "runs on instances" in refused(world, NotConvertible, ServerlessMemorySizeInMB=2048)
    world.endpoint(variant=SERVERLESS)
    assert plan(world)["Action"] == "deploy"


def test_variants_of_another_name_are_refused_as_the_update_would_be(world: World) -> None:
    """https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-exclusions.html"""
    world.endpoint(package_arn(1), variant_name="Blue")
    assert "endpoint scones has variants Blue, and a blue/green update keeps their names" in refused(
        world, NotConvertible
    )


@pytest.mark.parametrize("status", ["Creating", "Updating", "SystemUpdating", "RollingBack"])
def test_an_endpoint_that_is_being_changed_is_waited_for(world: World, status: str) -> None:
    world.endpoint(package_arn(1), status=status)
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 3:
            world.endpoint(package_arn(2))

    assert respond(event(), world.aws, sleep)["Action"] == "none"
    assert slept == [POLL_SECONDS] * 3


def test_an_endpoint_that_is_being_deleted_is_made_anew(world: World) -> None:
    world.endpoint(status="Deleting")
    answer = respond(event(), world.aws, lambda _seconds: world.sagemaker._endpoints.clear())
    assert answer["Reason"] == "there is no endpoint scones yet"


def test_waiting_ends_before_the_step_does(world: World) -> None:
    world.endpoint(status="Updating")
    slept: list[float] = []
    with pytest.raises(EndpointBusy, match=f"endpoint scones is Updating since {WAIT_SECONDS} s"):
        respond(event(), world.aws, slept.append)
    assert sum(slept) == WAIT_SECONDS < 600


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"InitialInstanceCount": 0}, "InitialInstanceCount is 0: it can be 1 to 100"),
        ({"InitialInstanceCount": "two"}, "InitialInstanceCount is 'two': a whole number is wanted"),
        ({"BakeSeconds": None}, "BakeSeconds is None"),
        ({"CapturePercentage": 101}, "CapturePercentage is 101: it can be 0 to 100"),
        ({"ServerlessMemorySizeInMB": 1500}, "ServerlessMemorySizeInMB is 1500: it can be 0 (instances), 1024, 2048"),
        ({"ServerlessMaxConcurrency": 201}, "ServerlessMaxConcurrency is 201"),
        ({"TrafficRouting": "CANARY", "TrafficSharePercent": 51}, "it can be 1 to 50 with TrafficRouting CANARY"),
        ({"TrafficRouting": "LINEAR", "TrafficSharePercent": 5}, "it can be 10 to 50 with TrafficRouting LINEAR"),
        ({"TrafficRouting": "ROLLING"}, "TrafficRouting is 'ROLLING'"),
        ({"TrafficRouting": "CANARY", "ServerlessMemorySizeInMB": 1024}, "a serverless endpoint takes ALL_AT_ONCE"),
        ({"MinCapacity": 5}, "MinCapacity 5 is above MaxCapacity 4"),
        ({"InitialInstanceCount": 5}, "InitialInstanceCount 5 is not between MinCapacity 1 and MaxCapacity 4"),
        ({"ServerlessMemorySizeInMB": 1024, "EnableNetworkIsolation": True}, "no VPC and no network isolation"),
        ({"operation": "destroy"}, "operation is 'destroy': it can be plan, prepare, guard"),
        ({"ModelPackageArn": ""}, "ModelPackageArn is ''"),
    ],
)
def test_settings_out_of_their_range_are_refused_before_anything_is_asked(
    world: World, changes: dict[str, Any], message: str
) -> None:
    assert message in refused(world, InvalidRequest, **changes)
    assert world.calls == []


def test_numbers_may_come_as_text(world: World) -> None:
    assert plan(world, InitialInstanceCount="2")["InstanceCount"] == 2


@pytest.mark.parametrize("name", ["a", "scones-delivery-vehicles", "x" * 63, "1-2"])
def test_names_that_endpoints_can_have(name: str) -> None:
    check_endpoint_name(name)


@pytest.mark.parametrize("name", ["", "-a", "a-", "a_b", "a b", "a.b", "ä", "x\n"])
def test_names_that_endpoints_cannot_have(name: str) -> None:
    with pytest.raises(InvalidEndpointName, match="is not valid"):
        check_endpoint_name(name)


def test_a_name_that_is_too_long_is_told_by_its_length(world: World) -> None:
    assert "has 64 characters, at most 63" in refused(world, InvalidEndpointName, EndpointName="x" * 64)
    assert ENDPOINT not in world.sagemaker._endpoints
