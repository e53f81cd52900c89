"""What a deployment has to do, given what is wanted and what is live. Decides, and touches nothing."""

from __future__ import annotations

from dataclasses import dataclass

from .errors import EndpointFailed, EndpointTaken, NotConvertible
from .live import LiveEndpoint, LiveVariant
from .request import VARIANT, Capacity, Capture, Deployment

DEPLOY = "deploy"
NONE = "none"
SUPERSEDED = "superseded"


@dataclass(frozen=True)
class Plan:
    """`action` is "deploy", "none" or "superseded", `reason` a short sentence.

    `instance_count` is what an update starts with.
    """

    action: str
    reason: str
    instance_count: int


def decide(wanted: Deployment, live: LiveEndpoint | None) -> Plan:
    """Raises EndpointTaken, EndpointFailed, NotConvertible."""
    if live is None:
        return Plan(DEPLOY, f"there is no endpoint {wanted.endpoint_name} yet", wanted.capacity.instance_count)
    _check_owner(wanted, live)
    if live.status != "InService":
        why = f" ({live.failure_reason})" if live.failure_reason else ""
        raise EndpointFailed(f"endpoint {live.name} is {live.status}{why}: delete it, then deploy again")
    _check_convertible(wanted, live)
    count = _instance_count(wanted, live)
    difference = _difference(wanted, live)
    if difference:
        return Plan(DEPLOY, f"endpoint {live.name} {difference}", count)
    return Plan(NONE, f"endpoint {live.name} serves version {wanted.version} as wanted", count)


def _check_convertible(wanted: Deployment, live: LiveEndpoint) -> None:
    names = [variant.name for variant in live.variants]
    if names != [VARIANT]:
        raise NotConvertible(
            f"endpoint {live.name} has variants {', '.join(names)}, and a blue/green update keeps their names: "
            f"{VARIANT} alone is wanted, so deploy under another EndpointName, or delete it first"
        )
    if wanted.capacity.serverless and not all(variant.capacity.serverless for variant in live.variants):
        raise NotConvertible(
            f"endpoint {live.name} runs on instances, and SageMaker does not make it serverless: "
            "deploy under another EndpointName, or delete it first"
        )


def changes_instance_type(wanted: Capacity, live: LiveEndpoint) -> bool:
    """An update that does so is refused by the service as long as the variant is registered for scaling."""
    return [variant.capacity.instance_type for variant in live.variants] != [_type_of(wanted)]


def _check_owner(wanted: Deployment, live: LiveEndpoint) -> None:
    for variant in live.variants:
        if _group_arn(variant.package_arn) != _group_arn(wanted.package_arn):
            what = variant.package_arn or "a model of no model package, or one that was deleted"
            raise EndpointTaken(
                f"endpoint name {live.name} is taken: it serves {what}, which is not of group {wanted.group}"
            )


def _group_arn(package_arn: str | None) -> str:
    # the service has written ARNs in lower case and as given, over the years
    return (package_arn or "").rpartition("/")[0].casefold()


def _instance_count(wanted: Deployment, live: LiveEndpoint) -> int:
    """An endpoint that has been scaled out is not updated to fewer instances than its traffic needs."""
    first = wanted.capacity.instance_count
    if wanted.scaling is None:
        return first
    return min(max(first, live.variants[0].capacity.instance_count), wanted.scaling.maximum)


def _difference(wanted: Deployment, live: LiveEndpoint) -> str:
    """The first thing that is not as wanted, or "" if all is."""
    (variant,) = live.variants
    if _version(variant) != wanted.version:
        return f"serves version {_version(variant)}, not {wanted.version}"
    return (
        _capacity_difference(wanted, variant)
        or _value_difference("data capture", _say_capture(live.capture), _say_capture(wanted.capture))
        or _value_difference("KMS key", live.kms_key or "none", wanted.kms_key or "none")
        or ("" if wanted.network == variant.network else "runs in another network than the pipeline's")
    )


def _capacity_difference(wanted: Deployment, variant: LiveVariant) -> str:
    now, then = variant.capacity, wanted.capacity
    if then.serverless:
        same = (now.memory_mb, now.concurrency) == (then.memory_mb, then.concurrency)
    else:
        # with scaling, the number of instances is the scaling's own business
        counts = wanted.scaling is not None or now.instance_count == then.instance_count
        same = not now.serverless and now.instance_type == then.instance_type and counts
    return "" if same else f"has {_say(now)}, not {_say(then)}"


def _value_difference(what: str, now: str, then: str) -> str:
    return "" if now == then else f"has {what} {now}, not {then}"


def _version(variant: LiveVariant) -> str:
    return (variant.package_arn or "").rpartition("/")[2]


def _type_of(capacity: Capacity) -> str:
    return "" if capacity.serverless else capacity.instance_type


def _say_capture(capture: Capture | None) -> str:
    return f"of {capture.percentage} % to {capture.uri}" if capture else "off"


def _say(capacity: Capacity) -> str:
    if capacity.serverless:
        return f"serverless capacity of {capacity.memory_mb} MB for {capacity.concurrency} requests"
    return f"{capacity.instance_count} x {capacity.instance_type}"
