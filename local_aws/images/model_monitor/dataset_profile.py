"""What is learnt of a data set while its rows pass by: how many there are, and each column's profile."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .column_profile import ColumnProfile

ROWS_AT_ONCE = 1_000


class DatasetProfile:
    """`as_text` names columns that are read as texts whatever they look like."""

    def __init__(self, as_text: Collection[str] = ()) -> None:
        self.items = 0
        self.columns: dict[str, ColumnProfile] = {}
        self._as_text = as_text

    def completeness(self, name: str) -> float:
        """The share of rows in which the column has a value."""
        return self.columns[name].present / self.items if self.items else 0.0

    def mixed(self) -> set[str]:
        """Columns that need another pass, as text."""
        return {name for name, column in self.columns.items() if column.mixed}

    def add_rows(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """A row has its columns' values by name; a column that it lacks is missing in it."""
        iterator = iter(rows)
        while chunk := list(islice(iterator, ROWS_AT_ONCE)):
            self.items += len(chunk)
            names = dict.fromkeys(name for row in chunk for name in row)
            for name in names:
                self.column(name).add([row.get(name) for row in chunk])

    def add_matrix(self, names: Sequence[str], matrix: NDArray[np.float64], integral: Sequence[int]) -> None:
        """Rows of finite numbers, of which `integral` are written as integers in each column."""
        self.items += len(matrix)
        for index, name in enumerate(names):
            self.column(name).add_numbers(np.ascontiguousarray(matrix[:, index]), integral[index])

    def takes_numbers(self, names: Iterable[str]) -> bool:
        """Whether all these columns may be added as numbers."""
        return not any(name in self._as_text for name in names)

    def column(self, name: str) -> ColumnProfile:
        if name not in self.columns:
            self.columns[name] = ColumnProfile(as_text=name in self._as_text)
        return self.columns[name]
