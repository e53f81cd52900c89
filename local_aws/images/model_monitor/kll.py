"""A quantile sketch (Karnin, Lang, Liberty: https://arxiv.org/abs/1603.05346) whose error is counted as it arises.

Values stand in levels, one of level h for 2^h of the stream. A full level is sorted, and every other value goes up.
The top level keeps K values, each one below C times as many. Up to K values nothing is lost.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

# Those of the service's own statistics.json.
K = 2048
C = 0.64
# Full levels larger than K need fewer passes and err less; this is 128 KiB a level.
LEVEL_VALUES = 16_384


class QuantileSketch:
    """Add values in arrays; then ask for ranks. Only finite values, or ranks have no meaning."""

    def __init__(self) -> None:
        self._levels: list[list[Values]] = [[]]
        self._offsets = [0]
        self.count = 0
        self.rank_error = 0

    @classmethod
    def of_levels(cls, levels: Iterable[Sequence[float]]) -> QuantileSketch:
        """A sketch from the `data` of a statistics.json."""
        sketch = cls()
        sketch._levels = [[np.asarray(level, dtype=np.float64)] for level in levels] or [[]]
        sketch._offsets = [0] * len(sketch._levels)
        sketch.count = sum(sketch._size(height) << height for height in range(len(sketch._levels)))
        return sketch

    def add(self, values: Values) -> None:
        """`rank_error` is afterwards the most by which any rank may be wrong, in values of the stream."""
        self._levels[0].append(values.astype(np.float64))
        self.count += len(values)
        height = 0
        while height < len(self._levels) and self._size(height) >= LEVEL_VALUES:
            self._compact(height)
            height += 1

    def levels(self) -> list[list[float]]:
        """The values of each level, in K / (1 - C) values at most: the form of statistics.json."""
        self._squeeze()
        return [np.sort(_joined(level)).tolist() for level in self._levels]

    def cumulated(self) -> tuple[Values, NDArray[np.int64]]:
        """The values in order, and for each how many of the stream are not above it."""
        values = np.concatenate([_joined(level) for level in self._levels])
        weights = np.repeat([1 << height for height in range(len(self._levels))], self._sizes())
        order = np.argsort(values, kind="stable")
        return values[order], np.cumsum(weights[order])

    def _sizes(self) -> list[int]:
        return [self._size(height) for height in range(len(self._levels))]

    def _size(self, height: int) -> int:
        return sum(len(chunk) for chunk in self._levels[height])

    def _compact(self, height: int) -> None:
        values = np.sort(_joined(self._levels[height]))
        even = len(values) // 2 * 2
        if height + 1 == len(self._levels):
            self._levels.append([])
            self._offsets.append(0)
        # taking the odd ones and the even ones by turns keeps the errors from adding up one way
        self._levels[height + 1].append(values[self._offsets[height] : even : 2])
        self._offsets[height] ^= 1
        self._levels[height] = [values[even:]]
        self.rank_error += 1 << height

    def _squeeze(self) -> None:
        while sum(sizes := self._sizes()) > sum(capacities := _capacities(len(sizes))):
            self._compact(next(h for h, (size, most) in enumerate(zip(sizes, capacities, strict=True)) if size > most))


def _capacities(levels: int) -> list[int]:
    return [max(2, math.ceil(K * C ** (levels - 1 - height))) for height in range(levels)]


def _joined(chunks: list[Values]) -> Values:
    return np.concatenate(chunks) if chunks else np.empty(0)
