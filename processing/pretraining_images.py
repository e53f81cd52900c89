"""The archive's other classes: their training images in a compact form, for a net to learn from first."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from processing.cifar_archive import CifarArchive
from processing.exit_message import ProcessingFailure
from processing.image_digest import pixel_sha256

PRETRAINING_FOLDER = "pretrain"
IMAGES_FILE, LABELS_FILE, CLASSES_FILE = "images.npy", "labels.npy", "classes.json"
FEWEST_CLASSES = 2


class NothingToPretrainOn(ProcessingFailure):
    """The archive has fewer than two other classes with training images."""


@dataclass(frozen=True)
class PretrainingImages:
    """Training images of classes that are not the project's.

    images: (n, 32, 32, 3) uint8 RGB. labels: (n,) int64, positions in `classes`, which are in order of fine label and
    have an image each. `duplicates_of_judged_dropped` counts images left out because they are in test or validation.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    duplicates_of_judged_dropped: int


def choose_pretraining_images(
    archive: CifarArchive, own_labels: Sequence[int], judged: Collection[str]
) -> PretrainingImages:
    """The training images of every fine class but `own_labels`, in the archive's order.

    `judged` holds the digests of the pictures that the project's net is judged by, which nothing may learn from,
    under whatever name the archive has them too. Raises NothingToPretrainOn.
    """
    rows = np.flatnonzero(~np.isin(archive.train.fine_labels, own_labels))
    images = archive.train.images(rows)
    kept = np.array([pixel_sha256(image) not in judged for image in images], dtype=np.bool_)
    present, labels = np.unique(archive.train.fine_labels[rows[kept]], return_inverse=True)
    if len(present) < FEWEST_CLASSES:
        raise NothingToPretrainOn(
            f"{archive.digest.file} has training images of {len(present)} other classes, and pretraining takes "
            f"{FEWEST_CLASSES} or more; give the full archive, or leave --pretrain out"
        )
    classes = tuple(archive.class_names[label] for label in present.tolist())
    return PretrainingImages(images[kept], labels.astype(np.int64), classes, int((~kept).sum()))


def write_pretraining_images(chosen: PretrainingImages, folder: Path) -> None:
    """Write images.npy, labels.npy and classes.json (names in order of label) into a new folder."""
    folder.mkdir()
    np.save(folder / IMAGES_FILE, chosen.images, allow_pickle=False)
    np.save(folder / LABELS_FILE, chosen.labels, allow_pickle=False)
    (folder / CLASSES_FILE).write_text(json.dumps(chosen.classes, indent=2) + "\n", encoding="utf-8")


def report_on_pretraining(chosen: PretrainingImages) -> dict[str, Any]:
    """What dataset_report.json says of them."""
    counts = np.bincount(chosen.labels, minlength=len(chosen.classes)).tolist()
    return {
        "classes": len(chosen.classes),
        "images": {**dict(zip(chosen.classes, counts, strict=True)), "total": len(chosen.labels)},
        "duplicates_of_test_or_validation_dropped": chosen.duplicates_of_judged_dropped,
    }
