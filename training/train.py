"""Entry point of the training job: reads the channels, fits the classifier, leaves it in the model folder."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from arguments import Arguments, Folders, parse_arguments
from failure import TrainingRefused, report_failure

if TYPE_CHECKING:  # torch takes seconds to load; --help and refused flags need not wait for it
    from checkpoint import CheckpointFolder
    from fitting import Figures, Fitting
    from image_list import LabelledImages
    from imagenet_features import ImageNetScores
    from torch import Tensor

CODE_DIR = Path(__file__).resolve().parent
MOST_THREADS = 2  # so small a net gains nothing from more, and results stay alike across instances


def main() -> int:
    """Run the job: 0 if the model is written, 1 with one line of reason if the input does not allow it."""
    try:
        run(parse_arguments(sys.argv[1:]))
    except TrainingRefused as error:
        report_failure(str(error))
        return 1
    return 0


def run(arguments: Arguments) -> None:
    """Train as told and write the model. Raises a TrainingRefused that says what a person can mend."""
    # Read when torch loads: on shared cores, threads that spin while they wait cost three times the CPU.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # without it, matrix products on GPUs vary
    import torch
    from fitting import Fitting
    from model_folder import write_model_folder
    from pretraining import fine_tuning

    torch.set_num_threads(max(1, min(arguments.cpu_count, MOST_THREADS)))
    # The same weights again, bit by bit. What has no such implementation on a GPU says so and runs.
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]  # for debugging, and slow
    train, validation = read_images(arguments.folders, arguments.hyperparameters.classes)
    log(f"images: train={len(train)} validation={len(validation)}")
    body = pretrain(arguments, train)
    hyperparameters = fine_tuning(arguments.hyperparameters) if body else arguments.hyperparameters
    fitting = Fitting(hyperparameters, train, body, fit_pretrained_model(arguments, train))
    checkpoints = open_checkpoints(arguments, train, body)
    done = resume(fitting, checkpoints, validation)
    fit(fitting, range(done + 1, arguments.hyperparameters.epochs + 1), validation, checkpoints)
    write_model_folder(arguments.folders.model, fitting.fitted(), CODE_DIR)
    log(f"model written to {arguments.folders.model}")


def read_images(folders: Folders, classes: tuple[str, ...]) -> "tuple[LabelledImages, LabelledImages]":
    """The training and the validation images. Raises what `image_list` raises."""
    from image_list import check_every_class, read_labelled_images
    from model import IMAGE_SIZE

    train = read_labelled_images(folders.train_lst, folders.train, len(classes), IMAGE_SIZE)
    check_every_class(train, classes, folders.train_lst)
    return train, read_labelled_images(folders.validation_lst, folders.validation, len(classes), IMAGE_SIZE)


def pretrain(arguments: Arguments, train: "LabelledImages") -> "dict[str, Tensor] | None":
    """The body to start from, learnt from pictures of other classes; None where that was not asked for."""
    from fitting import untrained
    from model import unit_range
    from pretraining_job import PretrainingPlan, pretrained_body

    given, folders = arguments.hyperparameters, arguments.folders
    if not given.pretrain_epochs:
        return None
    plan = PretrainingPlan(folders.pretrain, given.pretrain_epochs, given.seed, folders.checkpoint)
    return pretrained_body(plan, untrained(given, unit_range(train.pixels)), CODE_DIR, log)


def fit_pretrained_model(arguments: Arguments, train: "LabelledImages") -> "ImageNetScores | None":
    """ImageNet's features, fitted to these images; None if not asked for. Raises PretrainedModelUnusable."""
    from fitting import IMAGENET_EVIDENCE
    from imagenet_fitting import fit_imagenet_scores

    given = arguments.hyperparameters
    if not given.use_pretrained_model:
        return None
    return fit_imagenet_scores(train, len(given.classes), IMAGENET_EVIDENCE, arguments.folders.pretrained_model)


def open_checkpoints(
    arguments: Arguments, train: "LabelledImages", body: "Mapping[str, Tensor] | None"
) -> "CheckpointFolder | None":
    """The checkpoints of this very run, if a folder for them was given."""
    from checkpoint import CheckpointFolder, run_identity

    if arguments.folders.checkpoint is None:
        return None
    identity = run_identity(arguments.hyperparameters, train, CODE_DIR, body)
    return CheckpointFolder(arguments.folders.checkpoint, identity, log)


def resume(fitting: "Fitting", checkpoints: "CheckpointFolder | None", validation: "LabelledImages") -> int:
    """Go on from the newest whole checkpoint; the number of epochs that are done."""
    newest = checkpoints.newest() if checkpoints else None
    if newest is None:
        return 0
    fitting.restore(newest.state)
    log(f"resumed after epoch={newest.epoch} {described('validation', fitting.validate(validation))}")
    return newest.epoch


def fit(
    fitting: "Fitting", epochs: range, validation: "LabelledImages", checkpoints: "CheckpointFolder | None"
) -> None:
    """Run `epochs`, with a line of figures for the job's metric definitions and a checkpoint after each."""
    from checkpoint import Checkpoint

    for epoch in epochs:
        trained = described("train", fitting.fit_epoch(epoch))
        log(f"epoch={epoch} {trained} {described('validation', fitting.validate(validation))}")
        if checkpoints:
            checkpoints.save(Checkpoint(epoch, fitting.state()))


def described(channel: str, figures: "Figures") -> str:
    """`train:loss=0.4100 train:accuracy=0.8800`: what the metric definitions' expressions look for."""
    return f"{channel}:loss={figures.loss:.4f} {channel}:accuracy={figures.accuracy:.4f}"


def log(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
