"""Each feature now and in the baseline: its distribution, how far it has moved, and what is missing. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from model_monitor.report.baseline_profile import BaselineProfile, Bucket, FeatureBaseline
from model_monitor.report.distances import categorical_distance, numerical_distance
from model_monitor.report.observed import Column, Observed, Values

BUCKETS, MOST_CATEGORIES = 10, 12
REST = "others"
# shares are quotients: what is less by rounding alone is not less
ROUNDING = 1e-9


@dataclass(frozen=True)
class Bin:
    """Shares of the values that are there, None where there are none on that side.

    A category has a `label` alone; a bucket of numbers also its bounds, None at the open end beyond the baseline.
    """

    label: str
    now: float | None
    baseline: float | None
    lower: float | None = None
    upper: float | None = None


@dataclass(frozen=True)
class FeatureView:
    """`distance` is None where there is nothing to compare, `bar` where nobody asks; medians are of numbers."""

    name: str
    is_number: bool
    bins: tuple[Bin, ...]
    distance: float | None
    bar: float | None
    median: float | None
    baseline_median: float | None
    missing: float | None
    baseline_missing: float | None
    completeness: float | None

    @property
    def drifted(self) -> bool:
        return self.distance is not None and self.bar is not None and self.distance > self.bar

    @property
    def incomplete(self) -> bool:
        """More is missing than the constraints allow."""
        return (
            self.missing is not None
            and self.completeness is not None
            and 1 - self.missing < self.completeness - ROUNDING
        )

    @property
    def direction(self) -> int:
        """1 if the middle value rose, -1 if it fell, 0 if it did neither or there is none."""
        if self.median is None or self.baseline_median is None:
            return 0
        return (self.median > self.baseline_median) - (self.median < self.baseline_median)


def feature_views(observed: Observed, baseline: BaselineProfile | None) -> tuple[FeatureView, ...]:
    """Those that have drifted first, by distance; then the others in the baseline's order."""
    then = baseline.features if baseline else {}
    names = [*then, *(name for name in observed.columns if name not in then)]
    views = [_view(name, observed.column(name), then.get(name)) for name in names]
    drifted = sorted((view for view in views if view.drifted), key=lambda view: -(view.distance or 0.0))
    return (*drifted, *(view for view in views if not view.drifted))


def _view(name: str, column: Column, then: FeatureBaseline | None) -> FeatureView:
    is_number = not column.is_text and (then is None or then.is_number)
    # what was of words and is of numbers, or the other way round, cannot be compared
    alike = then if then is None or then.is_number == is_number else None
    values = column.present
    if is_number:
        bins, distance = _number_bins(values, alike), numerical_distance(values, alike) if alike else None
    else:
        bins = _category_bins(column.counts(), alike)
        distance = categorical_distance(column.counts(), alike) if alike else None
    return FeatureView(
        name=name,
        is_number=is_number,
        bins=bins,
        distance=distance,
        bar=then.bar if then else None,
        median=float(np.median(values)) if is_number and len(values) else None,
        baseline_median=alike.quantile(0.5) if alike and is_number else None,
        missing=1 - len(values) / len(column.values) if len(column.values) else None,
        baseline_missing=then.missing_share if then else None,
        completeness=then.completeness if then else None,
    )


def _number_bins(values: Values, then: FeatureBaseline | None) -> tuple[Bin, ...]:
    """The baseline's buckets, and what lies beyond them; without a baseline the values' own."""
    buckets = _distinct(then.buckets) if then else ()
    if not buckets:
        return _own_bins(values)
    edges = np.array([buckets[0].lower, *(bucket.upper for bucket in buckets)])
    places = np.searchsorted(edges, values, side="right")
    # a bucket has its lower bound and not its upper one; the last has both
    places[values == edges[-1]] = len(buckets)
    counts, total = np.bincount(places, minlength=len(edges) + 1).tolist(), sum(bucket.count for bucket in buckets)
    found = [
        Bin(
            _range(bucket.lower, bucket.upper),
            _share(count, len(values)),
            _share(bucket.count, total),
            bucket.lower,
            bucket.upper,
        )
        for bucket, count in zip(buckets, counts[1:-1], strict=True)
    ]
    if counts[0]:
        less = Bin(f"below {number_text(edges[0])}", counts[0] / len(values), 0.0, None, float(edges[0]))
        found.insert(0, less)
    if counts[-1]:
        found.append(Bin(f"above {number_text(edges[-1])}", counts[-1] / len(values), 0.0, float(edges[-1]), None))
    return tuple(found)


def _distinct(buckets: tuple[Bucket, ...]) -> tuple[Bucket, ...]:
    """A feature that was always the same has ten buckets without width: they are one."""
    if buckets and buckets[0].lower == buckets[-1].upper:
        return (Bucket(buckets[0].lower, buckets[0].lower, sum(bucket.count for bucket in buckets)),)
    return buckets


def _own_bins(values: Values) -> tuple[Bin, ...]:
    if not len(values):
        return ()
    low, high = float(values.min()), float(values.max())
    if low == high:
        return (Bin(_range(low, high), 1.0, None, low, high),)
    counts, edges = np.histogram(values, BUCKETS, (low, high))
    return tuple(
        Bin(_range(lower, upper), count / len(values), None, lower, upper)
        for count, lower, upper in zip(counts.tolist(), edges[:-1].tolist(), edges[1:].tolist(), strict=True)
    )


def _category_bins(counts: dict[str, int], then: FeatureBaseline | None) -> tuple[Bin, ...]:
    before = dict(then.categories) if then else {}
    total, total_then = sum(counts.values()), sum(before.values())
    names = [*before, *(name for name in counts if name not in before)]
    shown = names if len(names) <= MOST_CATEGORIES else names[: MOST_CATEGORIES - 1]
    bins = [Bin(name, _share(counts.get(name, 0), total), _share(before.get(name, 0), total_then)) for name in shown]
    if rest := names[len(shown) :]:
        now, earlier = (sum(found.get(name, 0) for name in rest) for found in (counts, before))
        bins.append(Bin(REST, _share(now, total), _share(earlier, total_then)))
    return tuple(bins)


def _share(count: int, total: int) -> float | None:
    return count / total if total else None


def _range(lower: float, upper: float) -> str:
    return number_text(lower) if lower == upper else f"{number_text(lower)} to {number_text(upper)}"


def number_text(value: float, span: float | None = None) -> str:
    """Three significant digits, and whole numbers whole: 0.318, 2,048; with a `span` exact to a hundredth of it."""
    value = float(value)
    if value == round(value) or abs(value) >= 1000:
        return f"{value:,.0f}"
    if not span:
        return f"{value:.3g}"
    digits = max(0, 2 - math.floor(math.log10(span)))
    text = f"{value:,.{digits}f}"
    text = text.rstrip("0").rstrip(".") if digits else text
    return "0" if text in ("-0", "") else text
