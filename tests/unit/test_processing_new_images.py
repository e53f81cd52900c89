"""New images: what is read of a folder, and what of that may join the training images."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from processing import new_images as module
from processing.image_digest import pixel_sha256
from processing.new_images import Found, Known, NewImage, NewImagesUnusable, choose_new_images, read_new_images
from processing.new_images import report_on as told

CLASSES = ("bicycle", "motorcycle")
NOTHING = Known(frozenset(), frozenset(), {})


def pixels(seed: int, size: int = 32) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (size, size, 3), dtype=np.uint8)


def put(folder: Path, name: str, content: bytes | NDArray[np.uint8], kind: str = "PNG") -> None:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, np.ndarray):
        encoded = io.BytesIO()
        Image.fromarray(content).save(encoded, kind)
        content = encoded.getvalue()
    file.write_bytes(content)


def image(name: str, seed: int, label: int) -> NewImage:
    return NewImage(name, pixels(seed), label, pixel_sha256(pixels(seed)))


def test_pictures_of_any_size_kind_and_depth_become_what_the_net_sees(tmp_path: Path) -> None:
    put(tmp_path, "bicycle/a.png", pixels(1))
    put(tmp_path, "motorcycle/2026/b.JPG", pixels(2, size=640), "JPEG")
    put(tmp_path, "manifest.json", b"{}")
    put(tmp_path, ".DS_Store", b"x")
    put(tmp_path, "bicycle/.hidden.png", b"x")
    found = read_new_images(tmp_path, CLASSES, 32)
    images = sorted(found.images, key=lambda one: one.label)
    assert [(one.file, one.label, one.pixels.shape) for one in images] == [
        ("bicycle/a.png", 0, (32, 32, 3)),
        ("motorcycle/2026/b.JPG", 1, (32, 32, 3)),
    ]
    assert images[0].digest == pixel_sha256(pixels(1))
    assert found.unreadable == {}


def test_a_folder_with_the_marker_alone_holds_no_new_images(tmp_path: Path) -> None:
    put(tmp_path, "NO-NEW-IMAGES.txt", b"none\n")
    assert read_new_images(tmp_path, CLASSES, 32) == Found([], {})


def test_what_cannot_be_read_is_named_and_the_others_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LARGEST_BYTES", 100_000)
    put(tmp_path, "bicycle/good.png", pixels(1))
    put(tmp_path, "bicycle/cut.png", (tmp_path / "bicycle/good.png").read_bytes()[:200])
    put(tmp_path, "bicycle/empty.jpg", b"")
    put(tmp_path, "bicycle/page.png", b"<html>404</html>")
    put(tmp_path, "bicycle/notes.txt", b"ask Ann")
    put(tmp_path, "bicycle/large.png", bytes(100_001))
    found = read_new_images(tmp_path, CLASSES, 32)
    assert [one.file for one in found.images] == ["bicycle/good.png"]
    assert found.unreadable is not None
    assert {name: problem.split(":")[0] for name, problem in found.unreadable.items()} == {
        "bicycle/cut.png": "damaged image of 200 bytes",
        "bicycle/empty.jpg": "empty",
        "bicycle/large.png": "too large",
        "bicycle/notes.txt": "its name does not end in .png, .jpg, .jpeg",
        "bicycle/page.png": "not a PNG or JPEG image",
    }


def test_a_picture_of_too_many_pixels_is_not_decoded(tmp_path: Path) -> None:
    put(tmp_path, "bicycle/good.png", pixels(1))
    bomb = io.BytesIO()
    Image.new("1", (8000, 8000)).save(bomb, "PNG")
    put(tmp_path, "bicycle/bomb.png", bomb.getvalue())
    found = read_new_images(tmp_path, CLASSES, 32)
    assert found.unreadable is not None and "8000 x 8000 pixels" in found.unreadable["bicycle/bomb.png"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("scooter/a.png", "new images of 'scooter': there is no such class, only bicycle, motorcycle"),
        ("a.png", "a.png lies in no class's folder; put it into bicycle or motorcycle"),
        ("bicycle/a.png", "none of the 1 new images can be read, the first is bicycle/a.png"),
    ],
)
def test_a_folder_that_cannot_be_meant_is_refused_in_one_line(tmp_path: Path, name: str, said: str) -> None:
    put(tmp_path, name, b"no picture")
    with pytest.raises(NewImagesUnusable) as refused:
        read_new_images(tmp_path, CLASSES, 32)
    assert said in str(refused.value) and "\n" not in str(refused.value)


def test_more_than_can_be_held_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_PICTURES", 1)
    for name in ("a", "b"):
        put(tmp_path, f"bicycle/{name}.png", pixels(1))
    with pytest.raises(NewImagesUnusable, match="2 new images; give 1 at most"):
        read_new_images(tmp_path, CLASSES, 32)


def test_every_file_is_added_or_counted_for_what_it_is_not() -> None:
    known = Known(
        test={pixel_sha256(pixels(1))},
        validation={pixel_sha256(pixels(2))},
        train={pixel_sha256(pixels(3)): 0, pixel_sha256(pixels(4)): 1},
    )
    images = [
        image("bicycle/test.png", 1, 0),
        image("motorcycle/test.png", 1, 1),
        image("bicycle/validation.png", 2, 0),
        image("bicycle/training.png", 3, 0),
        # a motorcycle of the archive, and twice by different people
        image("bicycle/other.png", 4, 0),
        image("bicycle/both.png", 5, 0),
        image("motorcycle/both.png", 5, 1),
        image("bicycle/new.png", 6, 0),
        image("bicycle/new again.png", 6, 0),
        image("motorcycle/new.png", 7, 1),
    ]
    chosen = choose_new_images(images, known)
    assert {(one.file, one.label) for one in chosen.images} == {("bicycle/new.png", 0), ("motorcycle/new.png", 1)}
    assert [one.digest for one in chosen.images] == sorted(one.digest for one in chosen.images)

    report = told(Found(images, {"bicycle/x.png": "empty"}), chosen, CLASSES)
    digest = report.pop("sha256")
    assert report == {
        "files": 11,
        "added": {"bicycle": 1, "motorcycle": 1, "total": 2},
        "duplicates_of_test_refused": 2,
        "duplicates_of_validation_refused": 1,
        "of_several_classes_refused": 3,
        "of_several_classes": ["bicycle/other.png", "bicycle/both.png", "motorcycle/both.png"],
        "duplicates_of_training_dropped": 1,
        "repeated_dropped": 1,
        "unreadable": 1,
        "unreadable_files": {"bicycle/x.png": "empty"},
    }
    again = told(Found(images[::-1]), choose_new_images(images[::-1], known), CLASSES)
    assert again["sha256"] == digest, "of what was added, not of how it was found"


def test_without_anything_known_all_different_images_are_added() -> None:
    images = [image(f"bicycle/{seed}.png", seed, 0) for seed in range(5)]
    assert len(choose_new_images(images, NOTHING).images) == 5
    assert choose_new_images([], NOTHING).images == []
