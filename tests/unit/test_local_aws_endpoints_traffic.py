"""How a blue/green deployment moves the traffic, when it goes back, and how large instances are."""

from __future__ import annotations

from typing import Any

import pytest

from local_aws.sagemaker.endpoints.capacity import processors_of
from local_aws.sagemaker.endpoints.traffic import BadDeploymentConfig, Shift, alarms_of, plan_traffic, watch


def policy(kind: str, bake: int = 0, most: int | None = None, **routing: Any) -> dict[str, Any]:
    update: dict[str, Any] = {"TrafficRoutingConfiguration": {"Type": kind, "WaitIntervalInSeconds": 60, **routing}}
    update["TerminationWaitInSeconds"] = bake
    if most is not None:
        update["MaximumExecutionTimeoutInSeconds"] = most
    return {"BlueGreenUpdatePolicy": update}


def percent(value: int) -> dict[str, Any]:
    return {"Type": "CAPACITY_PERCENT", "Value": value}


def test_without_a_policy_all_traffic_moves_at_once_and_nothing_is_watched() -> None:
    assert plan_traffic(None, 1) == (Shift(1.0, 0.0),)
    assert plan_traffic({"AutoRollbackConfiguration": {}}, 1) == (Shift(1.0, 0.0),)


def test_all_at_once_bakes() -> None:
    assert plan_traffic(policy("ALL_AT_ONCE", bake=300), 1) == (Shift(1.0, 300.0),)


def test_a_canary_is_watched_before_the_rest_follows() -> None:
    assert plan_traffic(policy("CANARY", bake=30, CanarySize=percent(10)), 1) == (Shift(0.1, 60.0), Shift(1.0, 30.0))
    counted = {"Type": "INSTANCE_COUNT", "Value": 1}
    assert plan_traffic(policy("CANARY", CanarySize=counted), 4)[0] == Shift(0.25, 60.0)


@pytest.mark.parametrize(("step", "shares"), [(25, [0.25, 0.5, 0.75, 1.0]), (40, [0.4, 0.8, 1.0]), (50, [0.5, 1.0])])
def test_linear_goes_on_in_equal_steps(step: int, shares: list[float]) -> None:
    shifts = plan_traffic(policy("LINEAR", bake=5, LinearStepSize=percent(step)), 1)
    assert [shift.share for shift in shifts] == pytest.approx(shares)
    assert [shift.watch_seconds for shift in shifts] == [60.0] * (len(shares) - 1) + [5.0]


@pytest.mark.parametrize(
    ("deployment", "told"),
    [
        (policy("CANARY"), "needs CanarySize"),
        (policy("LINEAR"), "needs LinearStepSize"),
        (policy("ALL_AT_ONCE", CanarySize=percent(10)), "does not take CanarySize"),
        (policy("CANARY", CanarySize=percent(10), LinearStepSize=percent(10)), "does not take LinearStepSize"),
        (policy("CANARY", CanarySize=percent(60)), "60% of 1 instances: a step can be at most 50%"),
        (policy("CANARY", CanarySize={"Type": "INSTANCE_COUNT", "Value": 2}), "200% of 1 instances"),
        (policy("LINEAR", LinearStepSize=percent(9)), "LinearStepSize of 9% is too small"),
        (policy("LINEAR", bake=600, most=700, LinearStepSize=percent(25)), "780 seconds together"),
    ],
)
def test_members_that_do_not_go_together_are_refused(deployment: dict[str, Any], told: str) -> None:
    with pytest.raises(BadDeploymentConfig, match=told):
        plan_traffic(deployment, 1)


def test_alarms_are_those_of_the_rollback_configuration() -> None:
    assert alarms_of(None) == ()
    named = {"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "5xx"}, {"AlarmName": "slow"}]}}
    assert alarms_of(named) == ("5xx", "slow")


def test_a_watch_lasts_as_long_as_it_should() -> None:
    waited: list[float] = []
    assert watch(10.0, lambda: None, waited.append) is None
    assert sum(waited) == pytest.approx(10.0)


def test_an_alarm_ends_a_watch_at_once() -> None:
    waited: list[float] = []

    def tripped() -> str | None:
        return "slow" if sum(waited) >= 3 else None

    assert watch(600.0, tripped, waited.append) == "slow"
    assert sum(waited) == pytest.approx(3.0)
    assert watch(0.0, lambda: "on already", waited.append) == "on already"


@pytest.mark.parametrize(
    ("instance_type", "processors"),
    [("ml.t2.medium", 2), ("ml.r8g.medium", 1), ("ml.m5.large", 2), ("ml.c5.xlarge", 4), ("ml.c6i.2xlarge", 8)],
)
def test_processors_follow_from_the_size(instance_type: str, processors: int) -> None:
    assert processors_of(instance_type) == processors
