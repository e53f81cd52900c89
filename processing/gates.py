"""Quality gates as data: figures and bars in, checks out. Nothing is read, written or logged here."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

ACCURACY, CHAMPION = "accuracy", "champion"
# How rare a result must be among models as good as the champion before it counts against the candidate:
# docs/decisions/0010-champion-and-gates.md.
SIGNIFICANCE = 0.05
PASSED, FAILED = "passed", "failed"


@dataclass(frozen=True)
class GateCheck:
    """One figure against its bar. `gap` is value - bar, negative below it; both are None without a figure."""

    name: str
    value: float | None
    bar: float
    passed: bool
    gap: float | None

    @property
    def outcome(self) -> str:
        """As the pipeline's condition reads it: "passed" or "failed"."""
        return PASSED if self.passed else FAILED


def check_gates(metrics: Mapping[str, float | None], bars: Mapping[str, float]) -> tuple[GateCheck, ...]:
    """One check a bar, in the bars' order: passed where the metric is a finite number and at least the bar.

    A metric that is missing, None, NaN or infinite fails its gate: what cannot be shown has not been
    reached.
    """
    return tuple(_check(name, metrics.get(name), bar) for name, bar in bars.items())


def check_candidate(
    accuracy: float | None, accuracy_bar: float, p_worse: float | None, *, compared: bool
) -> tuple[GateCheck, GateCheck]:
    """The two gates of the training pipeline: the accuracy reaches its bar, and the candidate is not
    significantly worse than the champion.

    p_worse: the exact one-sided p-value of "as good as the champion" (`paired_comparison`); it passes from
    SIGNIFICANCE upwards. compared: False where there was nothing to compare with; the second gate then
    passes without a value, and the bar alone counts. A comparison without a finite value fails.
    """
    (absolute,) = check_gates({ACCURACY: accuracy}, {ACCURACY: accuracy_bar})
    if not compared:
        return absolute, GateCheck(CHAMPION, None, SIGNIFICANCE, True, None)
    (relative,) = check_gates({CHAMPION: p_worse}, {CHAMPION: SIGNIFICANCE})
    return absolute, relative


def explain_failures(checks: Sequence[GateCheck]) -> str:
    """Which of `check_candidate`'s checks failed, with figure and bar, in one line; "no check failed" if none."""
    return "; ".join(_failure(check) for check in checks if not check.passed) or "no check failed"


def _check(name: str, value: float | None, bar: float) -> GateCheck:
    if value is None or not math.isfinite(value):
        return GateCheck(name, None, bar, False, None)
    return GateCheck(name, value, bar, value >= bar, value - bar)


def _failure(check: GateCheck) -> str:
    if check.name == CHAMPION:
        return f"significantly worse than the champion: p-value {_figure(check.value, 4)} is below {check.bar:g}"
    return f"{check.name} {_figure(check.value, 6)} is below AccuracyThreshold {check.bar:g}"


def _figure(value: float | None, digits: int) -> str:
    return "unknown" if value is None else f"{value:.{digits}g}"
