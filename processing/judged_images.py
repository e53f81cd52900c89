"""The test images together with what they are and what the model said."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from processing.predictions_file import RecordedPredictions


@dataclass(frozen=True)
class JudgedImages:
    """Test images: pictures (n, H, W, 3), file names and digests of their pixels, labels (n,), probabilities
    (n, classes), class names in label order."""

    images: NDArray[np.uint8]
    file_names: tuple[str, ...]
    image_sha256: tuple[str, ...]
    labels: NDArray[np.int64]
    probabilities: NDArray[np.float64]
    classes: Sequence[str]

    @property
    def predicted(self) -> NDArray[np.int64]:
        return np.asarray(np.argmax(self.probabilities, axis=1))

    @property
    def confidence(self) -> NDArray[np.float64]:
        return np.asarray(np.max(self.probabilities, axis=1))

    @property
    def wrong(self) -> NDArray[np.bool_]:
        return np.not_equal(self.predicted, self.labels)

    @property
    def recorded(self) -> RecordedPredictions:
        """What predictions.csv keeps of them."""
        return RecordedPredictions(self.image_sha256, self.file_names, self.labels, self.probabilities)
