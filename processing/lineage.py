"""Where a candidate comes from, as far as the pipeline told the evaluation: parameters, jobs, code, execution."""

import math
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone

from processing.exit_message import ProcessingFailure

# What becomes of a model, and not how it is made.
AFTERWARDS = ("ModelApprovalStatus", "EndpointName")
# An epoch in seconds is below this until the year 5138; one in milliseconds is above since 1973.
_MILLISECONDS_FROM = 1e11


class MalformedLineage(ProcessingFailure):
    """A fact about the execution that is not of its form."""


@dataclass(frozen=True)
class JobRecord:
    """A job that the pipeline ran: `seconds` from its start to its end, None where that is not known."""

    step: str
    instance_type: str
    instance_count: int
    seconds: float | None


@dataclass(frozen=True)
class Lineage:
    """What the pipeline told: `facts` and `parameters` by name, the jobs in order. All may be empty."""

    facts: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    jobs: Sequence[JobRecord] = ()


def parse_pairs(texts: Sequence[str], option: str) -> dict[str, str]:
    """NAME=VALUE texts as a dictionary; one with an empty value is left out. Raises MalformedLineage."""
    pairs = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not name or not equals:
            raise MalformedLineage(f"{option} {text}: write NAME=VALUE")
        if value:
            pairs[name] = value
    return pairs


def parse_job(text: str) -> JobRecord:
    """A job from `step,instance type,instance count,start,end`. Raises MalformedLineage.

    Start and end are ISO 8601 or epochs in seconds or milliseconds, as services write them; in any other form
    the job has no `seconds`, since a report must not fail over a time stamp.
    """
    parts = text.split(",")
    if len(parts) != 5 or not parts[0] or not parts[2].isdigit():
        raise MalformedLineage(f"--job {text}: write STEP,INSTANCE_TYPE,INSTANCE_COUNT,START,END")
    step, instance_type, count, start, end = parts
    moments = _moment(start), _moment(end)
    seconds = None if None in moments else (moments[1] or 0) - (moments[0] or 0)
    return JobRecord(step, instance_type, int(count), seconds if seconds is None or seconds >= 0 else None)


def reproduction(lineage: Lineage) -> list[str]:
    """The commands that make this candidate again, as far as commit and parameters are known."""
    commit = lineage.facts.get("code_version", "").removesuffix("-modified")
    made_with = {name: value for name, value in lineage.parameters.items() if name not in AFTERWARDS}
    parameters = [f"--param {shlex.quote(f'{name}={value}')}" for name, value in made_with.items()]
    algorithm = lineage.facts.get("algorithm")
    trained_by = [f"--algorithm {shlex.quote(algorithm)}"] if algorithm else []
    if "pretrain" in lineage.facts:
        trained_by.append("--pretrain")
    return [
        *([f"git checkout {shlex.quote(commit)}"] if commit else []),
        " \\\n  ".join(["scones run --wait", *trained_by, *parameters]),
    ]


def _moment(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return _iso_moment(text)
    if not math.isfinite(number):
        return None
    return number / 1000 if number >= _MILLISECONDS_FROM else number


def _iso_moment(text: str) -> float | None:
    try:
        # Python 3.10 does not know the Z
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp()
