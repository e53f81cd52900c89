"""Schedule expressions: when a rule fires by itself.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-rule-schedule.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from local_aws.events.cron import Cron, InvalidCron

RATE = re.compile(r"rate\((?P<value>[1-9][0-9]{0,8}) (?P<unit>minute|hour|day)(?P<plural>s?)\)")
CRON = re.compile(r"cron\((?P<fields>.*)\)")


class InvalidSchedule(ValueError):
    """The expression is neither cron(...) nor rate(...) as the service takes them."""


@dataclass(frozen=True)
class Rate:
    """Every so often, counted from when the rule was made."""

    period: timedelta

    def next_after(self, moment: datetime, since: datetime) -> datetime | None:
        """As Schedule.next_after."""
        periods = max(0, (moment - since) // self.period) + 1
        try:
            return since + periods * self.period
        except OverflowError:
            return None


@dataclass(frozen=True)
class Schedule:
    """A parsed expression."""

    kind: Cron | Rate

    @classmethod
    def parse(cls, text: str) -> Schedule:
        """The expression "rate(5 minutes)" or "cron(0 10 * * ? *)". Raises InvalidSchedule."""
        if match := RATE.fullmatch(text):
            value = int(match["value"])
            if (value > 1) != bool(match["plural"]):
                raise InvalidSchedule(f"{text}: the unit of 1 is singular, of more plural")
            return cls(Rate(value * timedelta(**{f"{match['unit']}s": 1})))
        if match := CRON.fullmatch(text):
            try:
                return cls(Cron.parse(match["fields"]))
            except InvalidCron as error:
                raise InvalidSchedule(f"{text}: {error}") from error
        raise InvalidSchedule(f"{text}: neither cron(...) nor rate(...)")

    def next_after(self, moment: datetime, since: datetime) -> datetime | None:
        """When it fires first after a moment, None for never again; `since` is when the rule began to count."""
        if isinstance(self.kind, Rate):
            return self.kind.next_after(moment, since)
        return self.kind.next_after(moment)
