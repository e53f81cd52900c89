"""A job's folder: it stands for the container's root, has /opt/ml below it, and goes when the job is over.

A job that succeeded or was stopped leaves only its configuration, messages and metrics; one that failed leaves
everything, to be looked at, until five others of its kind have failed after it, or it is deleted.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import Any

from local_aws.sagemaker.jobs.path_mapping import PathMapping

KIND_FOLDERS = {"ProcessingJob": "processing", "TrainingJob": "training", "TransformJob": "transform"}
FAILED_TREES_KEPT = 5
FAILED_MARK = ".failed"
SCRATCH_LINK, SCRATCH_PREFIX = ".scratch", "job-"
SAFE_PATH = re.compile(r"[\w./+@%:,-]+")
KEPT = ("config", "input/config", "output/failure", "output/message", "output/metrics")


class JobTree:
    """The folder of one container of a job."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self.opt_ml = self.root / "opt" / "ml"
        self.opt_ml.mkdir(parents=True)
        # outside the tree: the path of a socket, such as a data loader's, may have 107 bytes at most
        self.scratch = Path(tempfile.mkdtemp(prefix=SCRATCH_PREFIX))
        (self.root / SCRATCH_LINK).symlink_to(self.scratch)
        self.mapping = PathMapping(self.opt_ml, self._safe_name())

    def _safe_name(self) -> Path:
        """The path of /opt/ml for commands, which shells read: a link where its own has a space."""
        if SAFE_PATH.fullmatch(str(self.opt_ml)):
            return self.opt_ml
        link = self.scratch / "root"
        link.symlink_to(self.root)
        return link / "opt" / "ml"

    def folder(self, relative: str) -> Path:
        """A folder below /opt/ml, made where it is not there."""
        path = self.opt_ml / relative
        path.mkdir(parents=True, exist_ok=True)
        return path

    def write_json(self, relative: str, content: Any) -> None:
        """Write a configuration file below /opt/ml."""
        path = self.opt_ml / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content))

    def read_message(self, relative: str) -> str:
        """The text that the container left in a file below /opt/ml; empty where it left none."""
        try:
            return (self.opt_ml / relative).read_text(errors="replace").strip()
        except OSError:
            return ""

    def forget_scratch(self) -> None:
        """Remove the container's temporary files."""
        forget_scratch(self.root)


def job_root(state_dir: Path, kind: str, name: str) -> Path:
    """The folder of a job."""
    return state_dir / "jobs" / KIND_FOLDERS[kind] / name


def fresh_root(state_dir: Path, kind: str, name: str) -> Path:
    """The folder of a job that begins: empty, whatever an earlier job of the name left there."""
    root = job_root(state_dir, kind, name)
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    return root


def remove(state_dir: Path, kind: str, name: str) -> None:
    """Forget a job's folder."""
    shutil.rmtree(job_root(state_dir, kind, name), ignore_errors=True)


def forget_scratch(root: Path) -> None:
    """Remove the temporary files of all containers of a job, those of one that was killed too."""
    for link in [root / SCRATCH_LINK, *root.glob(f"algo-*/{SCRATCH_LINK}")]:
        try:
            target = Path(os.readlink(link))
            link.unlink()
        except OSError:
            continue  # not there, or somebody else is at it already
        # a container can write here: no link of its making is followed to other places
        if target.parent == Path(tempfile.gettempdir()) and target.name.startswith(SCRATCH_PREFIX):
            shutil.rmtree(target, ignore_errors=True)


def strip(root: Path) -> None:
    """Keep of an ended job no more than its configuration, messages and metrics."""
    for opt_ml in [*root.glob("opt/ml"), *root.glob("algo-*/opt/ml")]:
        kept = {opt_ml / name for name in KEPT}
        _remove_all_but(opt_ml, kept)
    for entry in root.iterdir():
        if entry.name != "opt" and not entry.name.startswith("algo-"):
            _remove(entry)


def keep_failed(root: Path) -> None:
    """Keep a failed job's folder whole, and strip the oldest of those kept before."""
    (root / FAILED_MARK).touch()
    marks = sorted(root.parent.glob(f"*/{FAILED_MARK}"), key=lambda mark: mark.stat().st_mtime, reverse=True)
    for mark in marks[FAILED_TREES_KEPT:]:
        strip(mark.parent)


def _remove_all_but(folder: Path, kept: set[Path]) -> None:
    for entry in folder.iterdir():
        if entry in kept:
            continue
        if any(entry in path.parents for path in kept) and entry.is_dir() and not entry.is_symlink():
            _remove_all_but(entry, kept)
        else:
            _remove(entry)


def _remove(entry: Path) -> None:
    if entry.is_dir() and not entry.is_symlink():
        shutil.rmtree(entry, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            entry.unlink()
