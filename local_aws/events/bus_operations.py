"""The operations on event buses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local_aws.events.errors import LimitExceededException, ResourceAlreadyExistsException
from local_aws.events.event_bridge import EventBridge
from local_aws.events.lookups import bus_name, find_bus, page, tags_in
from local_aws.events.records import DEFAULT_BUS, Bus
from local_aws.sagemaker.errors import ValidationException

MOST = 100
REFUSED = {
    "EventSourceName": "partner event sources",
    "KmsKeyIdentifier": "encryption with a key of one's own",
    "DeadLetterConfig": "dead-letter queues of event buses",
    "LogConfig": "logs of event buses",
}


def create(bridge: EventBridge, request: Mapping[str, Any]) -> dict[str, Any]:
    """CreateEventBus."""
    for member, what in REFUSED.items():
        if request.get(member):
            raise ValidationException(f"This local AWS does not support {what} ({member}).")
    name = request["Name"]
    if "/" in name:
        raise ValidationException("The name of an event bus that is no partner's must not contain '/'.")
    with bridge.lock:
        there = bridge.store.buses()
        if name in {bus.name for bus in there}:
            raise ResourceAlreadyExistsException(f"Event bus {name} already exists.")
        if len(there) >= MOST:
            raise LimitExceededException("The requested resource exceeds the maximum number allowed.")
        now = bridge.now()
        bus = Bus(name, bridge.arn(f"event-bus/{name}"), now, now, request.get("Description"))
        bridge.store.put_bus(bus)
        bridge.store.tag(bus.arn, tags_in(request))
    return {"EventBusArn": bus.arn, "Description": bus.description}


def describe(bridge: EventBridge, request: Mapping[str, Any]) -> dict[str, Any]:
    """DescribeEventBus."""
    return _described(find_bus(bridge, request.get("Name")))


def all_of(bridge: EventBridge, request: Mapping[str, Any]) -> dict[str, Any]:
    """ListEventBuses."""
    prefix = request.get("NamePrefix") or ""
    buses = [bus for bus in bridge.store.buses() if bus.name.startswith(prefix)]
    shown, token = page(buses, request, lambda bus: bus.name)
    return {"EventBuses": [_described(bus) for bus in shown], "NextToken": token}


def delete(bridge: EventBridge, request: Mapping[str, Any]) -> dict[str, Any]:
    """DeleteEventBus: no error where there is none."""
    name = bus_name(request["Name"])
    if name == DEFAULT_BUS:
        raise ValidationException("Cannot delete event bus default.")
    with bridge.lock:
        if bridge.store.rules(name):
            raise ValidationException(f"Event bus {name} can't be deleted since it has rules.")
        for bus in bridge.store.buses():
            if bus.name == name:
                bridge.store.delete_bus(bus)
    return {}


def _described(bus: Bus) -> dict[str, Any]:
    return {
        "Name": bus.name,
        "Arn": bus.arn,
        "Description": bus.description,
        "CreationTime": bus.created,
        "LastModifiedTime": bus.changed,
    }
