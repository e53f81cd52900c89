"""The window's records as columns of figures: 8 bytes a figure, however large the pictures were. Pure."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

CONFIDENCE, PREDICTED_CLASS, READABLE = "confidence", "predicted_class", "readable"
MISSING = float("nan")


@dataclass(frozen=True)
class Column:
    """A feature's values in order of time, NaN where it is missing; of texts their places in `categories`."""

    values: Values
    categories: tuple[str, ...] = ()

    @property
    def is_text(self) -> bool:
        return bool(self.categories)

    @property
    def present(self) -> Values:
        known: Values = self.values[np.isfinite(self.values)]
        return known

    def counts(self) -> dict[str, int]:
        """Records by category."""
        found = np.bincount(self.present.astype(np.int64), minlength=len(self.categories))
        return {name: int(count) for name, count in zip(self.categories, found, strict=False)}


@dataclass(frozen=True)
class Observed:
    """`times` are seconds since 1970 UTC, ascending; every column is as long."""

    times: Values
    columns: Mapping[str, Column]

    @classmethod
    def empty(cls) -> Observed:
        return cls(np.empty(0), {})

    def __len__(self) -> int:
        return len(self.times)

    def column(self, name: str) -> Column:
        """One of missing values where there is no such feature."""
        return self.columns.get(name) or Column(np.full(len(self), MISSING))


class Columns:
    """Takes rows one after another."""

    def __init__(self) -> None:
        self._times = array("d")
        self._values: dict[str, array[float]] = {}
        self._codes: dict[str, dict[str, int]] = {}

    def add(self, moment: datetime, row: Mapping[str, Any]) -> None:
        """A feature that comes up late is missing in the rows before, and one that is left out in this one."""
        for name in row:
            if name not in self._values:
                self._values[name] = array("d", [MISSING]) * len(self._times)
        self._times.append(moment.timestamp())
        for name, values in self._values.items():
            values.append(self._number(name, row.get(name)))

    def observed(self) -> Observed:
        times = np.array(self._times)
        order = np.argsort(times, kind="stable")
        columns = {
            name: Column(np.array(values)[order], tuple(self._codes.get(name, ())))
            for name, values in self._values.items()
        }
        return Observed(times[order], columns)

    def _number(self, name: str, value: Any) -> float:
        if value is None:
            return MISSING
        if isinstance(value, str):
            codes = self._codes.setdefault(name, {})
            return codes.setdefault(value, len(codes))
        return float(value)
