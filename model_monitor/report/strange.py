"""The strangest pictures of the window, kept while the records go by: a bounded number, each once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from model_monitor.report.baseline_profile import FeatureBaseline
from model_monitor.report.observed import CONFIDENCE, PREDICTED_CLASS, READABLE
from model_monitor.report.thumbnails import Thumbnail, thumbnail_of

Row = Mapping[str, Any]
LEAST_SURE, UNUSUAL, UNREADABLE = 10, 10, 5
# of each feature, so that one drift does not hide another
KEPT_OF_A_FEATURE = 6
# of the answer: how sure it is says all of them
OF_THE_ANSWER = frozenset({CONFIDENCE, "margin", "entropy", "probability", PREDICTED_CLASS, READABLE})
MIDDLE = (0.01, 0.99)


@dataclass(frozen=True)
class Limits:
    """Between `low` and `high` lie 98 % of the baseline; `scale` is what a distance from there is measured in."""

    low: float
    high: float
    scale: float

    def beyond(self, value: float) -> float:
        """0 between the limits, and 1 as far from them as they are from each other."""
        return max(0.0, self.low - value, value - self.high) / self.scale


@dataclass(frozen=True)
class StrangePicture:
    """A record that stands out by `feature`, with its place beyond `limits` as `score`. `seen` counts its copies."""

    feature: str
    score: float
    row: Row
    record_id: str
    moment: datetime
    digest: str
    thumbnail: Thumbnail
    limits: Limits | None = None
    seen: int = 1


@dataclass(frozen=True)
class Gallery:
    """The strangest first; a picture is in one of them only."""

    least_sure: tuple[StrangePicture, ...] = ()
    unusual: tuple[StrangePicture, ...] = ()
    unreadable: tuple[StrangePicture, ...] = ()


def limits_of(features: Mapping[str, FeatureBaseline]) -> dict[str, Limits]:
    """Of the numbers that describe a request."""
    found = {}
    for name, feature in features.items():
        low, middle, high = (feature.quantile(share) for share in (MIDDLE[0], 0.5, MIDDLE[1]))
        if name not in OF_THE_ANSWER and low is not None and middle is not None and high is not None:
            # a feature that hardly varies has no width to measure with
            found[name] = Limits(low, high, max(high - low, 0.05 * abs(middle), 1e-3))
    return found


class Strangest:
    """Looks at every record, and keeps thumbnails of a few."""

    def __init__(self, limits: Mapping[str, Limits]) -> None:
        self._limits = limits
        self._least_sure = _Shelf(LEAST_SURE)
        self._unreadable = _Shelf(UNREADABLE)
        self._unusual = {name: _Shelf(KEPT_OF_A_FEATURE) for name in limits}

    def consider(self, row: Row, moment: datetime, record_id: str, body: Callable[[], bytes | None]) -> None:
        """`body` gives the request's bytes, and is asked only where they are wanted."""

        def picture(feature: str, score: float, limits: Limits | None = None) -> Callable[[bytes | None, str], Any]:
            return lambda given, digest: StrangePicture(
                feature, score, row, record_id, moment, digest, thumbnail_of(given), limits
            )

        if row.get(READABLE) == 0:
            self._unreadable.offer(0.0, body, picture(READABLE, 0.0))
            return
        if isinstance(confidence := row.get(CONFIDENCE), float):
            self._least_sure.offer(1 - confidence, body, picture(CONFIDENCE, 1 - confidence))
        for name, limits in self._limits.items():
            value = row.get(name)
            score = limits.beyond(value) if isinstance(value, int | float) else 0.0
            if score > 0:
                self._unusual[name].offer(score, body, picture(name, score, limits))

    def gallery(self) -> Gallery:
        least_sure = self._least_sure.pictures
        shown = {one.digest for one in least_sure}
        unusual: list[StrangePicture] = []
        # by turns: first the strangest of each feature, then the second strangest
        for place in range(KEPT_OF_A_FEATURE):
            turn = [shelf.pictures[place] for shelf in self._unusual.values() if len(shelf.pictures) > place]
            for one in sorted(turn, key=lambda one: -one.score):
                if one.digest not in shown and len(unusual) < UNUSUAL:
                    shown.add(one.digest)
                    unusual.append(one)
        return Gallery(tuple(least_sure), tuple(unusual), tuple(self._unreadable.pictures))


class _Shelf:
    """The highest scores, at most `most`, by their bytes."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: dict[str, StrangePicture] = {}

    @property
    def pictures(self) -> list[StrangePicture]:
        return sorted(self._kept.values(), key=lambda one: (-one.score, one.moment))

    def offer(
        self, score: float, body: Callable[[], bytes | None], make: Callable[[bytes | None, str], StrangePicture]
    ) -> None:
        full = len(self._kept) >= self._most
        lowest = min(self._kept.values(), key=lambda one: one.score) if full else None
        if lowest is not None and score < lowest.score:
            return
        given = body()
        digest = hashlib.sha256(given or b"").hexdigest()
        if digest in self._kept:
            self._kept[digest] = replace(self._kept[digest], seen=self._kept[digest].seen + 1)
        elif lowest is None:
            self._kept[digest] = make(given, digest)
        elif score > lowest.score:
            del self._kept[lowest.digest]
            self._kept[digest] = make(given, digest)
