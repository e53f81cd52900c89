"""The cron expressions that Model Monitor documents, and how far back an execution looks.

https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-schedule-expression.html
"""

from __future__ import annotations

import re

HOURLY = "cron(0 * ? * * *)"
NOW = "NOW"
HOURS_A_DAY = 24
DOCUMENTED = (
    f"{HOURLY} (every hour), cron(0 12 ? * * *) (daily at noon UTC) and cron(0 0/6 ? * * *) (every 6 hours) "
    "are what SageMaker takes"
)
_FIELDS = re.compile(r"cron\((\S+) (\S+) \? \* \* \*\)")
_HOUR = re.compile(r"(?P<start>[01]?\d|2[0-3])(/(?P<every>\d{1,2}))?")


class UnsupportedCron(ValueError):
    """A schedule that Model Monitor does not run: more often than hourly, or in a form that it does not document."""


def hours_between(expression: str) -> int:
    """Hours from one execution to the next: 1 to 24. Raises UnsupportedCron."""
    fields = _FIELDS.fullmatch(" ".join(expression.split()))
    if fields is None:
        raise UnsupportedCron(f"schedule {expression!r} is not supported: {DOCUMENTED}")
    minute, hour = fields.groups()
    if re.fullmatch(r"\*|\S*[,/-]\S*", minute):
        raise UnsupportedCron(f"schedule {expression!r} would run more often than hourly: {DOCUMENTED}")
    if minute != "0":
        raise UnsupportedCron(f"schedule {expression!r} does not start at minute 0: {DOCUMENTED}")
    if hour == "*":
        return 1
    found = _HOUR.fullmatch(hour)
    every = int(found["every"] or HOURS_A_DAY) if found else 0
    if not 1 <= every <= HOURS_A_DAY:
        raise UnsupportedCron(f"schedule {expression!r} has the hour {hour!r}: {DOCUMENTED}")
    return every


def offset(hours: int) -> str:
    """So many hours before the execution, as MonitoringTimeOffsetString: -PT25H."""
    return f"-PT{hours}H"
