"""Everything that is measured of a candidate, and its form in evaluation.json. Pure."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from processing.behaviour import BehaviourTest, judge_behaviour
from processing.calibration import (
    THRESHOLDS,
    WORKING_THRESHOLD,
    ReliabilityBin,
    ThresholdEffect,
    expected_calibration_error,
    reliability,
    threshold_effect,
)
from processing.champion import ChampionComparison, compare_with_champion
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
    """A candidate, judged. `thresholds` has one entry each of THRESHOLDS, `dataset` is dataset_report.json."""

    judged: JudgedImages
    dataset: Mapping[str, Any]
    metrics: Mapping[str, Any]
    intervals: Mapping[str, Interval]
    checks: tuple[GateCheck, GateCheck]
    champion: ChampionComparison
    bins: list[ReliabilityBin]
    calibration_error: float
    thresholds: list[ThresholdEffect]
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
    bins = reliability(judged.confidence, ~judged.wrong, len(judged.classes))
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
        thresholds=[threshold_effect(judged.confidence, ~judged.wrong, threshold) for threshold in THRESHOLDS],
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
            "expected_calibration_error": evaluation.calibration_error,
            "bins": [asdict(each) for each in evaluation.bins],
        },
        "thresholds": [asdict(effect) for effect in evaluation.thresholds],
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
    }
