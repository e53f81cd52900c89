"""Confidence and classes over time: every record in the figures, and as many points as a chart can show. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model_monitor.report.observed import CONFIDENCE, PREDICTED_CLASS, Observed, Values

MOST_POINTS, MOST_SLOTS = 4000, 36
SEED = 1
MINUTE, HOUR, DAY = 60, 3600, 86400
# of which the slots of a chart may be, in seconds
SLOT_SECONDS = (
    *(1, 2, 5, 10, 15, 30),
    *(MINUTE * n for n in (1, 2, 5, 10, 15, 30)),
    *(HOUR * n for n in (1, 2, 3, 6, 12)),
    *(DAY * n for n in (1, 2, 7, 14, 30, 90, 365)),
)


@dataclass(frozen=True)
class ClassConfidence:
    """Records answered with the class, and how many of them less surely than the threshold."""

    name: str
    records: int
    below: int

    @property
    def share_below(self) -> float:
        return self.below / self.records if self.records else 0.0


@dataclass(frozen=True)
class Points:
    """Records as points, in order of time; `kinds` are places in the list of classes."""

    times: Values
    confidence: Values
    kinds: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.times)


@dataclass(frozen=True)
class Slot:
    """The records from `start` on and before `end`, in seconds since 1970: `classes` counts them by class."""

    start: float
    end: float
    records: int
    below: int
    classes: tuple[int, ...]

    @property
    def share_below(self) -> float:
        return self.below / self.records


@dataclass(frozen=True)
class Timeline:
    """`records` are those with a confidence; `points` all of them, or a random `points` of them. Empty slots are left
    out."""

    threshold: float
    classes: tuple[ClassConfidence, ...]
    slots: tuple[Slot, ...]
    slot_seconds: int
    points: Points

    @property
    def records(self) -> int:
        return sum(one.records for one in self.classes)

    @property
    def below(self) -> int:
        return sum(one.below for one in self.classes)

    @property
    def share_below(self) -> float:
        return self.below / self.records

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(one.name for one in self.classes)

    def span(self) -> tuple[float, float]:
        """From the first slot's start to the last one's end, in seconds since 1970."""
        return self.slots[0].start, self.slots[-1].end


def timeline_of(observed: Observed, threshold: float, known: tuple[str, ...]) -> Timeline | None:
    """None where no record has a confidence and a class. `known` classes come first, in their order."""
    confidence, said = observed.column(CONFIDENCE).values, observed.column(PREDICTED_CLASS)
    usable = np.isfinite(confidence) & np.isfinite(said.values)
    if not usable.any():
        return None
    names = (*known, *(name for name in said.categories if name not in known))
    places = np.array([names.index(name) for name in said.categories], dtype=np.int64)
    times, confidence = observed.times[usable], confidence[usable]
    kinds = places[said.values[usable].astype(np.int64)]
    below = confidence < threshold
    seconds = slot_seconds(float(times[-1] - times[0]))
    return Timeline(
        threshold=threshold,
        classes=tuple(
            ClassConfidence(name, int((kinds == place).sum()), int(below[kinds == place].sum()))
            for place, name in enumerate(names)
        ),
        slots=tuple(_slots(times, kinds, below, len(names), seconds)),
        slot_seconds=seconds,
        points=_thinned(Points(times, confidence, kinds)),
    )


def slot_seconds(span: float) -> int:
    """The shortest of SLOT_SECONDS of which MOST_SLOTS cover the span."""
    return next((each for each in SLOT_SECONDS if span / each <= MOST_SLOTS - 1), SLOT_SECONDS[-1])


def _slots(times: Values, kinds: NDArray[np.int64], below: NDArray[np.bool_], classes: int, seconds: int) -> list[Slot]:
    numbers, places = np.unique(np.floor(times / seconds).astype(np.int64), return_inverse=True)
    counts = np.bincount(places * classes + kinds, minlength=len(numbers) * classes).reshape(-1, classes)
    doubts = np.bincount(places, weights=below, minlength=len(numbers)).astype(np.int64)
    return [
        Slot(float(number * seconds), float((number + 1) * seconds), sum(by_class), doubt, tuple(by_class))
        for number, by_class, doubt in zip(numbers.tolist(), counts.tolist(), doubts.tolist(), strict=True)
    ]


def _thinned(points: Points) -> Points:
    """At random, since every tenth of traffic that repeats itself may always be the same; first and last stay."""
    if len(points) <= MOST_POINTS:
        return points
    inner = np.random.default_rng(SEED).choice(len(points) - 2, MOST_POINTS - 2, replace=False) + 1
    rows = np.sort(np.concatenate([[0], inner, [len(points) - 1]]))
    return Points(points.times[rows], points.confidence[rows], points.kinds[rows])
