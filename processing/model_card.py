"""The candidate's model card, as SageMaker's model card schema has it: what CreateModelCard takes as Content.

Lengths are the schema's own (sagemaker.core.shapes.model_card_shapes has them too).
"""

import json
from collections.abc import Mapping
from typing import Any

from processing.coverage import WORKING_THRESHOLD
from processing.evaluation import Evaluation
from processing.lineage import Lineage
from processing.paired_comparison import p_worse

LONGEST_VALUE = 255
# Content has at most 100,000 characters: a curve of a large test set is thinned out.
CURVE_POINTS = 200
# Set by experiment or by what the pipeline is for, and no part of how a model was trained.
NO_HYPERPARAMETERS = ("InputDataUri", "ChampionPredictionsUri", "ModelApprovalStatus", "EndpointName")


def model_card(evaluation: Evaluation, lineage: Lineage) -> str:
    """The card's content as JSON on one line, which the API asks for."""
    card = {
        "model_overview": _overview(evaluation, lineage),
        "intended_uses": _uses(evaluation),
        "training_details": _training(evaluation, lineage),
        "evaluation_details": [_evaluation(evaluation)],
        "additional_information": _additional(evaluation, lineage),
    }
    return json.dumps(card, separators=(",", ":"), allow_nan=False)


def _overview(evaluation: Evaluation, lineage: Lineage) -> dict[str, Any]:
    classes = " or ".join(evaluation.judged.classes)
    return {
        "model_description": f"Tells from a small colour photograph whether it shows a {classes}.",
        "problem_type": "Binary image classification",
        **({"algorithm_type": lineage.facts["algorithm"]} if "algorithm" in lineage.facts else {}),
    }


def _uses(evaluation: Evaluation) -> dict[str, Any]:
    classes = " and ".join(evaluation.judged.classes)
    return {
        "purpose_of_model": "Routes delivery drivers by vehicle: bicycles get nearby orders, motorcycles farther ones.",
        "intended_uses": f"Pictures of {classes} of 32 x 32 pixels, one vehicle each. Answers less certain than "
        f"{WORKING_THRESHOLD:g} go to a human. Not for pictures of anything else: the model has no third answer.",
        "factors_affecting_model_efficiency": "Size and sharpness of the vehicle in the picture; pictures unlike "
        "CIFAR-100's; see the behaviour tests for mirroring, shifts, brightness and lack of colour.",
        "risk_rating": "Low",
        "explanations_for_risk_rating": "A wrong answer sends a driver to an order that suits another vehicle better.",
    }


def _training(evaluation: Evaluation, lineage: Lineage) -> dict[str, Any]:
    facts = lineage.facts
    tuned = {name: value for name, value in lineage.parameters.items() if name not in NO_HYPERPARAMETERS}
    job: dict[str, Any] = {
        "training_datasets": [_dataset(evaluation)],
        "user_provided_hyper_parameters": [
            {"name": name, "value": value[:LONGEST_VALUE]} for name, value in tuned.items()
        ],
    }
    if "training_job_arn" in facts:
        job["training_arn"] = facts["training_job_arn"]
    if "training_image" in facts:
        job["training_environment"] = {"container_image": [facts["training_image"]]}
    return {
        "training_observations": "Trained from scratch; the images to validate with are chosen by their content.",
        "training_job_details": job,
    }


def _evaluation(evaluation: Evaluation) -> dict[str, Any]:
    return {
        "name": "Test set",
        "evaluation_observation": "Passed every gate." if evaluation.passed else "Did not pass every gate.",
        "datasets": [_dataset(evaluation)],
        "metric_groups": [
            {"name": "Quality", "metric_data": _quality(evaluation)},
            {"name": "Confidence", "metric_data": _confidence(evaluation)},
            {"name": "Behaviour: share of answers that change", "metric_data": _behaviour(evaluation)},
            *_champion(evaluation),
        ],
    }


def _quality(evaluation: Evaluation) -> list[dict[str, Any]]:
    classes, matrix = list(evaluation.judged.classes), evaluation.metrics["confusion_matrix"]
    figures = [
        _number(
            name,
            evaluation.metrics[name]["value"],
            f"95 % interval {interval.lower:.4f} to {interval.upper:.4f}, {interval.method}",
        )
        for name, interval in evaluation.intervals.items()
    ]
    confusion = {
        "name": "Confusion matrix, rows what it is",
        "type": "matrix",
        "value": [list(matrix[str(label)].values()) for label in range(len(classes))],
        "x_axis_name": classes,
        "y_axis_name": classes,
    }
    curve = evaluation.metrics["receiver_operating_characteristic_curve"]
    points = list(zip(curve["false_positive_rates"], curve["true_positive_rates"], strict=True))
    step = -(-len(points) // CURVE_POINTS)
    roc = {
        "name": "ROC curve",
        "type": "linear_graph",
        "value": [[round(x, 4), round(y, 4)] for x, y in [*points[:-1:step], points[-1]]],
        "x_axis_name": "False positive rate",
        "y_axis_name": "True positive rate",
    }
    return [*figures, confusion, roc]


def _confidence(evaluation: Evaluation) -> list[dict[str, Any]]:
    working = evaluation.working_threshold
    figures = [
        _number("Expected calibration error", evaluation.calibration_error),
        _number("Share for a human", working.review_share, f"confidence below {working.threshold:g}"),
    ]
    if working.accuracy is not None:
        figures.append(_number("Accuracy of the rest", working.accuracy, f"{working.decided} images"))
    return figures


def _behaviour(evaluation: Evaluation) -> list[dict[str, Any]]:
    return [_number(test.name, test.share, f"{test.changed} of {test.images} images") for test in evaluation.behaviour]


def _champion(evaluation: Evaluation) -> list[dict[str, Any]]:
    paired = evaluation.champion.paired
    if paired is None:
        return []
    figures = [
        _number("Accuracy difference", paired.difference, f"on {paired.images} shared images"),
        _number("p-value of being as good", p_worse(paired), "McNemar's exact test, one-sided"),
    ]
    return [{"name": "Beside the champion", "metric_data": figures}]


def _additional(evaluation: Evaluation, lineage: Lineage) -> dict[str, Any]:
    kept = ("code_version", "execution_arn", "processing_code_sha256", "training_code_sha256")
    return {
        "caveats_and_recommendations": f"Judged on {len(evaluation.judged.labels)} images: mind the intervals. The "
        "pictures come from the web of the 2000s; watch the live ones for drift.",
        "custom_details": {
            "archive_sha256": str(evaluation.dataset.get("archive", {}).get("sha256", "unknown")),
            **{name: lineage.facts[name] for name in kept if name in lineage.facts},
        },
    }


def _number(name: str, value: float, notes: str | None = None) -> dict[str, Any]:
    return {"name": name, "type": "number", "value": value, **({"notes": notes} if notes else {})}


def _dataset(evaluation: Evaluation) -> str:
    archive: Mapping[str, Any] = evaluation.dataset.get("archive", {})
    return f"{archive.get('file', 'unknown')}, SHA-256 {archive.get('sha256', 'unknown')}"
