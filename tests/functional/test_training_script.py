"""train.py as SageMaker runs it: a process in its unpacked sourcedir, with SM_* variables and flags."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from pipelines.training.pretrained_model import installed_weights
from tests.waiting import PATIENCE_SECONDS

TRAINING = Path(__file__).parents[2] / "training"
EPOCH_LINE = r"epoch={} train:loss=[0-9.]+ train:accuracy=[0-9.]+ validation:loss=[0-9.]+ validation:accuracy=[0-9.]+"
FLAGS = ["--batch-size", "10", "--width", "2", "--seed", "3", "--use-pretrained-model", "0"]
Job = Callable[..., "subprocess.CompletedProcess[str]"]


class Container:
    """The folders of one training job."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.code = root / "code"
        shutil.copytree(TRAINING, self.code, ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("model", "output"):
            (root / name).mkdir()
        write_channel(root, "train", 40)
        write_channel(root, "validation", 8)

    @property
    def environment(self) -> dict[str, str]:
        channels = {
            f"SM_CHANNEL_{name.upper()}": str(self.root / name)
            for name in ("train", "validation", "train_lst", "validation_lst")
        }
        folders = {"SM_MODEL_DIR": str(self.root / "model"), "SM_OUTPUT_DIR": str(self.root / "output")}
        channels["SM_CHANNEL_PRETRAINED_MODEL"] = str(installed_weights().parent)
        return {"PATH": os.environ["PATH"], "SM_NUM_CPUS": "1", **channels, **folders}

    def command(self, *flags: str) -> list[str]:
        return [
            sys.executable,
            "train.py",
            *FLAGS,
            "--checkpoint-dir",
            str(self.root / "checkpoints"),
            *flags,
        ]

    def run(self, *flags: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            self.command(*flags),
            cwd=self.code,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )

    def weights(self) -> dict[str, torch.Tensor]:
        content = torch.load(self.root / "model" / "model.pt", weights_only=True)
        return dict(content["state_dict"])

    def assert_refused(self, job: "subprocess.CompletedProcess[str]", reason: str) -> None:
        assert job.returncode == 1
        (line,) = job.stderr.splitlines()
        assert reason in line
        assert (self.root / "output" / "failure").read_text() == line
        assert list((self.root / "model").iterdir()) == []


def write_channel(root: Path, name: str, count: int) -> None:
    """`count` noisy pictures, dark ones of label 0 and bright ones of label 1, and their list."""
    (root / name).mkdir()
    (root / f"{name}_lst").mkdir()
    noise = np.random.default_rng(count)
    rows = []
    for index in range(count):
        pixels = noise.integers(0, 120, (32, 32, 3)) + 130 * (index % 2)
        Image.fromarray(pixels.astype(np.uint8)).save(root / name / f"{name}_{index:05d}.png")
        rows.append(f"{index}\t{index % 2}\t{name}_{index:05d}.png\n")
    (root / f"{name}_lst" / f"{name}.lst").write_text("".join(rows))


@pytest.fixture
def container(tmp_path: Path) -> Container:
    return Container(tmp_path)


@pytest.fixture(scope="module")
def finished(
    tmp_path_factory: pytest.TempPathFactory,
) -> "tuple[Container, subprocess.CompletedProcess[str]]":
    """A job of three epochs that nothing disturbed."""
    container = Container(tmp_path_factory.mktemp("finished"))
    job = container.run("--epochs", "3", "--use-pretrained-model", "1")
    assert job.returncode == 0, job.stderr
    return container, job


def test_every_epoch_logs_a_line_that_metric_definitions_pick_up(
    finished: "tuple[Container, subprocess.CompletedProcess[str]]",
) -> None:
    container, job = finished
    lines = [line for line in job.stdout.splitlines() if line.startswith("epoch=")]
    assert len(lines) == 3
    for number, line in enumerate(lines, start=1):
        assert re.fullmatch(EPOCH_LINE.format(number), line)
    assert job.stderr == ""
    assert not (container.root / "output" / "failure").exists()


def test_the_model_folder_serves_by_itself(
    finished: "tuple[Container, subprocess.CompletedProcess[str]]", tmp_path: Path
) -> None:
    root = finished[0].root
    model = shutil.copytree(root / "model", tmp_path / "model")
    assert sorted(str(path.relative_to(model)) for path in model.rglob("*") if path.is_file()) == [
        "code/image_decoding.py",
        "code/imagenet_features.py",
        "code/inference.py",
        "code/model.py",
        "code/serving_runtime.py",
        "model.pt",
    ]
    script = (
        "import sys; from inference import *; model = model_fn(sys.argv[1])\n"
        "for path in sys.argv[2:]:\n"
        "    body = open(path, 'rb').read()\n"
        "    print(output_fn(predict_fn(input_fn(body, 'image/png'), model), 'application/json')[0])\n"
    )
    images = [str(root / "validation" / f"validation_0000{index}.png") for index in (0, 1)]
    served = subprocess.run(
        [sys.executable, "-c", script, str(model), *images],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(model / "code")},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=True,
    )
    assert served.stderr == ""
    dark, bright = (json.loads(line) for line in served.stdout.splitlines())
    assert sum(dark) == pytest.approx(1)
    assert sum(bright) == pytest.approx(1)
    assert dark[0] > bright[0]


def test_a_killed_job_started_again_ends_with_the_same_weights(
    finished: "tuple[Container, subprocess.CompletedProcess[str]]", container: Container
) -> None:
    with subprocess.Popen(
        container.command("--epochs", "3", "--use-pretrained-model", "1"),
        cwd=container.code,
        env=container.environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as job:
        assert job.stdout is not None
        for line in job.stdout:
            if line.startswith("epoch=2"):  # the first epoch's checkpoint is written, the second's may be
                job.kill()
                break
    newest = max((container.root / "checkpoints").glob("*.pt"))
    damaged = newest.with_name(newest.name[:-8] + "00003.pt")
    damaged.write_bytes(newest.read_bytes()[:-100])
    foreign = newest.with_name("0" * 16 + "-epoch-00009.pt")
    foreign.write_bytes(newest.read_bytes())

    again = container.run("--epochs", "3", "--use-pretrained-model", "1")

    assert again.returncode == 0, again.stderr
    assert f"{damaged} skipped: " in again.stdout
    assert "checkpoints of other hyperparameters, images or code" in again.stdout
    assert "resumed after epoch=" in again.stdout
    assert "epoch=1 train" not in again.stdout
    whole, resumed = finished[0].weights(), container.weights()
    assert whole.keys() == resumed.keys()
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        (["--epochs", "0"], "--epochs 0 is outside 1"),
        (["--learning-rate", "-0.1"], "--learning-rate -0.1 is not a number above 0"),
        (["--momentum", "1"], "unrecognized arguments: --momentum 1"),
    ],
)
def test_bad_hyperparameters_fail_with_one_line(container: Container, flags: list[str], reason: str) -> None:
    container.assert_refused(container.run(*flags), reason)


def test_a_missing_image_fails_with_one_line(container: Container) -> None:
    (container.root / "train" / "train_00007.png").unlink()
    container.assert_refused(container.run(), "train.lst:8: ")


def test_a_damaged_validation_image_fails_with_one_line(container: Container) -> None:
    (container.root / "validation" / "validation_00002.png").write_bytes(b"\x89PNG damaged")
    container.assert_refused(container.run(), "validation_00002.png")


def test_a_diverging_training_fails_with_one_line(container: Container) -> None:
    job = container.run("--learning-rate", "1e30", "--epochs", "3")
    container.assert_refused(job, "lower --learning-rate (it is 1e+30)")


def test_help_needs_no_torch(container: Container) -> None:
    (container.code / "torch.py").write_text("raise AssertionError('torch was imported')")
    job = container.run("--help")
    assert job.returncode == 0
    assert "--learning-rate" in job.stdout
