"""The validation split: a function of seed and content, stratified, and never parting identical images."""

import hashlib

import numpy as np
import pytest

from processing.splitting import BadValidationFraction, TooFewImages, stratified_validation_mask

DIGESTS = [hashlib.sha256(bytes([number])).hexdigest() for number in range(200)]
LABELS = np.array([0] * 120 + [1] * 80)


def test_each_class_gives_its_fraction() -> None:
    mask = stratified_validation_mask(DIGESTS, LABELS, 0.1, seed=42)
    assert (mask[:120].sum(), mask[120:].sum()) == (12, 8)


def test_order_of_the_images_does_not_matter() -> None:
    order = np.random.default_rng(0).permutation(200)
    mask = stratified_validation_mask(DIGESTS, LABELS, 0.1, seed=42)
    shuffled = stratified_validation_mask([DIGESTS[index] for index in order], LABELS[order], 0.1, seed=42)
    assert np.array_equal(shuffled, mask[order])


def test_another_seed_gives_another_split() -> None:
    masks = [stratified_validation_mask(DIGESTS, LABELS, 0.1, seed) for seed in (1, 2)]
    assert not np.array_equal(*masks)


def test_identical_images_stay_on_one_side() -> None:
    digests = [DIGESTS[number // 4] for number in range(200)]
    mask = stratified_validation_mask(digests, LABELS, 0.1, seed=3)
    assert all(len(set(mask[start : start + 4].tolist())) == 1 for start in range(0, 200, 4))


def test_class_too_small_to_divide_is_refused() -> None:
    with pytest.raises(TooFewImages, match="label 1"):
        stratified_validation_mask(DIGESTS[:3], np.array([0, 0, 1]), 0.5, seed=0)


@pytest.mark.parametrize("fraction", [0.0, 1.0, -0.1, 7.0, float("nan")])
def test_fraction_that_leaves_one_side_empty_is_refused(fraction: float) -> None:
    with pytest.raises(BadValidationFraction):
        stratified_validation_mask(DIGESTS, LABELS, fraction, seed=0)
