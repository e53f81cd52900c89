"""ExtractCifar: a CIFAR-100 archive and new images to the pictures and lists of a few classes, with a report."""

import argparse
import io
import json
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from processing.cifar_archive import CifarArchive, find_archive, read_archive
from processing.cifar_batch import IMAGE_SHAPE, CifarBatch
from processing.exit_message import ProcessingFailure, run_script
from processing.image_digest import pixel_sha256
from processing.image_list import ListedImage, write_image_list
from processing.new_images import Found, Known, NewImage, choose_new_images, read_new_images, report_on
from processing.pretraining_images import (
    PRETRAINING_FOLDER,
    choose_pretraining_images,
    report_on_pretraining,
    write_pretraining_images,
)
from processing.splitting import stratified_validation_mask
from processing.staged_output import staged_folder

SPLITS = ("train", "validation", "test")
REPORT_FOLDER, REPORT_FILE = "report", "dataset_report.json"
SPLIT_OUTPUTS = (*SPLITS, *(f"{split}_lst" for split in SPLITS))


class UnknownClass(ProcessingFailure):
    """A class is asked for that the archive does not have."""


class TooFewClasses(ProcessingFailure):
    """There is nothing to tell apart: fewer than two classes, or one without images."""


@dataclass(frozen=True)
class Split:
    """Selected images of one split: (n, 32, 32, 3) uint8 pictures, and as many labels and file names."""

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    file_names: tuple[str, ...]

    def where(self, mask: NDArray[np.bool_]) -> "Split":
        names = tuple(name for name, kept in zip(self.file_names, mask, strict=True) if kept)
        return Split(self.images[mask], self.labels[mask], names)

    def with_new(self, new: Sequence[NewImage]) -> "Split":
        if not new:
            return self
        images = np.concatenate([self.images, np.stack([image.pixels for image in new])])
        labels = np.concatenate([self.labels, np.array([image.label for image in new], dtype=np.int64)])
        return Split(images, labels, (*self.file_names, *(f"train_new_{image.digest[:32]}.png" for image in new)))

    def counts(self, classes: Sequence[str]) -> dict[str, int]:
        counts = {name: int((self.labels == label).sum()) for label, name in enumerate(classes)}
        return {**counts, "total": len(self.labels)}


def extract(
    archive_file: Path,
    output_dir: Path,
    classes: Sequence[str],
    validation_fraction: float,
    seed: int,
    expected_md5: str | None = None,
    new_images_dir: Path | None = None,
    pretrain: bool = False,
) -> dict[str, Any]:
    """Write the classes' pictures, lists and report under output_dir and return the report.

    A class's label is its position in `classes`. Training images that are pixel for pixel a test image are
    dropped. New images, in a folder for each class, join the training images alone: who validates and who tests is a
    matter of archive and seed. With `pretrain`, the training images of all other classes are written too, in a folder
    of their own (`pretraining_images`). Raises a ProcessingFailure named for what is wrong with the archive, the
    classes, the new images or the disk; then nothing is left in output_dir.
    """
    archive = read_archive(archive_file, expected_md5)
    fine_labels = resolve_classes(classes, archive.class_names)

    test = _select(archive.test, fine_labels, "test")
    train = _select(archive.train, fine_labels, "train")
    test_digests = {pixel_sha256(image) for image in test.images}
    train_digests = np.array([pixel_sha256(image) for image in train.images], dtype=np.str_)
    leaked = np.isin(train_digests, list(test_digests))
    train, train_digests = train.where(~leaked), train_digests[~leaked]
    for split, name in ((train, "train"), (test, "test")):
        _require_every_class(split, classes, f"{archive_file}, {name}")

    validating = stratified_validation_mask(train_digests.tolist(), train.labels, validation_fraction, seed)
    found = read_new_images(new_images_dir, classes, IMAGE_SHAPE[-1]) if new_images_dir else Found()
    trained = zip(train_digests[~validating].tolist(), train.labels[~validating].tolist(), strict=True)
    known = Known(test_digests, set(train_digests[validating].tolist()), dict(trained))
    new = choose_new_images(found.images, known)
    splits = {
        "train": train.where(~validating).with_new(new.images),
        "validation": _renamed(train.where(validating)),
        "test": test,
    }
    judged = {*test_digests, *train_digests[validating].tolist()}
    others = choose_pretraining_images(archive, fine_labels, judged) if pretrain else None
    report = {
        **_archive_report(archive, classes, fine_labels),
        "counts": {name: split.counts(classes) for name, split in splits.items()},
        "duplicates_of_test_dropped": int(leaked.sum()),
        "new_images": report_on(found, new, classes),
        "validation_fraction": validation_fraction,
        "seed": seed,
        "image_shape": list(IMAGE_SHAPE),
        **({"pretraining": report_on_pretraining(others)} if others else {}),
    }
    # The report comes last: where it stands, everything stands.
    outputs = (*SPLIT_OUTPUTS, *((PRETRAINING_FOLDER,) if others else ()), REPORT_FOLDER)
    with staged_folder(output_dir, outputs) as staging:
        for name, split in splits.items():
            _write_split(split, staging / name, staging / f"{name}_lst" / f"{name}.lst")
        if others:
            write_pretraining_images(others, staging / PRETRAINING_FOLDER)
        (staging / REPORT_FOLDER).mkdir()
        (staging / REPORT_FOLDER / REPORT_FILE).write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    return report


def resolve_classes(classes: Sequence[str], class_names: Sequence[str]) -> list[int]:
    """The classes' fine labels. Raises TooFewClasses (fewer than two different ones), UnknownClass."""
    for name in classes:
        if name not in class_names:
            raise UnknownClass(f"the archive has no class {name!r}; it has {', '.join(class_names)}")
    if len(classes) < 2 or len(set(classes)) != len(classes):
        raise TooFewClasses(f"--classes {','.join(classes)} does not name two different classes or more")
    return [class_names.index(name) for name in classes]


def _select(batch: CifarBatch, fine_labels: Sequence[int], prefix: str) -> Split:
    rows = np.flatnonzero(np.isin(batch.fine_labels, fine_labels))
    label_of = {fine_label: label for label, fine_label in enumerate(fine_labels)}
    labels = np.array([label_of[fine_label] for fine_label in batch.fine_labels[rows].tolist()], dtype=np.int64)
    names = tuple(f"{prefix}_{row:05d}_{_safe_stem(batch.file_names[row])}.png" for row in rows.tolist())
    return Split(batch.images(rows), labels, names)


def _safe_stem(file_name: str) -> str:
    return re.sub(r"[^A-Za-z0-9-]+", "_", PurePosixPath(file_name).stem)[:60].strip("_") or "unnamed"


def _renamed(split: Split) -> Split:
    names = tuple(name.replace("train_", "validation_", 1) for name in split.file_names)
    return Split(split.images, split.labels, names)


def _require_every_class(split: Split, classes: Sequence[str], where: str) -> None:
    for label, name in enumerate(classes):
        if not (split.labels == label).any():
            raise TooFewClasses(f"{where}: no image of class {name!r}; give an archive that has some")


def _archive_report(archive: CifarArchive, classes: Sequence[str], fine_labels: Sequence[int]) -> dict[str, Any]:
    digest = archive.digest
    return {
        "source": "generated" if archive.generated else "archive",
        "archive": {
            "file": digest.file,
            "bytes": digest.bytes,
            "sha256": digest.sha256,
            "md5": digest.md5,
            "official": digest.official,
        },
        "classes": {
            name: {"fine_label": fine_label, "label": label}
            for label, (name, fine_label) in enumerate(zip(classes, fine_labels, strict=True))
        },
    }


def _write_split(split: Split, image_folder: Path, list_file: Path) -> None:
    image_folder.mkdir()
    list_file.parent.mkdir()
    for image, file_name in zip(split.images, split.file_names, strict=True):
        encoded = io.BytesIO()
        # At 3 KB a picture, stronger compression costs time and saves nothing.
        Image.fromarray(image).save(encoded, "PNG", compress_level=1)
        (image_folder / file_name).write_bytes(encoded.getbuffer())
    listed = zip(split.file_names, split.labels.tolist(), strict=True)
    write_image_list(list_file, [ListedImage(file_name, label) for file_name, label in listed])


def parse_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python3 -m processing.extract_cifar", description=__doc__)
    parser.add_argument("--archive-dir", type=Path, required=True, help="folder with exactly one *.tar.gz")
    parser.add_argument("--new-images-dir", type=Path, default=None, help="further training images, CLASS/*.png|jpg")
    parser.add_argument("--output-dir", type=Path, required=True, help="where train, validation, test, ... are written")
    parser.add_argument("--classes", default="bicycle,motorcycle", help="fine class names; their order is their label")
    parser.add_argument("--validation-fraction", type=float, default=0.1, help="of each class's training images")
    parser.add_argument("--seed", type=int, default=42, help="chooses which images validate")
    parser.add_argument("--expected-md5", default=None, help="refuse any other archive")
    parser.add_argument("--pretrain", action="store_true", help="write the other classes' training images too")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse_arguments(arguments)

    def script() -> None:
        report = extract(
            find_archive(options.archive_dir),
            options.output_dir,
            [name.strip() for name in options.classes.split(",") if name.strip()],
            options.validation_fraction,
            options.seed,
            options.expected_md5,
            options.new_images_dir,
            options.pretrain,
        )
        counts = ", ".join(f"{split} {count['total']}" for split, count in report["counts"].items())
        dropped = report["duplicates_of_test_dropped"]
        print(f"{report['archive']['file']} ({report['source']}): {counts}; {dropped} copies of test images dropped")
        new = report["new_images"]
        print(f"new images: {new['files']} files, {new['added']['total']} added to train")
        for file, problem in new["unreadable_files"].items():
            print(f"new image {file!r} left out: {problem}")
        if others := report.get("pretraining"):
            print(f"pretraining: {others['images']['total']} images of {others['classes']} other classes")

    return run_script(script)


if __name__ == "__main__":
    sys.exit(main())
