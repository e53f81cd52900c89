"""What is learnt of one column while its values pass by: types, moments, quantiles, categories.

Types are those of deequ, which the service's analyzer is built on: a text counts as what it reads like. One string
makes a column a String; otherwise one fraction makes it Fractional. Beyond deequ, 1e-05 is Fractional (Python and
JavaScript write small numbers so), and true and false are strings, the service's schema having no other place for them.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .categories import CategoryCounts
from .kll import QuantileSketch

INTEGRAL, FRACTIONAL, STRING, UNKNOWN = "Integral", "Fractional", "String", "Unknown"
NUMBER = re.compile(r"[-+]?(?:(\d+)|(?:\d+\.\d*|\.\d+|\d+(?=[eE]))(?:[eE][-+]?\d+)?)", re.ASCII)
LARGEST = float(np.finfo(np.float64).max)


class ColumnProfile:
    """One pass over a column. `as_text` counts numbers as the texts that they are written with, too.

    A column that turns out to be String after numbers had been counted as such needs another pass, as text:
    `mixed` says so. Numbers that are not finite (NaN, 1e999) are no values: they count as missing.
    """

    def __init__(self, as_text: bool = False) -> None:
        self.as_text = as_text
        self.mixed = False
        self.counts = {INTEGRAL: 0, FRACTIONAL: 0, STRING: 0}
        self.categories = CategoryCounts()
        self.sketch = QuantileSketch()
        self.mean = 0.0
        self.sum = 0.0
        self.min = math.inf
        self.max = -math.inf
        self._squares = 0.0

    @property
    def present(self) -> int:
        return sum(self.counts.values())

    @property
    def inferred_type(self) -> str:
        if self.present == 0:
            return UNKNOWN
        if self.as_text or self.counts[STRING]:
            return STRING
        return FRACTIONAL if self.counts[FRACTIONAL] else INTEGRAL

    @property
    def std_dev(self) -> float:
        """Of the population, as deequ has it."""
        return math.sqrt(max(0.0, self._squares) / self.sketch.count) if self.sketch.count else 0.0

    def match(self, inferred_type: str) -> float:
        """The share of values that are of the type; an integer is a fraction too, and anything is a string."""
        fitting = {
            INTEGRAL: self.counts[INTEGRAL],
            FRACTIONAL: self.counts[INTEGRAL] + self.counts[FRACTIONAL],
        }.get(inferred_type, self.present)
        return fitting / self.present if self.present else 1.0

    def add(self, values: Iterable[Any]) -> None:
        """Values as JSON has them, and texts of CSV; None and blank texts are missing."""
        texts: list[str] = []
        numbers: list[float] = []
        integers = 0
        for value in values:
            kind = type(value)
            if kind is float:
                numbers.append(value)
            elif kind is int:
                integers += 1
                numbers.append(value)
            elif kind is str:
                texts.append(value)
            elif value is not None:
                texts.append(str(value).lower() if kind is bool else str(value))
        if numbers:
            self._add_literals(numbers, integers)
        if texts:
            self.add_texts(texts)

    def add_numbers(self, values: NDArray[np.float64], integral: int) -> None:
        """Finite numbers, `integral` of them written as integers. Not for a column that is read as text."""
        self.counts[INTEGRAL] += integral
        self.counts[FRACTIONAL] += len(values) - integral
        if self.counts[STRING]:
            self.mixed = True
        self._add_moments(values)
        self.sketch.add(values)

    def add_texts(self, texts: Sequence[str]) -> None:
        """Cells of CSV and strings of JSON; each counts as what it reads like."""
        if self.as_text:
            self._add_as_text(texts)
            return
        numbers: list[float] = []
        integral = 0
        strings: Counter[str] = Counter()
        for text, count in Counter(texts).items():
            kind, number = classify(text)
            if kind == STRING:
                strings[text] = count
            elif number is not None:
                numbers.extend([number] * count)
                integral += count if kind == INTEGRAL else 0
        if strings:
            self.mixed = self.mixed or self.sketch.count > 0
            self.counts[STRING] += strings.total()
            self.categories.add(strings)
        if numbers:
            self.add_numbers(np.array(numbers, dtype=np.float64), integral)

    def _add_literals(self, numbers: list[float], integers: int) -> None:
        if self.as_text:
            self._add_as_text([str(number) for number in numbers])
            return
        finite = [number for number in numbers if -LARGEST <= number <= LARGEST]
        if len(finite) < len(numbers):
            integers = sum(type(number) is int for number in finite)
        self.add_numbers(np.array(finite, dtype=np.float64), integers)

    def _add_as_text(self, texts: Sequence[str]) -> None:
        kept: Counter[str] = Counter()
        for text, count in Counter(texts).items():
            kind, number = classify(text)
            if kind == STRING or number is not None:
                self.counts[kind] += count
                kept[text] += count
        self.categories.add(kept)

    def _add_moments(self, values: NDArray[np.float64]) -> None:
        """Chan's formula: moments of two parts give those of the whole, without the loss of summed squares."""
        size, before = len(values), self.sketch.count
        if not size:
            return
        with np.errstate(over="ignore", invalid="ignore"):
            mean = float(values.mean())
            squares = float(((values - mean) ** 2).sum())
            self.sum += float(values.sum())
        delta = mean - self.mean
        total = before + size
        self.mean += delta * size / total
        self._squares += squares + delta * delta * before * size / total
        self.min = min(self.min, float(values.min()))
        self.max = max(self.max, float(values.max()))


def classify(text: str) -> tuple[str, float | None]:
    """The type that a text reads like, and its number; None for a blank one, and for one that is not finite."""
    match = NUMBER.fullmatch(text)
    if match is None:
        if text and not text.isspace() and text.strip("+-").lower() not in ("nan", "inf", "infinity"):
            return STRING, None
        return UNKNOWN, None
    number = float(text)
    return (INTEGRAL if match[1] else FRACTIONAL), number if math.isfinite(number) else None
