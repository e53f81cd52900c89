"""What alarms do when their state changes: messages to topics, and invocations of functions."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Collection, Mapping
from typing import Any

from moto.cloudwatch.exceptions import ValidationError
from moto.cloudwatch.models import Alarm

from local_aws.alarms import Alarms
from local_aws.cloudwatch.alarm_documents import Place, function_event, topic_message, topic_subject
from local_aws.cloudwatch.alarm_records import AlarmState
from local_aws.cloudwatch.evaluation import ALARM, INSUFFICIENT_DATA
from local_aws.destinations import DestinationFailed, Destinations

LOGGER = logging.getLogger(__name__)

TOPIC = re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d+:[A-Za-z0-9_-]+(\.fifo)?")
FUNCTION = re.compile(r"arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d+:function:[A-Za-z0-9_-]+(:[A-Za-z0-9_$-]+)?")
SCALING_POLICY = re.compile(r"arn:aws[a-z-]*:autoscaling:[a-z0-9-]+:\d+:scalingPolicy:.+")
MEMBERS = ("AlarmActions", "OKActions", "InsufficientDataActions")


def check_actions(request: Mapping[str, Any], region: str, present: Collection[str] = ()) -> None:
    """Refuse actions in PutMetricAlarm that nobody performs; `present` are those that the alarm has already.

    Application Auto Scaling makes the alarms of its policies itself: those may be put again with the policy as
    their action, but no other alarm has one. Raises ValidationError.
    """
    for member in MEMBERS:
        for action in request.get(member) or ():
            if action in present:
                continue
            if not (TOPIC.fullmatch(action) or FUNCTION.fullmatch(action)):
                raise ValidationError(f"{member}: {_why(action)}")
            if action.split(":")[3] != region:
                raise ValidationError(f"{member}: invalid region in {action}: only {region} is supported.")


def actions_of(alarm: Alarm) -> list[str]:
    """All of them, whatever the state."""
    return [*alarm.alarm_actions, *alarm.ok_actions, *alarm.insufficient_data_actions]


class AlarmActions:
    """A listener of `Alarms`. An action that fails is logged, and stops no other."""

    def __init__(self, alarms: Alarms, destinations: Destinations, place: Place) -> None:
        self._alarms = alarms
        self._destinations = destinations
        self._place = place

    def __call__(self, alarm: Alarm, old: AlarmState, new: AlarmState) -> None:
        """Perform the actions for the new state."""
        if not alarm.actions_enabled:
            return
        for action in _actions_for(alarm, new):
            # a scaling policy looks at its alarms itself
            if not SCALING_POLICY.fullmatch(action):
                self._perform(action, alarm, old, new)

    def _perform(self, action: str, alarm: Alarm, old: AlarmState, new: AlarmState) -> None:
        told = {"notificationResource": action, "stateUpdateTimestamp": round(new.since.timestamp() * 1000)}
        try:
            if TOPIC.fullmatch(action):
                message = json.dumps(topic_message(alarm, old, new, self._place))
                self._destinations.publish(action, message, topic_subject(alarm, new, self._place))
            else:
                event = json.dumps(function_event(alarm, old, new, self._place))
                self._destinations.invoke(action, event.encode())
        except DestinationFailed as error:
            LOGGER.warning("alarm %s: its action failed: %s", alarm.name, error)
            data = {"actionState": "Failed", **told, "error": str(error)}
            self._alarms.remember_action(alarm, f"Failed to execute action {action}", data)
        except Exception:
            LOGGER.exception("alarm %s: its action %s failed", alarm.name, action)
        else:
            data = {"actionState": "Succeeded", **told}
            self._alarms.remember_action(alarm, f"Successfully executed action {action}", data)


def _actions_for(alarm: Alarm, state: AlarmState) -> list[str]:
    by_state = {ALARM: alarm.alarm_actions, INSUFFICIENT_DATA: alarm.insufficient_data_actions}
    return list(by_state.get(state.value, alarm.ok_actions))


def _why(action: str) -> str:
    if SCALING_POLICY.fullmatch(action):
        return (
            f"{action}: of scaling policies this local AWS has target tracking alone, whose alarms "
            "Application Auto Scaling makes itself."
        )
    return f"{action} is no action that this local AWS performs: give the ARN of an SNS topic or of a Lambda function."
