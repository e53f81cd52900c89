"""Pretraining as a part of the training job: from the channel to a body, with log lines, checkpoints and resume."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from checkpoint import Checkpoint, CheckpointFolder
from model import IMAGE_SIZE, Classifier
from pretraining import Pretraining
from pretraining_images import PretrainingImages, read_pretraining_images
from torch import Tensor

CHECKPOINT_FOLDER = "pretraining"  # within the job's, whose files are fine-tuning's


@dataclass(frozen=True)
class PretrainingPlan:
    """The channel's folder, how often to go over its pictures, and where to save each time (None: nowhere)."""

    channel: Path
    epochs: int
    seed: int
    checkpoint: Path | None


def pretrained_body(
    plan: PretrainingPlan, like: Classifier, code_dir: Path, log: Callable[[str], None]
) -> dict[str, Tensor]:
    """The weights of `Classifier.body`, learnt on the stem of `like`: a net as fine-tuning starts with.

    Goes on from the newest whole checkpoint; where that is the last one, nothing is learnt again. Raises
    ChannelMissing, PretrainingImagesInvalid, PretrainingDiverged, OutputNotWritten.
    """
    images = read_pretraining_images(plan.channel, IMAGE_SIZE)
    log(f"pretraining: {len(images.labelled)} images of {len(images.classes)} other classes, {plan.epochs} epochs")
    pretraining = Pretraining(images, like, plan.epochs, plan.seed, log)
    checkpoints = _open_checkpoints(plan, images, like, code_dir, log)
    done = _resume(pretraining, checkpoints, log)
    for epoch in range(done + 1, plan.epochs + 1):
        started = monotonic()
        loss, accuracy = pretraining.fit_epoch(epoch)
        # Not `pretrain:loss`: fine-tuning's expression `train:loss=` would find itself in it.
        figures = f"pretraining:loss={loss:.4f} pretraining:accuracy={accuracy:.4f}"
        log(f"pretraining-epoch={epoch} {figures} seconds={monotonic() - started:.0f}")
        if checkpoints:
            checkpoints.save(Checkpoint(epoch, pretraining.state()))
    return pretraining.body()


def _open_checkpoints(
    plan: PretrainingPlan, images: PretrainingImages, like: Classifier, code_dir: Path, log: Callable[[str], None]
) -> CheckpointFolder | None:
    if plan.checkpoint is None:
        return None
    return CheckpointFolder(plan.checkpoint / CHECKPOINT_FOLDER, _identity(plan, images, like, code_dir), log)


def _identity(plan: PretrainingPlan, images: PretrainingImages, like: Classifier, code_dir: Path) -> str:
    """16 hex digits of all that the body depends on.

    The stem is part of it: another machine may compute its filters with other signs, which a body does not survive.
    """
    config = like.config
    told = [plan.epochs, plan.seed, config.width, config.mean, config.std, images.classes]
    digest = hashlib.sha256(json.dumps(told).encode())
    for tensor in (like.stem, images.labelled.pixels, images.labelled.labels):
        digest.update(tensor.cpu().contiguous().numpy().tobytes())
    for source in sorted(code_dir.glob("*.py")):
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


def _resume(pretraining: Pretraining, checkpoints: CheckpointFolder | None, log: Callable[[str], None]) -> int:
    newest = checkpoints.newest() if checkpoints else None
    if newest is None:
        return 0
    pretraining.restore(newest.state)
    log(f"pretraining resumed after epoch {newest.epoch}")
    return newest.epoch
