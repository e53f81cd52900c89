"""statistics.json: each column's figures. Written from a profile, and read as a baseline.

https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-interpreting-statistics.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .column_profile import FRACTIONAL, INTEGRAL, LARGEST, STRING, UNKNOWN, ColumnProfile
from .dataset_profile import DatasetProfile
from .documents import Document, read_document
from .kll import C, K, QuantileSketch
from .lines import Damage
from .result_files import finite

# "By default, we materialize the distribution in 10 buckets. This is not currently configurable."
BUCKETS = 10
# deequ's Histogram.MaximumAllowedDetailBins
CATEGORIES = 1_000
NUMERIC = (INTEGRAL, FRACTIONAL)
TYPES = (INTEGRAL, FRACTIONAL, STRING, UNKNOWN)


@dataclass(frozen=True)
class BaselineColumn:
    """A column as it was: `sketch` for numbers, `categories` for strings where the file has all of them."""

    name: str
    inferred_type: str
    present: int
    sketch: QuantileSketch | None = None
    categories: Mapping[str, int] | None = None


def statistics_of(profile: DatasetProfile, damage: Damage) -> dict[str, Any]:
    """The document; `dataset.damaged_lines` is there only where lines could not be read, by kind."""
    dataset: dict[str, Any] = {"item_count": profile.items}
    if damage.total:
        dataset["damaged_lines"] = dict(sorted(damage.counts.items()))
    features = [_feature(name, column, profile.items) for name, column in profile.columns.items()]
    return {"version": 0.0, "dataset": dataset, "features": features}


def _feature(name: str, column: ColumnProfile, items: int) -> dict[str, Any]:
    kind = column.inferred_type
    feature: dict[str, Any] = {"name": name, "inferred_type": kind}
    common = {"num_present": column.present, "num_missing": items - column.present}
    if kind in NUMERIC:
        feature["numerical_statistics"] = {
            "common": common,
            "mean": finite(column.mean),
            "sum": finite(column.sum),
            "std_dev": finite(column.std_dev),
            "min": column.min,
            "max": column.max,
            "distribution": {"kll": _kll(column)},
        }
        return feature
    buckets = [{"value": text, "count": count} for text, count in column.categories.most_common(CATEGORIES)]
    feature["string_statistics"] = {
        "common": common,
        "distinct_count": column.categories.distinct,
        "distribution": {"categorical": {"buckets": buckets}},
    }
    return feature


def _kll(column: ColumnProfile) -> dict[str, Any]:
    # before the sketch is squeezed into its final size
    counts = _bucket_counts(column)
    bounds = _bounds(column)
    return {
        "buckets": [
            {"lower_bound": float(low), "upper_bound": float(high), "count": int(count)}
            for low, high, count in zip(bounds[:-1], bounds[1:], counts, strict=True)
        ],
        "sketch": {"parameters": {"c": C, "k": float(K)}, "data": column.sketch.levels()},
    }


def _bounds(column: ColumnProfile) -> NDArray[np.float64]:
    # halves first: the difference of the largest numbers is not finite
    steps = np.arange(BUCKETS + 1) / BUCKETS
    bounds = column.min * (1 - steps) + column.max * steps
    bounds[-1] = column.max
    return bounds


def _bucket_counts(column: ColumnProfile) -> NDArray[np.int64]:
    """As deequ: a bucket has its lower bound, not its upper one; the last has both."""
    values, ranks = column.sketch.cumulated()
    below = np.concatenate([[0], ranks])[np.searchsorted(values, _bounds(column), side="left")]
    below[-1] = column.sketch.count
    return np.diff(below)


def read_statistics(path: Path) -> dict[str, BaselineColumn]:
    """The baseline's columns by name. Raises AnalysisFailed, which names the key that is not what it should be."""
    document = read_document(path)
    document.allow("version", "dataset", "features")
    document.version()
    document.member("dataset").count("item_count")
    columns = [_column(feature) for feature in document.items("features")]
    return {column.name: column for column in columns}


def _column(feature: Document) -> BaselineColumn:
    feature.allow("name", "inferred_type", "numerical_statistics", "string_statistics")
    name = feature.text("name")
    kind = feature.choice("inferred_type", TYPES)
    if kind in NUMERIC:
        figures = feature.member("numerical_statistics")
        present = figures.member("common").count("num_present")
        return BaselineColumn(name, kind, present, sketch=_sketch(figures))
    figures = feature.member("string_statistics")
    present = figures.member("common").count("num_present")
    return BaselineColumn(name, kind, present, categories=_categories(figures, present))


def _sketch(figures: Document) -> QuantileSketch:
    data = figures.member("distribution").member("kll").member("sketch").get("data")
    levels = data.value if isinstance(data.value, list) else data.refuse("a list of lists of numbers")
    for level in levels:
        if not isinstance(level, list) or not all(
            type(value) in (int, float) and abs(value) <= LARGEST for value in level
        ):
            data.refuse("a list of lists of numbers")
    return QuantileSketch.of_levels(levels)


def _categories(figures: Document, present: int) -> Mapping[str, int] | None:
    """None where the file has not all categories, and a distance would have no meaning."""
    distribution = figures.optional("distribution")
    buckets = distribution.member("categorical").items("buckets") if distribution else []
    counts = {bucket.text("value"): bucket.count("count") for bucket in buckets}
    return counts if sum(counts.values()) == present else None
