"""What serving makes of the classifier: the same answers faster, or the classifier itself and a line that says so."""

from __future__ import annotations

import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

sys.path.insert(0, str(Path(__file__).parents[2] / "training"))  # as in the container: modules at the root

import serving_runtime
from imagenet_features import ImageNetScores
from imagenet_weights import load_imagenet_weights
from inference import model_fn, predict_fn
from model import (
    Classifier,
    ModelConfig,
    build_classifier,
    load_classifier,
    log_probabilities,
    pack_classifier,
    unit_range,
)
from serving_runtime import EagerAnswers, fastest_answers

from pipelines.training.pretrained_model import installed_weights

CHANCE = torch.Generator().manual_seed(5)
BLOCKS = torch.randint(0, 256, (12, 3, 4, 4), dtype=torch.uint8, generator=CHANCE)
PICTURES = BLOCKS.repeat_interleave(8, 2).repeat_interleave(8, 3)


@pytest.fixture(params=[False, True], ids=["net alone", "pretrained"])
def model_dir(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Of a net whose batch norms are not the identity, and whose answers are neither 0 nor 1."""
    torch.manual_seed(0)
    config = ModelConfig(("bicycle", "motorcycle"), 4, (0.5,) * 3, (0.25,) * 3, 0.05, pretrained=request.param)
    net = build_classifier(config)
    if request.param:
        net.imagenet = ImageNetScores(2)
        load_imagenet_weights(net.imagenet, installed_weights().parent)
        net.imagenet.weight.normal_(std=0.01)
    net.stem.normal_()
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
    with torch.no_grad():
        for _ in range(30):  # as in training, the norms come to know what passes through them
            net(unit_range(PICTURES))
    (tmp_path / "model.pt").write_bytes(pack_classifier(net))
    return tmp_path


@pytest.fixture
def classifier(model_dir: Path) -> Classifier:
    return load_classifier(model_dir / "model.pt")


def test_what_is_served_is_compiled_and_says_what_the_classifier_says(model_dir: Path, classifier: Classifier) -> None:
    served = model_fn(str(model_dir))
    assert isinstance(served, torch.jit.ScriptModule)
    answers = torch.cat([predict_fn(picture, served) for picture in PICTURES.split(1)])
    expected = log_probabilities(classifier, PICTURES).exp()
    assert (answers - expected).abs().max() <= 1e-5
    assert 0.01 < expected.min() < expected.max() < 0.99, "answers that a wrong runtime could not get by chance"
    assert expected[:, 0].std() > 0.001


def test_a_picture_in_any_memory_layout_gets_the_same_answer(classifier: Classifier) -> None:
    served = fastest_answers(classifier)
    by_pixel = PICTURES[:1].contiguous(memory_format=torch.channels_last)  # as decoding leaves it
    assert torch.equal(predict_fn(by_pixel, served), predict_fn(PICTURES[:1], served))


def test_the_same_picture_gets_the_same_answer_every_time_and_in_every_thread(classifier: Classifier) -> None:
    served = fastest_answers(classifier)
    first = predict_fn(PICTURES[:1], served)
    with ThreadPoolExecutor(4) as threads:
        assert all(
            torch.equal(answer, first) for answer in threads.map(lambda _: predict_fn(PICTURES[:1], served), range(20))
        )


def test_compiling_prints_no_warning_and_leaves_the_random_generator_alone(
    classifier: Classifier, caplog: pytest.LogCaptureFixture
) -> None:
    before = torch.random.get_rng_state()
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        fastest_answers(classifier)
    assert [str(each.message) for each in seen] == []
    assert caplog.records == []
    assert torch.equal(torch.random.get_rng_state(), before)


class Says(nn.Module):
    """A compiled net that went wrong."""

    def __init__(self, *probabilities: float) -> None:
        super().__init__()
        self.answer = torch.tensor([probabilities]).log()

    def forward(self, _pixels: Tensor) -> Tensor:
        return self.answer


def fails(*_arguments: Any, **_options: Any) -> nn.Module:
    raise RuntimeError("no such pass\nin this release")


@pytest.mark.parametrize(
    ("name", "replacement", "told"),
    [
        ("compile_answers", lambda _eager: Says(0.25, 0.75), "UnlikeEager: its probabilities are "),
        ("compile_answers", lambda _eager: Says(float("nan"), 0.5), "UnlikeEager: its probabilities are nan"),
        ("torch.jit.trace", fails, "RuntimeError: no such pass in this release"),
        ("torch.jit.freeze", fails, "RuntimeError: no such pass in this release"),
    ],
)
def test_what_cannot_be_compiled_or_answers_otherwise_is_served_as_it_stands(
    model_dir: Path,
    classifier: Classifier,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    name: str,
    replacement: Any,
    told: str,
) -> None:
    monkeypatch.setattr(name if "." in name else f"{serving_runtime.__name__}.{name}", replacement)
    served = model_fn(str(model_dir))
    assert isinstance(served, EagerAnswers)
    answers = torch.cat([predict_fn(picture, served) for picture in PICTURES.split(1)])
    assert (answers - log_probabilities(classifier, PICTURES).exp()).abs().max() <= 1e-5
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert record.getMessage().startswith(f"serving in eager mode, torch {torch.__version__} did not compile")
    assert told in record.getMessage()
    assert "\n" not in record.getMessage()
