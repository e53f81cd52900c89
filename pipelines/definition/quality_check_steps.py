"""QualityCheck steps: what stands beside their Arguments, and their four properties."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pipelines.definition.document import StepEntry, is_expression
from pipelines.definition.problem import Problem
from pipelines.definition.shapes import ExpressionType

CHECK_TYPES = ("DATA_QUALITY", "MODEL_QUALITY")
FLAGS = ("SkipCheck", "FailOnViolation", "RegisterNewBaseline")
TEXTS = ("ModelPackageGroupName", "SuppliedBaselineStatistics", "SuppliedBaselineConstraints")
QUALITY_CHECK_FIELDS = {"CheckType", *FLAGS, *TEXTS}
PROPERTIES = {
    f"{baseline}{file}"
    for baseline in ("CalculatedBaseline", "BaselineUsedForDriftCheck")
    for file in ("Statistics", "Constraints")
}


def quality_check_members(step: StepEntry) -> dict[str, Any]:
    """The step's own members, where they can hold expressions; null (the SDK's "not given") is left out."""
    return {name: step.step[name] for name in (*FLAGS, *TEXTS) if step.step.get(name) is not None}


def check_quality_check_step(step: StepEntry, outputs: set[str], type_of: ExpressionType) -> Iterator[Problem]:
    """CheckType, flags and texts; one output for the reports; and an earlier baseline to be found where one is needed.

    `outputs`: the names of the job's outputs. `type_of` tells the type of an expression.
    """
    kind = step.step.get("CheckType")
    if kind not in CHECK_TYPES:
        yield Problem(f"{step.path}.CheckType", f"{kind!r} is not one of {', '.join(CHECK_TYPES)}")
    members = quality_check_members(step)
    for name, value in members.items():
        wanted, literal = ("Boolean", bool) if name in FLAGS else ("String", str)
        actual = type_of(value) if is_expression(value) else wanted if isinstance(value, literal) else repr(value)
        if actual not in (wanted, "Any"):
            yield Problem(f"{step.path}.{name}", f"is {actual}, but wants {wanted}")
    if len(outputs) != 1:
        yield Problem(f"{step.path}.Arguments", f"has {len(outputs)} outputs: the reports want one")
    yield from _check_earlier_baseline(step, members)


def _check_earlier_baseline(step: StepEntry, members: Mapping[str, Any]) -> Iterator[Problem]:
    calculates_only = all(members.get(flag) not in (None, False) for flag in ("SkipCheck", "RegisterNewBaseline"))
    if not calculates_only and not members.get("ModelPackageGroupName") and not all(members.get(t) for t in TEXTS[1:]):
        yield Problem(
            step.path,
            "needs an earlier baseline: give ModelPackageGroupName, or SuppliedBaselineStatistics and "
            "SuppliedBaselineConstraints, or set SkipCheck and RegisterNewBaseline",
        )
