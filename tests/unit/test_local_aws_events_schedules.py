"""When schedules fire next: the examples of the guide, and the corners of the dialect."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from local_aws.events.schedules import InvalidSchedule, Schedule

# a Wednesday, in a leap year
START = datetime(2024, 1, 31, 23, 59, 30, tzinfo=timezone.utc)


def following(expression: str, count: int = 3, start: datetime = START) -> list[str]:
    """The next times, as text to the minute."""
    schedule, moment, found = Schedule.parse(expression), start, []
    for _ in range(count):
        due = schedule.next_after(moment, start)
        if due is None:
            return [*found, "never"]
        assert due > moment and due.tzinfo is not None
        found.append(f"{due:%a %Y-%m-%d %H:%M}")
        moment = due
    return found


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        # the examples of the guide
        ("0 10 * * ? *", ["Thu 2024-02-01 10:00", "Fri 2024-02-02 10:00", "Sat 2024-02-03 10:00"]),
        ("15 12 * * ? *", ["Thu 2024-02-01 12:15", "Fri 2024-02-02 12:15", "Sat 2024-02-03 12:15"]),
        ("0 18 ? * MON-FRI *", ["Thu 2024-02-01 18:00", "Fri 2024-02-02 18:00", "Mon 2024-02-05 18:00"]),
        ("0 8 1 * ? *", ["Thu 2024-02-01 08:00", "Fri 2024-03-01 08:00", "Mon 2024-04-01 08:00"]),
        ("0/15 * * * ? *", ["Thu 2024-02-01 00:00", "Thu 2024-02-01 00:15", "Thu 2024-02-01 00:30"]),
        ("0/10 * ? * MON-FRI *", ["Thu 2024-02-01 00:00", "Thu 2024-02-01 00:10", "Thu 2024-02-01 00:20"]),
        ("0/5 8-17 ? * MON-FRI *", ["Thu 2024-02-01 08:00", "Thu 2024-02-01 08:05", "Thu 2024-02-01 08:10"]),
        ("0/30 20-2 ? * MON-FRI *", ["Thu 2024-02-01 00:00", "Thu 2024-02-01 00:30", "Thu 2024-02-01 01:00"]),
        ("5,35 14 * * ? *", ["Thu 2024-02-01 14:05", "Thu 2024-02-01 14:35", "Fri 2024-02-02 14:05"]),
        ("15 10 ? * 6L 2024-2025", ["Fri 2024-02-23 10:15", "Fri 2024-03-29 10:15", "Fri 2024-04-26 10:15"]),
        ("15 10 ? * 6L 2019-2022", ["never"]),
        ("0 0 ? * 3#2 *", ["Tue 2024-02-13 00:00", "Tue 2024-03-12 00:00", "Tue 2024-04-09 00:00"]),
        ("0 9 ? * 2#1 *", ["Mon 2024-02-05 09:00", "Mon 2024-03-04 09:00", "Mon 2024-04-01 09:00"]),
        # steps begin where they say
        ("1/10 * * * ? *", ["Thu 2024-02-01 00:01", "Thu 2024-02-01 00:11", "Thu 2024-02-01 00:21"]),
        ("10-30/10 0 * * ? *", ["Thu 2024-02-01 00:10", "Thu 2024-02-01 00:20", "Thu 2024-02-01 00:30"]),
        ("0 */6 * * ? *", ["Thu 2024-02-01 00:00", "Thu 2024-02-01 06:00", "Thu 2024-02-01 12:00"]),
        ("0 0 1 */6 ? *", ["Mon 2024-07-01 00:00", "Wed 2025-01-01 00:00", "Tue 2025-07-01 00:00"]),
        ("0 0 1 1 ? 2024/2", ["Thu 2026-01-01 00:00", "Sat 2028-01-01 00:00", "Tue 2030-01-01 00:00"]),
        # names, in any case, and ranges that go around
        ("0 0 ? * mon *", ["Mon 2024-02-05 00:00", "Mon 2024-02-12 00:00", "Mon 2024-02-19 00:00"]),
        ("0 0 ? * FRI-MON *", ["Fri 2024-02-02 00:00", "Sat 2024-02-03 00:00", "Sun 2024-02-04 00:00"]),
        ("0 0 1 NOV-FEB ? *", ["Thu 2024-02-01 00:00", "Fri 2024-11-01 00:00", "Sun 2024-12-01 00:00"]),
        ("0 0 1 JAN,APR ? *", ["Mon 2024-04-01 00:00", "Wed 2025-01-01 00:00", "Tue 2025-04-01 00:00"]),
        ("0 0 ? * 1 *", ["Sun 2024-02-04 00:00", "Sun 2024-02-11 00:00", "Sun 2024-02-18 00:00"]),
        # the last of something
        ("0 9 L * ? *", ["Thu 2024-02-29 09:00", "Sun 2024-03-31 09:00", "Tue 2024-04-30 09:00"]),
        ("0 9 L-3 * ? *", ["Mon 2024-02-26 09:00", "Thu 2024-03-28 09:00", "Sat 2024-04-27 09:00"]),
        ("0 9 L-30 * ? *", ["Fri 2024-03-01 09:00", "Wed 2024-05-01 09:00", "Mon 2024-07-01 09:00"]),
        ("0 9 LW * ? *", ["Thu 2024-02-29 09:00", "Fri 2024-03-29 09:00", "Tue 2024-04-30 09:00"]),
        ("0 9 ? * L *", ["Sat 2024-02-03 09:00", "Sat 2024-02-10 09:00", "Sat 2024-02-17 09:00"]),
        ("0 9 ? * MONL *", ["Mon 2024-02-26 09:00", "Mon 2024-03-25 09:00", "Mon 2024-04-29 09:00"]),
        # the weekday nearest, never in another month
        ("0 9 3W * ? *", ["Fri 2024-02-02 09:00", "Mon 2024-03-04 09:00", "Wed 2024-04-03 09:00"]),
        ("0 9 1W 6,9 ? *", ["Mon 2024-06-03 09:00", "Mon 2024-09-02 09:00", "Mon 2025-06-02 09:00"]),
        ("0 9 31W * ? *", ["Fri 2024-03-29 09:00", "Fri 2024-05-31 09:00", "Wed 2024-07-31 09:00"]),
        # months without such a day
        ("0 2 ? * SAT#5 *", ["Sat 2024-03-30 02:00", "Sat 2024-06-29 02:00", "Sat 2024-08-31 02:00"]),
        ("0 0 29 2 ? *", ["Thu 2024-02-29 00:00", "Tue 2028-02-29 00:00", "Sun 2032-02-29 00:00"]),
        ("0 0 30 2 ? *", ["never"]),
        ("0 0 31 * ? *", ["Sun 2024-03-31 00:00", "Fri 2024-05-31 00:00", "Wed 2024-07-31 00:00"]),
        # white space of any width, the end of the calendar
        ("0  10  *  *  ?  *", ["Thu 2024-02-01 10:00", "Fri 2024-02-02 10:00", "Sat 2024-02-03 10:00"]),
        ("59 23 31 12 ? 2199", ["Tue 2199-12-31 23:59", "never"]),
        ("0 0 1 1 ? 2023", ["never"]),
    ],
)
def test_cron(fields, wanted):
    assert following(f"cron({fields})", len(wanted)) == wanted


def test_cron_fires_on_the_minute_strictly_after_a_moment_wherever_that_is_told():
    exactly = datetime(2024, 2, 1, 10, 0, tzinfo=timezone.utc)
    assert following("cron(0 10 * * ? *)", 1, exactly) == ["Fri 2024-02-02 10:00"]
    assert following("cron(0 10 * * ? *)", 1, exactly - timedelta(microseconds=1)) == ["Thu 2024-02-01 10:00"]
    elsewhere = exactly.astimezone(timezone(timedelta(hours=9))) - timedelta(minutes=1)
    assert following("cron(0 10 * * ? *)", 1, elsewhere) == ["Thu 2024-02-01 10:00"]


def test_every_minute_of_the_third_saturdays_is_as_many_as_a_day_has():
    times = following("cron(* * ? * SAT#3 *)", 1441)
    assert times[0] == "Sat 2024-02-17 00:00" and times[1439] == "Sat 2024-02-17 23:59"
    assert times[1440] == "Sat 2024-03-16 00:00"


@pytest.mark.parametrize(
    "fields",
    [
        "",
        "INVALID",
        "0 10 * * ?",
        "0 10 * * ? * *",
        " 0 10 * * ? *",
        "0 1 * * * *",
        "0 1 ? * ? *",
        "0 1 1 * MON *",
        "71 8 1 * ? *",
        "0 24 1 * ? *",
        "0 8 0 * ? *",
        "0 8 32 * ? *",
        "0 8 1 0 ? *",
        "0 8 1 13 ? *",
        "0 8 ? * 0 *",
        "0 8 ? * 8 *",
        "0 8 1 1 ? 1969",
        "0 8 1 1 ? 2200",
        "0 8 1 1 ? 2030-2020",
        "7 20 ? * NOT *",
        "0 dummy ? * MON-FRI *",
        "0 8 W * ? *",
        "0 8 32W * ? *",
        "0 8 1,L * ? *",
        "0 8 L-31 * ? *",
        "0 8 ? * 3#6 *",
        "0 8 ? * 3#1,6#3 *",
        "0 8 ? * 2/2 *",
        "0 8 3#1 * ? *",
        "L 8 1 * ? *",
        "? 8 1 * ? *",
        "5/0 * * * ? *",
        "0/90 * * * ? *",
        "1- * * * ? *",
        "1,,2 * * * ? *",
        "-1 * * * ? *",
        "٣ * * * ? *",
    ],
)
def test_what_is_no_cron_expression_is_refused(fields):
    with pytest.raises(InvalidSchedule):
        Schedule.parse(f"cron({fields})")


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ("rate(1 minute)", ["2024-02-01 00:00:30", "2024-02-01 00:01:30"]),
        ("rate(5 minutes)", ["2024-02-01 00:04:30", "2024-02-01 00:09:30"]),
        ("rate(1 hour)", ["2024-02-01 00:59:30", "2024-02-01 01:59:30"]),
        ("rate(36 hours)", ["2024-02-02 11:59:30", "2024-02-03 23:59:30"]),
        ("rate(7 days)", ["2024-02-07 23:59:30", "2024-02-14 23:59:30"]),
    ],
)
def test_a_rate_counts_from_when_it_began(expression, wanted):
    schedule = Schedule.parse(expression)
    first = schedule.next_after(START, START)
    second = schedule.next_after(first, START)
    assert [f"{due:%Y-%m-%d %H:%M:%S}" for due in (first, second)] == wanted
    # whatever was missed meanwhile
    assert schedule.next_after(first + timedelta(seconds=1), START) == second


def test_a_rate_beyond_the_calendar_never_fires():
    assert Schedule.parse("rate(999999999 days)").next_after(START, START) is None


@pytest.mark.parametrize(
    "expression",
    [
        "rate(10 seconds)",
        "rate(10 years)",
        "rate(1 minutes)",
        "rate(1 hours)",
        "rate(1 days)",
        "rate(10 minute)",
        "rate(10 hour)",
        "rate(10 day)",
        "rate()",
        "rate(10)",
        "rate(10 minutess)",
        "rate(foo minutes)",
        "rate(0 minutes)",
        "rate(-10 minutes)",
        "rate(1.5 hours)",
        "rate(10 MINUTES)",
        "rate( 10 minutes )",
        " rate(10 minutes)",
        "at(2030-01-01T00:00:00)",
        "every minute",
    ],
)
def test_what_is_no_rate_is_refused(expression):
    with pytest.raises(InvalidSchedule):
        Schedule.parse(expression)
