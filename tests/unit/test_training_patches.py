"""Patch scores: what the filters see, that the fit is right and repeatable, and what must not change the answer."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Generator, Tensor

sys.path.insert(0, str(Path(__file__).parents[2] / "training"))  # as in the container: modules at the root

from image_list import LabelledImages
from model import unit_range
from patch_fitting import RIDGE, draw_filters, fit_patches, ridge_weights, sample_patches, whitening_of
from patches import COLUMNS, CONTRAST_FLOOR, GRIDS, LENGTH_FLOOR, PATCH_SIZE, PatchScores, cell_means, column_weights


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
def fitted() -> PatchScores:
    return fit_patches(stripes(40), classes=2, filters=12, evidence=1.0, seed=1)


def test_patterns_are_told_apart_in_pictures_not_seen_before(fitted: PatchScores) -> None:
    other = stripes(20, seed=4)
    assert torch.equal(fitted(unit_range(other.pixels)).argmax(dim=1), other.labels)


def test_the_scores_of_the_classes_sum_to_nothing_and_grow_with_the_evidence(fitted: PatchScores) -> None:
    pixels = unit_range(stripes(6, seed=5).pixels)
    scores = fitted(pixels)
    assert torch.allclose(scores.sum(dim=1), torch.zeros(6), atol=1e-4)
    thrice = fit_patches(stripes(40), classes=2, filters=12, evidence=3.0, seed=1)
    assert torch.allclose(thrice(pixels), 3 * scores, atol=1e-4)


def test_more_than_two_classes_have_a_score_each() -> None:
    images = stripes(30)
    labels = torch.where(torch.arange(30) % 3 == 2, 2, images.labels)
    images.pixels[labels == 2] = 128
    scores = fit_patches(LabelledImages(images.pixels, labels), classes=3, filters=6, evidence=1.0, seed=1)
    answers = scores(unit_range(images.pixels))
    assert answers.shape == (30, 3)
    assert (answers.argmax(dim=1) == labels).all()


def test_a_mirror_image_scores_the_same_and_brightness_changes_nothing(fitted: PatchScores) -> None:
    pixels = unit_range(stripes(4, seed=6).pixels)
    assert torch.allclose(fitted(pixels), fitted(pixels.flip(3)), atol=1e-5)
    assert torch.allclose(fitted(pixels), fitted(pixels + 0.1), atol=1e-3)


def test_the_seed_alone_decides(fitted: PatchScores) -> None:
    torch.manual_seed(99)
    again = fit_patches(stripes(40), classes=2, filters=12, evidence=1.0, seed=1).state_dict()
    other = fit_patches(stripes(40), classes=2, filters=12, evidence=1.0, seed=2)
    assert all(torch.equal(tensor, again[name]) for name, tensor in fitted.state_dict().items())
    assert not torch.equal(other.centres, fitted.centres)


def test_directions_are_the_patches_taken_one_by_one_normalised_and_whitened() -> None:
    images = unit_range(stripes(5).pixels)
    scores = PatchScores(4, 2)
    draw_filters(scores, images, Generator().manual_seed(1))
    rows = F.unfold(images, PATCH_SIZE).transpose(1, 2)
    rows = (rows - rows.mean(2, keepdim=True)) / (rows.var(2, correction=0, keepdim=True) + CONTRAST_FLOOR).sqrt()
    whitened = rows @ scores.whitening.flatten(1).T - scores.whitened_mean
    expected = whitened / (whitened.norm(dim=2, keepdim=True) + LENGTH_FLOOR)
    assert torch.allclose(scores.directions(images).flatten(2).transpose(1, 2), expected, atol=1e-4)


def test_whitened_patches_are_uncorrelated() -> None:
    images = torch.rand(20, 3, 32, 32, generator=Generator().manual_seed(2))
    patches = sample_patches(images, 20_000, Generator().manual_seed(1))
    assert patches.shape == (20_000, COLUMNS)
    assert patches.mean(dim=1).abs().max() < 1e-5
    mean, matrix = whitening_of(patches)
    covariance = torch.cov(((patches - mean) @ matrix).T)
    off_diagonal = covariance - torch.diag(covariance.diagonal())
    assert off_diagonal.abs().max() < 0.01
    assert covariance.diagonal().median() == pytest.approx(1, abs=0.05)


def test_every_grid_counts_the_same() -> None:
    squares = column_weights(5).square()
    assert float(squares.sum()) == pytest.approx(1)
    parts = squares.split([2 * 5 * cells**2 for cells in GRIDS])
    assert [float(part.sum()) for part in parts] == pytest.approx([1 / len(GRIDS)] * len(GRIDS))


@pytest.mark.parametrize(("height", "width"), [(27, 27), (12, 7)])
def test_cells_are_averaged_as_adaptive_pooling_averages_them(height: int, width: int) -> None:
    responses = torch.rand(2, height, width, generator=Generator().manual_seed(2))
    pooled = torch.cat([F.adaptive_avg_pool2d(responses, cells).flatten(1) for cells in GRIDS], dim=1)
    assert torch.allclose(cell_means(height, width) @ responses.flatten(1).T, pooled.T, atol=1e-6)


def test_ridge_weights_are_where_the_gradient_vanishes() -> None:
    chance = Generator().manual_seed(8)
    features, targets = torch.randn(7, 30, generator=chance), torch.randn(7, 2, generator=chance).double()
    weights = ridge_weights(features, targets).double()
    errors = features.double() @ weights.T - targets
    gradient = errors.T @ features.double() + RIDGE * weights
    assert gradient.abs().max() < 1e-4


@pytest.mark.parametrize("level", [0, 128, 255])
def test_pictures_of_one_flat_colour_give_finite_scores(fitted: PatchScores, level: int) -> None:
    flat = torch.full((2, 3, 32, 32), level / 255)
    assert fitted(flat).isfinite().all()
    same = LabelledImages(torch.full((4, 3, 32, 32), level, dtype=torch.uint8), torch.tensor([0, 1, 0, 1]))
    assert fit_patches(same, classes=2, filters=3, evidence=1.0, seed=1)(flat).isfinite().all()


def test_traced_and_frozen_it_says_the_same_of_any_picture(fitted: PatchScores) -> None:
    pixels: Tensor = unit_range(stripes(3, seed=7).pixels)
    frozen = torch.jit.freeze(torch.jit.trace(fitted, pixels[:1], check_trace=False))
    for picture in pixels.split(1):
        assert torch.allclose(frozen(picture), fitted(picture), atol=1e-5)
