"""What differs between the three problems: the figures, and which of them a baseline sets a bar for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from . import binary_classification, multiclass_classification, regression
from .model_quality_attributes import BINARY, MULTICLASS, REGRESSION
from .model_quality_samples import Samples

LESS, GREATER = "LessThanThreshold", "GreaterThanThreshold"


@dataclass(frozen=True)
class Problem:
    """`prefix` begins the names of its members in the files; `bars` are its bounded metrics and what violates them."""

    name: str
    prefix: str
    figures: Callable[[Samples], dict[str, float]]
    details: Callable[[Samples], dict[str, Any]]
    bars: Mapping[str, str]

    @property
    def metrics_member(self) -> str:
        return f"{self.prefix}_metrics"

    @property
    def constraints_member(self) -> str:
        return f"{self.prefix}_constraints"


def _bars(less: str, greater: str = "") -> dict[str, str]:
    return {**dict.fromkeys(less.split(), LESS), **dict.fromkeys(greater.split(), GREATER)}


PROBLEMS = {
    problem.name: problem
    for problem in (
        Problem(
            BINARY,
            "binary_classification",
            binary_classification.figures,
            binary_classification.details,
            _bars(
                "recall precision accuracy true_positive_rate true_negative_rate auc f0_5 f1 f2",
                "false_positive_rate false_negative_rate",
            ),
        ),
        Problem(
            MULTICLASS,
            "multiclass_classification",
            multiclass_classification.figures,
            multiclass_classification.details,
            _bars("accuracy weighted_recall weighted_precision weighted_f0_5 weighted_f1 weighted_f2"),
        ),
        Problem(REGRESSION, "regression", regression.figures, regression.details, _bars("r2", greater="mae mse rmse")),
    )
}
