"""What a step asks for: the settings of a deployment, read from the event and held to their ranges."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .endpoint_name import check_endpoint_name
from .errors import InvalidRequest

VARIANT = "AllTraffic"
SERVERLESS_MEMORY_SIZES = (1024, 2048, 3072, 4096, 5120, 6144)
# The limits of the calls that come later, told before anything is made.
RANGES = {
    "InitialInstanceCount": (1, 100),
    "ServerlessMaxConcurrency": (1, 200),
    "TrafficWaitSeconds": (0, 3600),
    "BakeSeconds": (0, 3600),
    "CapturePercentage": (0, 100),
    "MinCapacity": (1, 100),
    "MaxCapacity": (1, 100),
    "TargetInvocationsPerInstance": (1, 1_000_000),
    "ScaleInCooldown": (0, 3600),
    "ScaleOutCooldown": (0, 3600),
    "ErrorAlarmCount": (1, 1_000_000),
    "LatencyAlarmMilliseconds": (1, 60_000),
}
TRAFFIC_SHARES = {"ALL_AT_ONCE": (0, 100), "CANARY": (1, 50), "LINEAR": (10, 50)}


@dataclass(frozen=True)
class Capacity:
    """Instances of a type, or serverless with `memory_mb` (MB, 0 for instances) and at most `concurrency` requests."""

    instance_type: str
    instance_count: int
    memory_mb: int
    concurrency: int

    @property
    def serverless(self) -> bool:
        return self.memory_mb > 0


@dataclass(frozen=True)
class Scaling:
    """Target tracking: `target` invocations a minute for each instance; cool-downs in seconds."""

    minimum: int
    maximum: int
    target: int
    in_cooldown: int
    out_cooldown: int


@dataclass(frozen=True)
class Network:
    subnets: frozenset[str]
    security_group_ids: frozenset[str]
    isolated: bool


@dataclass(frozen=True)
class Capture:
    """Of `percentage` percent of the requests, below `uri`."""

    percentage: int
    uri: str


@dataclass(frozen=True)
class Deployment:
    """All that a deployment is to bring about.

    `scaling` is None where the number of instances stays, `capture` where nothing is captured: a serverless endpoint
    has neither.
    """

    endpoint_name: str
    package_arn: str
    group: str
    capacity: Capacity
    scaling: Scaling | None
    capture: Capture | None
    kms_key: str
    network: Network
    error_alarm_count: int
    latency_alarm_ms: int

    @property
    def version(self) -> str:
        return self.package_arn.rpartition("/")[2]


def read_deployment(event: Mapping[str, Any]) -> Deployment:
    """The deployment that the event describes. Raises InvalidRequest, InvalidEndpointName."""
    name = read_text(event, "EndpointName")
    check_endpoint_name(name)
    numbers = {member: _number(event, member, *limits) for member, limits in RANGES.items()}
    capacity = _capacity(event, numbers)
    _check_traffic(event, numbers, capacity)
    return Deployment(
        endpoint_name=name,
        package_arn=read_text(event, "ModelPackageArn"),
        group=read_text(event, "ModelPackageGroupName"),
        capacity=capacity,
        scaling=_scaling(numbers, capacity),
        capture=None if capacity.serverless else Capture(numbers["CapturePercentage"], read_text(event, "CaptureUri")),
        kms_key="" if capacity.serverless else str(event.get("KmsKeyId") or ""),
        network=_network(event, capacity),
        error_alarm_count=numbers["ErrorAlarmCount"],
        latency_alarm_ms=numbers["LatencyAlarmMilliseconds"],
    )


def _capacity(event: Mapping[str, Any], numbers: Mapping[str, int]) -> Capacity:
    memory = _number(event, "ServerlessMemorySizeInMB", 0, SERVERLESS_MEMORY_SIZES[-1])
    if memory and memory not in SERVERLESS_MEMORY_SIZES:
        sizes = ", ".join(map(str, SERVERLESS_MEMORY_SIZES))
        raise InvalidRequest(f"ServerlessMemorySizeInMB is {memory}: it can be 0 (instances), {sizes}")
    return Capacity(
        read_text(event, "InferenceInstanceType"),
        numbers["InitialInstanceCount"],
        memory,
        numbers["ServerlessMaxConcurrency"],
    )


def _network(event: Mapping[str, Any], capacity: Capacity) -> Network:
    network = Network(
        frozenset(event.get("Subnets") or ()),
        frozenset(event.get("SecurityGroupIds") or ()),
        bool(event.get("EnableNetworkIsolation")),
    )
    if capacity.serverless and (network.subnets or network.isolated):
        raise InvalidRequest("a serverless endpoint takes no VPC and no network isolation, and this pipeline has one")
    return network


def _check_traffic(event: Mapping[str, Any], numbers: Mapping[str, int], capacity: Capacity) -> None:
    routing = read_text(event, "TrafficRouting")
    if routing not in TRAFFIC_SHARES:
        raise InvalidRequest(f"TrafficRouting is {routing!r}: it can be {', '.join(TRAFFIC_SHARES)}")
    _number(event, "TrafficSharePercent", *TRAFFIC_SHARES[routing], note=f" with TrafficRouting {routing}")
    if capacity.serverless and routing != "ALL_AT_ONCE":
        raise InvalidRequest(f"TrafficRouting is {routing}: a serverless endpoint takes ALL_AT_ONCE only")


def _scaling(numbers: Mapping[str, int], capacity: Capacity) -> Scaling | None:
    low, high, first = numbers["MinCapacity"], numbers["MaxCapacity"], capacity.instance_count
    if low > high:
        raise InvalidRequest(f"MinCapacity {low} is above MaxCapacity {high}")
    if low == high or capacity.serverless:
        return None
    if not low <= first <= high:
        raise InvalidRequest(f"InitialInstanceCount {first} is not between MinCapacity {low} and MaxCapacity {high}")
    return Scaling(
        low, high, numbers["TargetInvocationsPerInstance"], numbers["ScaleInCooldown"], numbers["ScaleOutCooldown"]
    )


def read_text(event: Mapping[str, Any], member: str) -> str:
    """A text that must be there. Raises InvalidRequest."""
    value = event.get(member)
    if not isinstance(value, str) or not value:
        raise InvalidRequest(f"{member} is {value!r}: text is wanted")
    return value


def _number(event: Mapping[str, Any], member: str, low: int, high: int, note: str = "") -> int:
    try:
        # int of text too: the pipeline service may hand a parameter over as it was given
        value = int(event[member])
    except (KeyError, TypeError, ValueError):
        raise InvalidRequest(f"{member} is {event.get(member)!r}: a whole number is wanted") from None
    if not low <= value <= high:
        raise InvalidRequest(f"{member} is {value}: it can be {low} to {high}{note}")
    return value
