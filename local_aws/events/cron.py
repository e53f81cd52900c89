"""Cron expressions in AWS's dialect: six fields, in UTC, to the minute.

Of our own: the one maintained library for the dialect, aws-croniter 2.1.1, knows neither LW nor steps of years, never
fires for L as the day of the week, and fails on a step of 0 with an error of Python's.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone

MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
SATURDAY = 7
LAST_YEAR = 2199
ITEM = re.compile(r"(?:(?P<all>\*)|(?P<first>[0-9A-Za-z]+)(?:-(?P<last>[0-9A-Za-z]+))?)(?:/(?P<step>[0-9]{1,4}))?")

# year, month -> the days on which to fire
Days = Callable[[int, int], "set[int]"]


class InvalidCron(ValueError):
    """The message says which field is wrong."""


@dataclass(frozen=True)
class Field:
    """What a field may hold. Ranges of all but years may go around: FRI-MON, 20-2."""

    name: str
    least: int
    most: int
    names: tuple[str, ...] = ()
    goes_around: bool = True

    def values(self, text: str) -> frozenset[int]:
        """The values of a comma-separated list of values, ranges and steps. Raises InvalidCron."""
        return frozenset(value for item in text.split(",") for value in self._item(item))

    def value(self, text: str) -> int:
        """One value, a number or a name. Raises InvalidCron."""
        if text.upper() in self.names:
            return self.names.index(text.upper()) + self.least
        if not re.fullmatch(r"[0-9]{1,4}", text) or not self.least <= int(text) <= self.most:
            raise InvalidCron(f"{self.name}: {text!r} is not between {self.least} and {self.most}")
        return int(text)

    def _item(self, text: str) -> list[int]:
        match = ITEM.fullmatch(text)
        if match is None:
            raise InvalidCron(f"{self.name}: {text!r} is neither a value, nor a range, nor a step")
        step = int(match["step"] or 1)
        if not 1 <= step <= max(1, self.most - self.least):
            raise InvalidCron(f"{self.name}: {match['step']} is not a step")
        if match["all"]:
            return list(range(self.least, self.most + 1, step))
        first = self.value(match["first"])
        if match["last"] is None:
            return list(range(first, self.most + 1, step)) if match["step"] else [first]
        return self._range(first, self.value(match["last"]), step)

    def _range(self, first: int, last: int, step: int) -> list[int]:
        if first <= last:
            return list(range(first, last + 1, step))
        if not self.goes_around:
            raise InvalidCron(f"{self.name}: {first}-{last} ends before it begins")
        around = [*range(first, self.most + 1), *range(self.least, last + 1)]
        return around[::step]


MINUTES, HOURS = Field("Minutes", 0, 59), Field("Hours", 0, 23)
DAY_OF_MONTH, DAY_OF_WEEK = Field("Day-of-month", 1, 31), Field("Day-of-week", 1, 7, WEEKDAYS)
MONTH, YEAR = Field("Month", 1, 12, MONTHS), Field("Year", 1970, LAST_YEAR, goes_around=False)


@dataclass(frozen=True)
class Cron:
    """A parsed expression."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    months: frozenset[int]
    years: frozenset[int]
    days: Days

    @classmethod
    def parse(cls, text: str) -> Cron:
        """The six fields, without the "cron()" around them. Raises InvalidCron."""
        fields = re.split(r"\s+", text)
        if len(fields) != 6:
            raise InvalidCron(f"there must be 6 fields, not {len(fields)}")
        minutes, hours, day_of_month, month, day_of_week, year = fields
        return cls(
            tuple(sorted(MINUTES.values(minutes))),
            tuple(sorted(HOURS.values(hours))),
            MONTH.values(month),
            YEAR.values(year),
            _days(day_of_month, day_of_week),
        )

    def next_after(self, moment: datetime) -> datetime | None:
        """The first minute after a moment, both in UTC, at which to fire; None if there is none any more."""
        start = moment.astimezone(timezone.utc).replace(second=0, microsecond=0) + timedelta(minutes=1)
        for day in self._days_from(start.date()):
            for hour in self.hours:
                for minute in self.minutes:
                    found = datetime(day.year, day.month, day.day, hour, minute, tzinfo=timezone.utc)
                    if found >= start:
                        return found
        return None

    def _days_from(self, first: date) -> Iterator[date]:
        for year in range(first.year, LAST_YEAR + 1):
            for month in range(1, 13):
                if year not in self.years or month not in self.months or (year, month) < (first.year, first.month):
                    continue
                found = (date(year, month, day) for day in sorted(self.days(year, month)))
                yield from (day for day in found if day >= first)


def _days(day_of_month: str, day_of_week: str) -> Days:
    if (day_of_month == "?") == (day_of_week == "?"):
        raise InvalidCron("one of Day-of-month and Day-of-week must be ?, and the other not")
    return _by_month(day_of_month.upper()) if day_of_week == "?" else _by_week(day_of_week.upper())


def _by_month(text: str) -> Days:
    if text == "LW":
        return lambda year, month: {_nearest_weekday(year, month, _length(year, month))}
    if match := re.fullmatch(r"L(?:-([0-9]{1,2}))?", text):
        before = int(match[1] or 0)
        if before > DAY_OF_MONTH.most - 1:
            raise InvalidCron(f"Day-of-month: no month has a day {before} days before its last")
        return lambda year, month: {_length(year, month) - before} - set(range(-31, 1))
    if match := re.fullmatch(r"([0-9]{1,2})W", text):
        wanted = DAY_OF_MONTH.value(match[1])
        return lambda year, month: {_nearest_weekday(year, month, wanted)} if wanted <= _length(year, month) else set()
    values = DAY_OF_MONTH.values(text)
    return lambda year, month: {day for day in values if day <= _length(year, month)}


def _by_week(text: str) -> Days:
    if text == "L":
        return lambda year, month: _each(year, month, SATURDAY)
    if match := re.fullmatch(r"([0-9A-Za-z]+)L", text):
        last = DAY_OF_WEEK.value(match[1])
        return lambda year, month: {max(_each(year, month, last))}
    if match := re.fullmatch(r"([0-9A-Za-z]+)#([1-5])", text):
        weekday, number = DAY_OF_WEEK.value(match[1]), int(match[2])
        return lambda year, month: set(sorted(_each(year, month, weekday))[number - 1 : number])
    if "/" in text:
        raise InvalidCron("Day-of-week: it takes no steps")
    values = DAY_OF_WEEK.values(text)
    return lambda year, month: {day for value in values for day in _each(year, month, value)}


def _length(year: int, month: int) -> int:
    return monthrange(year, month)[1]


def _each(year: int, month: int, weekday: int) -> set[int]:
    """The days of a month that are this day of the week, where 1 is Sunday."""
    return {day for day in range(1, _length(year, month) + 1) if date(year, month, day).isoweekday() % 7 == weekday - 1}


def _nearest_weekday(year: int, month: int, wanted: int) -> int:
    """The day from Monday to Friday that is nearest, within the month."""
    weekday = date(year, month, wanted).isoweekday()
    if weekday == 6:
        return wanted - 1 if wanted > 1 else wanted + 2
    if weekday == 7:
        return wanted + 1 if wanted < _length(year, month) else wanted - 2
    return wanted
