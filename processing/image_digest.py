"""The identity of a picture: the digest of its pixels, the same however the picture is encoded."""

import hashlib

import numpy as np
from numpy.typing import NDArray


def pixel_sha256(image: NDArray[np.uint8]) -> str:
    """Hexadecimal SHA-256 of an (H, W, 3) uint8 RGB picture's bytes, row-major."""
    return hashlib.sha256(np.ascontiguousarray(image).tobytes()).hexdigest()
