"""EvaluateModel: a transform's answers and the test images to evaluation.json, predictions.csv and plots.

Exits 0 also when the model misses the bar: to decide is the pipeline's Condition step's, to measure is this
script's.
"""

import argparse
import csv
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from processing.exit_message import ProcessingFailure, run_script
from processing.gates import check_gates
from processing.image_digest import pixel_sha256
from processing.image_list import ListedImage, read_image_list
from processing.judged_images import JudgedImages
from processing.metrics import binary_classification_metrics, wilson_interval
from processing.predictions import read_predictions
from processing.staged_output import staged_folder

EVALUATION_FILE, PREDICTIONS_FILE, PLOTS_FOLDER = "evaluation.json", "predictions.csv", "plots"
METRICS_KEY = "binary_classification_metrics"


class DatasetReportUnusable(ProcessingFailure):
    """dataset_report.json is missing, or does not name two classes."""


class TestImageUnusable(ProcessingFailure):
    """A picture that the test list names is missing, no picture, or of another size than the others."""


class BadThreshold(ProcessingFailure):
    """A bar that no accuracy can be compared with."""


@dataclass(frozen=True)
class EvaluationInputs:
    """The folders of one evaluation, as the pipeline mounts them."""

    transform_dir: Path
    test_dir: Path
    test_lst_dir: Path
    report_dir: Path


def evaluate(inputs: EvaluationInputs, output_dir: Path, accuracy_threshold: float) -> dict[str, Any]:
    """Write the evaluation under output_dir and return the content of evaluation.json.

    Raises a ProcessingFailure named for what is wrong with the threshold, report, list, images, predictions
    or disk; then nothing is left in output_dir.
    """
    if not 0 <= accuracy_threshold <= 1:
        raise BadThreshold(f"the accuracy threshold is {accuracy_threshold}; give one in 0..1, such as 0.85")
    dataset = _read_report(inputs.report_dir / "dataset_report.json")
    classes = sorted(dataset["classes"], key=lambda name: dataset["classes"][name]["label"])
    listed = read_image_list(inputs.test_lst_dir / "test.lst")
    probabilities = read_predictions(inputs.transform_dir, [image.file_name for image in listed], len(classes))
    images = _read_images(inputs.test_dir, listed)
    labels = np.array([image.label for image in listed], dtype=np.int64)

    metrics = binary_classification_metrics(labels, probabilities)
    judged = JudgedImages(images, labels, probabilities, classes)
    gates = check_gates({"accuracy": metrics["accuracy"]["value"]}, {"accuracy": accuracy_threshold})
    lower, upper = wilson_interval(int((~judged.wrong).sum()), len(labels))
    document = {
        METRICS_KEY: metrics,
        "accuracy_interval": {"level": 0.95, "method": "wilson", "lower": lower, "upper": upper},
        "gates": [asdict(gate) for gate in gates],
        "dataset": dataset,
        "classes": classes,
        "test_images": len(labels),
    }
    with staged_folder(output_dir, (PLOTS_FOLDER, PREDICTIONS_FILE, EVALUATION_FILE)) as staging:
        _draw_plots(staging / PLOTS_FOLDER, judged, metrics)
        _write_predictions(staging / PREDICTIONS_FILE, judged, listed)
        text = json.dumps(document, indent=2, allow_nan=False)
        (staging / EVALUATION_FILE).write_text(text + "\n", encoding="utf-8")
    return document


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


def _read_images(folder: Path, listed: Sequence[ListedImage]) -> NDArray[np.uint8]:
    images = []
    for image in listed:
        file = folder / image.file_name
        try:
            with Image.open(file) as opened:
                images.append(np.asarray(opened.convert("RGB")))
        except (OSError, ValueError, Image.DecompressionBombError) as error:
            raise TestImageUnusable(
                f"{file} cannot be read as a picture ({error}); give ExtractCifar's test"
            ) from error
        if images[-1].shape != images[0].shape:
            raise TestImageUnusable(f"{file} has another size than {listed[0].file_name}; give ExtractCifar's test")
    return np.stack(images)


def _draw_plots(folder: Path, judged: JudgedImages, metrics: dict[str, Any]) -> None:
    # Imported here because matplotlib takes two seconds, which a refused input should not wait for.
    from processing import plots

    folder.mkdir()
    plots.draw_confusion_matrix(judged, folder / "confusion_matrix.png")
    plots.draw_roc_curve(metrics, judged.classes[1], folder / "roc_curve.png")
    plots.draw_confidence_histogram(judged, folder / "confidence_histogram.png")
    plots.draw_worst_mistakes(judged, folder / "worst_mistakes.png")


def _write_predictions(file: Path, judged: JudgedImages, listed: Sequence[ListedImage]) -> None:
    header = ["image_sha256", "file_name", "label", *(f"p_{name}" for name in judged.classes)]
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        for image, entry, row in zip(judged.images, listed, judged.probabilities.tolist(), strict=True):
            writer.writerow([pixel_sha256(image), entry.file_name, entry.label, *row])


def parse_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python3 -m processing.evaluate", description=__doc__)
    parser.add_argument("--transform-dir", type=Path, required=True, help="batch transform's .out files, at any depth")
    parser.add_argument("--test-dir", type=Path, required=True, help="the test pictures")
    parser.add_argument("--test-lst-dir", type=Path, required=True, help="folder with test.lst")
    parser.add_argument("--report-dir", type=Path, required=True, help="folder with dataset_report.json")
    parser.add_argument("--output-dir", type=Path, required=True, help="where evaluation.json and the rest are written")
    parser.add_argument("--accuracy-threshold", type=float, default=0.85, help="the bar of the accuracy gate, 0..1")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse_arguments(arguments)

    def script() -> None:
        inputs = EvaluationInputs(options.transform_dir, options.test_dir, options.test_lst_dir, options.report_dir)
        document = evaluate(inputs, options.output_dir, options.accuracy_threshold)
        interval = document["accuracy_interval"]
        for gate in document["gates"]:
            print(
                f"{gate['name']} {gate['value']:.4f} on {document['test_images']} images "
                f"(95 % interval {interval['lower']:.3f} to {interval['upper']:.3f}), bar {gate['bar']}: "
                f"{'passed' if gate['passed'] else 'NOT passed'}"
            )

    return run_script(script)


if __name__ == "__main__":
    sys.exit(main())
