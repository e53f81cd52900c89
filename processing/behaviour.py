"""What the behaviour tests found: how often the answer to a picture changes when the picture hardly does. Pure."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from processing.metrics import wilson_interval


@dataclass(frozen=True)
class BehaviourTest:
    """One perturbation over a sample: how many answers changed, with the 95 % Wilson interval of their share.

    `accuracy` is that on the perturbed copies, `accuracy_before` that on the same images unchanged;
    `mean_shift` is how far the probability of the answer given before moved on average, 0 to 1.
    `changed_rows` are the test set's rows whose answer changed.
    """

    name: str
    images: int
    changed: int
    share: float
    lower: float
    upper: float
    accuracy_before: float
    accuracy: float
    mean_shift: float
    changed_rows: tuple[int, ...]


def judge_behaviour(
    name: str,
    rows: NDArray[np.intp],
    labels: NDArray[np.int64],
    before: NDArray[np.float64],
    after: NDArray[np.float64],
) -> BehaviourTest:
    """rows (n,) of the test set, n at least 1; labels (n,); probabilities (n, classes) without and with the change."""
    answers, changed_answers = before.argmax(axis=1), after.argmax(axis=1)
    changed = answers != changed_answers
    count, images = int(changed.sum()), len(rows)
    index = np.arange(images)
    return BehaviourTest(
        name,
        images,
        count,
        count / images,
        *wilson_interval(count, images),
        accuracy_before=float((answers == labels).mean()),
        accuracy=float((changed_answers == labels).mean()),
        mean_shift=float(np.abs(before[index, answers] - after[index, answers]).mean()),
        changed_rows=tuple(rows[changed].tolist()),
    )
