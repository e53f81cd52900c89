"""The pretrained model's scores: the published weights, what is refused, that the fit is right and repeatable."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import Generator, nn

sys.path.insert(0, str(Path(__file__).parents[2] / "training"))  # as in the container: modules at the root

import imagenet_weights
from image_list import LabelledImages
from imagenet_features import FEATURES, RESOLUTION, STAGES, Convolution, ImageNetScores
from imagenet_fitting import RIDGE, feature_weights, features_of, fit_imagenet_scores, ridge_weights
from imagenet_weights import PretrainedModelUnusable, layer_names, load_imagenet_weights
from model import unit_range

from pipelines.training import pretrained_model
from pipelines.training.pretrained_model import installed_weights

WEIGHTS = installed_weights().parent


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """So little is slower on two."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def stripes(count: int, seed: int = 3) -> LabelledImages:
    """Noisy pictures with stripes across (label 0) or upright (label 1), bright and dark alike."""
    chance = Generator().manual_seed(seed)
    labels = torch.arange(count) % 2
    wave = 60 * torch.sin(torch.arange(32) * 0.9)
    across = wave.view(1, 1, 32, 1).expand(count, 3, 32, 32)
    stripe = torch.where(labels.view(-1, 1, 1, 1) == 0, across, across.transpose(2, 3))
    level = 90 + 60 * torch.rand(count, 1, 1, 1, generator=chance)
    noise = 5 * torch.randn(count, 3, 32, 32, generator=chance)
    return LabelledImages((level + stripe + noise).clamp(0, 255).to(torch.uint8), labels)


@pytest.fixture(scope="module")
def fitted() -> ImageNetScores:
    return fit_imagenet_scores(stripes(20), classes=2, evidence=1.0, weights=WEIGHTS)


def test_every_published_weight_of_the_stages_is_taken(fitted: ImageNetScores) -> None:
    published = torch.load(installed_weights(), weights_only=True)
    names = layer_names()
    learnt = [name for name, layer in fitted.named_modules() if isinstance(layer, nn.Conv2d | nn.BatchNorm2d)]
    assert sorted(names) == sorted(learnt)
    blocks = sum(stage.blocks for stage in STAGES)
    theirs = {
        name.rpartition(".")[0] for name in published if re.match(r"_conv_stem|_bn0|_blocks\.([0-9]|1[0-4])\.", name)
    }
    assert (blocks, theirs) == (15, set(names.values()))
    for ours, name in names.items():
        assert torch.equal(fitted.get_submodule(ours).weight, published[f"{name}.weight"])


def test_the_features_are_those_of_another_implementation(fitted: ImageNetScores) -> None:
    """Recorded from efficientnet-lite-pytorch 0.1.0, the same weights: of each stage, four features and their size."""
    row = torch.linspace(0, 1, 32)
    picture = torch.stack([row.expand(32, 32), row.view(32, 1).expand(32, 32), row.view(32, 1) * row])[None]
    recorded = (
        ((-3.1502, -6.3053, -1.6974, -16.7682), 4.8341),
        ((3.0594, 4.2533, -0.7560, 1.4450), 3.5711),
        ((-3.3424, -2.5731, -3.3878, -4.3463), 4.4067),
    )
    of_stages = fitted.features(picture)[0].split([80, 112, 192])
    for found, (first, size) in zip(of_stages, recorded, strict=True):
        assert found[:4].tolist() == pytest.approx(first, abs=2e-3)
        assert float(found.abs().mean()) == pytest.approx(size, abs=2e-3)


@pytest.mark.parametrize(("kernel", "stride", "side"), [(3, 2, 96), (5, 2, 48), (5, 1, 6), (3, 1, 24)])
def test_padding_is_tensorflows_same(kernel: int, stride: int, side: int) -> None:
    whole = -(-side // stride)
    missing = max((whole - 1) * stride + kernel - side, 0)
    left, right, top, bottom = Convolution(1, 1, kernel, stride)[0].padding
    assert (left, right) == (top, bottom) == (missing // 2, missing - missing // 2)
    assert Convolution(1, 1, kernel, stride)(torch.zeros(1, 1, side, side)).shape[-1] == whole


def test_a_channel_without_the_weights_is_named_with_the_cure(tmp_path: Path) -> None:
    with pytest.raises(PretrainedModelUnusable, match=rf"no {imagenet_weights.FILE} in .*--use-pretrained-model 0"):
        load_imagenet_weights(ImageNetScores(2), tmp_path)


def test_a_file_with_another_content_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / imagenet_weights.FILE).write_bytes(b"anything")
    monkeypatch.setattr(torch, "load", lambda *_given, **_named: pytest.fail("it was loaded"))
    with pytest.raises(PretrainedModelUnusable, match=f"and not {imagenet_weights.SHA256}"):
        load_imagenet_weights(ImageNetScores(2), tmp_path)


def test_the_job_asks_for_what_the_pipeline_brings() -> None:
    assert (pretrained_model.FILE, pretrained_model.SHA256) == (imagenet_weights.FILE, imagenet_weights.SHA256)


def test_patterns_are_told_apart_in_pictures_not_seen_before(fitted: ImageNetScores) -> None:
    other = stripes(10, seed=4)
    assert torch.equal(fitted(unit_range(other.pixels)).argmax(dim=1), other.labels)


def test_the_scores_of_the_classes_sum_to_nothing_and_grow_with_the_evidence(fitted: ImageNetScores) -> None:
    pixels = unit_range(stripes(6, seed=5).pixels)
    scores = fitted(pixels)
    assert torch.allclose(scores.sum(dim=1), torch.zeros(6), atol=1e-4)
    thrice = fit_imagenet_scores(stripes(20), classes=2, evidence=3.0, weights=WEIGHTS)
    assert torch.allclose(thrice(pixels), 3 * scores, atol=1e-4)


def test_more_than_two_classes_have_a_score_each() -> None:
    images = stripes(18)
    labels = torch.where(torch.arange(18) % 3 == 2, 2, images.labels)
    images.pixels[labels == 2] = 128
    scores = fit_imagenet_scores(LabelledImages(images.pixels, labels), classes=3, evidence=1.0, weights=WEIGHTS)
    answers = scores(unit_range(images.pixels))
    assert answers.shape == (18, 3)
    assert (answers.argmax(dim=1) == labels).all()


def test_nothing_random_decides(fitted: ImageNetScores) -> None:
    torch.manual_seed(99)
    again = fit_imagenet_scores(stripes(20), classes=2, evidence=1.0, weights=WEIGHTS).state_dict()
    assert all(torch.equal(tensor, again[name]) for name, tensor in fitted.state_dict().items())


def test_features_do_not_depend_on_the_pictures_beside(fitted: ImageNetScores) -> None:
    images = unit_range(stripes(23, seed=6).pixels)
    features = features_of(fitted.train(), images)
    assert features.shape == (23, FEATURES)
    assert torch.allclose(features[21:], features_of(fitted, images[21:]), atol=1e-4)


def test_every_stage_counts_the_same() -> None:
    squares = feature_weights().square()
    assert len(squares) == FEATURES
    assert [float(part.sum()) for part in squares.split([80, 112, 192])] == pytest.approx([1 / 3] * 3)


def test_ridge_weights_are_where_the_gradient_vanishes() -> None:
    chance = Generator().manual_seed(8)
    features, targets = torch.randn(7, 30, generator=chance), torch.randn(7, 2, generator=chance).double()
    weights = ridge_weights(features, targets).double()
    errors = features.double() @ weights.T - targets
    gradient = errors.T @ features.double() + RIDGE * weights
    assert gradient.abs().max() < 1e-4


@pytest.mark.parametrize("level", [0, 255])
def test_pictures_of_one_flat_colour_give_finite_scores(fitted: ImageNetScores, level: int) -> None:
    flat = torch.full((2, 3, 32, 32), level / 255)
    assert fitted(flat).isfinite().all()
    same = LabelledImages(torch.full((4, 3, 32, 32), level, dtype=torch.uint8), torch.tensor([0, 1, 0, 1]))
    assert fit_imagenet_scores(same, classes=2, evidence=1.0, weights=WEIGHTS)(flat).isfinite().all()


def test_pictures_are_enlarged_without_leaving_their_range() -> None:
    """Bicubic enlargement overshoots at edges: what the net gets is clipped."""
    edge = torch.zeros(1, 3, 32, 32)
    edge[..., 16:] = 1
    seen: list[torch.Tensor] = []
    net = ImageNetScores(2).eval()
    net.stem[0].register_forward_hook(lambda _layer, given, _answer: seen.append(given[0]))
    net.features(edge)
    assert seen[0].shape[2:] == (RESOLUTION, RESOLUTION)
    assert (float(seen[0].min()), float(seen[0].max())) == (-127 / 128, 1.0)
