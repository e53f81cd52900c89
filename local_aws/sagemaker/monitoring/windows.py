"""The time of which an execution analyses the captured data, and the folders of the hours in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from local_aws.sagemaker.errors import ValidationException
from local_aws.sagemaker.monitoring.schedule_expression import ScheduleExpression
from local_aws.sagemaker.pipeline.durations import BadDuration, parse_duration

HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
LONGEST = timedelta(hours=24)
TIME = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True)
class Window:
    """From `start` to `end`, which does not belong to it; both in UTC."""

    start: datetime
    end: datetime

    def hours(self) -> Iterator[str]:
        """The folders `yyyy/mm/dd/hh` of the hours that overlap, in order."""
        moment = self.start.replace(minute=0, second=0, microsecond=0)
        while moment < self.end:
            yield moment.strftime("%Y/%m/%d/%H")
            moment += HOUR

    def environment(self) -> dict[str, str]:
        """As a container is told of it, in whole seconds: none of its hours is left out by that."""
        end = self.end.replace(microsecond=0) + (SECOND if self.end.microsecond else timedelta(0))
        return {"start_time": self.start.strftime(TIME), "end_time": end.strftime(TIME)}


def parse_offset(member: str, text: str) -> timedelta:
    """`-PT1H`, `-P1DT12H`, `PT0H`. Raises ValidationException, for one that looks into the future too."""
    sign = -1 if text.startswith("-") else 1
    try:
        offset = sign * parse_duration(text.lstrip("+-"))
    except BadDuration as error:
        raise ValidationException(f"{member} {text} is not an ISO 8601 duration such as -PT1H.") from error
    if offset > timedelta(0):
        raise ValidationException(f"{member} {text} lies after the time of the schedule: it must be 0 or negative.")
    return offset


def check_window(schedule_config: Mapping[str, Any], expression: ScheduleExpression) -> None:
    """Raises ValidationException for a DataAnalysisStartTime and -EndTime that the service would not take."""
    given = [f"DataAnalysis{edge}Time" for edge in ("Start", "End") if schedule_config.get(f"DataAnalysis{edge}Time")]
    if expression.once and len(given) != 2:
        raise ValidationException(
            "DataAnalysisStartTime and DataAnalysisEndTime are required when ScheduleExpression is NOW."
        )
    _check_order("DataAnalysisStartTime", "DataAnalysisEndTime", _offsets(schedule_config, expression), LONGEST)


def check_input_offsets(endpoint_input: Mapping[str, Any]) -> None:
    """Raises ValidationException for a StartTimeOffset and EndTimeOffset that leave no time between them."""
    start, end = _input_offsets(endpoint_input, HOUR)
    if "StartTimeOffset" in endpoint_input:
        _check_order("StartTimeOffset", "EndTimeOffset", (start, end), None)


def window_of(
    scheduled: datetime,
    expression: ScheduleExpression,
    schedule_config: Mapping[str, Any],
    endpoint_input: Mapping[str, Any],
) -> Window:
    """The window of a run: what the input's own offsets say, else the schedule's, else the time since the last run.

    All are counted from when the run was scheduled.
    """
    if "StartTimeOffset" in endpoint_input or "EndTimeOffset" in endpoint_input:
        start, end = _input_offsets(endpoint_input, expression.period)
    else:
        start, end = _offsets(schedule_config, expression)
    return Window(scheduled + start, scheduled + end)


def _offsets(config: Mapping[str, Any], expression: ScheduleExpression) -> tuple[timedelta, timedelta]:
    end = _offset(config, "DataAnalysisEndTime", timedelta(0))
    return _offset(config, "DataAnalysisStartTime", end - expression.period), end


def _input_offsets(endpoint_input: Mapping[str, Any], period: timedelta) -> tuple[timedelta, timedelta]:
    end = _offset(endpoint_input, "EndTimeOffset", timedelta(0))
    return _offset(endpoint_input, "StartTimeOffset", end - period), end


def _offset(given: Mapping[str, Any], member: str, default: timedelta) -> timedelta:
    return parse_offset(member, given[member]) if given.get(member) else default


def _check_order(start: str, end: str, offsets: tuple[timedelta, timedelta], longest: timedelta | None) -> None:
    length = offsets[1] - offsets[0]
    if length <= timedelta(0):
        raise ValidationException(f"{start} must be before {end}.")
    if longest is not None and length > longest:
        raise ValidationException(f"{start} must not precede {end} by more than 24 hours.")
