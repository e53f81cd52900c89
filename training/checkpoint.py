"""Checkpoints that a killed training goes on from: one file an epoch, named by the run that it belongs to."""

import hashlib
import io
import json
import pickle
import re
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from arguments import Hyperparameters
from atomic_file import write_atomically
from image_list import LabelledImages
from torch import Tensor

KEPT = 2  # should the newest be damaged, there is one before it
UNREADABLE = (
    OSError,
    EOFError,
    RuntimeError,
    KeyError,
    TypeError,
    zipfile.BadZipFile,
    pickle.UnpicklingError,
)
NAME = re.compile(r"(?P<run>[0-9a-f]{16})-epoch-(?P<epoch>\d{5})\.pt")


class CheckpointDamaged(Exception):
    """A checkpoint file that is cut short, altered, or holds something else than this code wrote."""


@dataclass(frozen=True)
class Checkpoint:
    """`epoch` epochs are done; `state` holds tensors and plain data only."""

    epoch: int
    state: dict[str, Any]


def run_identity(
    hyperparameters: Hyperparameters,
    train: LabelledImages,
    code_dir: Path,
    body: Mapping[str, Tensor] | None = None,
) -> str:
    """16 hex digits that differ if hyperparameters, training images, training code or a pretrained body do."""
    digest = hashlib.sha256(json.dumps(asdict(hyperparameters), sort_keys=True).encode())
    digest.update(train.pixels.numpy().tobytes())
    digest.update(train.labels.numpy().tobytes())
    for weights in (body or {}).values():
        digest.update(weights.numpy().tobytes())
    for source in sorted(code_dir.glob("*.py")):
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


class CheckpointFolder:
    """The checkpoints of one run in a folder that other runs may have written to."""

    def __init__(self, folder: Path, run: str, log: Callable[[str], None]) -> None:
        self.folder = folder
        self.run = run
        self.log = log

    def save(self, checkpoint: Checkpoint) -> None:
        """Write it whole or not at all (OutputNotWritten), then drop all of this run but the newest two."""
        content = io.BytesIO()
        torch.save({"run": self.run, "epoch": checkpoint.epoch, "state": checkpoint.state}, content)
        write_atomically(self._path(checkpoint.epoch), content.getvalue())
        for epoch in self._own_epochs()[KEPT:]:
            self._path(epoch).unlink(missing_ok=True)

    def newest(self) -> Checkpoint | None:
        """The newest whole checkpoint of this run. Damaged and foreign ones are logged and passed over."""
        foreign = sum(1 for name in self._names() if name["run"] != self.run)
        if foreign:
            kind = "checkpoints of other hyperparameters, images or code"
            self.log(f"warning: {kind} in {self.folder} ignored: {foreign}")
        for epoch in self._own_epochs():
            try:
                return self._load(epoch)
            except CheckpointDamaged as error:
                self.log(f"warning: checkpoint {self._path(epoch)} skipped: {error}")
        return None

    def _load(self, epoch: int) -> Checkpoint:
        path = self._path(epoch)
        try:
            with zipfile.ZipFile(path) as archive:
                damaged_part = archive.testzip()  # torch reads altered weights without a word
            if damaged_part:
                raise CheckpointDamaged(f"checksum of {damaged_part} is wrong")
            content = torch.load(path, map_location="cpu", weights_only=True)
            if content["run"] != self.run or content["epoch"] != epoch:
                raise CheckpointDamaged("it was renamed")
            return Checkpoint(epoch, content["state"])
        except UNREADABLE as error:
            raise CheckpointDamaged(" ".join(str(error).split())[:200]) from error

    def _own_epochs(self) -> list[int]:
        return sorted((int(name["epoch"]) for name in self._names() if name["run"] == self.run), reverse=True)

    def _names(self) -> list[re.Match[str]]:
        if not self.folder.is_dir():
            return []
        matches = (NAME.fullmatch(path.name) for path in self.folder.iterdir())
        return [match for match in matches if match]

    def _path(self, epoch: int) -> Path:
        return self.folder / f"{self.run}-epoch-{epoch:05d}.pt"
