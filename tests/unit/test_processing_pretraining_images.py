"""Extraction for pretraining: which images of the other classes, in which form, and that nothing leaks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from processing.cifar_archive import read_archive
from processing.cifar_classes import FINE_NAMES, OWN_NAMES
from processing.extract_cifar import extract, main
from processing.image_list import read_image_list
from processing.pretraining_images import NothingToPretrainOn
from processing.python2_pickle import dump_python2
from processing.sample_archive import SampleSpec, write_archive, write_sample_archive

NAMES = ("apple", "fig", "pear", "plum", "quince")
OWN = ["plum", "apple"]
TRAIN_PER_CLASS, TEST_PER_CLASS = 20, 5


def batch(per_class: int, seed: int) -> dict[bytes, Any]:
    labels = [label for _ in range(per_class) for label in range(len(NAMES))]
    pixels = np.random.default_rng(seed).integers(0, 256, (len(labels), 3072), dtype=np.uint8)
    return {b"data": pixels, b"fine_labels": labels, b"filenames": [f"{row}.png".encode() for row in labels]}


def write(folder: Path, train: dict[bytes, Any], test: dict[bytes, Any]) -> Path:
    meta = {b"fine_label_names": [name.encode() for name in NAMES]}
    contents = {"meta": meta, "train": train, "test": test}
    archive = folder / "a.tar.gz"
    write_archive(archive, {f"cifar-100-python/{name}": dump_python2(content) for name, content in contents.items()})
    return archive


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write(tmp_path, batch(TRAIN_PER_CLASS, seed=1), batch(TEST_PER_CLASS, seed=2))


def test_other_classes_training_images_are_written_row_for_row_under_names_in_order(
    source: Path, tmp_path: Path
) -> None:
    report = extract(source, tmp_path / "out", OWN, 0.2, seed=1, pretrain=True)
    folder = tmp_path / "out" / "pretrain"
    images, labels = (np.load(folder / f"{name}.npy", allow_pickle=False) for name in ("images", "labels"))
    train = read_archive(source).train
    rows = np.flatnonzero(np.isin(train.fine_labels, [1, 2, 4]))
    assert json.loads((folder / "classes.json").read_text()) == ["fig", "pear", "quince"]
    assert images.dtype == np.uint8 and np.array_equal(images, train.images(rows))
    assert labels.tolist() == [{1: 0, 2: 1, 4: 2}[label] for label in train.fine_labels[rows].tolist()]
    assert report["pretraining"] == {
        "classes": 3,
        "images": {"fig": 20, "pear": 20, "quince": 20, "total": 60},
        "duplicates_of_test_or_validation_dropped": 0,
    }
    assert json.loads((tmp_path / "out" / "report" / "dataset_report.json").read_text()) == report


def test_without_the_flag_nothing_is_written_and_with_it_the_rest_is_the_same(source: Path, tmp_path: Path) -> None:
    plain = extract(source, tmp_path / "plain", OWN, 0.2, seed=1)
    more = extract(source, tmp_path / "more", OWN, 0.2, seed=1, pretrain=True)
    assert not (tmp_path / "plain" / "pretrain").exists()
    assert plain == {name: value for name, value in more.items() if name != "pretraining"}
    for place in ("train", "train_lst", "validation", "validation_lst", "test", "test_lst"):
        one, other = (
            {file.name: file.read_bytes() for file in (tmp_path / run / place).iterdir()} for run in ("plain", "more")
        )
        assert one == other


def test_pictures_that_the_net_is_judged_by_are_not_learnt_from_under_another_name(tmp_path: Path) -> None:
    train, test = batch(TRAIN_PER_CLASS, seed=1), batch(TEST_PER_CLASS, seed=2)
    plain = write(tmp_path, train, test)
    extract(plain, tmp_path / "first", OWN, 0.2, seed=1)
    listed = read_image_list(tmp_path / "first" / "validation_lst" / "validation.lst")
    validating = int(listed[0].file_name.split("_")[1])
    train[b"data"][1] = test[b"data"][0]  # a fig is an apple of the test split
    train[b"data"][2] = train[b"data"][validating]  # a pear is a validating picture
    train[b"data"][4] = test[b"data"][1]  # a quince is a fig of the test split: the project is not judged by it

    report = extract(write(tmp_path, train, test), tmp_path / "out", OWN, 0.2, seed=1, pretrain=True)

    assert report["pretraining"]["images"] == {"fig": 19, "pear": 19, "quince": 20, "total": 58}
    assert report["pretraining"]["duplicates_of_test_or_validation_dropped"] == 2
    learnt = {image.tobytes() for image in np.load(tmp_path / "out" / "pretrain" / "images.npy", allow_pickle=False)}
    for split in ("test", "validation"):
        for file in (tmp_path / "out" / split).iterdir():
            with Image.open(file) as picture:
                assert np.asarray(picture).tobytes() not in learnt


def test_an_archive_without_two_other_classes_is_refused_in_one_line(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(NothingToPretrainOn, match=r"a\.tar\.gz has training images of 1 other classes"):
        extract(source, tmp_path / "out", ["apple", "fig", "pear", "plum"], 0.2, seed=1, pretrain=True)
    assert not (tmp_path / "out").exists()
    arguments = ["--archive-dir", str(tmp_path), "--output-dir", str(tmp_path / "out"), "--pretrain"]
    assert main([*arguments, "--classes", ",".join(NAMES)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "leave --pretrain out" in line
    assert not (tmp_path / "out").exists()


def test_the_generated_sample_has_other_classes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Noise, so there is nothing to gain from them; yet the whole loop can be tried without the real archive."""
    write_sample_archive(tmp_path / "sample.tar.gz", SampleSpec(train_per_class=4, test_per_class=2))
    arguments = ["--archive-dir", str(tmp_path), "--output-dir", str(tmp_path / "out"), "--pretrain"]
    assert main([*arguments, "--validation-fraction", "0.25"]) == 0
    report = json.loads((tmp_path / "out" / "report" / "dataset_report.json").read_text())
    others = len(FINE_NAMES) + len(OWN_NAMES) - 2
    assert (report["pretraining"]["classes"], report["pretraining"]["images"]["total"]) == (others, others * 12)
    assert not {"bicycle", "motorcycle"} & set(report["pretraining"]["images"])
    assert f"pretraining: {others * 12} images of {others} other classes" in capsys.readouterr().out


def test_the_archive_at_hand_has_other_classes(cifar_archive_path: Path, tmp_path: Path) -> None:
    report = extract(cifar_archive_path, tmp_path / "out", ["bicycle", "motorcycle"], 0.1, seed=42, pretrain=True)
    labels = np.load(tmp_path / "out" / "pretrain" / "labels.npy", allow_pickle=False)
    assert sorted(set(labels.tolist())) == list(range(report["pretraining"]["classes"]))
    assert len(labels) == report["pretraining"]["images"]["total"] > 98
