"""The .lst format: written and read back, and every malformed line refused by number."""

from pathlib import Path

import pytest

from processing.image_list import ListedImage, MalformedImageList, read_image_list, write_image_list


def test_list_is_tab_separated_and_reads_back(tmp_path: Path) -> None:
    images = [ListedImage("a.png", 0), ListedImage("b c.png", 1)]
    write_image_list(tmp_path / "x.lst", images)
    assert (tmp_path / "x.lst").read_text() == "0\t0\ta.png\n1\t1\tb c.png\n"
    assert read_image_list(tmp_path / "x.lst") == images


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "names no image"),
        ("0\t0\ta.png\n1\t1\n", "line 2"),
        ("0\t-1\ta.png\n", "line 1"),
        ("0\tone\ta.png\n", "line 1"),
        ("0\t0\t../a.png\n", "line 1"),
        ("0 0 a.png\n", "line 1"),
        ("0\t0\ta.png\n1\t1\ta.png\n", "twice"),
    ],
)
def test_malformed_list_is_refused(text: str, fault: str, tmp_path: Path) -> None:
    (tmp_path / "x.lst").write_text(text)
    with pytest.raises(MalformedImageList, match=fault):
        read_image_list(tmp_path / "x.lst")


def test_missing_list_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MalformedImageList, match="cannot be read"):
        read_image_list(tmp_path / "x.lst")
