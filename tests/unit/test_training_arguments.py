"""Hyperparameters and folders: what is read from flags and environment, and what is refused."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "training"))  # as in the container: modules at the root

from arguments import HyperparameterInvalid, parse_arguments


def test_flags_are_typed() -> None:
    flags = ["--epochs", "3", "--learning-rate", "0.1", "--batch-size", "8", "--seed", "5", "--width", "6"]
    more = ["--use-pretrained-model", "0", "--classes", "cat, dog"]
    given = parse_arguments([*flags, *more], {}).hyperparameters
    assert given.use_pretrained_model is False
    assert (given.epochs, given.learning_rate, given.batch_size, given.seed, given.width) == (3, 0.1, 8, 5, 6)
    assert given.classes == ("cat", "dog")


def test_the_defaults_are_the_containers_folders_and_no_checkpoints() -> None:
    arguments = parse_arguments([], {})
    assert arguments.hyperparameters.use_pretrained_model is True
    assert arguments.hyperparameters.classes == ("bicycle", "motorcycle")
    assert arguments.folders.train_lst == Path("/opt/ml/input/data/train_lst")
    assert arguments.folders.model == Path("/opt/ml/model")
    assert arguments.folders.checkpoint is None


def test_folders_come_from_the_environment_and_flags_win() -> None:
    environment = {
        "SM_CHANNEL_TRAIN": "/a",
        "SM_CHANNEL_VALIDATION": "/b",
        "SM_MODEL_DIR": "/m",
        "SM_NUM_CPUS": "8",
    }
    arguments = parse_arguments(["--validation", "/c", "--checkpoint-dir", "/k"], environment)
    assert arguments.folders.train == Path("/a")
    assert arguments.folders.validation == Path("/c")
    assert arguments.folders.model == Path("/m")
    assert arguments.folders.checkpoint == Path("/k")
    assert arguments.cpu_count == 8


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        (["--epochs", "0"], "--epochs 0 is outside 1"),
        (["--epochs", "-3"], "--epochs -3 is outside 1"),
        (["--epochs", "many"], "invalid int value: 'many'"),
        (["--learning-rate", "0"], "--learning-rate 0.0 is not a number above 0"),
        (["--learning-rate", "-1"], "--learning-rate -1.0 is not a number above 0"),
        (["--learning-rate", "nan"], "--learning-rate nan is not a number above 0"),
        (["--learning-rate", "inf"], "--learning-rate inf is not a number above 0"),
        (["--batch-size", "0"], "--batch-size 0 is outside 1"),
        (["--width", "0"], "--width 0 is outside 1"),
        (["--use-pretrained-model", "2"], "--use-pretrained-model: invalid choice: 2"),
        (["--use-pretrained-model", "yes"], "--use-pretrained-model: invalid int value: 'yes'"),
        (["--seed", "-1"], "--seed -1 is outside 0"),
        (["--classes", "bicycle"], "--classes 'bicycle' must be two or more"),
        (["--classes", "bicycle,bicycle"], "must be two or more"),
        (["--classes", "bicycle,,motorcycle"], "must be two or more"),
        (["--epoch", "3"], "unrecognized arguments: --epoch 3"),
        (["--momentum", "0.9"], "unrecognized arguments: --momentum 0.9"),
    ],
)
def test_bad_hyperparameters_are_refused(flags: list[str], reason: str) -> None:
    with pytest.raises(HyperparameterInvalid, match=reason):
        parse_arguments(flags, {})
