"""How a blue/green deployment moves the traffic: the plan, and the watch over it. Decides, and touches nothing.

https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-blue-green.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

LARGEST_SHARE = 0.5
SMALLEST_STEP = 0.1
LOOK_SECONDS = 0.25
ALL_AT_ONCE = "ALL_AT_ONCE"
SIZE_MEMBERS = {"CANARY": "CanarySize", "LINEAR": "LinearStepSize"}


class BadDeploymentConfig(ValueError):
    """A DeploymentConfig whose members do not go together; the message says which."""


@dataclass(frozen=True)
class Shift:
    """Give the new fleet this share of the traffic (0 to 1), then watch the alarms for so many seconds."""

    share: float
    watch_seconds: float


def plan_traffic(deployment: Mapping[str, Any] | None, instances: int) -> tuple[Shift, ...]:
    """The shifts of an update, the last of which has share 1. Raises BadDeploymentConfig.

    `instances` is the new fleet's size, for sizes given as INSTANCE_COUNT. Without a DeploymentConfig the service
    moves all traffic at once and does not watch.
    """
    policy = (deployment or {}).get("BlueGreenUpdatePolicy")
    if policy is None:
        return (Shift(1.0, 0.0),)
    routing = policy["TrafficRoutingConfiguration"]
    kind, bake = routing["Type"], float(policy.get("TerminationWaitInSeconds", 0))
    for other, member in SIZE_MEMBERS.items():
        if (member in routing) != (kind == other):
            needs = f"needs {member}" if kind == other else f"does not take {member}"
            raise BadDeploymentConfig(f"Traffic routing of type {kind} {needs}.")
    pause = float(routing["WaitIntervalInSeconds"])
    shares: list[float] = []
    if kind == "CANARY":
        shares = [_share(routing["CanarySize"], instances)]
    elif kind == "LINEAR":
        step = _share(routing["LinearStepSize"], instances)
        if step < SMALLEST_STEP:
            raise BadDeploymentConfig(f"A LinearStepSize of {step:.0%} is too small: it can be at least 10%.")
        shares = [number * step for number in range(1, int(1 / step) + 1) if number * step < 1 - 1e-9]
    shifts = (*(Shift(share, pause) for share in shares), Shift(1.0, bake))
    most = policy.get("MaximumExecutionTimeoutInSeconds")
    total = sum(shift.watch_seconds for shift in shifts)
    if most is not None and total > most:
        raise BadDeploymentConfig(
            f"The waits of the deployment are {total:g} seconds together, "
            f"which is more than MaximumExecutionTimeoutInSeconds, {most}."
        )
    return shifts


def alarms_of(deployment: Mapping[str, Any] | None) -> tuple[str, ...]:
    """The names of the alarms that roll the deployment back."""
    rollback = (deployment or {}).get("AutoRollbackConfiguration", {})
    return tuple(alarm["AlarmName"] for alarm in rollback.get("Alarms", []))


def longest_seconds(deployment: Mapping[str, Any] | None) -> int | None:
    """How long the deployment may take, None where it does not say."""
    policy = (deployment or {}).get("BlueGreenUpdatePolicy", {})
    most: int | None = policy.get("MaximumExecutionTimeoutInSeconds")
    return most


def watch(seconds: float, trouble: Callable[[], str | None], wait: Callable[[float], None]) -> str | None:
    """Look for trouble for so many seconds; what it is, at once when it comes, or None.

    `trouble` says what is wrong now; `wait` lets so many seconds pass, and raises where that must end.
    """
    left = seconds
    while True:
        problem = trouble()
        if problem is not None or left <= 0:
            return problem
        wait(min(LOOK_SECONDS, left))
        left -= LOOK_SECONDS


def _share(size: Mapping[str, Any], instances: int) -> float:
    value = size["Value"] / (100 if size["Type"] == "CAPACITY_PERCENT" else max(instances, 1))
    if not 0 < value <= LARGEST_SHARE:
        raise BadDeploymentConfig(
            f"A size of {size['Value']} ({size['Type']}) is {value:.0%} of {instances} instances: "
            f"a step can be at most {LARGEST_SHARE:.0%}."
        )
    return float(value)
