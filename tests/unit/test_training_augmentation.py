"""Augmentation: repeatable by its generator, within range, and changing what it should change only."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Generator, Tensor

sys.path.insert(0, str(Path(__file__).parents[2] / "training"))  # as in the container: modules at the root

from augmentation import (
    AugmentationStrength,
    augment,
    change_light,
    cut_hole,
    mix,
    mix_or_paste,
    move,
    paste,
)

STILL = AugmentationStrength(rotation_degrees=0, scale=1, shift_pixels=0, intensity=1, hole_pixels=0)
CHANGES: list[Callable[[Tensor, Generator], Tensor]] = [
    lambda images, generator: augment(images, AugmentationStrength(), generator),
    lambda images, generator: move(images, AugmentationStrength(), generator),
    lambda images, generator: change_light(images, 1.3, generator),
    lambda images, generator: cut_hole(images, 8, generator),
]


def seeded(seed: int = 1) -> Generator:
    return Generator().manual_seed(seed)


@pytest.fixture
def images() -> Tensor:
    return torch.rand(6, 3, 32, 32, generator=seeded(99))


@pytest.mark.parametrize("change", CHANGES)
def test_the_generator_alone_decides(change: Callable[[Tensor, Generator], Tensor], images: Tensor) -> None:
    torch.manual_seed(1)
    first = change(images, seeded())
    torch.manual_seed(2)
    assert torch.equal(change(images, seeded()), first)
    assert not torch.equal(change(images, seeded(2)), first)


@pytest.mark.parametrize("change", CHANGES)
def test_shape_and_range_stay(change: Callable[[Tensor, Generator], Tensor], images: Tensor) -> None:
    before = images.clone()
    changed = change(images, seeded())
    assert changed.shape == images.shape
    assert changed.min() >= 0
    assert changed.max() <= 1
    assert torch.equal(images, before), "the input must not be changed in place"


def test_at_no_strength_a_picture_is_only_mirrored(images: Tensor) -> None:
    changed = augment(images, STILL, seeded())
    for picture, result in zip(images, changed, strict=True):
        mirrored = torch.allclose(result, picture.flip(2), atol=1e-5)
        assert mirrored or torch.allclose(result, picture, atol=1e-5)


def test_about_half_of_the_pictures_are_mirrored() -> None:
    ramp = torch.linspace(0, 1, 32).expand(400, 3, 32, 32)
    moved = move(ramp, STILL, seeded())
    assert 150 < int((moved[:, 0, 0, 0] > 0.5).sum()) < 250


def test_a_hole_is_a_square_of_the_mean_colour(images: Tensor) -> None:
    changed = (cut_hole(images, 8, seeded()) != images).any(dim=1).sum(dim=(1, 2))
    assert changed.tolist() == [64] * 6


def test_mixup_keeps_the_larger_share_and_blends_targets_alike(images: Tensor) -> None:
    targets = torch.eye(6)
    mixed, mixed_targets = mix(images, targets, 0.2, seeded(3))
    assert torch.allclose(mixed_targets.sum(dim=1), torch.ones(6))
    assert (mixed_targets.argmax(dim=1) == torch.arange(6)).all()
    assert torch.allclose(mixed, torch.einsum("ij,jchw->ichw", mixed_targets, images), atol=1e-6)


def test_mixup_without_alpha_changes_nothing(images: Tensor) -> None:
    targets = torch.eye(6)
    mixed, mixed_targets = mix(images, targets, 0, seeded())
    assert torch.equal(mixed, images)
    assert torch.equal(mixed_targets, targets)


def test_pasting_puts_one_window_of_another_picture_into_each_and_shares_targets_by_area() -> None:
    images = torch.arange(6.0).view(6, 1, 1, 1).expand(6, 3, 32, 32)  # each picture is full of its number
    targets = torch.eye(6)
    sizes = set()
    for seed in range(20):
        pasted, shared = paste(images, targets, seeded(seed))
        for index in range(6):
            shown = torch.bincount(pasted[index, 0].flatten().long(), minlength=6) / 32**2
            assert torch.allclose(shared[index], shown, atol=1e-6)
        sizes.add(round(float(shared.diagonal().amin()), 3))
        moved = (pasted != images).any(dim=1).flatten(1)
        windows = {tuple(each.tolist()) for each in moved if each.any()}
        assert len(windows) <= 1, "one window for the batch"
    assert len(sizes) > 5
    assert torch.equal(images[:, 0, 0, 0], torch.arange(6.0)), "the batch that was given stays as it was"


@pytest.mark.parametrize(("share", "chosen"), [(0.0, mix), (1.0, paste)])
def test_a_batch_is_either_mixed_or_pasted_into(share: float, chosen: Callable[..., object], images: Tensor) -> None:
    generator, targets = seeded(), torch.eye(6)
    result = mix_or_paste(images, targets, AugmentationStrength(paste_share=share), generator)
    same = seeded()
    torch.rand(1, generator=same)
    expected = mix(images, targets, 0.2, same) if chosen is mix else paste(images, targets, same)
    assert all(torch.equal(a, b) for a, b in zip(result, expected, strict=True))
