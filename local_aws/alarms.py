"""The alarms of CloudWatch, evaluated: a worker that judges every alarm each few seconds."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from moto.cloudwatch.exceptions import ValidationError
from moto.cloudwatch.models import Alarm, CloudWatchBackend

from local_aws.cloudwatch.alarm_records import AlarmState, change_state, put_alarm, remember
from local_aws.cloudwatch.alarm_settings import Watched, check_alarm, criterion_of, queries_of, watched_by
from local_aws.cloudwatch.composite_alarms import check_composite, children_first, is_composite, judge
from local_aws.cloudwatch.data_queries import QueryError
from local_aws.cloudwatch.evaluation import DataPoint, Verdict, evaluate
from local_aws.cloudwatch.periods import aligned_start
from local_aws.metrics import Metrics
from local_aws.periodic import Periodic

LOGGER = logging.getLogger(__name__)

SECONDS_BETWEEN_EVALUATIONS = 2.0
# metrics arrive a few seconds late, so a period is looked at only so long after its end
SETTLING_SECONDS = 5.0

# called with the alarm, its old state and its new one
Listener = Callable[[Alarm, AlarmState, AlarmState], None]


@dataclass(frozen=True)
class Range:
    """The periods that an alarm is judged by, oldest first, with what it watches."""

    points: list[DataPoint]
    watched: Watched

    def present(self) -> list[tuple[datetime, float]]:
        """The periods that have data."""
        return [(point.moment, point.value) for point in self.points if point.value is not None]


class Alarms:
    """A Worker. `listeners` are called on every change of a state, also one by hand; what they raise is logged."""

    def __init__(
        self,
        backend: CloudWatchBackend,
        metrics: Metrics,
        now: Callable[[], datetime],
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        """`changed` is called after every change of an alarm, so that it can be made durable."""
        self._backend = backend
        self._metrics = metrics
        self._now = now
        self._changed = changed
        self._lock = threading.RLock()
        self._periodic = Periodic("alarms", SECONDS_BETWEEN_EVALUATIONS, self.tick)
        self.listeners: list[Listener] = []

    def state(self, name: str) -> str:
        """OK, ALARM or INSUFFICIENT_DATA. Raises KeyError if there is no such alarm."""
        return str(self._backend.alarms[name].state_value)

    def put(self, request: Mapping[str, Any]) -> Alarm:
        """As PutMetricAlarm. Raises moto's ValidationError and InvalidParameter... exceptions."""
        check_alarm(request)
        return self._put(request)

    def put_composite(self, request: Mapping[str, Any]) -> Alarm:
        """As PutCompositeAlarm. Raises moto's ValidationError and InvalidParameter... exceptions."""
        check_composite(request, self._backend.alarms)
        return self._put(request)

    def delete(self, names: list[str]) -> None:
        """As DeleteAlarms, but a name that is not there is no error."""
        with self._lock:
            self._backend.delete_alarms(names)
        self._changed()

    def set_state(self, name: str, state: str, reason: str, reason_data: str | None = None) -> None:
        """As SetAlarmState. It holds until there is other data than now. Raises KeyError."""
        with self._lock:
            alarm = self._backend.alarms[name]
            # kept with the alarm, so that it holds over a restart too
            alarm.held_against = self._basis(alarm, self._now())  # type: ignore[attr-defined]
            old = AlarmState.of(alarm)
            change_state(alarm, state, reason, reason_data, self._now())
            new = AlarmState.of(alarm)
        self._changed()
        self._tell(alarm, old, new)

    def remember_action(self, alarm: Alarm, summary: str, data: Mapping[str, Any]) -> None:
        """Write into the alarm's history what became of an action."""
        with self._lock:
            remember(alarm, self._now(), "Action", summary, data)
        self._changed()

    def datapoints(self, name: str) -> list[tuple[datetime, float]]:
        """What the alarm would be judged by now: the periods that have data, oldest first. Raises KeyError."""
        return self._range(self._backend.alarms[name], self._now()).present()

    def tick(self) -> None:
        """Evaluate every alarm now."""
        for alarm in children_first(dict(self._backend.alarms)):
            try:
                with self._lock:
                    old = AlarmState.of(alarm)
                    self._evaluate(alarm)
                    new = AlarmState.of(alarm)
            except Exception:
                LOGGER.exception("the alarm %s could not be evaluated", alarm.name)
                continue
            self._tell(alarm, old, new)

    def start(self, kind: str, name: str) -> None:
        """Nothing: alarms are not records of SageMaker."""

    def stop(self, kind: str, name: str) -> None:
        """Nothing, as for `start`."""

    def recover(self) -> None:
        """Begin to evaluate; alarms have the state that they had when the last process ended."""
        self._periodic.start()

    def shutdown(self) -> None:
        """End, after the evaluation that may be going on."""
        self._periodic.stop()

    def _put(self, request: Mapping[str, Any]) -> Alarm:
        before = self._backend.alarms.get(request["AlarmName"])
        if before is not None and is_composite(before) != ("AlarmRule" in request):
            raise ValidationError(f"There is an alarm {before.name} already, of the other kind: metric or composite.")
        with self._lock:
            alarm = put_alarm(self._backend, request, self._now())
        self._changed()
        return alarm

    def _evaluate(self, alarm: Alarm) -> None:
        if self._backend.alarms.get(alarm.name) is not alarm:
            return  # deleted or replaced meanwhile
        now = self._now()
        held_against = getattr(alarm, "held_against", None)
        if held_against is not None:
            if held_against == self._basis(alarm, now):
                return
            alarm.held_against = None  # type: ignore[attr-defined]
        state, reason, reason_data = self._judged(alarm, now)
        if state != alarm.state_value:
            change_state(alarm, state, reason, reason_data, now)
            self._changed()

    def _basis(self, alarm: Alarm, now: datetime) -> list[Any]:
        """What the alarm is judged by: a state that was set by hand holds as long as this stays the same."""
        return judge(alarm, self._backend.alarms).basis if is_composite(alarm) else self._range(alarm, now).present()

    def _judged(self, alarm: Alarm, now: datetime) -> tuple[str, str, str]:
        if is_composite(alarm):
            found = judge(alarm, self._backend.alarms)
            return found.state, found.reason, found.reason_data
        seen = self._range(alarm, now)
        verdict = evaluate(criterion_of(alarm), seen.points, alarm.state_value)
        return verdict.state, verdict.reason, _reason_data(alarm, seen, verdict, now)

    def _range(self, alarm: Alarm, now: datetime) -> Range:
        watched = watched_by(queries_of(alarm))
        period = watched.period
        # the window slides: an alarm over hours is judged anew each minute
        # (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation-window.html)
        end = aligned_start(now.timestamp() - SETTLING_SECONDS, period)
        start = end - criterion_of(alarm).periods_looked_at * period
        try:
            points = watched.queries.points(self._metrics, start, end)[watched.result.id]
        except QueryError as error:
            # such as IF() without a value for the case that there is
            LOGGER.debug("alarm %s: %s", alarm.name, error)
            points = {}
        moments = range(start, end, period)
        return Range([DataPoint(_moment(moment), points.get(moment)) for moment in moments], watched)

    def _tell(self, alarm: Alarm, old: AlarmState, new: AlarmState) -> None:
        """Call the listeners if the state is another one; never with the lock held, since they may take their time."""
        if new.value == old.value:
            return
        LOGGER.info("alarm %s: %s -> %s: %s", alarm.name, old.value, new.value, new.reason)
        for listener in self.listeners:
            try:
                listener(alarm, old, new)
            except Exception:
                LOGGER.exception("a listener failed at alarm %s: %s -> %s", alarm.name, old.value, new.value)


def _reason_data(alarm: Alarm, seen: Range, verdict: Verdict, now: datetime) -> str:
    """StateReasonData in the service's form: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/."""
    data = {
        "version": "1.0",
        "queryDate": _text(now),
        "startDate": _text(verdict.evaluated[-1][0]) if verdict.evaluated else None,
        "statistic": alarm.statistic or alarm.extended_statistic,
        "unit": alarm.unit,
        "period": seen.watched.period,
        "recentDatapoints": [value for _, value in reversed(verdict.evaluated)],
        "threshold": alarm.threshold,
        "evaluatedDatapoints": [{"timestamp": _text(moment), "value": value} for moment, value in verdict.evaluated],
    }
    return json.dumps({name: value for name, value in data.items() if value is not None})


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}+0000"


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, timezone.utc)
