"""The function of the deployment's Lambda steps: one operation a step, each safe to repeat.

plan: may this package be deployed, and is there anything to do? Reads only.
prepare: before the update. The alarms that the update names, and no scaling that would refuse it.
guard: after the update. The standing alarms, scaling, tags that say what is served, and its monitoring schedules.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from .alarms import ensure_standing_alarms, renew_update_alarms
from .aws import Aws, connect
from .errors import EndpointFailed, InvalidRequest
from .live import describe_endpoint, read_endpoint
from .monitoring import move_schedules
from .packages import require_deployable
from .plan import SUPERSEDED, Plan, changes_instance_type, decide
from .request import read_deployment, read_text
from .scaling import ensure_scaling, remove_scaling
from .turns import Turn, wait_for_turn

Event = Mapping[str, Any]
Sleep = Callable[[float], None]
PACKAGE_TAG = "scones:model-package-arn"
VERSION_TAG = "scones:model-package-version"
LEFT = "left to the later deployment"


def handler(event: Event, _context: object) -> dict[str, Any]:
    """Lambda's entry point. `event` has the operation and the deployment's settings.

    The answer is flat, as a step's OutputParameters are. Raises the errors of `errors.py`.
    """
    return respond(event, connect(), time.sleep)


def respond(event: Event, aws: Aws, sleep: Sleep) -> dict[str, Any]:
    """Does what the event asks for. Raises as `handler` does."""
    operation = str(event.get("operation"))
    if operation not in OPERATIONS:
        raise InvalidRequest(f"operation is {operation!r}: it can be {', '.join(OPERATIONS)}")
    answer = OPERATIONS[operation](event, aws, sleep)
    print(json.dumps({"operation": operation, "endpoint": event["EndpointName"], **answer}))
    return answer


def plan(event: Event, aws: Aws, sleep: Sleep) -> dict[str, Any]:
    """Action ("deploy", "none", "superseded"), Reason, and InstanceCount, which the new configuration starts with.

    With the event's ExecutionArn, other executions of that pipeline for the same endpoint are taken into account.
    """
    wanted = read_deployment(event)
    require_deployable(aws, wanted.package_arn, wanted.group)
    turn = Turn(None, 0)
    if event.get("ExecutionArn"):
        turn = wait_for_turn(aws, str(event["ExecutionArn"]), wanted.endpoint_name, wanted.group, sleep)
    if turn.later is not None:
        decided = Plan(SUPERSEDED, f"{turn.later} was started later", wanted.capacity.instance_count)
    else:
        decided = decide(wanted, read_endpoint(aws, wanted.endpoint_name, sleep, turn.waited))
    return {"Action": decided.action, "Reason": decided.reason, "InstanceCount": decided.instance_count}


def prepare(event: Event, aws: Aws, sleep: Sleep) -> dict[str, Any]:
    """ErrorAlarmName and LatencyAlarmName, for the update's AutoRollbackConfiguration."""
    wanted = read_deployment(event)
    config_name = read_text(event, "EndpointConfigName")
    # waited for first: an update under way is watched by the alarms of these names, until it has ended
    live = read_endpoint(aws, wanted.endpoint_name, sleep)
    errors, latency = renew_update_alarms(aws, wanted, config_name)
    if live is not None and changes_instance_type(wanted.capacity, live):
        remove_scaling(aws, wanted.endpoint_name)
    return {"ErrorAlarmName": errors, "LatencyAlarmName": latency}


def guard(event: Event, aws: Aws, sleep: Sleep) -> dict[str, Any]:
    """Scaling: what it is now, and Monitoring: what became of the schedules, both in words.

    Nothing is done for a package that gave way to a later one.
    """
    if event.get("Action") == SUPERSEDED:
        return {"Scaling": LEFT, "Monitoring": LEFT}
    wanted = read_deployment(event)
    described = describe_endpoint(aws, wanted.endpoint_name)
    if described is None:
        raise EndpointFailed(f"there is no endpoint {wanted.endpoint_name}: it was deleted while it was deployed")
    ensure_standing_alarms(aws, wanted)
    if wanted.scaling is None:
        remove_scaling(aws, wanted.endpoint_name)
    else:
        ensure_scaling(aws, wanted.endpoint_name, wanted.scaling)
    tags = {PACKAGE_TAG: wanted.package_arn, VERSION_TAG: wanted.version}
    aws.sagemaker.add_tags(
        ResourceArn=described["EndpointArn"], Tags=[{"Key": key, "Value": value} for key, value in tags.items()]
    )
    scaling = f"{wanted.scaling.minimum} to {wanted.scaling.maximum} instances" if wanted.scaling else "none"
    return {"Scaling": scaling, "Monitoring": _monitoring(aws, wanted.endpoint_name, sleep)}


def _monitoring(aws: Aws, endpoint_name: str, sleep: Sleep) -> str:
    # not the package that was wanted: an update may have been rolled back since
    live = read_endpoint(aws, endpoint_name, sleep)
    served = live.variants[0].package_arn if live and live.variants else None
    return move_schedules(aws, endpoint_name, served, sleep)


OPERATIONS: Mapping[str, Callable[[Event, Aws, Sleep], dict[str, Any]]] = {
    "plan": plan,
    "prepare": prepare,
    "guard": guard,
}
