"""What a training job is told: hyperparameters as flags, folders from the SM_* environment."""

import argparse
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from failure import TrainingRefused

DEFAULT_EPOCHS = 30
DEFAULT_LEARNING_RATE = 0.05
DEFAULT_BATCH_SIZE = 48
DEFAULT_SEED = 42
DEFAULT_WIDTH = 12
DEFAULT_PRETRAIN_EPOCHS = 10
DEFAULT_USE_PRETRAINED_MODEL = 1
DEFAULT_CLASSES = "bicycle,motorcycle"


class HyperparameterInvalid(TrainingRefused):
    """A flag is unknown, not of its type, or outside its range."""


@dataclass(frozen=True)
class Hyperparameters:
    """Everything, besides data and code, that the trained weights depend on. No `pretrain_epochs`: no pretraining."""

    epochs: int
    learning_rate: float
    batch_size: int
    seed: int
    width: int
    classes: tuple[str, ...]
    use_pretrained_model: bool = False
    pretrain_epochs: int = 0


@dataclass(frozen=True)
class Folders:
    """Where the container finds its input and leaves its output. No checkpoint folder: no checkpoints. What `pretrain`
    names is read with pretraining alone, `pretrained_model` with use_pretrained_model."""

    train: Path
    validation: Path
    train_lst: Path
    validation_lst: Path
    model: Path
    checkpoint: Path | None
    pretrain: Path
    pretrained_model: Path


@dataclass(frozen=True)
class Arguments:
    hyperparameters: Hyperparameters
    folders: Folders
    cpu_count: int


def parse_arguments(argv: Sequence[str], environment: Mapping[str, str] = os.environ) -> Arguments:
    """Read the flags. Folders default to the SM_* variables, and those to SageMaker's paths.

    Raises HyperparameterInvalid for a flag that is unknown, ill-typed or out of range.
    """
    flags = _parser(environment).parse_args(argv)
    hyperparameters = Hyperparameters(
        epochs=flags.epochs,
        learning_rate=flags.learning_rate,
        batch_size=flags.batch_size,
        seed=flags.seed,
        width=flags.width,
        classes=tuple(name.strip() for name in flags.classes.split(",")),
        use_pretrained_model=flags.use_pretrained_model == 1,
        pretrain_epochs=_pretrain_epochs(flags),
    )
    _check(hyperparameters)
    folders = Folders(
        train=flags.train,
        validation=flags.validation,
        train_lst=flags.train_lst,
        validation_lst=flags.validation_lst,
        model=flags.model_dir,
        checkpoint=Path(flags.checkpoint_dir) if flags.checkpoint_dir else None,
        pretrain=flags.pretrain_dir,
        pretrained_model=flags.pretrained_model_dir,
    )
    return Arguments(hyperparameters, folders, cpu_count=flags.num_cpus)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise HyperparameterInvalid(f"{message}; see train.py --help for the hyperparameters")


def _parser(environment: Mapping[str, str]) -> argparse.ArgumentParser:
    parser = _Parser(
        prog="train.py",
        description=__doc__,
        allow_abbrev=False,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    hyperparameters = parser.add_argument_group("hyperparameters")
    hyperparameters.add_argument("--epochs", type=int, default=DEFAULT_EPOCHS, help="passes over the images")
    hyperparameters.add_argument(
        "--learning-rate", type=float, default=DEFAULT_LEARNING_RATE, help="peak of the one-cycle schedule"
    )
    hyperparameters.add_argument("--batch-size", type=int, default=DEFAULT_BATCH_SIZE, help="images a step")
    hyperparameters.add_argument("--seed", type=int, default=DEFAULT_SEED, help="of all that is random")
    hyperparameters.add_argument(
        "--width", type=int, default=DEFAULT_WIDTH, help="an eighth of the last layer's channels"
    )
    hyperparameters.add_argument(
        "--use-pretrained-model",
        type=int,
        choices=(0, 1),
        default=DEFAULT_USE_PRETRAINED_MODEL,
        help="1: also ask the features of a net that has learnt ImageNet",
    )
    hyperparameters.add_argument("--classes", default=DEFAULT_CLASSES, help="names in order of label")
    hyperparameters.add_argument(
        "--pretrain",
        nargs="?",  # the service passes a value with every hyperparameter
        type=str.lower,
        choices=("true", "false"),
        const="true",
        default="false",
        help="learn from the pictures of other classes in the channel pretrain first",
    )
    hyperparameters.add_argument(
        "--pretrain-epochs",
        type=int,
        help=f"passes over those pictures, with --pretrain; {DEFAULT_PRETRAIN_EPOCHS} if not given",
    )
    folders = parser.add_argument_group("folders")
    folders.add_argument(
        "--checkpoint-dir", default="", help="where to save every epoch and resume from; empty: neither"
    )
    # Not --pretrain, as the channel's name would have it: that is the hyperparameter.
    for flag, variable, default in (
        ("--train", "SM_CHANNEL_TRAIN", "/opt/ml/input/data/train"),
        ("--validation", "SM_CHANNEL_VALIDATION", "/opt/ml/input/data/validation"),
        ("--train-lst", "SM_CHANNEL_TRAIN_LST", "/opt/ml/input/data/train_lst"),
        ("--validation-lst", "SM_CHANNEL_VALIDATION_LST", "/opt/ml/input/data/validation_lst"),
        ("--pretrain-dir", "SM_CHANNEL_PRETRAIN", "/opt/ml/input/data/pretrain"),
        ("--pretrained-model-dir", "SM_CHANNEL_PRETRAINED_MODEL", "/opt/ml/input/data/pretrained_model"),
        ("--model-dir", "SM_MODEL_DIR", "/opt/ml/model"),
    ):
        folders.add_argument(flag, type=Path, default=environment.get(variable, default), help=f"${variable}")
    parser.add_argument(
        "--num-cpus",
        type=int,
        default=environment.get("SM_NUM_CPUS", os.cpu_count() or 1),
        help="$SM_NUM_CPUS",
    )
    return parser


def _pretrain_epochs(flags: argparse.Namespace) -> int:
    """0 without --pretrain. Raises HyperparameterInvalid."""
    if flags.pretrain == "true":
        epochs = DEFAULT_PRETRAIN_EPOCHS if flags.pretrain_epochs is None else int(flags.pretrain_epochs)
        if not 1 <= epochs <= 1000:
            raise HyperparameterInvalid(f"--pretrain-epochs {epochs} is outside 1..1000")
        return epochs
    if flags.pretrain_epochs is not None:
        raise HyperparameterInvalid("--pretrain-epochs is of no effect without --pretrain; give both, or neither")
    return 0


def _check(given: Hyperparameters) -> None:
    for name, value, at_least, at_most in (
        ("epochs", given.epochs, 1, 10_000),
        ("batch-size", given.batch_size, 1, 65_536),
        ("seed", given.seed, 0, 2**31 - 1),
        ("width", given.width, 1, 512),
    ):
        if not at_least <= value <= at_most:
            raise HyperparameterInvalid(f"--{name} {value} is outside {at_least}..{at_most}")
    if not (math.isfinite(given.learning_rate) and given.learning_rate > 0):
        raise HyperparameterInvalid(f"--learning-rate {given.learning_rate} is not a number above 0")
    if len(given.classes) < 2 or len(set(given.classes)) < len(given.classes) or not all(given.classes):
        raise HyperparameterInvalid(f"--classes {','.join(given.classes)!r} must be two or more distinct names")
