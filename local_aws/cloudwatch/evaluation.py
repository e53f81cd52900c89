"""Which state a metric alarm is in, given its data points.

The rules, and the tables that the tests go through:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

OK = "OK"
ALARM = "ALARM"
INSUFFICIENT_DATA = "INSUFFICIENT_DATA"
STATES = (OK, ALARM, INSUFFICIENT_DATA)

# CloudWatch looks further back than the evaluation periods, in case some of them have no data: 5 for 3 in the guide
EXTRA_PERIODS = 2

COMPARISONS: dict[str, tuple[Callable[[float, float], bool], str]] = {
    "GreaterThanOrEqualToThreshold": (operator.ge, "greater than or equal to"),
    "GreaterThanThreshold": (operator.gt, "greater than"),
    "LessThanThreshold": (operator.lt, "less than"),
    "LessThanOrEqualToThreshold": (operator.le, "less than or equal to"),
}
TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")


@dataclass(frozen=True)
class Criterion:
    """When a metric alarm goes off: `datapoints_to_alarm` of `evaluation_periods` points beyond the threshold."""

    comparison: str
    threshold: float
    evaluation_periods: int
    datapoints_to_alarm: int
    treat_missing_data: str = "missing"

    def breached_by(self, value: float) -> bool:
        """Whether one value is beyond the threshold."""
        return COMPARISONS[self.comparison][0](value, self.threshold)

    @property
    def periods_looked_at(self) -> int:
        """How many periods `evaluate` wants points for: the evaluation range."""
        return self.evaluation_periods + EXTRA_PERIODS


@dataclass(frozen=True)
class DataPoint:
    """The value of one period; None where the period has no data."""

    moment: datetime
    value: float | None


@dataclass(frozen=True)
class Verdict:
    """The state, why in the service's words, and the periods with data that decided it, newest first."""

    state: str
    reason: str
    evaluated: tuple[tuple[datetime, float], ...]


def evaluate(criterion: Criterion, points: Sequence[DataPoint], present_state: str) -> Verdict:
    """Judge the points of the evaluation range, oldest first. `present_state` is what "ignore" may leave as it is."""
    real = [(point.moment, point.value) for point in reversed(points) if point.value is not None]
    real = real[: criterion.evaluation_periods]
    breaching = [value for _, value in real if criterion.breached_by(value)]
    missing = criterion.evaluation_periods - len(real)
    if len(breaching) >= criterion.datapoints_to_alarm:
        state = ALARM
    elif missing == 0:
        state = OK
    else:
        state = _with_missing(criterion, points, len(real), len(breaching), missing, present_state)
    reason = _reason(criterion, state, real, len(breaching), missing)
    return Verdict(state, reason, tuple(real))


def _with_missing(
    criterion: Criterion, points: Sequence[DataPoint], real: int, breaching: int, missing: int, present_state: str
) -> str:
    """The state where there are fewer real points than periods, and too few of them breach by themselves."""
    if criterion.treat_missing_data == "breaching":
        return ALARM if breaching + missing >= criterion.datapoints_to_alarm else OK
    if criterion.treat_missing_data == "notBreaching" or breaching < real:
        return OK
    # all that is there, if anything, breaches
    if criterion.treat_missing_data == "ignore":
        return present_state
    if real == 0:
        return INSUFFICIENT_DATA
    oldest = next(age for age, point in enumerate(points) if point.value is not None)
    return ALARM if len(points) - oldest >= criterion.datapoints_to_alarm else OK


def _reason(criterion: Criterion, state: str, real: list[tuple[datetime, float]], breaching: int, missing: int) -> str:
    if state == INSUFFICIENT_DATA:
        return f"Insufficient Data: {_count(missing, 'datapoint')} {_were(missing)} unknown."
    if not real:
        return (
            f"Threshold Crossed: no datapoints were received for {_count(missing, 'period')} and "
            f"{_count(missing, 'missing datapoint')} {_were(missing)} treated as {_treated(criterion)}."
        )
    number = breaching if state == ALARM else len(real) - breaching
    values = ", ".join(f"{value} ({moment:%d/%m/%y %H:%M:%S})" for moment, value in real)
    needed = (
        criterion.datapoints_to_alarm
        if state == ALARM
        else criterion.evaluation_periods - criterion.datapoints_to_alarm + 1
    )
    transition = "OK -> ALARM" if state == ALARM else "ALARM -> OK"
    return (
        f"Threshold Crossed: {number} out of the last {_count(len(real), 'datapoint')} [{values}] {_were(number)} "
        f"{'' if state == ALARM else 'not '}{COMPARISONS[criterion.comparison][1]} the threshold "
        f"({criterion.threshold}) (minimum {_count(needed, 'datapoint')} for {transition} transition)."
    )


def _treated(criterion: Criterion) -> str:
    names = {"breaching": "[Breaching]", "notBreaching": "[NonBreaching]"}
    return names.get(criterion.treat_missing_data, "[Missing]")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _were(number: int) -> str:
    return "was" if number == 1 else "were"
