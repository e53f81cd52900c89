"""The analysis of model quality: statistics of predictions and labels, bars suggested from them, and bars checked."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from .errors import AnalysisFailed
from .job import Job
from .lines import EMPTY, Damage
from .model_quality_attributes import Attributes
from .model_quality_constraints import VERSION, read_constraints, suggested, violations
from .model_quality_deviation import standard_deviations
from .model_quality_metrics import write_metrics
from .model_quality_problems import PROBLEMS, Problem
from .model_quality_rows import rows_of
from .model_quality_samples import Samples, samples_of
from .result_files import CONSTRAINTS, STATISTICS, VIOLATIONS, write_json
from .scripts import post_process

# JSON has no such number: the service writes the word
UNDEFINED = "NaN"


def analyse(job: Job) -> int:
    """Write statistics.json and constraints.json and, where the job has a baseline, constraint_violations.json.

    Metrics are written for CloudWatch where the job says so. Returns the number of violations; raises AnalysisFailed.
    """
    attributes = Attributes.of(job.variables)
    problem = PROBLEMS[attributes.problem_type]
    damage = Damage()
    samples = samples_of(rows_of(job, attributes, damage), attributes, damage)
    _tell(samples, damage)
    figures = problem.figures(samples)
    found = _violations(job, problem, figures)
    write_json(job.output_path / STATISTICS, statistics(problem, samples, figures, job.variables))
    write_json(job.output_path / CONSTRAINTS, suggested(problem, figures))
    if found is not None:
        write_json(job.output_path / VIOLATIONS, {"violations": found})
    if job.publish_cloudwatch_metrics:
        write_metrics(job, figures)
    if job.post_analytics_processor_script:
        post_process(job.post_analytics_processor_script)
    return len(found or ())


def statistics(
    problem: Problem, samples: Samples, figures: Mapping[str, float], variables: Mapping[str, str]
) -> dict[str, Any]:
    """The content of statistics.json: https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-model-quality-metrics.html

    `evaluation_time` is now (UTC); `start_time` and `end_time` are there where the job has them.
    """
    deviations = standard_deviations(samples, problem.figures)
    times = {name: variables[name] for name in ("start_time", "end_time") if variables.get(name)}
    now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "version": VERSION,
        "dataset": {"item_count": len(samples), **times, "evaluation_time": now},
        problem.metrics_member: {
            **problem.details(samples),
            **{
                name: {"value": _number(value), "standard_deviation": _number(deviations[name])}
                for name, value in figures.items()
            },
        },
    }


def _violations(job: Job, problem: Problem, figures: Mapping[str, float]) -> list[dict[str, str]] | None:
    """Those of the baseline's constraints, told to the log too; None for a job without a baseline."""
    if job.baseline_constraints is None:
        return None
    constraints = read_constraints(job.baseline_constraints, problem, {*figures, *problem.bars})
    for one in constraints:
        if not math.isfinite(figures.get(one.metric, math.nan)):
            print(f"{one.metric} is undefined for these data, and was not compared with {one.threshold}", flush=True)
    found = violations(constraints, figures)
    for violation in found:
        print(violation["description"], flush=True)
    return found


def _tell(samples: Samples, damage: Damage) -> None:
    for kind, count in sorted(damage.counts.items()):
        print(f"{count} lines were not used: {kind.replace('_', ' ')}", flush=True)
    for example in damage.examples:
        print(f"not used: {example}", flush=True)
    if not len(samples):
        unread = damage.total - damage.counts[EMPTY]
        told = f": none of {unread} lines could be used, the first one being {damage.examples[0]}" if unread else ""
        raise AnalysisFailed(f"Job inputs had no data{told}")


def _number(value: float) -> float | str:
    return value if math.isfinite(value) else UNDEFINED
