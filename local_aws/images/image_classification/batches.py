"""Images and labels as batches of tensors: number x channels x height x width, 0 to 255."""

from __future__ import annotations

from collections.abc import Iterator

import numpy
import torch
from torch import Tensor

from . import pixels
from .augmentation import Augmentation
from .dataset import Dataset
from .hyperparameters import Hyperparameters


class TrainingBatches:
    """Batches in a new order each epoch, augmented; the last is filled up from the first of the epoch, as in MXNet."""

    def __init__(self, dataset: Dataset, hyperparameters: Hyperparameters, random: numpy.random.Generator) -> None:
        self._dataset = dataset
        self._hyperparameters = hyperparameters
        self._random = random
        self._augmentation = Augmentation(hyperparameters.augmentation_type, hyperparameters.image_shape, random)

    def epoch(self) -> Iterator[tuple[Tensor, Tensor]]:
        """The batches of one epoch."""
        size = self._hyperparameters.mini_batch_size
        order = self._random.permutation(len(self._dataset.labels))
        order = numpy.concatenate([order, order[: -len(order) % size]])
        for start in range(0, len(order), size):
            numbers = order[start : start + size]
            images = numpy.stack([self._image(int(number)) for number in numbers])
            yield as_tensor(self._augmentation.batch(images)), torch.from_numpy(self._dataset.labels[numbers])

    def _image(self, number: int) -> pixels.Pixels:
        image = pixels.decode(self._dataset.read(number), self._hyperparameters.image_shape.channels)
        return self._augmentation.image(pixels.shortest_side(image, self._hyperparameters.resize))


def validation_batches(dataset: Dataset, hyperparameters: Hyperparameters) -> Iterator[tuple[Tensor, Tensor]]:
    """All images once, in their order: their middle, without augmentation."""
    size, shape = hyperparameters.mini_batch_size, hyperparameters.image_shape
    for start in range(0, len(dataset.labels), size):
        numbers = range(start, min(start + size, len(dataset.labels)))
        decoded = (pixels.decode(dataset.read(number), shape.channels) for number in numbers)
        images = [pixels.central_crop(pixels.shortest_side(one, hyperparameters.resize), shape) for one in decoded]
        yield as_tensor(numpy.stack(images)), torch.from_numpy(dataset.labels[start : start + size])


def as_tensor(images: pixels.Pixels) -> Tensor:
    """From number x height x width x channels; the memory stays in that order, which convolutions are fastest with."""
    return torch.from_numpy(numpy.ascontiguousarray(images)).permute(0, 3, 1, 2).float()
