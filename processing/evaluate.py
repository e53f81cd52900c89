"""EvaluateModel: a transform's answers and the test images to figures, gates and evidence.

Writes evaluation.json, predictions.csv, report.html, model_card.json and plots, and with a record preprocessor what the
monitor's baselines are made of. Exits 0 also when a gate is not
passed: to measure and to check is this script's, to act on it is the pipeline's Condition step's.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np

from processing.champion import read_champion
from processing.evaluation import Evaluation, PerturbedAnswers, as_document, judge
from processing.exit_message import ProcessingFailure, run_script
from processing.gates import explain_failures
from processing.image_digest import pixel_sha256
from processing.image_files import read_images
from processing.image_list import read_image_list
from processing.judged_images import JudgedImages
from processing.lineage import Lineage, parse_job, parse_pairs
from processing.model_card import model_card
from processing.monitoring_baseline import (
    FEATURES_FILE,
    QUALITY_FILE,
    Features,
    Preprocess,
    feature_rows,
    load_preprocessor,
    write_baseline_data,
)
from processing.perturbations import PERTURBATIONS, perturbed_name, sampled_rows
from processing.predictions import find_answers, read_predictions
from processing.predictions_file import PREDICTIONS_FILE, write_predictions_file
from processing.report.page import render
from processing.staged_output import staged_folder

EVALUATION_FILE, REPORT_FILE, MODEL_CARD_FILE, PLOTS_FOLDER = (
    "evaluation.json",
    "report.html",
    "model_card.json",
    "plots",
)
# evaluation.json comes last: where it stands, everything stands.
OUTPUTS = (PLOTS_FOLDER, PREDICTIONS_FILE, REPORT_FILE, MODEL_CARD_FILE, EVALUATION_FILE)


class DatasetReportUnusable(ProcessingFailure):
    """dataset_report.json is missing, or does not name two classes."""


class BadThreshold(ProcessingFailure):
    """A bar that no accuracy can be compared with."""


@dataclass(frozen=True)
class Monitoring:
    """The record preprocessor's file, and the folder that features.csv and quality.csv are written to."""

    preprocessor: Path
    output_dir: Path


@dataclass(frozen=True)
class EvaluationInputs:
    """The folders of one evaluation, as the pipeline mounts them; `champion_dir` may be left out."""

    transform_dir: Path
    test_dir: Path
    test_lst_dir: Path
    report_dir: Path
    champion_dir: Path | None = None


def evaluate(
    inputs: EvaluationInputs,
    output_dir: Path,
    accuracy_threshold: float,
    lineage: Lineage,
    monitoring: Monitoring | None = None,
) -> Evaluation:
    """Judge the candidate and write the evidence under output_dir, and what `monitoring` wants.

    Raises a ProcessingFailure named for what is wrong with the threshold, report, list, images, answers, the
    champion's predictions, the record preprocessor or the disk; then nothing is left in output_dir.
    """
    if not 0 <= accuracy_threshold <= 1:
        raise BadThreshold(f"the accuracy threshold is {accuracy_threshold}; give one in 0..1, such as 0.85")
    dataset = _read_report(inputs.report_dir / "dataset_report.json")
    classes = sorted(dataset["classes"], key=lambda name: dataset["classes"][name]["label"])
    # before the larger inputs: what is wrong with it is known at once
    champion = read_champion(inputs.champion_dir, classes)
    preprocess = load_preprocessor(monitoring.preprocessor) if monitoring else None
    judged, perturbed = _read_answers(inputs, classes)
    features = _features(preprocess, inputs, judged) if preprocess else []
    evaluation = judge(judged, dataset, perturbed, champion, accuracy_threshold)
    with staged_folder(output_dir, OUTPUTS) as staging:
        _draw_plots(staging / PLOTS_FOLDER, evaluation)
        write_predictions_file(staging / PREDICTIONS_FILE, judged.recorded, classes)
        page = render(evaluation, lineage, datetime.now(timezone.utc))
        (staging / REPORT_FILE).write_text(page, encoding="utf-8")
        (staging / MODEL_CARD_FILE).write_text(model_card(evaluation, lineage), encoding="utf-8")
        text = json.dumps(as_document(evaluation), indent=2, allow_nan=False)
        (staging / EVALUATION_FILE).write_text(text + "\n", encoding="utf-8")
        if monitoring:
            with staged_folder(monitoring.output_dir, (FEATURES_FILE, QUALITY_FILE)) as data:
                write_baseline_data(data, features, judged)
    return evaluation


def _features(preprocess: Preprocess, inputs: EvaluationInputs, judged: JudgedImages) -> list[Features]:
    answers = find_answers(inputs.transform_dir)
    return feature_rows(preprocess, inputs.test_dir, {name: answers[name] for name in judged.file_names})


def _read_report(file: Path) -> dict[str, Any]:
    try:
        report = json.loads(file.read_text(encoding="utf-8"))
        labels = sorted(entry["label"] for entry in report["classes"].values())
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DatasetReportUnusable(f"{file} cannot be used ({error!r}); give what ExtractCifar wrote") from error
    if labels != [0, 1]:
        raise DatasetReportUnusable(
            f"{file} names {len(labels)} classes; the metrics need labels 0 and 1: extract two classes"
        )
    return dict(report)


def _read_answers(inputs: EvaluationInputs, classes: Sequence[str]) -> tuple[JudgedImages, PerturbedAnswers]:
    """The test images and their perturbed copies, as PerturbTestSet chose them, with what the model said."""
    listed = read_image_list(inputs.test_lst_dir / "test.lst")
    images = read_images(inputs.test_dir, listed)
    digests = tuple(pixel_sha256(image) for image in images)
    names = [image.file_name for image in listed]
    rows = sampled_rows(digests)
    copies = {change: [perturbed_name(names[row], change) for row in rows] for change in PERTURBATIONS}
    asked = [*names, *(name for each in copies.values() for name in each)]
    answers = read_predictions(inputs.transform_dir, asked, len(classes))
    labels = np.array([image.label for image in listed], dtype=np.int64)
    judged = JudgedImages(images, tuple(names), digests, labels, answers[: len(names)], classes)
    perturbed = np.split(answers[len(names) :], len(copies))
    return judged, PerturbedAnswers(np.array(rows, dtype=np.intp), dict(zip(copies, perturbed, strict=True)))


def _draw_plots(folder: Path, evaluation: Evaluation) -> None:
    # Imported here because matplotlib takes two seconds, which a refused input should not wait for.
    from processing import plots

    judged = evaluation.judged
    folder.mkdir()
    plots.draw_confusion_matrix(judged, folder / "confusion_matrix.png")
    plots.draw_roc_curve(dict(evaluation.metrics), judged.classes[1], folder / "roc_curve.png")
    plots.draw_confidence_histogram(judged, folder / "confidence_histogram.png")
    plots.draw_coverage_curve(evaluation.coverage_curve, evaluation.working_threshold, folder / "coverage_curve.png")
    plots.draw_worst_mistakes(judged, folder / "worst_mistakes.png")


def parse_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python3 -m processing.evaluate", description=__doc__)
    parser.add_argument("--transform-dir", type=Path, required=True, help="batch transform's .out files, at any depth")
    parser.add_argument("--test-dir", type=Path, required=True, help="the test pictures")
    parser.add_argument("--test-lst-dir", type=Path, required=True, help="folder with test.lst")
    parser.add_argument("--report-dir", type=Path, required=True, help="folder with dataset_report.json")
    parser.add_argument("--champion-dir", type=Path, help="folder with the champion's predictions.csv")
    parser.add_argument("--output-dir", type=Path, required=True, help="where evaluation.json and the rest are written")
    parser.add_argument("--accuracy-threshold", type=float, default=0.85, help="the bar of the accuracy gate, 0..1")
    monitor = parser.add_argument_group("for the monitor's baselines", "both, or neither")
    monitor.add_argument("--record-preprocessor", type=Path, help="the Python file that a monitoring schedule runs")
    monitor.add_argument("--monitoring-dir", type=Path, help="where features.csv and quality.csv are written")
    told = parser.add_argument_group("for the report", "what the pipeline knows; each may be repeated")
    told.add_argument("--fact", action="append", default=[], metavar="NAME=VALUE", help="such as code_version=…")
    told.add_argument("--parameter", action="append", default=[], metavar="NAME=VALUE", help="of the pipeline")
    told.add_argument("--job", action="append", default=[], metavar="STEP,TYPE,COUNT,START,END", help="a job that ran")
    options = parser.parse_args(arguments)
    if (options.record_preprocessor is None) != (options.monitoring_dir is None):
        parser.error("--record-preprocessor and --monitoring-dir belong together: give both, or neither")
    return options


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse_arguments(arguments)

    def script() -> None:
        inputs = EvaluationInputs(
            options.transform_dir, options.test_dir, options.test_lst_dir, options.report_dir, options.champion_dir
        )
        lineage = Lineage(
            parse_pairs(options.fact, "--fact"),
            parse_pairs(options.parameter, "--parameter"),
            [parse_job(text) for text in options.job],
        )
        monitoring = Monitoring(options.record_preprocessor, options.monitoring_dir) if options.monitoring_dir else None
        evaluation = evaluate(inputs, options.output_dir, options.accuracy_threshold, lineage, monitoring)
        interval, working = evaluation.intervals["accuracy"], evaluation.working_threshold
        decided = "nothing to be right of" if working.accuracy is None else f"{working.accuracy:.3f} of it right"
        print(
            f"accuracy {evaluation.metrics['accuracy']['value']:.4f} on {len(evaluation.judged.labels)} images "
            f"(95 % interval {interval.lower:.3f} to {interval.upper:.3f}); champion: {evaluation.champion.status}; "
            f"{explain_failures(evaluation.checks)}"
        )
        print(
            f"calibration error {evaluation.calibration_error:.3f}; at confidence threshold {working.threshold:g}: "
            f"coverage {working.coverage:.3f}, {decided}, {working.reviewed} images left to a human"
        )

    return run_script(script)


if __name__ == "__main__":
    sys.exit(main())
