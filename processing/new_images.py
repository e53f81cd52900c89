"""Further labelled images, FOLDER/CLASS/…: read, and those chosen that may join the training images.

An image is what the net sees of it, 32x32 RGB; two files with the same pixels are one image.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from processing.exit_message import ProcessingFailure
from processing.image_decoding import ImageUnreadable, decode_image
from processing.image_digest import pixel_sha256

SUFFIXES = (".png", ".jpg", ".jpeg")
# A photograph of as many pixels as are decoded is smaller; as many pictures as CIFAR-100 has are 150 MB of pixels.
LARGEST_BYTES = 32 * 1024 * 1024
MOST_PICTURES = 50_000
# The report names so many; the rest is counted.
MOST_NAMED = 20


class NewImagesUnusable(ProcessingFailure):
    """A folder of no class, a picture in no folder, or nothing that can be read."""


@dataclass(frozen=True)
class NewImage:
    """One readable file: 32x32x3 RGB pixels, the label of its folder, and the digest of its pixels."""

    file: str
    pixels: NDArray[np.uint8]
    label: int
    digest: str


@dataclass(frozen=True)
class Found:
    """All readable files, and of the others what is wrong with them, by their places below the folder."""

    images: Sequence[NewImage] = ()
    unreadable: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Known:
    """The pixels' digests of each split, of the training split with their labels."""

    test: AbstractSet[str]
    validation: AbstractSet[str]
    train: Mapping[str, int]


@dataclass(frozen=True)
class Chosen:
    """The images to add, in the order of their digests, and how many files were left out for what reason."""

    images: Sequence[NewImage]
    duplicates_of_test: int
    duplicates_of_validation: int
    duplicates_of_training: int
    repeated: int
    of_several_classes: Sequence[str]


def read_new_images(folder: Path, classes: Sequence[str], size: int) -> Found:
    """The files of FOLDER/<class>, at any depth. What lies beside the class folders and is no picture by its name, such
    as a manifest, and what begins with a dot is passed over.

    Raises NewImagesUnusable: a folder that is no class's, a picture in none, too many files, or none that is readable.
    """
    files = _files(folder, classes)
    if len(files) > MOST_PICTURES:
        raise NewImagesUnusable(f"{folder} holds {len(files)} new images; give {MOST_PICTURES} at most")
    images, unreadable = [], {}
    for file, label in files:
        name = file.relative_to(folder).as_posix()
        try:
            pixels = decode_image(_content(file), size)
        except ImageUnreadable as error:
            unreadable[name] = str(error)
        else:
            images.append(NewImage(name, pixels, label, pixel_sha256(pixels)))
    if unreadable and not images:
        name, problem = next(iter(unreadable.items()))
        raise NewImagesUnusable(
            f"none of the {len(unreadable)} new images can be read, the first is {name}: {problem}; "
            "give PNG or JPEG pictures, or leave NewImagesUri out"
        )
    return Found(images, unreadable)


def choose_new_images(images: Sequence[NewImage], known: Known) -> Chosen:
    """Those that may join the training images: nothing that judges a model, nothing twice, nothing contradictory.

    An image that lies in the folders of several classes, or in one and is a training image of another, is nobody's.
    """
    labels: dict[str, set[int]] = {}
    for image in images:
        labels.setdefault(image.digest, set()).add(image.label)
    for digest, given in labels.items():
        given |= {known.train[digest]} if digest in known.train else set()

    of_test = [image for image in images if image.digest in known.test]
    of_validation = [image for image in images if image.digest in known.validation - known.test]
    free = [image for image in images if image.digest not in known.test | known.validation]
    contradictory = [image for image in free if len(labels[image.digest]) > 1]
    sound = [image for image in free if len(labels[image.digest]) == 1]
    of_training = [image for image in sound if image.digest in known.train]
    fresh = {image.digest: image for image in reversed(sound) if image.digest not in known.train}
    return Chosen(
        images=[fresh[digest] for digest in sorted(fresh)],
        duplicates_of_test=len(of_test),
        duplicates_of_validation=len(of_validation),
        duplicates_of_training=len(of_training),
        repeated=len(sound) - len(of_training) - len(fresh),
        of_several_classes=[image.file for image in contradictory],
    )


def report_on(found: Found, chosen: Chosen, classes: Sequence[str]) -> dict[str, Any]:
    """What dataset_report.json says of the new images: every file is counted once, in `added` or for what it is not."""
    unreadable = dict(found.unreadable or {})
    added = {name: sum(image.label == label for image in chosen.images) for label, name in enumerate(classes)}
    content = "".join(f"{image.digest} {classes[image.label]}\n" for image in chosen.images)
    return {
        "files": len(found.images) + len(unreadable),
        "added": {**added, "total": len(chosen.images)},
        "sha256": sha256(content.encode()).hexdigest(),
        "duplicates_of_test_refused": chosen.duplicates_of_test,
        "duplicates_of_validation_refused": chosen.duplicates_of_validation,
        "of_several_classes_refused": len(chosen.of_several_classes),
        "of_several_classes": list(chosen.of_several_classes[:MOST_NAMED]),
        "duplicates_of_training_dropped": chosen.duplicates_of_training,
        "repeated_dropped": chosen.repeated,
        "unreadable": len(unreadable),
        "unreadable_files": dict(list(unreadable.items())[:MOST_NAMED]),
    }


def _files(folder: Path, classes: Sequence[str]) -> list[tuple[Path, int]]:
    """Every file of a class's folder with the class's label, in the order of their names."""
    if not folder.is_dir():
        raise NewImagesUnusable(f"{folder} is no folder; give one with a folder for each of {', '.join(classes)}")
    files = []
    for entry in sorted(folder.iterdir()):
        if entry.name.startswith("."):
            continue
        if not entry.is_dir():
            _require_no_picture(entry, classes)
        elif entry.name not in classes:
            raise NewImagesUnusable(f"new images of {entry.name!r}: there is no such class, only {', '.join(classes)}")
        else:
            found = sorted(path for path in entry.rglob("*") if path.is_file() and not path.name.startswith("."))
            files += [(path, classes.index(entry.name)) for path in found]
    return files


def _require_no_picture(file: Path, classes: Sequence[str]) -> None:
    if file.suffix.lower() in SUFFIXES:
        raise NewImagesUnusable(f"{file.name} lies in no class's folder; put it into {' or '.join(classes)}")


def _content(file: Path) -> bytes:
    """The bytes of a file that is to be decoded. Raises ImageUnreadable."""
    if file.suffix.lower() not in SUFFIXES:
        raise ImageUnreadable(f"its name does not end in {', '.join(SUFFIXES)}")
    try:
        size = file.stat().st_size
        if size > LARGEST_BYTES:
            raise ImageUnreadable(f"too large: {size} bytes, at most {LARGEST_BYTES} are read")
        return file.read_bytes()
    except OSError as error:
        raise ImageUnreadable(error.strerror or str(error)) from error
