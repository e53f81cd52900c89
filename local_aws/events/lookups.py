"""Finding what a request names, or refusing it in the service's words; and pages of what is listed."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from local_aws.events.errors import ResourceNotFoundException
from local_aws.events.event_bridge import EventBridge
from local_aws.events.records import DEFAULT_BUS, Bus, Rule
from local_aws.sagemaker.errors import ValidationException

Item = TypeVar("Item")
MOST_ON_A_PAGE = 100


def find_bus(bridge: EventBridge, name_or_arn: str | None) -> Bus:
    """The bus of this name or ARN, the default one where there is none. Raises ResourceNotFoundException."""
    name = bus_name(name_or_arn)
    try:
        bus = bridge.store.bus(name)
    except KeyError as error:
        raise ResourceNotFoundException(f"Event bus {name} does not exist.") from error
    if name_or_arn and name_or_arn.startswith("arn:") and bus.arn != name_or_arn:
        raise ResourceNotFoundException(f"Event bus {name_or_arn} does not exist.")
    return bus


def bus_name(name_or_arn: str | None) -> str:
    """The name of a bus given by name or ARN, or not at all."""
    if not name_or_arn:
        return DEFAULT_BUS
    return name_or_arn.partition(":event-bus/")[2] if name_or_arn.startswith("arn:") else name_or_arn


def find_rule(bridge: EventBridge, bus: Bus, name: str) -> Rule:
    """Raises ResourceNotFoundException."""
    try:
        return bridge.store.rule(bus.name, name)
    except KeyError as error:
        raise ResourceNotFoundException(f"Rule {name} does not exist on EventBus {bus.name}.") from error


def tags_in(request: Mapping[str, Any]) -> dict[str, str]:
    """The tags of a request, by key."""
    return {tag["Key"]: tag["Value"] for tag in request.get("Tags") or []}


def page(
    items: Sequence[Item], request: Mapping[str, Any], name: Callable[[Item], str]
) -> tuple[list[Item], str | None]:
    """One page of what is sorted by name, and the token of the next. Raises ValidationException for a bad token."""
    after = _name_in(request.get("NextToken"))
    left = [item for item in items if after is None or name(item) > after]
    shown = left[: request.get("Limit") or MOST_ON_A_PAGE]
    more = len(left) > len(shown)
    return shown, base64.urlsafe_b64encode(name(shown[-1]).encode()).decode() if more else None


def _name_in(token: str | None) -> str | None:
    if token is None:
        return None
    try:
        return base64.urlsafe_b64decode(token.encode()).decode()
    except (binascii.Error, UnicodeError) as error:
        raise ValidationException("Parameter NextToken is not valid.") from error
