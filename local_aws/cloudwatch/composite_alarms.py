"""Composite alarms: alarms over the states of other alarms, kept among them. A moto alarm with a rule is one."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from moto.cloudwatch.exceptions import InvalidParameterValue, ValidationError
from moto.cloudwatch.models import Alarm

from local_aws.cloudwatch.alarm_rules import RuleError, parse
from local_aws.cloudwatch.evaluation import ALARM, INSUFFICIENT_DATA, OK

UNSUPPORTED = (
    "ActionsSuppressor",
    "ActionsSuppressorWaitPeriod",
    "ActionsSuppressorExtensionPeriod",
    "ActionConfiguration",
)
ARN_MARK = ":alarm:"


@dataclass(frozen=True)
class Judgement:
    """What a composite alarm's rule comes to. `basis` is the states that it was judged by."""

    state: str
    reason: str
    reason_data: str
    basis: list[tuple[str, str]]


def is_composite(alarm: Alarm) -> bool:
    """Whether it is over other alarms, and not over metrics."""
    return alarm.rule is not None


def check_composite(request: Mapping[str, Any], alarms: Mapping[str, Alarm]) -> None:
    """Refuse what CloudWatch would not take in PutCompositeAlarm. Raises ValidationError, InvalidParameterValue."""
    for name in UNSUPPORTED:
        if request.get(name) is not None:
            raise InvalidParameterValue(f"The parameter {name} is not supported by this local AWS.")
    own = request["AlarmName"]
    try:
        wanted = {_name(one) for one in parse(request["AlarmRule"]).names()}
    except RuleError as error:
        raise ValidationError(f"AlarmRule must not contain invalid expressions: {error}") from error
    missing = sorted(wanted - alarms.keys() - {own})
    if missing:
        raise ValidationError(f"Could not save the composite alarm as alarms {missing} in the alarm rule do not exist")
    if own in wanted or any(own in below(alarms[name], alarms) for name in wanted):
        raise ValidationError(f"The alarm rule of {own} refers to {own} itself.")


def children(alarm: Alarm) -> list[str]:
    """The names of the alarms that a composite alarm's rule refers to, each once; of another alarm none."""
    return sorted({_name(one) for one in parse(alarm.rule).names()}) if alarm.rule else []


def below(alarm: Alarm, alarms: Mapping[str, Alarm]) -> set[str]:
    """The names of its children, and theirs."""
    found = set(children(alarm))
    return found.union(*(below(alarms[name], alarms) for name in found if name in alarms))


def parents(name: str, alarms: Mapping[str, Alarm]) -> list[str]:
    """The names of the composite alarms whose rule refers to the alarm of this name."""
    return sorted(other for other, alarm in alarms.items() if name in children(alarm))


def children_first(alarms: Mapping[str, Alarm]) -> list[Alarm]:
    """All alarms, each after those that its rule refers to."""
    return sorted(alarms.values(), key=lambda alarm: len(below(alarm, alarms)) if is_composite(alarm) else -1)


def judge(alarm: Alarm, alarms: Mapping[str, Alarm]) -> Judgement:
    """What the rule comes to now. An alarm that is not there any more counts as one without data."""
    there = [alarms[name] for name in children(alarm) if name in alarms]
    states = {one.name: str(one.state_value) for one in there}
    holds = parse(alarm.rule or "FALSE").holds(lambda name: states.get(_name(name), INSUFFICIENT_DATA))
    state = ALARM if holds else OK
    latest = max(there, key=_since, default=None)
    reason = "The alarm rule refers to no alarm." if latest is None else _transition(latest)
    told = [one for one in there if one.state_value == ALARM] if holds else []
    return Judgement(state, reason, _reason_data(told or ([latest] if latest else [])), sorted(states.items()))


def _since(alarm: Alarm) -> datetime:
    found: datetime = getattr(alarm, "state_transitioned_timestamp", None) or alarm.state_updated_timestamp
    return found if found.tzinfo else found.replace(tzinfo=timezone.utc)


def _transition(alarm: Alarm) -> str:
    return f"{alarm.alarm_arn} transitioned to {alarm.state_value} at {_since(alarm):%A %d %B, %Y %H:%M:%S} UTC"


def _reason_data(alarms: Iterable[Alarm]) -> str:
    told = [{"arn": one.alarm_arn, "state": {"value": one.state_value, "timestamp": _text(one)}} for one in alarms]
    return json.dumps({"triggeringAlarms": told})


def _text(alarm: Alarm) -> str:
    since = _since(alarm)
    return since.strftime("%Y-%m-%dT%H:%M:%S.") + f"{since.microsecond // 1000:03d}+0000"


def _name(reference: str) -> str:
    """An alarm's name, of its name or its ARN."""
    return reference.partition(ARN_MARK)[2] if reference.startswith("arn:") else reference
