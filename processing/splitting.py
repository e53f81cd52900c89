"""Which training images validate: a function of the seed and the images' content, not of their order."""

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from processing.exit_message import ProcessingFailure


class TooFewImages(ProcessingFailure):
    """A class has too few images for both training and validation."""


class BadValidationFraction(ProcessingFailure):
    """The validation fraction leaves nothing to train on or nothing to validate with."""


def stratified_validation_mask(
    content_digests: Sequence[str], labels: NDArray[np.int64], fraction: float, seed: int
) -> NDArray[np.bool_]:
    """True for the images that validate: in each class the `fraction` whose seeded digests are smallest.

    content_digests: n hexadecimal digests of the images; labels: (n,), 0 < fraction < 1. Identical images
    of a class stay on one side, so a class's share may exceed its fraction by the copies of one image.

    Raises BadValidationFraction, and TooFewImages for a class that would have no image on one of the sides.
    """
    if not 0 < fraction < 1:
        raise BadValidationFraction(f"the validation fraction is {fraction}; give one between 0 and 1, such as 0.1")
    ranks = np.array([_seeded_rank(digest, seed) for digest in content_digests])
    mask = np.zeros(len(labels), dtype=np.bool_)
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        wanted = max(1, round(len(members) * fraction))
        cut = np.sort(ranks[members])[wanted - 1]
        mask[members] = ranks[members] <= cut
        if mask[members].all():
            raise TooFewImages(
                f"class with label {label} has {len(members)} training images, too few to keep any back; "
                "give an archive with more, or a smaller --validation-fraction"
            )
    return mask


def _seeded_rank(content_digest: str, seed: int) -> str:
    return hashlib.sha256(f"{seed}:{content_digest}".encode()).hexdigest()
