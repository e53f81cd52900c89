"""What small patches alone say: fixed filters over whitened patches, pooled, then one linear layer.

It needs a few hundred pictures and seconds to fit (`patch_fitting.py`), and errs on other pictures than the net does.
After Coates and Ng, "Learning feature representations with k-means" (2012), with patches of the training pictures
themselves for centres, as Thiry et al. (2021) have it. Travels with the model (code/patches.py): imports only torch.
"""

from functools import cache
from itertools import product
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

PATCH_SIZE = 6
CONTRAST_FLOOR = 0.01  # variance of pixels in 0..1 below which a patch counts as flat
LENGTH_FLOOR = 1e-3
THRESHOLD = 0.25  # of the cosine between patch and filter, below which the filter is silent
GRIDS = (1, 2, 3)  # responses are averaged over the whole picture, over 2 x 2 cells and over 3 x 3
COLUMNS = 3 * PATCH_SIZE * PATCH_SIZE


class Whitening(NamedTuple):
    """Takes patches with mean 0 and deviation 1, as rows, to uncorrelated ones: (row - mean) @ matrix."""

    mean: Tensor
    matrix: Tensor


class PatchScores(nn.Module):
    """Pixels in 0..1, N x 3 x H x W, to a score for each class, N x classes. Nothing in it is trained by steps."""

    def __init__(self, filters: int, classes: int) -> None:
        super().__init__()
        self.whitening: Tensor
        self.whitened_mean: Tensor
        self.centres: Tensor
        self.weight: Tensor
        self.bias: Tensor
        self.register_buffer("whitening", torch.zeros(COLUMNS, 3, PATCH_SIZE, PATCH_SIZE))
        self.register_buffer("whitened_mean", torch.zeros(COLUMNS))
        self.register_buffer("centres", torch.zeros(filters, COLUMNS, 1, 1))
        self.register_buffer("weight", torch.zeros(classes, len(column_weights(filters))))
        self.register_buffer("bias", torch.zeros(classes))

    def set_whitening(self, whitening: Whitening) -> None:
        self.whitening.copy_(whitening.matrix.T.reshape(self.whitening.shape))
        self.whitened_mean.copy_(whitening.mean @ whitening.matrix)

    def features(self, images: Tensor) -> Tensor:
        """N x 3 x H x W to N x (28 for each filter): how strongly each filter, and its negative, answers where.

        Picture and mirror image are averaged, so that both get the same.
        """
        return (self._pooled(images) + self._pooled(images.flip(3))) / 2

    def forward(self, images: Tensor) -> Tensor:
        return F.linear(self.features(images), self.weight, self.bias)

    def directions(self, images: Tensor) -> Tensor:
        """The whitened patch at each place as a vector of length 1: N x 108 x H-5 x W-5."""
        mean = F.avg_pool2d(images.mean(dim=1, keepdim=True), PATCH_SIZE, stride=1)
        mean_square = F.avg_pool2d((images * images).mean(dim=1, keepdim=True), PATCH_SIZE, stride=1)
        deviation = torch.sqrt((mean_square - mean * mean).clamp_min(0) + CONTRAST_FLOOR)
        of_ones = self.whitening.sum(dim=(1, 2, 3)).view(1, -1, 1, 1)
        whitened = (F.conv2d(images, self.whitening) - mean * of_ones) / deviation
        whitened = whitened - self.whitened_mean.view(1, -1, 1, 1)
        return whitened / (whitened.norm(dim=1, keepdim=True) + LENGTH_FLOOR)

    def _pooled(self, images: Tensor) -> Tensor:
        directions = self.directions(images)
        cells = cell_means(*directions.shape[2:]).to(images.device)
        # matrix products throughout: as convolution and pooling the same takes almost twice as long on a CPU
        places = directions.permute(0, 2, 3, 1).flatten(1, 2)
        cosine = places @ self.centres.flatten(1).T
        # in place: these are the largest arrays, and what takes the time is to write them
        beyond = cells @ (cosine - THRESHOLD).relu_()
        opposed = -(cells @ cosine.add_(THRESHOLD).clamp_max_(0))
        return torch.cat([beyond, opposed], dim=2).flatten(1).sqrt()


@cache
def cell_means(height: int, width: int) -> Tensor:
    """14 x height * width: each row averages the places of one cell, of grids of 1, 2 x 2 and 3 x 3 cells."""
    return torch.cat([_grid(cells, height, width) for cells in GRIDS])


def _grid(cells: int, height: int, width: int) -> Tensor:
    """Rows of the cells of one grid; where they do not divide a side, neighbours share its row or column."""
    means = torch.zeros(cells, cells, height, width)
    for row, column in product(range(cells), repeat=2):
        rows = slice(row * height // cells, -(-(row + 1) * height // cells))
        columns = slice(column * width // cells, -(-(column + 1) * width // cells))
        means[row, column, rows, columns] = 1 / ((rows.stop - rows.start) * (columns.stop - columns.start))
    return means.flatten(2).flatten(0, 1)


def column_weights(filters: int) -> Tensor:
    """What each column of `features` counts for: every grid the same, the squares of all summing to 1."""
    columns = [2 * filters * cells**2 for cells in GRIDS]
    return torch.cat([torch.full((count,), (len(GRIDS) * count) ** -0.5) for count in columns])
