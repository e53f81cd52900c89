"""What a pickle from the archive must hold to be one of CIFAR-100's files."""

from typing import Any

import numpy as np
import pytest

from processing.cifar_batch import MalformedBatch, parse_batch, parse_class_names


def batch(**changes: Any) -> dict[bytes, Any]:
    pixels = np.zeros((2, 3072), dtype=np.uint8)
    entries = {"data": pixels, "fine_labels": [0, 1], "filenames": [b"a.png", b"b.png"], **changes}
    return {key.encode(): value for key, value in entries.items() if value is not None}


def test_sound_batch_becomes_pixels_labels_and_names() -> None:
    parsed = parse_batch(batch(), 2, "x")
    assert (parsed.pixels.shape, parsed.fine_labels.tolist(), parsed.file_names) == (
        (2, 3072),
        [0, 1],
        ("a.png", "b.png"),
    )


def test_keys_may_be_text_as_python_3_writes_them() -> None:
    parsed = parse_batch({key.decode(): value for key, value in batch().items()}, 2, "x")
    assert parsed.fine_labels.tolist() == [0, 1]


def test_rows_are_three_planes_that_become_rgb_pictures() -> None:
    pixels = np.arange(3072, dtype=np.uint8)[None].repeat(2, axis=0)
    image = parse_batch(batch(data=pixels), 2, "x").images(np.array([1]))[0]
    assert image.shape == (32, 32, 3)
    for row, column, channel in ((0, 0, 0), (3, 7, 1), (31, 31, 2)):
        assert image[row, column, channel] == pixels[1, channel * 1024 + row * 32 + column]


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"data": None}, "no key 'data'"),
        ({"fine_labels": None}, "no key 'fine_labels'"),
        ({"filenames": None}, "no key 'filenames'"),
        ({"data": [[0] * 3072] * 2}, "not a uint8 array"),
        ({"data": np.zeros((2, 3072), dtype=np.int64)}, "not a uint8 array"),
        ({"data": np.zeros((2, 3071), dtype=np.uint8)}, "shape"),
        ({"data": np.zeros(6144, dtype=np.uint8)}, "shape"),
        ({"data": np.zeros((0, 3072), dtype=np.uint8), "fine_labels": [], "filenames": []}, "shape"),
        ({"fine_labels": [0, 2]}, r"outside 0\.\.1"),
        ({"fine_labels": [0, -1]}, r"outside 0\.\.1"),
        ({"fine_labels": [0, True]}, "not a list of integers"),
        ({"fine_labels": b"01"}, "not a list of integers"),
        ({"fine_labels": [0]}, "1 fine labels"),
        ({"filenames": [b"a"]}, "1 file names"),
        ({"filenames": [1, 2]}, "not a list of strings"),
    ],
)
def test_batch_that_is_not_cifars_is_refused(changes: dict[str, Any], fault: str) -> None:
    with pytest.raises(MalformedBatch, match=fault):
        parse_batch(batch(**changes), 2, "x")


@pytest.mark.parametrize("loaded", [[], b"text", None, 3])
def test_pickle_of_something_else_is_refused(loaded: Any) -> None:
    with pytest.raises(MalformedBatch, match="not a dict"):
        parse_batch(loaded, 2, "x")


@pytest.mark.parametrize("names", [[], [b"a"], [b"a", b"a"], [b"a", b""], [b"a", 1], b"ab"])
def test_class_names_that_cannot_tell_classes_apart_are_refused(names: Any) -> None:
    with pytest.raises(MalformedBatch, match="fine_label_names"):
        parse_class_names({b"fine_label_names": names}, "x")
