"""Perturbed pictures, which of them are made, and what is made of the answers to them."""

import numpy as np
import pytest
from PIL import Image

from processing.behaviour import judge_behaviour
from processing.perturbations import PERTURBATIONS, SAMPLE_IMAGES, perturbed_name, sampled_rows, shifted

RNG = np.random.default_rng(3)
PICTURE = RNG.integers(0, 256, (5, 4, 3), dtype=np.uint8)


@pytest.mark.parametrize("name", PERTURBATIONS)
def test_a_perturbed_picture_is_another_of_the_same_form_and_the_original_stays(name: str) -> None:
    before = PICTURE.copy()
    changed = PERTURBATIONS[name](PICTURE)
    assert (changed.shape, changed.dtype) == (PICTURE.shape, np.uint8)
    assert (changed != PICTURE).any()
    assert (before == PICTURE).all()


def test_shifts_move_by_one_pixel_and_repeat_the_edge() -> None:
    left = PERTURBATIONS["shifted_left"](PICTURE)
    assert (left[:, :-1] == PICTURE[:, 1:]).all() and (left[:, -1] == PICTURE[:, -1]).all()
    down = PERTURBATIONS["shifted_down"](PICTURE)
    assert (down[1:] == PICTURE[:-1]).all() and (down[0] == PICTURE[0]).all()
    assert (shifted(PICTURE, 0, 0) == PICTURE).all()


def test_mirroring_twice_gives_the_picture_back() -> None:
    mirrored = PERTURBATIONS["mirrored"]
    assert (mirrored(mirrored(PICTURE)) == PICTURE).all()


def test_brightness_is_cut_off_at_white() -> None:
    assert PERTURBATIONS["brighter"](np.full((2, 2, 3), 250, np.uint8)).tolist() == [[[255] * 3] * 2] * 2
    assert PERTURBATIONS["darker"](np.full((1, 1, 3), 100, np.uint8)).tolist() == [[[80, 80, 80]]]


def test_greyscale_is_pillows() -> None:
    grey = PERTURBATIONS["greyscale"](PICTURE).astype(int)
    pillow = np.asarray(Image.fromarray(PICTURE).convert("L")).astype(int)
    assert (np.abs(grey[:, :, 0] - pillow) <= 1).all()
    assert (grey[:, :, 0] == grey[:, :, 2]).all()


def test_names_tell_the_change_and_keep_the_ending() -> None:
    assert perturbed_name("test_1.png", "mirrored") == "test_1.mirrored.png"
    assert perturbed_name("noending", "darker") == "noending.darker"


def test_the_sample_is_of_the_smallest_digests_whatever_their_order() -> None:
    digests = [f"{number * 7919 % 1000:064x}" for number in range(1000)]
    rows = sampled_rows(digests)
    assert len(rows) == SAMPLE_IMAGES and rows == sorted(rows)
    chosen = {digests[row] for row in rows}
    assert chosen == set(sorted(digests)[:SAMPLE_IMAGES])
    assert {digests[::-1][row] for row in sampled_rows(digests[::-1])} == chosen
    assert sampled_rows(digests[:3]) == [0, 1, 2]


def test_changed_answers_are_counted_right_or_wrong() -> None:
    before = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.6, 0.4]])
    after = np.array([[0.8, 0.2], [0.4, 0.6], [0.7, 0.3], [0.6, 0.4]])
    test = judge_behaviour("mirrored", np.array([4, 5, 6, 7]), np.array([0, 0, 0, 1]), before, after)
    assert (test.changed, test.share, test.changed_rows) == (2, 0.5, (5, 6))
    assert (test.accuracy_before, test.accuracy) == (0.5, 0.5)
    assert test.mean_shift == pytest.approx((0.1 + 0.4 + 0.4 + 0.0) / 4)
    # Wilson's interval of two in four, from tables
    assert (test.lower, test.upper) == (pytest.approx(0.1500, abs=1e-4), pytest.approx(0.8500, abs=1e-4))
