"""When a monitoring schedule runs: the expressions that Model Monitor takes, and no others.

https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-schedule-expression.html. They are a few forms of cron
only, of which more is asked than when to fire: how long it is from one run to the next, which is the time that a run
looks at, and when one should have run last.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from local_aws.sagemaker.errors import ValidationException

NOW = "NOW"
HOURLY = re.compile(r"cron\(0 \* \? \* \* \*\)")
DAILY = re.compile(r"cron\(0 (?P<first>[01]?[0-9]|2[0-3])(?:/(?P<every>0?[1-9]|1[0-9]|2[0-4]))? \? \* \* \*\)")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True)
class ScheduleExpression:
    """The hours of the day (UTC) at which to run, and the time between two runs; no hours for one run at once."""

    hours: tuple[int, ...]
    period: timedelta

    @classmethod
    def parse(cls, text: str) -> ScheduleExpression:
        """`cron(0 * ? * * *)`, `cron(0 H ? * * *)`, `cron(0 H/N ? * * *)` or `NOW`. Raises ValidationException.

        H/N runs at H, and every N hours after it until the day is over, each day anew, as cron has it.
        """
        if text == NOW:
            return cls((), DAY)
        if HOURLY.fullmatch(text):
            return cls(tuple(range(24)), HOUR)
        match = DAILY.fullmatch(text)
        if match is None:
            raise ValidationException(
                f'The schedule expression "{text}" is not supported: only hourly integer rates between 1 hour and 24 '
                "hours are, as cron(0 * ? * * *) for every hour, cron(0 [00-23] ? * * *) for once a day, "
                "cron(0 [00-23]/[01-24] ? * * *) for every so many hours, or NOW for once and at once."
            )
        first, every = int(match["first"]), int(match["every"] or 24)
        return cls(tuple(range(first, 24, every)), timedelta(hours=every))

    @classmethod
    def daily(cls, name: str) -> ScheduleExpression:
        """For a schedule without an expression: once a day, at an hour chosen by the schedule's name."""
        return cls((zlib.crc32(name.encode()) % 24,), DAY)

    @property
    def once(self) -> bool:
        """Whether it is to run at once, and not again."""
        return not self.hours

    def due(self, last: datetime | None, now: datetime) -> datetime | None:
        """The latest moment after `last` and not after `now` at which to run; None if there is none.

        Of several that were missed only the latest counts. One that is to run at once is due now, if `last` is None.
        """
        if self.once or last is None:
            return now if last is None else None
        moment = now.replace(minute=0, second=0, microsecond=0)
        while moment > last and moment > now - 2 * DAY:
            if moment.hour in self.hours:
                return moment
            moment -= HOUR
        return None
