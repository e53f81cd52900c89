"""PutEvents and TestEventPattern."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from local_aws.events.event_bridge import EventBridge
from local_aws.events.inputs import compact
from local_aws.events.lookups import bus_name
from local_aws.events.pending import TooMany
from local_aws.events.rule_operations import parse_pattern
from local_aws.sagemaker.errors import ValidationException

# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevent-size.html
LARGEST_REQUEST = 262_144
BYTES_OF_TIME = 14
NEEDED_TO_TEST = ("id", "account", "source", "time", "region", "resources", "detail-type")


class EntryRefused(Exception):
    """One entry of several is not taken. `code` is its ErrorCode."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def put(bridge: EventBridge, request: Mapping[str, Any]) -> dict[str, Any]:
    """PutEvents: each entry is taken or refused by itself; one for a bus that is not there is taken, and lost."""
    if request.get("EndpointId"):
        raise ValidationException("This local AWS has no global endpoints (EndpointId).")
    if sum(_size(entry) for entry in request["Entries"]) > LARGEST_REQUEST:
        raise ValidationException("Total size of the entries in the request is over the limit.")
    results = [_result(bridge, entry) for entry in request["Entries"]]
    return {"FailedEntryCount": sum("ErrorCode" in result for result in results), "Entries": results}


def test_pattern(_bridge: EventBridge, request: Mapping[str, Any]) -> dict[str, Any]:
    """TestEventPattern."""
    pattern = parse_pattern(request["EventPattern"])
    try:
        event = json.loads(request["Event"])
        missing = [name for name in NEEDED_TO_TEST if not isinstance(event, dict) or name not in event]
        if missing:
            raise ValidationException(f"Parameter Event is not valid. Reason: it has no {', '.join(missing)}.")
        return {"Result": pattern.matches(event)}
    except (ValueError, RecursionError) as error:
        raise ValidationException(f"Parameter Event is not valid. Reason: {error}") from error


def _result(bridge: EventBridge, entry: Mapping[str, Any]) -> dict[str, str]:
    try:
        detail = _checked_detail(entry)
        event = bridge.event(
            entry["Source"], entry["DetailType"], detail, entry.get("Resources") or (), entry.get("Time")
        )
        bridge.put(event, _bus(bridge, entry.get("EventBusName")))
    except EntryRefused as refusal:
        return {"ErrorCode": refusal.code, "ErrorMessage": str(refusal)}
    except RecursionError:
        return {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}
    except TooMany as error:
        return {"ErrorCode": "ThrottlingException", "ErrorMessage": str(error)}
    return {"EventId": str(event["id"])}


def _bus(bridge: EventBridge, name_or_arn: str | None) -> str:
    name = bus_name(name_or_arn)
    if name_or_arn and name_or_arn.startswith("arn:") and name_or_arn != bridge.arn(f"event-bus/{name}"):
        raise EntryRefused("AccessDeniedException", f"{name_or_arn} is not of this account and region.")
    return name


def _checked_detail(entry: Mapping[str, Any]) -> dict[str, Any]:
    for member in ("Source", "DetailType", "Detail"):
        if not entry.get(member):
            message = f"Parameter {member} is not valid. Reason: {member} is a required argument."
            raise EntryRefused("InvalidArgument", message)
    if entry["Source"].startswith("aws."):
        raise EntryRefused("NotAuthorizedForSourceException", "Not authorized for the source.")
    try:
        detail = json.loads(entry["Detail"], parse_constant=_refuse_constant)
        # half a character, such as "\\ud800", can be in JSON, but not on the wire to a target
        compact([detail, entry["Source"], entry["DetailType"]]).encode()
    except ValueError as error:
        raise EntryRefused("MalformedDetail", "Detail is malformed.") from error
    if not isinstance(detail, dict):
        raise EntryRefused("MalformedDetail", "Detail is malformed.")
    return detail


def _size(entry: Mapping[str, Any]) -> int:
    texts = [entry.get(member) or "" for member in ("Source", "DetailType", "Detail")]
    texts += entry.get("Resources") or []
    return sum(len(text.encode(errors="surrogatepass")) for text in texts) + (BYTES_OF_TIME if entry.get("Time") else 0)


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a number in JSON")
