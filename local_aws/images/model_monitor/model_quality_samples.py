"""Rows as arrays of numbers: labels, predictions, and probabilities where there are any."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import AnalysisFailed
from .lines import Damage
from .model_quality_attributes import BINARY, REGRESSION, Attributes
from .model_quality_rows import NO_LABEL, NO_PREDICTION, Row

TRUE, FALSE = ("1", "true"), ("0", "false")
MOST_CLASSES = 1000


@dataclass(frozen=True)
class Samples:
    """Arrays of one length. Labels and predictions are classes (places in `classes`), or figures in regression."""

    labels: NDArray[Any]
    predictions: NDArray[Any]
    probabilities: NDArray[np.float64] | None = None
    classes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, places: NDArray[np.int64]) -> Samples:
        """Those at these places."""
        probabilities = None if self.probabilities is None else self.probabilities[places]
        return Samples(self.labels[places], self.predictions[places], probabilities, self.classes)


def samples_of(rows: Iterable[Row], attributes: Attributes, damage: Damage) -> Samples:
    """The rows that can be read; the others are counted in `damage`. 24 bytes a row are in memory.

    Raises AnalysisFailed for more than 1,000 classes, which are figures taken for classes.
    """
    names = _ClassNames()
    value_of: Callable[[Any], float] = {BINARY: _binary, REGRESSION: _figure}.get(attributes.problem_type, names.place)
    labels, predictions, probabilities = array("d"), array("d"), array("d")
    for row in rows:
        try:
            label = value_of(row.label)
        except ValueError as error:
            damage.note(NO_LABEL, row.where, str(error))
            continue
        try:
            probability = _figure(row.probability) if attributes.probability else 0.0
            prediction = value_of(row.inference) if attributes.inference else float(probability > attributes.threshold)
        except ValueError as error:
            damage.note(NO_PREDICTION, row.where, str(error))
            continue
        labels.append(label)
        predictions.append(prediction)
        if attributes.probability:
            probabilities.append(probability)
    found = [np.frombuffer(values) if values else np.empty(0) for values in (labels, predictions)]
    scores = np.frombuffer(probabilities) if probabilities else None
    if attributes.problem_type == REGRESSION:
        return Samples(found[0], found[1])
    if attributes.problem_type == BINARY:
        return Samples(found[0].astype(np.int8), found[1].astype(np.int8), scores, ("0", "1"))
    classes, places = names.sorted()
    return Samples(places[found[0].astype(np.int64)], places[found[1].astype(np.int64)], None, classes)


class _ClassNames:
    """Numbers for the names of classes, in the order in which they came."""

    def __init__(self) -> None:
        self._places: dict[str, int] = {}

    def place(self, value: Any) -> float:
        name = _name(value)
        if len(self._places) >= MOST_CLASSES and name not in self._places:
            raise AnalysisFailed(
                f"There are more than {MOST_CLASSES} classes: figures are analysed with problem_type {REGRESSION}."
            )
        return self._places.setdefault(name, len(self._places))

    def sorted(self) -> tuple[tuple[str, ...], NDArray[np.int64]]:
        """The names in order, as numbers where all are, and for each number given out the name's place in it."""
        numbers = all(name.lstrip("-").isdecimal() for name in self._places)
        names = sorted(self._places, key=(lambda name: (int(name), name)) if numbers else (lambda name: (0, name)))
        places = np.empty(len(names), np.int64)
        places[[self._places[name] for name in names]] = np.arange(len(names))
        return tuple(names), places


def _name(value: Any) -> str:
    """A class as text: 1, 1.0, "1" and "1.0" are one class. Raises ValueError for an empty one."""
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value).strip()
    if not text:
        raise ValueError("empty")
    try:
        number = float(text)
    except ValueError:
        return text
    return str(int(number)) if math.isfinite(number) and number == int(number) else text


def _binary(value: Any) -> float:
    name = _name(value).lower()
    if name in TRUE:
        return 1.0
    if name in FALSE:
        return 0.0
    raise ValueError(f"{str(value)[:40]!r} is neither 0 nor 1")


def _figure(value: Any) -> float:
    try:
        number = float(value)
    except (ValueError, TypeError):
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"{str(value)[:40]!r} is no number")
    return number
