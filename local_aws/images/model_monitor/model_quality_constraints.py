"""Bars for metrics: suggested from a baseline, read from a file that people may have edited, and checked."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .documents import Document, read_document
from .errors import AnalysisFailed
from .model_quality_problems import GREATER, LESS, Problem

VERSION = 0.0


@dataclass(frozen=True)
class Constraint:
    """The metric violates it when it is less, or greater, than the threshold."""

    metric: str
    threshold: float
    operator: str

    def is_violated_by(self, value: float) -> bool:
        return value < self.threshold if self.operator == LESS else value > self.threshold


def suggested(problem: Problem, figures: Mapping[str, float]) -> dict[str, Any]:
    """The content of constraints.json: each bar is the baseline's own value. An undefined metric gets none."""
    bars = {
        name: {"threshold": figures[name], "comparison_operator": operator}
        for name, operator in problem.bars.items()
        if math.isfinite(figures.get(name, math.nan))
    }
    return {"version": VERSION, problem.constraints_member: bars}


def violations(constraints: list[Constraint], figures: Mapping[str, float]) -> list[dict[str, str]]:
    """Those of constraint_violations.json. A metric that is undefined, or was not computed, violates none."""
    return [
        {
            "constraint_check_type": one.operator,
            "description": f"Metric {one.metric} with {figures[one.metric]} was {one.operator} {one.threshold}",
            "metric_name": one.metric,
        }
        for one in constraints
        if math.isfinite(figures.get(one.metric, math.nan)) and one.is_violated_by(figures[one.metric])
    ]


def read_constraints(path: Path, problem: Problem, known: set[str]) -> list[Constraint]:
    """The constraints of a file; `known` are the metrics there can be.

    Raises AnalysisFailed: one line that says what is wrong with the file, and where in it.
    """
    document, member = read_document(path), problem.constraints_member
    if document.get(member).value is None:
        raise AnalysisFailed(
            f"{path.name} has no {member}, but {', '.join(map(str, document.value))[:200] or 'nothing'}: it is no "
            f"baseline of a {problem.name}'s quality."
        )
    document.allow("version", member)
    document.version()
    bars = document.member(member)
    bars.allow(*sorted(known))
    return [_constraint(name, bars.member(name)) for name in bars.value]


def _constraint(name: str, bar: Document) -> Constraint:
    bar.allow("threshold", "comparison_operator", "additional_properties")
    threshold = bar.get("threshold")
    is_number = isinstance(threshold.value, (int, float)) and not isinstance(threshold.value, bool)
    if not is_number or not abs(threshold.value) <= sys.float_info.max:
        threshold.refuse("a number")
    return Constraint(name, float(threshold.value), bar.choice("comparison_operator", (LESS, GREATER)))
