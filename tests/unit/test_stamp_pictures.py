"""Folders of pictures as an archive: which pictures, how they are parted, and what is refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from processing.cifar_archive import read_archive
from seed_code.picture_archive import LEAST, Counts, subfolders, write_picture_archive
from seed_code.stamp_identity import StampRefused

Folder = Callable[..., Path]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """Makes a folder of so many different pictures a class."""

    def make(name: str = "pictures", **counts: int) -> Path:
        for label, (kind, count) in enumerate(counts.items()):
            (tmp_path / name / kind).mkdir(parents=True)
            for number in range(count):
                pixels = np.random.default_rng([label, number]).integers(0, 256, (32, 32, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(tmp_path / name / kind / f"{number}.png")
        return tmp_path / name

    return make


def test_every_picture_is_in_one_split_as_it_was(folder: Folder, tmp_path: Path) -> None:
    pictures = folder(cat=110, bus=LEAST)
    counts = write_picture_archive(tmp_path / "a.tar.gz", pictures, ("cat", "bus"))
    assert counts == {"cat": Counts(88, 22), "bus": Counts(80, 20)}
    archive = read_archive(tmp_path / "a.tar.gz")
    assert (archive.class_names[13], archive.class_names[100:]) == ("bus", ("cat",))
    assert not archive.generated
    seen = set()
    for batch in (archive.train, archive.test):
        for row, name in enumerate(batch.file_names):
            kind = "cat" if batch.fine_labels[row] == 100 else "bus"
            pixels = np.asarray(Image.open(pictures / kind / name))
            assert (batch.images(np.array([row]))[0] == pixels).all()
            seen.add((kind, name))
    assert len(seen) == 210


def test_the_same_pictures_give_the_same_archive_whatever_their_names_and_order(folder: Folder, tmp_path: Path) -> None:
    pictures = folder(cat=LEAST, dog=LEAST)
    write_picture_archive(tmp_path / "a", pictures, ("cat", "dog"))
    write_picture_archive(tmp_path / "b", pictures, ("cat", "dog"))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    (pictures / "cat" / "0.png").rename(pictures / "cat" / "zz.PNG")
    write_picture_archive(tmp_path / "c", pictures, ("cat", "dog"))
    before, after = read_archive(tmp_path / "a"), read_archive(tmp_path / "c")
    assert (before.train.pixels == after.train.pixels).all() and (before.test.pixels == after.test.pixels).all()


def test_other_files_and_hidden_ones_are_passed_over(folder: Folder, tmp_path: Path) -> None:
    pictures = folder(cat=LEAST, dog=LEAST)
    (pictures / "cat" / "notes.txt").write_text("not a picture")
    (pictures / "cat" / ".thumbnail.png").write_bytes(b"x")
    (pictures / ".git").mkdir()
    assert subfolders(pictures) == ["cat", "dog"]
    assert write_picture_archive(tmp_path / "a", pictures, ("cat", "dog"))["cat"] == Counts(80, 20)


def test_what_is_refused_leaves_no_archive(folder: Folder, tmp_path: Path) -> None:
    few = folder("few", cat=LEAST, dog=LEAST - 1)
    twice = folder("twice", cat=LEAST, dog=LEAST)
    (twice / "cat" / "99.png").write_bytes((twice / "cat" / "0.png").read_bytes())
    both = folder("both", cat=LEAST + 1, dog=LEAST)
    (both / "dog" / "same.png").write_bytes((both / "cat" / "7.png").read_bytes())
    damaged = folder("damaged", cat=LEAST, dog=LEAST)
    (damaged / "dog" / "3.png").write_bytes(b"\x89PNG\r\n")
    for pictures, line in {
        few: f"dog has {LEAST - 1} PNG or JPEG pictures: at least {LEAST} different are needed",
        twice: f"cat has {LEAST} PNG or JPEG pictures, 1 of them twice",
        both: "cat/7.png and dog/same.png are the same picture",
        damaged: f"{damaged / 'dog' / '3.png'} cannot be read: not a PNG or JPEG image",
    }.items():
        with pytest.raises(StampRefused, match=re.escape(line)):
            write_picture_archive(tmp_path / "a", pictures, ("cat", "dog"))
        assert not (tmp_path / "a").exists()
