"""Everything that is measured of a candidate, and its form in evaluation.json. Pure."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from processing.behaviour import BehaviourTest, judge_behaviour
from processing.calibration import (
    ERROR_BAR,
    ErrorByChance,
    ReliabilityBin,
    error_by_chance,
    expected_calibration_error,
    reliability,
)
from processing.calibration import METHOD as CALIBRATION_METHOD
from processing.champion import ChampionComparison, compare_with_champion
from processing.coverage import (
    CURVE_THRESHOLDS,
    THRESHOLDS,
    WORKING_THRESHOLD,
    ThresholdEffect,
    curve_document,
    threshold_effects,
)
from processing.gates import GateCheck, check_candidate, explain_failures
from processing.judged_images import JudgedImages
from processing.metrics import LEVEL, Interval, binary_classification_metrics, metric_intervals, resample_metrics
from processing.paired_comparison import METHOD, difference_interval, p_differ, p_worse
from processing.predictions_file import RecordedPredictions

METRICS_KEY = "binary_classification_metrics"


@dataclass(frozen=True)
class PerturbedAnswers:
    """What the model said of perturbed copies: rows (n,) of the test set, probabilities (n, classes) by change."""

    rows: NDArray[np.intp]
    probabilities: Mapping[str, NDArray[np.float64]]


@dataclass(frozen=True)
class Evaluation:
    """A candidate, judged. `thresholds` has one entry each of THRESHOLDS, `coverage_curve` of CURVE_THRESHOLDS;
    `dataset` is dataset_report.json."""

    judged: JudgedImages
    dataset: Mapping[str, Any]
    metrics: Mapping[str, Any]
    intervals: Mapping[str, Interval]
    checks: tuple[GateCheck, GateCheck]
    champion: ChampionComparison
    bins: list[ReliabilityBin]
    calibration_error: float
    calibration_error_by_chance: ErrorByChance
    thresholds: list[ThresholdEffect]
    coverage_curve: list[ThresholdEffect]
    behaviour: list[BehaviourTest]

    @property
    def passed(self) -> bool:
        return all(check.passed for check in self.checks)

    @property
    def working_threshold(self) -> ThresholdEffect:
        """The effect of the threshold that the inference workflow works with."""
        return next(effect for effect in self.thresholds if effect.threshold == WORKING_THRESHOLD)


def judge(
    judged: JudgedImages,
    dataset: Mapping[str, Any],
    perturbed: PerturbedAnswers,
    champion: RecordedPredictions | None,
    accuracy_bar: float,
) -> Evaluation:
    """Measure, compare, check. Raises MetricUndefined, ChampionUnusable."""
    resampled = resample_metrics(judged.labels, judged.probabilities)
    metrics = binary_classification_metrics(judged.labels, judged.probabilities, resampled)
    comparison = compare_with_champion(judged.recorded, champion)
    paired = comparison.paired
    confidence, right = judged.confidence, ~judged.wrong
    bins = reliability(confidence, right, len(judged.classes))
    return Evaluation(
        judged=judged,
        dataset=dataset,
        metrics=metrics,
        intervals=metric_intervals(metrics["confusion_matrix"], resampled),
        checks=check_candidate(
            metrics["accuracy"]["value"],
            accuracy_bar,
            None if paired is None else p_worse(paired),
            compared=paired is not None,
        ),
        champion=comparison,
        bins=bins,
        calibration_error=expected_calibration_error(bins),
        calibration_error_by_chance=error_by_chance(confidence, len(judged.classes)),
        thresholds=threshold_effects(confidence, right, THRESHOLDS),
        coverage_curve=threshold_effects(confidence, right, CURVE_THRESHOLDS),
        behaviour=_judge_behaviour(judged, perturbed),
    )


def as_document(evaluation: Evaluation) -> dict[str, Any]:
    """The content of evaluation.json. `outcomes` and `rejection` are what the pipeline's CheckQuality and
    RejectModel read, `registry` what RegisterModel writes into the package's metadata, where all is text."""
    judged = evaluation.judged
    return {
        METRICS_KEY: evaluation.metrics,
        "intervals": {
            "level": LEVEL,
            **{name: asdict(interval) for name, interval in evaluation.intervals.items()},
        },
        "gates": [asdict(check) for check in evaluation.checks],
        "outcomes": {check.name: check.outcome for check in evaluation.checks},
        "rejection": explain_failures(evaluation.checks),
        "champion": _champion(evaluation.champion),
        "calibration": {
            "method": CALIBRATION_METHOD,
            "expected_calibration_error": evaluation.calibration_error,
            "bar": ERROR_BAR,
            "within_bar": evaluation.calibration_error <= ERROR_BAR,
            "by_chance": asdict(evaluation.calibration_error_by_chance),
            "bins": [asdict(each) for each in evaluation.bins],
        },
        "working_threshold": asdict(evaluation.working_threshold),
        "thresholds": [asdict(effect) for effect in evaluation.thresholds],
        "coverage_curve": {
            "level": LEVEL,
            "interval": "wilson",
            **curve_document(evaluation.coverage_curve),
        },
        "behaviour": [_behaviour(test, judged) for test in evaluation.behaviour],
        "registry": _registry(evaluation),
        "dataset": evaluation.dataset,
        "classes": judged.classes,
        "test_images": len(judged.labels),
    }


def _judge_behaviour(judged: JudgedImages, perturbed: PerturbedAnswers) -> list[BehaviourTest]:
    rows = perturbed.rows
    labels, before = judged.labels[rows], judged.probabilities[rows]
    return [judge_behaviour(name, rows, labels, before, after) for name, after in perturbed.probabilities.items()]


def _champion(comparison: ChampionComparison) -> dict[str, Any]:
    paired = comparison.paired
    if paired is None:
        return {"status": comparison.status, "champion_images": comparison.champion_images, "shared_images": 0}
    lower, upper = difference_interval(paired)
    return {
        "status": comparison.status,
        "champion_images": comparison.champion_images,
        "shared_images": paired.images,
        "candidate_accuracy": paired.candidate_accuracy,
        "champion_accuracy": paired.champion_accuracy,
        "difference": paired.difference,
        "difference_interval": {"level": LEVEL, "method": METHOD, "lower": lower, "upper": upper},
        **asdict(paired),
        "p_worse": p_worse(paired),
        "p_differ": p_differ(paired),
    }


def _behaviour(test: BehaviourTest, judged: JudgedImages) -> dict[str, Any]:
    changed = [judged.file_names[row] for row in test.changed_rows]
    return {**{key: value for key, value in asdict(test).items() if key != "changed_rows"}, "changed_images": changed}


def _registry(evaluation: Evaluation) -> dict[str, str]:
    accuracy, champion = evaluation.checks
    paired = evaluation.champion.paired
    return {
        "accuracy_gate": accuracy.outcome,
        "champion_gate": champion.outcome,
        "champion": evaluation.champion.status,
        "champion_images": str(0 if paired is None else paired.images),
        "champion_accuracy_difference": "none" if paired is None else f"{paired.difference:+.4f}",
        "champion_p_value": "none" if champion.value is None else f"{champion.value:.4g}",
        "champion_significance": f"{champion.bar:g}",
        "calibration_error": f"{evaluation.calibration_error:.4f}",
        "review_share": f"{evaluation.working_threshold.review_share:.4f}",
        "at_threshold": _at_threshold(evaluation.working_threshold),
    }


def _at_threshold(effect: ThresholdEffect) -> str:
    """What an approver reads at a glance, in characters that metadata may hold (a comma is none of them)."""
    accuracy = "none" if effect.accuracy is None else f"{effect.accuracy:.2f}"
    return (
        f"{effect.threshold:g}: coverage {effect.coverage:.2f} accuracy {accuracy} left for a human {effect.reviewed}"
    )
