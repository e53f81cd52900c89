"""The pictures, the model and the answers that benchmarks/drift_detection.py draws its traffic from.

Of the archive's training pictures 60 % train a model, the rest and the test pictures are unseen: they alone are used.
The drifted ones are those pictures changed, or pictures of something else; each is answered by the model's own serving
code and made a row by the record preprocessor, as a captured invocation is. Trained and scored once per archive and
state of the training code; kept under build/drift_detection.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from benchmarks.scripts_by_hand import ROOT, SCORE, find_archive, train
from model_monitor.capture import CaptureRecord, EventMetadata, Payload
from model_monitor.record_preprocessor import CLASSES, preprocess_handler
from processing.cifar_archive import read_archive
from processing.cifar_classes import FINE_NAMES
from processing.extract_cifar import extract
from processing.image_files import read_images
from processing.image_list import read_image_list
from processing.perturbations import Picture, brightened
from processing.sample_shapes import draw_shape

FOLDER = ROOT / "build" / "drift_detection"
UNSEEN_SHARE = 0.4  # of the training pictures
FOREIGN_PICTURES = 300
SEED = 1
METADATA = EventMetadata("benchmark", datetime(2026, 1, 1, tzinfo=timezone.utc))
Row = dict[str, Any]


def blurred(picture: Picture) -> Picture:
    """A lens out of focus: Gaussian, of radius 1 pixel in 32."""
    return np.asarray(Image.fromarray(picture).filter(ImageFilter.GaussianBlur(1)))


CHANGES: Mapping[str, Callable[[Picture], Picture]] = {
    "unchanged": lambda picture: picture,
    "darker": lambda picture: brightened(picture, 0.6),
    "blurred": blurred,
    "swapped": lambda picture: picture[:, :, ::-1],
    "other_encoder": lambda picture: picture,
}
# ExtractCifar writes its pictures at level 1, Pillow otherwise at 6
COMPRESSION = {"other_encoder": 6}


@dataclass(frozen=True)
class Traffic:
    """Rows of features. `changed` are those of the unseen pictures under each change, in one order for all, of which
    the first `test_count` are the archive's test pictures; `labels` are these pictures' own; `foreign` are those of
    other things, by what they are."""

    source: str
    accuracy: float
    labels: NDArray[np.int64]
    test_count: int
    changed: Mapping[str, list[Row]]
    foreign: Mapping[str, list[Row]]


def prepare(work_dir: Path) -> Traffic:
    """Train and score unless that was done before; a generated archive is made under `work_dir`.

    Raises subprocess.CalledProcessError when a part fails; what it said is on stderr.
    """
    archive = find_archive(work_dir)
    folder = FOLDER / _digest(archive)
    if not (folder / "answers").exists():
        _train_and_score(archive, folder)
    pictures, labels, test_count = _unseen(folder / "data")
    rows = {path.name.removesuffix(".png"): _row(folder, path) for path in sorted((folder / "pictures").iterdir())}
    changed = {change: [rows[_name(change, index)] for index in range(len(pictures))] for change in CHANGES}
    said = [CLASSES.index(row["predicted_class"]) for row in changed["unchanged"]]
    report = json.loads((folder / "data" / "report" / "dataset_report.json").read_text(encoding="utf-8"))
    return Traffic(
        source=report["source"],
        accuracy=float((np.array(said) == labels).mean()),
        labels=labels,
        test_count=test_count,
        changed=changed,
        foreign={what: [rows[_name(what, index)] for index in range(FOREIGN_PICTURES)] for what in ("noise", "shapes")},
    )


def _digest(archive: Path) -> str:
    digest = hashlib.sha256(archive.read_bytes())
    for file in [*sorted((ROOT / "training").glob("*.py")), Path(__file__)]:
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def _train_and_score(archive: Path, folder: Path) -> None:
    shutil.rmtree(FOLDER, ignore_errors=True)
    extract(archive, folder / "data", CLASSES, UNSEEN_SHARE, seed=42)
    train(folder / "data", folder / "job", folder / "model", SEED, epochs=None)
    _write_pictures(archive, folder)
    unfinished = folder / "answers.unfinished"
    unfinished.mkdir()
    command = [sys.executable, "-c", SCORE, str(folder / "model"), str(folder / "pictures"), str(unfinished)]
    environment = {**os.environ, "PYTHONPATH": str(folder / "model" / "code")}
    subprocess.run(command, cwd=ROOT, env=environment, check=True)
    unfinished.rename(folder / "answers")


def _write_pictures(archive: Path, folder: Path) -> None:
    (folder / "pictures").mkdir()
    pictures, _, _ = _unseen(folder / "data")
    for change, changed in CHANGES.items():
        _write(folder, change, [changed(picture) for picture in pictures])
    rng = np.random.default_rng(SEED)
    batch = read_archive(archive).train
    foreign = [label for label, name in enumerate(FINE_NAMES) if name not in CLASSES]
    others = np.flatnonzero(np.isin(batch.fine_labels, foreign))
    _write(folder, "noise", list(batch.images(np.sort(rng.choice(others, FOREIGN_PICTURES, replace=False)))))
    _write(folder, "shapes", [draw_shape(int(rng.choice(foreign)), rng) for _ in range(FOREIGN_PICTURES)])


def _write(folder: Path, kind: str, pictures: list[Picture]) -> None:
    for index, picture in enumerate(pictures):
        file = folder / "pictures" / f"{_name(kind, index)}.png"
        Image.fromarray(np.ascontiguousarray(picture)).save(file, compress_level=COMPRESSION.get(kind, 1))


def _name(kind: str, index: int) -> str:
    return f"{kind}-{index:04}"


def _unseen(data: Path) -> tuple[NDArray[np.uint8], NDArray[np.int64], int]:
    """Test and validation pictures, their labels, and how many are of the test split."""
    listed = {split: read_image_list(data / f"{split}_lst" / f"{split}.lst") for split in ("test", "validation")}
    pictures = np.concatenate([read_images(data / split, images) for split, images in listed.items()])
    labels = np.array([image.label for images in listed.values() for image in images], dtype=np.int64)
    return pictures, labels, len(listed["test"])


def _row(folder: Path, picture: Path) -> Row:
    """As of a captured invocation."""
    answer = (folder / "answers" / f"{picture.name}.out").read_text(encoding="utf-8")
    given = Payload("image/png", "BASE64", base64.b64encode(picture.read_bytes()).decode())
    row: Row = preprocess_handler(CaptureRecord(given, Payload("application/json", "JSON", answer), METADATA))
    return row
