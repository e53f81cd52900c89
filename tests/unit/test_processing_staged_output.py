"""Output appears whole or not at all: over ready-made folders, across mounts, on a full disk."""

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from processing import staged_output
from processing.staged_output import OutputNotEmpty, OutputNotWritable, staged_file, staged_folder


def fill(staging: Path) -> None:
    (staging / "train").mkdir()
    (staging / "train" / "a.png").write_text("a")
    (staging / "report.json").write_text("{}")


def tree(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


NAMES = ("train", "report.json")
WHOLE = ["report.json", "train", "train/a.png"]


def test_output_is_moved_into_folders_that_exist_already(tmp_path: Path) -> None:
    (tmp_path / "train").mkdir()
    inode = (tmp_path / "train").stat().st_ino
    with staged_folder(tmp_path, NAMES) as staging:
        fill(staging)
        assert tree(tmp_path / "train") == []
    assert tree(tmp_path) == WHOLE
    assert (tmp_path / "train").stat().st_ino == inode


def test_failure_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeyError), staged_folder(tmp_path, NAMES) as staging:
        fill(staging)
        raise KeyError
    assert tree(tmp_path) == []


def test_output_on_another_mount_is_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replace = os.replace

    def replace_within_a_folder(source: Path, target: Path) -> None:
        if Path(source).parent != Path(target).parent:
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        replace(source, target)

    monkeypatch.setattr(staged_output.os, "replace", replace_within_a_folder)
    with staged_folder(tmp_path, NAMES) as staging:
        fill(staging)
    assert tree(tmp_path) == WHOLE


def test_failure_while_moving_takes_back_what_was_moved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replace = os.replace

    def replace_but_the_report(source: Path, target: Path) -> None:
        if Path(target).name == "report.json":
            raise OSError(errno.ENOSPC, "No space left on device", str(target))
        replace(source, target)

    monkeypatch.setattr(staged_output.os, "replace", replace_but_the_report)
    refusal = pytest.raises(OutputNotWritable, match=r"report\.json: No space left on device")
    with refusal, staged_folder(tmp_path, NAMES) as staging:
        fill(staging)
    assert tree(tmp_path) == []


@pytest.mark.parametrize("taken", ["train/old.png", "report.json"])
def test_place_that_is_taken_is_refused_and_left_alone(taken: str, tmp_path: Path) -> None:
    (tmp_path / taken).parent.mkdir(exist_ok=True)
    (tmp_path / taken).write_text("old")
    before = tree(tmp_path)
    with pytest.raises(OutputNotEmpty), staged_folder(tmp_path, NAMES):
        pytest.fail("entered")
    assert tree(tmp_path) == before


def test_file_in_the_place_of_the_output_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    with pytest.raises(OutputNotWritable), staged_folder(tmp_path / "out", NAMES):
        pytest.fail("entered")


def test_full_disk_keeps_the_file_that_was_there(tmp_path: Path) -> None:
    output = tmp_path / "archive.tar.gz"
    output.write_text("old")

    def write_until_full(staging: Path) -> None:
        staging.write_text("half")
        raise OSError(errno.ENOSPC, "No space left on device")

    refusal = pytest.raises(OutputNotWritable, match=r"archive\.tar\.gz: No space left on device; free some space")
    with refusal, staged_file(output) as staging:
        write_until_full(staging)
    assert output.read_text() == "old"
    assert tree(tmp_path) == ["archive.tar.gz"]


def test_finished_file_replaces_the_old_one(tmp_path: Path) -> None:
    output: Any = tmp_path / "new" / "file"
    with staged_file(output) as staging:
        staging.write_text("new")
    assert output.read_text() == "new"
    assert tree(tmp_path) == ["new", "new/file"]
