"""train.py with --pretrain, as SageMaker runs it: the channel, log lines, refusals, and a job killed meanwhile."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.functional.test_training_script import Container

LINE = r"pretraining-epoch={} pretraining:loss=[0-9.]+ pretraining:accuracy=[0-9.]+ seconds=\d+"
# True: as the service's toolkit writes it
FLAGS = ["--epochs", "2", "--use-pretrained-model", "0", "--pretrain", "True", "--pretrain-epochs", "3"]


class PretrainingContainer(Container):
    """A training job with the further channel: 24 pictures of three other classes."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        channel = root / "pretrain"
        channel.mkdir()
        labels = np.arange(24) % 3
        noise = np.random.default_rng(5).integers(0, 100, (24, 32, 32, 3))
        np.save(channel / "images.npy", (noise + 70 * labels[:, None, None, None]).astype(np.uint8))
        np.save(channel / "labels.npy", labels)
        (channel / "classes.json").write_text(json.dumps(["fig", "pear", "plum"]))

    @property
    def environment(self) -> dict[str, str]:
        return {**super().environment, "SM_CHANNEL_PRETRAIN": str(self.root / "pretrain")}


@pytest.fixture
def container(tmp_path: Path) -> PretrainingContainer:
    return PretrainingContainer(tmp_path)


@pytest.fixture(scope="module")
def finished(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[PretrainingContainer, subprocess.CompletedProcess[str]]:
    container = PretrainingContainer(tmp_path_factory.mktemp("pretrained"))
    job = container.run(*FLAGS)
    assert job.returncode == 0, job.stderr
    return container, job


def test_pretraining_comes_first_and_logs_lines_of_its_own(
    finished: tuple[PretrainingContainer, subprocess.CompletedProcess[str]],
) -> None:
    lines = [line for line in finished[1].stdout.splitlines() if "epoch" in line and "loss" in line]
    assert [line.split()[0] for line in lines] == [
        *(f"pretraining-epoch={epoch}" for epoch in (1, 2, 3)),
        *("epoch=1", "epoch=2"),
    ]
    for epoch, line in enumerate(lines[:3], start=1):
        assert re.fullmatch(LINE.format(epoch), line)
    assert "pretraining: 24 images of 3 other classes, 3 epochs" in finished[1].stdout


def test_fine_tuning_starts_from_the_body_on_the_same_stem(
    finished: tuple[PretrainingContainer, subprocess.CompletedProcess[str]],
) -> None:
    """Fine-tuned for a moment, the body is still near the pretrained one: one of other weights is 1.4 away."""
    (saved,) = (finished[0].root / "checkpoints" / "pretraining").glob("*-epoch-00003.pt")
    pretrained = torch.load(saved, weights_only=True)["state"]["average"]
    tuned = finished[0].weights()
    assert torch.equal(tuned["stem"], pretrained["stem"])
    convolutions = [name for name in pretrained if re.fullmatch(r"body\..*conv\d?\.weight", name)]
    assert convolutions
    for name in convolutions:
        distance = (tuned[name] - pretrained[name]).norm() / pretrained[name].norm()
        assert 0 < distance < 0.5, name


@pytest.mark.slow
def test_a_job_killed_while_pretraining_ends_with_the_same_weights(
    finished: tuple[PretrainingContainer, subprocess.CompletedProcess[str]], container: PretrainingContainer
) -> None:
    with subprocess.Popen(
        container.command(*FLAGS), cwd=container.code, env=container.environment, stdout=subprocess.PIPE, text=True
    ) as job:
        assert job.stdout is not None
        for line in job.stdout:
            if line.startswith("pretraining-epoch=2"):  # the first epoch's checkpoint is written, the second's may be
                job.kill()
                break
    again = container.run(*FLAGS)
    assert again.returncode == 0, again.stderr
    assert "pretraining resumed after epoch" in again.stdout
    assert "pretraining-epoch=1 " not in again.stdout
    whole, resumed = finished[0].weights(), container.weights()
    assert whole.keys() == resumed.keys()
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        (["--pretrain", "--pretrain-epochs", "0"], "--pretrain-epochs 0 is outside 1..1000"),
        (["--pretrain-epochs", "3"], "--pretrain-epochs is of no effect without --pretrain"),
        (["--pretrain", "perhaps"], "argument --pretrain: invalid choice: 'perhaps'"),
    ],
)
def test_bad_flags_fail_with_one_line(container: PretrainingContainer, flags: list[str], reason: str) -> None:
    container.assert_refused(container.run(*flags), reason)


def test_the_flag_without_the_channel_fails_with_one_line(container: PretrainingContainer) -> None:
    shutil.rmtree(container.root / "pretrain")
    container.assert_refused(
        container.run("--pretrain"), "name the channel in InputDataConfig, or leave --pretrain out"
    )
