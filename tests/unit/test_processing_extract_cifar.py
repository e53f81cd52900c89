"""Extraction as a function: which images, under which labels and names, into which split."""

import json
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from processing.cifar_archive import AmbiguousArchive, ArchiveMissing, find_archive, read_archive
from processing.extract_cifar import TooFewClasses, UnknownClass, extract
from processing.image_list import read_image_list
from processing.python2_pickle import dump_python2
from processing.sample_archive import write_archive

NAMES = ("apple", "pear", "plum")
TRAIN_PER_CLASS, TEST_PER_CLASS = 20, 5


def batch(per_class: int, seed: int) -> dict[bytes, Any]:
    labels = [label for label in range(len(NAMES)) for _ in range(per_class)]
    pixels = np.random.default_rng(seed).integers(0, 256, (len(labels), 3072), dtype=np.uint8)
    names = [f"../odd name {row}!.png".encode() for row in range(len(labels))]
    return {b"data": pixels, b"fine_labels": labels, b"filenames": names}


def write(folder: Path, train: Mapping[bytes, Any] | None = None, test: Mapping[bytes, Any] | None = None) -> Path:
    contents = {
        "meta": {b"fine_label_names": [name.encode() for name in NAMES]},
        "train": train or batch(TRAIN_PER_CLASS, seed=1),
        "test": test or batch(TEST_PER_CLASS, seed=2),
    }
    archive = folder / "a.tar.gz"
    write_archive(archive, {f"cifar-100-python/{name}": dump_python2(content) for name, content in contents.items()})
    return archive


def test_pictures_are_the_archives_rows_pixel_for_pixel_under_the_labels_asked_for(tmp_path: Path) -> None:
    source = write(tmp_path)
    extract(source, tmp_path / "out", ["plum", "apple"], validation_fraction=0.2, seed=1)
    archive = read_archive(source)
    seen = 0
    for split, rows in (("train", archive.train), ("validation", archive.train), ("test", archive.test)):
        listed = read_image_list(tmp_path / "out" / f"{split}_lst" / f"{split}.lst")
        assert {image.file_name for image in listed} == {file.name for file in (tmp_path / "out" / split).iterdir()}
        for image in listed:
            row = int(image.file_name.split("_")[1])
            assert image.file_name == f"{split}_{row:05d}_odd_name_{row}.png"
            assert NAMES[rows.fine_labels[row]] == ["plum", "apple"][image.label]
            with Image.open(tmp_path / "out" / split / image.file_name) as picture:
                assert np.array_equal(np.asarray(picture), rows.images(np.array([row]))[0])
            seen += 1
    assert seen == 2 * (TRAIN_PER_CLASS + TEST_PER_CLASS)


def test_report_says_what_was_made_of_what(tmp_path: Path) -> None:
    source = write(tmp_path)
    report = extract(source, tmp_path / "out", ["apple", "plum"], validation_fraction=0.2, seed=5)
    assert json.loads((tmp_path / "out" / "report" / "dataset_report.json").read_text()) == report
    digest = report.pop("archive")
    assert (digest["file"], digest["bytes"], digest["official"]) == ("a.tar.gz", source.stat().st_size, False)
    assert report == {
        "source": "archive",
        "classes": {"apple": {"fine_label": 0, "label": 0}, "plum": {"fine_label": 2, "label": 1}},
        "counts": {
            "train": {"apple": 16, "plum": 16, "total": 32},
            "validation": {"apple": 4, "plum": 4, "total": 8},
            "test": {"apple": 5, "plum": 5, "total": 10},
        },
        "duplicates_of_test_dropped": 0,
        "new_images": {
            "files": 0,
            "added": {"apple": 0, "plum": 0, "total": 0},
            "sha256": sha256(b"").hexdigest(),
            "duplicates_of_test_refused": 0,
            "duplicates_of_validation_refused": 0,
            "of_several_classes_refused": 0,
            "of_several_classes": [],
            "duplicates_of_training_dropped": 0,
            "repeated_dropped": 0,
            "unreadable": 0,
            "unreadable_files": {},
        },
        "validation_fraction": 0.2,
        "seed": 5,
        "image_shape": [3, 32, 32],
    }


def test_training_images_that_are_test_images_are_dropped_and_counted(tmp_path: Path) -> None:
    train, test = batch(TRAIN_PER_CLASS, seed=1), batch(TEST_PER_CLASS, seed=2)
    train[b"data"][[0, 3, 25]] = test[b"data"][0]  # two apples and a pear; the pear is not selected
    report = extract(write(tmp_path, train, test), tmp_path / "out", ["apple", "plum"], 0.2, seed=1)
    assert report["duplicates_of_test_dropped"] == 2
    assert report["counts"]["train"]["apple"] + report["counts"]["validation"]["apple"] == TRAIN_PER_CLASS - 2
    assert report["counts"]["test"]["apple"] == TEST_PER_CLASS


def test_new_images_join_the_training_images_and_no_others(tmp_path: Path) -> None:
    source, new = write(tmp_path), tmp_path / "new"
    classes = ["apple", "plum"]
    before = extract(source, tmp_path / "before", classes, validation_fraction=0.2, seed=5)
    (new / "apple").mkdir(parents=True)
    (new / "plum").mkdir()
    pixels = np.random.default_rng(9).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(new / "plum" / "new.png")
    for split in ("test", "validation", "train"):
        listed = read_image_list(tmp_path / "before" / f"{split}_lst" / f"{split}.lst")
        copied = next(image for image in listed if image.label == 0).file_name
        (new / "apple" / copied).write_bytes((tmp_path / "before" / split / copied).read_bytes())

    after = extract(source, tmp_path / "after", classes, validation_fraction=0.2, seed=5, new_images_dir=new)
    assert after["counts"] == {**before["counts"], "train": {"apple": 16, "plum": 17, "total": 33}}
    told = after["new_images"]
    assert told["added"] == {"apple": 0, "plum": 1, "total": 1}
    assert [value for name, value in told.items() if name.endswith(("_refused", "_dropped"))] == [1, 1, 0, 1, 0]
    for split in ("validation", "test"):
        for folder in (split, f"{split}_lst"):
            one, other = (sorted((tmp_path / run / folder).iterdir()) for run in ("before", "after"))
            assert [(file.name, file.read_bytes()) for file in one] == [
                (file.name, file.read_bytes()) for file in other
            ]
    *others, added = read_image_list(tmp_path / "after" / "train_lst" / "train.lst")
    assert others == read_image_list(tmp_path / "before" / "train_lst" / "train.lst")
    assert (added.label, added.file_name.startswith("train_new_")) == (1, True)
    with Image.open(tmp_path / "after" / "train" / added.file_name) as picture:
        assert np.array_equal(np.asarray(picture), pixels)


def test_three_classes_can_be_extracted(tmp_path: Path) -> None:
    report = extract(write(tmp_path), tmp_path / "out", NAMES, 0.2, seed=1)
    assert [entry["label"] for entry in report["classes"].values()] == [0, 1, 2]


@pytest.mark.parametrize(
    ("classes", "refusal"),
    [
        ([], TooFewClasses),
        (["apple"], TooFewClasses),
        (["apple", "apple"], TooFewClasses),
        (["apple", "fig"], UnknownClass),
    ],
)
def test_classes_that_cannot_be_told_apart_or_are_unknown_are_refused(
    classes: list[str], refusal: type[Exception], tmp_path: Path
) -> None:
    with pytest.raises(refusal):
        extract(write(tmp_path), tmp_path / "out", classes, 0.2, seed=1)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("split", ["train", "test"])
def test_class_without_images_is_refused(split: str, tmp_path: Path) -> None:
    emptied = batch(TRAIN_PER_CLASS, seed=3)
    emptied[b"fine_labels"] = [label if label else 1 for label in emptied[b"fine_labels"]]
    source = write(tmp_path, **{split: emptied})
    with pytest.raises(TooFewClasses, match=f"{split}: no image of class 'apple'"):
        extract(source, tmp_path / "out", ["apple", "plum"], 0.2, seed=1)
    assert not (tmp_path / "out").exists()


def test_archive_folder_must_hold_exactly_one_archive(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "absent"):
        with pytest.raises(ArchiveMissing):
            find_archive(folder)
    (tmp_path / "a.tar.gz").touch()
    assert find_archive(tmp_path).name == "a.tar.gz"
    (tmp_path / "b.tar.gz").touch()
    with pytest.raises(AmbiguousArchive, match="2 archives"):
        find_archive(tmp_path)


def test_official_archive_is_known_by_its_md5(tmp_path: Path) -> None:
    digest = read_archive(write(tmp_path)).digest
    assert replace(digest, md5="eb9058c3a382ffc7106e4002c42a8d85").official
