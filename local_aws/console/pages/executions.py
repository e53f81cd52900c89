"""Pipeline executions: the list of them, and one with its steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from local_aws.console.graphs.pipelines import draw_pipeline, step_status
from local_aws.console.pages.packages import package_of
from local_aws.console.paging import PAGE_SIZE, Page, page_number
from local_aws.console.sources import Sources
from local_aws.console.view import PageMissing, View, Visit
from local_aws.console.wording import words
from local_aws.sagemaker.errors import ServiceError
from local_aws.sagemaker.jobs.job import LOG_GROUPS
from local_aws.sagemaker.pipeline.definition import parse_definition
from local_aws.sagemaker.pipeline.parameters import to_text
from local_aws.sagemaker.pipeline.records import EXECUTION, RUNNING, StepState, find_execution, read_input, read_steps
from local_aws.sagemaker.store import Record, RecordNotFound

PIPELINE = "Pipeline"


@dataclass(frozen=True)
class Execution:
    """One execution, as lists show it. `ended` is when its record last changed."""

    id: str
    pipeline: str
    status: str
    started: datetime
    ended: datetime | None
    name: str | None
    reason: str | None

    @classmethod
    def of(cls, record: Record) -> Execution:
        """From its record."""
        return cls(
            id=record.name,
            pipeline=record.body["PipelineArn"].rpartition("/")[2],
            status=str(record.status),
            started=record.created,
            ended=None if record.status in RUNNING else record.modified,
            name=record.body.get("PipelineExecutionDisplayName"),
            reason=record.body.get("FailureReason"),
        )


@dataclass(frozen=True)
class StepRow:
    """One step in the table. `job` is the kind and name of what has logs, `package` and `endpoint` what it made."""

    name: str
    type: str
    status: str
    state: StepState | None
    description: str | None
    outcome: str
    log_group: str = ""
    log_prefix: str = ""
    package: tuple[str, int] | None = None
    endpoint: str = ""


def executions(visit: Visit) -> View:
    """All executions, or those of one pipeline or status."""
    arguments, records = visit.request.args, visit.sources.records
    pipeline, status = arguments.get("pipeline", ""), arguments.get("status", "")
    prefix = f"{visit.sources.context.arn(f'pipeline/{pipeline}')}/execution/" if pipeline else ""
    number = page_number(arguments)
    names = records.names(EXECUTION, (number - 1) * PAGE_SIZE, PAGE_SIZE, prefix, status)
    shown = Page(existing(visit.sources, names), number, records.count(EXECUTION, prefix, status))
    pipelines = sorted(records.names(PIPELINE, 0, 500))
    running = sum(records.statuses(EXECUTION).get(each, 0) for each in RUNNING)
    values = {
        "shown": shown,
        "pipeline": pipeline,
        "status": status,
        "pipelines": pipelines,
        "statuses": list(records.statuses(EXECUTION)),
    }
    return View("executions.html", "Pipeline executions", values, live=running > 0, news=f"{running} running")


def execution(visit: Visit, pipeline: str, execution_id: str) -> View:
    """One execution."""
    context = visit.sources.context
    try:
        record = find_execution(context, f"{context.arn(f'pipeline/{pipeline}')}/execution/{execution_id}")
        given, states = read_input(context.store, record.name), read_steps(context.store, record.name)
    except (ServiceError, RecordNotFound) as error:
        raise PageMissing(f"There is no execution {execution_id} of the pipeline {pipeline}.") from error
    running = record.status in RUNNING
    definition = parse_definition(given.definition)
    order = [*states, *(name for name in definition.steps if name not in states)]
    shown = Execution.of(record)
    ends = [state.ended for state in states.values() if state.ended]
    values = {
        "execution": shown,
        "arn": record.arn,
        "ended": None if running else max(ends, default=shown.ended),
        "description": record.body.get("PipelineExecutionDescription"),
        "drawing": draw_pipeline(definition, states, running, context.now()),
        "rows": [_row(name, definition.steps[name].type, definition.steps[name].description, states, running)
                 for name in order if name in definition.steps],
        "parameters": {name: to_text(value) for name, value in given.parameters.items()},
    }  # fmt: skip
    title = f"Execution of {pipeline}"
    return View("execution.html", title, values, live=running, news=words(record.status))


def existing(sources: Sources, names: Sequence[str]) -> list[Execution]:
    """The executions of these names, but for those that have been deleted meanwhile."""
    found = []
    for name in names:
        try:
            found.append(Execution.of(sources.context.store.get(EXECUTION, name)))
        except RecordNotFound:
            continue
    return found


def _row(name: str, kind: str, description: str | None, states: Mapping[str, StepState], running: bool) -> StepRow:
    state = states.get(name)
    metadata: Mapping[str, Any] = state.metadata if state else {}
    row = StepRow(name, kind, step_status(name, states, running), state, description, _outcome(metadata))
    made: dict[str, Any] = {}
    for resource, group in LOG_GROUPS.items():
        if arn := (metadata.get(resource) or {}).get("Arn"):
            made = {"log_group": group, "log_prefix": f"{arn.rpartition('/')[2]}/"}
    if arn := (metadata.get("QualityCheck") or {}).get("CheckJobArn"):
        made = {"log_group": LOG_GROUPS["ProcessingJob"], "log_prefix": f"{arn.rpartition('/')[2]}/"}
    if arn := (metadata.get("Lambda") or {}).get("Arn"):
        made = {"log_group": f"/aws/lambda/{arn.rpartition(':')[2]}"}
    if arn := (metadata.get("RegisterModel") or {}).get("Arn"):
        made = {"package": package_of(arn)}
    if arn := (metadata.get("Endpoint") or {}).get("Arn"):
        made = {"endpoint": arn.rpartition("/")[2]}
    return StepRow(**{**vars(row), **made})


def _outcome(metadata: Mapping[str, Any]) -> str:
    """What a step found, where that is not a resource: a condition's answer, a function's output."""
    if "Condition" in metadata:
        return f"condition is {str(metadata['Condition'].get('Outcome', '')).lower()}"
    if "Fail" in metadata:
        return str(metadata["Fail"].get("ErrorMessage", ""))
    outputs = (metadata.get("Lambda") or {}).get("OutputParameters") or []
    return ", ".join(f"{each['Name']} = {each['Value']}" for each in outputs)
