"""Several executions that want one endpoint: one at a time, and the last one that was asked for wins."""

from __future__ import annotations

from typing import Any

import pytest

from pipelines.deployment.endpoint_safeguards.errors import EndpointBusy
from pipelines.deployment.endpoint_safeguards.handler import respond
from tests.unit.endpoint_safeguards_services import ENDPOINT, World, event, package_arn


@pytest.fixture
def world() -> World:
    return World()


def plan(world: World, execution: str, sleep: Any = None) -> dict[str, Any]:
    def never(_seconds: float) -> None:
        raise AssertionError("nothing to wait for")

    return respond(event(ExecutionArn=execution), world.aws, sleep or never)


def test_alone_it_is_its_turn_at_once(world: World) -> None:
    world.execution(1, status="Succeeded")
    assert plan(world, world.execution(2))["Action"] == "deploy"


def test_an_earlier_one_is_waited_for(world: World) -> None:
    first, second = world.execution(1, package_arn(1)), world.execution(2)
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 3:
            world.endpoint(package_arn(1))
            world.execution(1, package_arn(1), status="Succeeded")

    assert plan(world, second, sleep)["Reason"] == f"endpoint {ENDPOINT} serves version 1, not 2"
    assert len(slept) == 3 and first != second


def test_whoever_waits_gives_way_to_a_later_one(world: World) -> None:
    world.execution(1, package_arn(1))
    second, third = world.execution(2), world.execution(3, package_arn(1))
    answer = plan(world, second)
    assert (answer["Action"], answer["Reason"]) == ("superseded", f"{third} was started later")


def test_the_same_package_twice_is_deployed_by_the_later_one_alone(world: World) -> None:
    first, second = world.execution(1), world.execution(2)
    assert plan(world, first)["Action"] == "superseded"
    world.execution(1, status="Succeeded")
    assert plan(world, second)["Action"] == "deploy"


@pytest.mark.parametrize("status", ["PendingManualApproval", "Rejected"])
def test_nobody_gives_way_to_what_may_not_serve(world: World, status: str) -> None:
    world.package(3, ModelApprovalStatus=status)
    mine = world.execution(1)
    world.execution(2, package_arn(3))
    world.execution(3, package_arn(9))
    assert plan(world, mine)["Action"] == "deploy"


def test_executions_for_another_endpoint_do_not_count(world: World) -> None:
    world.execution(1, EndpointName="other")
    mine = world.execution(2, EndpointName=ENDPOINT)
    world.execution(3, EndpointName="other")
    assert plan(world, mine)["Action"] == "deploy"


def test_one_that_never_ends_is_not_waited_for_for_ever(world: World) -> None:
    first = world.execution(1)
    with pytest.raises(EndpointBusy, match=f"{first} has been changing endpoint {ENDPOINT} for 480 s"):
        plan(world, world.execution(2), lambda seconds: None)


def test_the_wait_for_the_endpoint_is_shortened_by_the_wait_for_the_turn(world: World) -> None:
    world.execution(1)
    world.endpoint(package_arn(1), status="Updating")
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if sum(slept) >= 400:
            world.execution(1, status="Failed")

    with pytest.raises(EndpointBusy, match="is Updating since 480 s"):
        plan(world, world.execution(2), sleep)
    assert sum(slept) == 480


def test_without_an_execution_nobody_is_waited_for(world: World) -> None:
    world.execution(1)
    assert respond(event(), world.aws, lambda seconds: None)["Action"] == "deploy"
    assert "list_pipeline_executions" not in world.calls


def test_what_gave_way_guards_nothing(world: World) -> None:
    assert respond(event("guard", Action="superseded"), world.aws, lambda seconds: None) == {
        "Scaling": "left to the later deployment",
        "Monitoring": "left to the later deployment",
    }
    assert world.changes == []
