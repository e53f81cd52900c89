"""A judged candidate for tests of the evidence: made up answers to made up pictures, with names of one's choice."""

from __future__ import annotations

import numpy as np

from processing.evaluation import Evaluation, PerturbedAnswers, judge
from processing.judged_images import JudgedImages
from processing.perturbations import PERTURBATIONS
from processing.predictions_file import RecordedPredictions

IMAGES = 40
CLASSES = ("bicycle", "motorcycle")
DATASET = {
    "source": "archive",
    "archive": {
        "file": "cifar-100-python.tar.gz",
        "bytes": 169001437,
        "sha256": "5" * 64,
        "md5": "e" * 32,
        "official": True,
    },
    "counts": {split: {"bicycle": 20, "motorcycle": 20, "total": 40} for split in ("train", "validation", "test")},
    "duplicates_of_test_dropped": 3,
}


def made_up_evaluation(
    *,
    mistakes: int = 4,
    champion_mistakes: int | None = None,
    champion_of_others: bool = False,
    accuracy_bar: float = 0.85,
    classes: tuple[str, str] = CLASSES,
    file_name: str = "test_{row}.png",
    dataset: dict | None = None,
) -> Evaluation:
    """The first `mistakes` answers are wrong; the champion's last `champion_mistakes` are, None being no champion."""
    rng = np.random.default_rng(1)
    labels = np.arange(IMAGES) % 2
    recorded = _answers(rng, labels, range(mistakes), file_name)
    judged = JudgedImages(
        rng.integers(0, 256, (IMAGES, 6, 6, 3), dtype=np.uint8),
        recorded.file_names,
        recorded.image_sha256,
        labels,
        recorded.probabilities,
        list(classes),
    )
    champion = None
    if champion_mistakes is not None:
        champion = _answers(rng, labels, range(IMAGES - champion_mistakes, IMAGES), file_name, champion_of_others)
    rows = np.arange(10)
    copies = {name: recorded.probabilities[rows].copy() for name in PERTURBATIONS}
    copies["greyscale"][:2] = copies["greyscale"][:2, ::-1]
    return judge(judged, dataset or DATASET, PerturbedAnswers(rows, copies), champion, accuracy_bar)


def _answers(
    rng: np.random.Generator, labels: np.ndarray, wrong: range, file_name: str, of_others: bool = False
) -> RecordedPredictions:
    sure = rng.uniform(0.55, 0.999, len(labels))
    said = labels.copy()
    said[list(wrong)] = 1 - said[list(wrong)]
    motorcycle = np.where(said == 1, sure, 1 - sure)
    digests = tuple(f"{row + (1000 if of_others else 0):064x}" for row in range(len(labels)))
    names = tuple(file_name.format(row=row) for row in range(len(labels)))
    return RecordedPredictions(digests, names, labels, np.stack([1 - motorcycle, motorcycle], axis=1))
