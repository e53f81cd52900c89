"""Image lists: what is read, and every fault that stops a training before it starts."""

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[2] / "training"))  # as in the container: modules at the root

from image_list import (
    ChannelMissing,
    ImageDamaged,
    ImageListInvalid,
    ImageMissing,
    LabelledImages,
    LabelOutOfRange,
    check_every_class,
    read_labelled_images,
)


@pytest.fixture
def channels(tmp_path: Path) -> tuple[Path, Path]:
    """A list folder and an image folder of three pictures, red, green and blue."""
    lists, images = tmp_path / "train_lst", tmp_path / "train"
    lists.mkdir()
    images.mkdir()
    for colour in ("red", "green", "blue"):
        Image.new("RGB", (32, 32), colour).save(images / f"{colour}.png")
    (lists / "train.lst").write_text("0\t0\tred.png\n1\t1\tgreen.png\n2\t1.000000\tblue.png\n\n")
    return lists, images


def read(channels: tuple[Path, Path]) -> LabelledImages:
    return read_labelled_images(*channels, class_count=2, size=32)


def test_images_come_in_the_order_of_the_list(channels: tuple[Path, Path]) -> None:
    images = read(channels)
    assert images.pixels.shape == (3, 3, 32, 32)
    assert images.pixels.dtype.is_floating_point is False
    assert images.labels.tolist() == [0, 1, 1]
    assert images.pixels[0, :, 0, 0].tolist() == [255, 0, 0]
    assert images.pixels[2, :, 31, 31].tolist() == [0, 0, 255]


def test_missing_channel_is_named(channels: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(ChannelMissing, match="nowhere"):
        read((tmp_path / "nowhere", channels[1]))
    with pytest.raises(ChannelMissing, match="nowhere"):
        read((channels[0], tmp_path / "nowhere"))


def test_a_row_naming_a_missing_file_is_refused_with_its_line(channels: tuple[Path, Path]) -> None:
    (channels[1] / "green.png").unlink()
    with pytest.raises(ImageMissing, match=r"train\.lst:2: .*green\.png is missing"):
        read(channels)


def test_a_folder_named_as_image_is_refused(channels: tuple[Path, Path]) -> None:
    (channels[1] / "green.png").unlink()
    (channels[1] / "green.png").mkdir()
    with pytest.raises(ImageMissing, match=r"green\.png"):
        read(channels)


@pytest.mark.parametrize("label", ["2", "-1", "0.5"])
def test_a_label_outside_the_classes_is_refused(channels: tuple[Path, Path], label: str) -> None:
    (channels[0] / "train.lst").write_text(f"0\t{label}\tred.png\n")
    with pytest.raises(LabelOutOfRange, match=r"train\.lst:1: label .* is outside 0\.\.1"):
        read(channels)


@pytest.mark.parametrize("damage", [b"", b"garbage", None])
def test_a_damaged_image_is_named(channels: tuple[Path, Path], damage: bytes | None) -> None:
    image = channels[1] / "blue.png"
    image.write_bytes(image.read_bytes()[:60] if damage is None else damage)
    with pytest.raises(ImageDamaged, match=r"blue\.png .*train\.lst:3"):
        read(channels)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "names no images"),
        ("\n \n", "names no images"),
        ("0 0 red.png\n", "expected index TAB label TAB path"),
        ("0\tred.png\n", "expected index TAB label TAB path"),
        ("0\tbicycle\tred.png\n", "is not a number"),
        ("0\tnan\tred.png\n", "is not a number"),
        ("0\tinf\tred.png\n", "is not a number"),
        ("0\t0\t../train_lst/train.lst\n", "leads out of"),
        ("0\t0\t/etc/hostname\n", "leads out of"),
    ],
)
def test_a_malformed_list_is_refused(channels: tuple[Path, Path], content: str, reason: str) -> None:
    (channels[0] / "train.lst").write_text(content)
    with pytest.raises(ImageListInvalid, match=reason):
        read(channels)


def test_a_list_that_is_no_text_is_refused(channels: tuple[Path, Path]) -> None:
    (channels[0] / "train.lst").write_bytes(b"\x93\xff\x00")
    with pytest.raises(ImageListInvalid, match="not UTF-8"):
        read(channels)


@pytest.mark.parametrize("count", [0, 2])
def test_none_or_several_lists_are_refused(channels: tuple[Path, Path], count: int) -> None:
    (channels[0] / "train.lst").unlink()
    for number in range(count):
        (channels[0] / f"{number}.lst").write_text("0\t0\tred.png\n")
    with pytest.raises(ImageListInvalid, match=f"it holds {count}"):
        read(channels)


def test_a_class_without_images_is_refused(channels: tuple[Path, Path]) -> None:
    (channels[0] / "train.lst").write_text("0\t0\tred.png\n")
    with pytest.raises(ImageListInvalid, match="no image of motorcycle"):
        check_every_class(read(channels), ("bicycle", "motorcycle"), channels[0])


def test_greyscale_files_become_three_equal_channels(channels: tuple[Path, Path]) -> None:
    grey = np.random.default_rng(1).integers(0, 256, (32, 32), dtype=np.uint8)
    Image.fromarray(grey).save(channels[1] / "red.png")
    pixels = read(channels).pixels[0].numpy()
    assert all(np.array_equal(channel, grey) for channel in pixels)
