"""Checkpoints: whole or absent, the newest whole one of the very same run or none."""

import resource
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

sys.path.insert(0, str(Path(__file__).parents[2] / "training"))  # as in the container: modules at the root

from arguments import Hyperparameters
from atomic_file import OutputNotWritten
from checkpoint import Checkpoint, CheckpointFolder, run_identity
from image_list import LabelledImages

RUN = "0123456789abcdef"


class Log:
    def __init__(self) -> None:
        self.lines: list[str] = []

    def __call__(self, line: str) -> None:
        self.lines.append(line)


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
def folder(tmp_path: Path, log: Log) -> CheckpointFolder:
    return CheckpointFolder(tmp_path / "checkpoints", RUN, log)


def at(epoch: int) -> Checkpoint:
    return Checkpoint(epoch, {"weight": torch.full((500,), float(epoch))})


def file_of(folder: CheckpointFolder, epoch: int) -> Path:
    (found,) = folder.folder.glob(f"*-epoch-{epoch:05d}.pt")
    return found


def test_no_folder_yet_means_no_checkpoint(folder: CheckpointFolder, log: Log) -> None:
    assert folder.newest() is None
    assert log.lines == []


def test_the_newest_comes_back(folder: CheckpointFolder, log: Log) -> None:
    folder.save(at(9))
    folder.save(at(10))
    newest = folder.newest()
    assert newest is not None
    assert newest.epoch == 10
    assert torch.equal(newest.state["weight"], at(10).state["weight"])
    assert log.lines == []


def test_only_the_last_two_are_kept(folder: CheckpointFolder) -> None:
    for epoch in range(1, 6):
        folder.save(at(epoch))
    assert sorted(path.name for path in folder.folder.iterdir()) == [
        f"{RUN}-epoch-00004.pt",
        f"{RUN}-epoch-00005.pt",
    ]


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-700])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def alter(path: Path) -> None:
    content = path.read_bytes()
    position = content.index(at(2).state["weight"].numpy().tobytes()) + 100
    path.write_bytes(content[:position] + b"\xff" + content[position + 1 :])


def replace_by_text(path: Path) -> None:
    path.write_text("not a checkpoint")


def replace_by_other_data(path: Path) -> None:
    torch.save(["something else"], path)


def replace_by_an_older_one(path: Path) -> None:
    path.write_bytes(path.with_name(f"{RUN}-epoch-00001.pt").read_bytes())


@pytest.mark.parametrize(
    "damage",
    [truncate, empty, alter, replace_by_text, replace_by_other_data, replace_by_an_older_one],
)
def test_a_damaged_checkpoint_is_skipped_with_a_warning(
    folder: CheckpointFolder, log: Log, damage: Callable[[Path], None]
) -> None:
    folder.save(at(1))
    folder.save(at(2))
    damage(file_of(folder, 2))
    newest = folder.newest()
    assert newest is not None
    assert newest.epoch == 1
    (line,) = log.lines
    assert line.startswith("warning: checkpoint ")
    assert "00002.pt skipped" in line
    assert "\n" not in line


def test_a_checkpoint_that_would_run_code_is_skipped_and_does_not(folder: CheckpointFolder, log: Log) -> None:
    target = folder.folder / "touched"

    class Malicious:
        def __reduce__(self) -> tuple[object, tuple[Path]]:
            return Path.touch, (target,)

    folder.folder.mkdir()
    torch.save({"run": RUN, "epoch": 3, "state": Malicious()}, folder.folder / f"{RUN}-epoch-00003.pt")
    assert folder.newest() is None
    assert not target.exists()
    assert "skipped" in log.lines[0]


def test_checkpoints_of_other_runs_are_ignored_with_one_line_and_left_alone(folder: CheckpointFolder, log: Log) -> None:
    other = CheckpointFolder(folder.folder, "f" * 16, log)
    other.save(at(7))
    other.save(at(8))
    assert folder.newest() is None
    (line,) = log.lines
    assert line == (f"warning: checkpoints of other hyperparameters, images or code in {folder.folder} ignored: 2")
    for epoch in (1, 2, 3):
        folder.save(at(epoch))
    assert len(list(folder.folder.iterdir())) == 4
    newest = other.newest()
    assert newest is not None
    assert newest.epoch == 8


def test_files_of_other_names_are_no_concern(folder: CheckpointFolder, log: Log) -> None:
    folder.folder.mkdir()
    (folder.folder / ".gitkeep").touch()
    (folder.folder / f".{RUN}-epoch-00001.pt.99.partial").touch()
    assert folder.newest() is None
    assert log.lines == []


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path, log: Log) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputNotWritten, match=r"file.* could not be written: .+; free space or check"):
        CheckpointFolder(tmp_path / "file" / "checkpoints", RUN, log).save(at(1))


def test_a_disk_that_fills_up_leaves_the_older_checkpoint_and_nothing_half_written(
    folder: CheckpointFolder,
) -> None:
    folder.save(at(1))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(OutputNotWritten, match=r"00002\.pt could not be written: .+; free space"):
            folder.save(at(2))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [path.name for path in folder.folder.iterdir()] == [f"{RUN}-epoch-00001.pt"]


def test_the_identity_changes_with_hyperparameters_images_labels_and_code(tmp_path: Path) -> None:
    def identity(epochs: int = 2, pixel: int = 0, label: int = 0) -> str:
        hyperparameters = Hyperparameters(epochs, 0.1, 8, 1, 2, ("bicycle", "motorcycle"))
        pixels = torch.full((1, 3, 32, 32), pixel, dtype=torch.uint8)
        return run_identity(hyperparameters, LabelledImages(pixels, torch.tensor([label])), tmp_path)

    first = identity()
    assert identity() == first
    (tmp_path / "fitting.py").write_text("EPSILON = 1")
    assert len({first, identity(), identity(epochs=3), identity(pixel=1), identity(label=1)}) == 5
