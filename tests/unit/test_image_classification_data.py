"""`.lst` and RecordIO files of the built-in image-classification algorithm."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import pytest
from PIL import Image

from local_aws.images.image_classification.dataset import ListedImages, PackedImages, check_images
from local_aws.images.image_classification.errors import CustomerError
from local_aws.images.image_classification.hyperparameters import read_hyperparameters
from local_aws.images.image_classification.lst import find_lst, read_lst
from local_aws.images.image_classification.recordio import MAGIC, RecordFileBroken, find_rec, read_record, records


def png(side: int = 8) -> bytes:
    target = io.BytesIO()
    Image.new("RGB", (side, side), (200, 30, 60)).save(target, "PNG")
    return target.getvalue()


def part(kind: int, content: bytes) -> bytes:
    return struct.pack("<II", MAGIC, kind << 29 | len(content)) + content + bytes(-len(content) % 4)


def packed(image: bytes, label: float, labels: tuple[float, ...] = ()) -> bytes:
    header = struct.pack("<IfQQ", len(labels), label, 0, 0) + struct.pack(f"<{len(labels)}f", *labels)
    return part(0, header + image)


@pytest.fixture
def images(tmp_path: Path) -> Path:
    folder = tmp_path / "train"
    (folder / "a").mkdir(parents=True)
    for name in ("a/one.png", "a/two.png"):
        (folder / name).write_bytes(png())
    return folder


def lst(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "train.lst"
    path.write_text(text)
    return path


def test_rows_are_read_with_labels_as_im2rec_writes_them(tmp_path: Path, images: Path) -> None:
    path = lst(tmp_path, "5\t1\ta/one.png\n1000\t0.000000\ta/two.png\n\n")

    rows = read_lst(path, images, "train_lst", 2)

    assert [row.labels for row in rows] == [(1,), (0,)]
    assert rows[0].path == images / "a" / "one.png"
    assert rows[1].where == "row 2 of train.lst"


def test_names_of_images_may_have_what_else_would_end_a_line(tmp_path: Path, images: Path) -> None:
    (images / "a\u2028b.png").write_bytes(png())

    (row,) = read_lst(lst(tmp_path, "0\t1\ta\u2028b.png\r\n"), images, "train_lst", 2)

    assert row.path == images / "a\u2028b.png"


def test_several_labels_have_a_column_each(tmp_path: Path, images: Path) -> None:
    rows = read_lst(lst(tmp_path, "0\t1\t0\t1\ta/one.png\n"), images, "train_lst", 3, multi_label=True)

    assert ListedImages(rows, multi_label=True).labels.tolist() == [[1, 0, 1]]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("0\t0\ta/one.png\n1 1 a/two.png\n", "row 2 of train.lst has 1 columns"),
        ("x\t0\ta/one.png\n", "the index 'x' is no whole number"),
        ("0\t0\ta/one.png\n0\t1\ta/two.png\n", "row 2 of train.lst: the index 0 is there already"),
        ("0\t2\ta/one.png\n", r"the label '2' is not in \[0, 1\]"),
        ("0\t0.5\ta/one.png\n", "the label '0.5'"),
        ("0\tbicycle\ta/one.png\n", "the label 'bicycle'"),
        ("0\t0\ta/three.png\n", "there is no image a/three.png in the train channel"),
        ("0\t0\t../train/a/one.png\n", "is no path relative"),
        ("0\t0\t/etc/passwd\n", "is no path relative"),
        ("\n", "train.lst is empty"),
    ],
)
def test_rows_that_are_wrong_are_told_with_their_number(tmp_path: Path, images: Path, text: str, problem: str) -> None:
    with pytest.raises(CustomerError, match=rf"^Invalid lst file in the train_lst channel\. .*{problem}"):
        read_lst(lst(tmp_path, text), images, "train_lst", 2)


def test_a_channel_has_one_lst_file(tmp_path: Path) -> None:
    with pytest.raises(CustomerError, match="it has none"):
        find_lst(tmp_path, "train_lst")
    lst(tmp_path, "")
    assert find_lst(tmp_path, "train_lst").name == "train.lst"
    (tmp_path / "more.lst").write_text("")
    with pytest.raises(CustomerError, match=r"it has more.lst, train.lst"):
        find_lst(tmp_path, "train_lst")


def test_packed_images_are_read_by_number_and_in_parts(tmp_path: Path) -> None:
    magic = MAGIC.to_bytes(4, "little")
    whole = struct.pack("<IfQQ", 0, 1.0, 7, 0) + b"abcd" + magic + b"efgh" + magic + b"ijk"
    first, second, third = whole.split(magic)
    path = tmp_path / "train.rec"
    path.write_bytes(packed(png(), 0.0) + part(1, first) + part(2, second) + part(3, third) + packed(b"x", 1.0))

    found = PackedImages(path, "train", 2, multi_label=False)

    assert found.labels.tolist() == [0, 1, 1]
    assert found.read(1) == b"abcd" + magic + b"efgh" + magic + b"ijk"
    assert found.read(0) == png()


def test_packed_labels_follow_the_header(tmp_path: Path) -> None:
    path = tmp_path / "train.rec"
    path.write_bytes(packed(png(), 0.0, (1.0, 0.0, 1.0)))

    found = PackedImages(path, "train", 3, multi_label=True)

    assert found.labels.tolist() == [[1, 0, 1]]
    assert found.read(0) == png()


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (packed(b"abc", 0.0)[:-2], "record 1 of train.rec: the file ends within a record"),
        (packed(b"abc", 0.0) + b"more", "record 2 of train.rec: the file ends within a record"),
        (b"this is no RecordIO file", "there is no record where one should begin"),
        (part(2, b"middle"), "a record begins in its middle"),
        (part(1, b"begin") + part(0, b"whole"), "has no end"),
        (part(0, b"short"), "has no image header"),
        (struct.pack("<II", MAGIC, (1 << 29) - 1), "larger than 64 MB"),
        (packed(b"abc", 2.0), r"the label '2' is not 1 in \[0, 1\]"),
        (packed(b"abc", float("nan")), "the label 'nan'"),
        (part(0, struct.pack("<IfQQ", 1 << 31, 0, 0, 0)), "cannot have"),
    ],
)
def test_broken_record_files_are_refused(tmp_path: Path, content: bytes, problem: str) -> None:
    path = tmp_path / "train.rec"
    path.write_bytes(content)

    with pytest.raises(CustomerError, match=rf"^Invalid RecordIO file in the train channel\. .*{problem}"):
        PackedImages(path, "train", 2, multi_label=False)


def test_an_empty_record_file_is_told_in_the_words_of_the_algorithm(tmp_path: Path) -> None:
    (tmp_path / "train.rec").write_bytes(b"")

    with pytest.raises(CustomerError, match=r"^Unable to start training\. Empty \.rec file in train channel\.$"):
        find_rec(tmp_path, "train")


def test_records_tell_where_they_begin() -> None:
    content = part(0, b"abc") + part(0, b"abcdefgh")
    file = io.BytesIO(content)

    assert list(records(file, len(content))) == [(0, b"abc"), (12, b"abcdefgh")]
    with pytest.raises(RecordFileBroken):
        read_record(io.BytesIO(b""))


@pytest.mark.parametrize(
    ("content", "resize", "problem"),
    [
        (b"no image", None, "An image cannot be decoded in the train channel, row 1 of train.lst"),
        (png()[:45], None, "An image cannot be decoded"),
        (png(7), None, r"An image is smaller than image_shape 3,8,8 .* it has 7x7 pixels"),
        (png(7), "8", ""),
        (png(9), None, ""),
    ],
)
def test_images_are_decodable_and_large_enough(
    tmp_path: Path, images: Path, content: bytes, resize: str | None, problem: str
) -> None:
    (images / "a" / "one.png").write_bytes(content)
    given = {"num_classes": "2", "num_training_samples": "1", "image_shape": "3,8,8", "resize": resize or ""}
    dataset = ListedImages(read_lst(lst(tmp_path, "0\t1\ta/one.png\n"), images, "train_lst", 2), multi_label=False)

    if not problem:
        check_images(dataset, "train", read_hyperparameters(given))
        return
    with pytest.raises(CustomerError, match=problem):
        check_images(dataset, "train", read_hyperparameters(given))
