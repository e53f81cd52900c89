"""The test pictures as arrays, in the order of their list."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from processing.exit_message import ProcessingFailure
from processing.image_list import ListedImage


class TestImageUnusable(ProcessingFailure):
    """A picture that the test list names is missing, no picture, or of another size than the others."""


def read_images(folder: Path, listed: Sequence[ListedImage]) -> NDArray[np.uint8]:
    """(n, H, W, 3) RGB pictures. Raises TestImageUnusable."""
    images: list[NDArray[np.uint8]] = []
    for image in listed:
        file = folder / image.file_name
        try:
            with Image.open(file) as opened:
                images.append(np.asarray(opened.convert("RGB")))
        except (OSError, ValueError, Image.DecompressionBombError) as error:
            raise TestImageUnusable(
                f"{file} cannot be read as a picture ({error}); give ExtractCifar's test"
            ) from error
        if images[-1].shape != images[0].shape:
            raise TestImageUnusable(f"{file} has another size than {listed[0].file_name}; give ExtractCifar's test")
    return np.stack(images)
