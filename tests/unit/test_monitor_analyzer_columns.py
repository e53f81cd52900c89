"""What is learnt of one column: types as deequ infers them, moments, quantiles, categories, all in bounded memory."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from local_aws.images.model_monitor.categories import EXACT, CategoryCounts
from local_aws.images.model_monitor.column_profile import ColumnProfile
from local_aws.images.model_monitor.dataset_profile import DatasetProfile
from local_aws.images.model_monitor.kll import LEVEL_VALUES, C, K, QuantileSketch
from local_aws.images.model_monitor.lines import Damage
from local_aws.images.model_monitor.statistics_file import statistics_of


def profiled(values: list[Any], as_text: bool = False) -> ColumnProfile:
    column = ColumnProfile(as_text)
    column.add(values)
    return column


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, 2, None], "Integral"),
        (["1", "-2", "+3"], "Integral"),
        ([1, 2.5], "Fractional"),
        ([1.0, 2.0], "Fractional"),
        (["1", ".5", "1e-05", "2."], "Fractional"),
        (["1", "x"], "String"),
        ([True, False], "String"),
        (["1.2.3"], "String"),
        (["e5"], "String"),
        ([None, "", " "], "Unknown"),
        ([], "Unknown"),
        ([math.nan, math.inf, "NaN", 10**400], "Unknown"),
    ],
)
def test_types_are_inferred_from_what_values_read_like(values: list[Any], kind: str) -> None:
    assert profiled(values).inferred_type == kind


def test_missing_and_not_finite_values_are_not_present() -> None:
    column = profiled([1, None, math.nan, "", "2", -math.inf])
    assert (column.present, column.sum, column.min, column.max) == (2, 3.0, 1.0, 2.0)


@pytest.mark.parametrize("scale", [1.0, 1e-12, 1e12])
def test_moments_are_those_of_numpy_however_values_arrive(scale: float) -> None:
    values = (np.random.default_rng(1).normal(1e6, 1, 30_000)) * scale
    column = ColumnProfile()
    for part in np.array_split(values, 17):
        column.add(part.tolist())
    assert column.mean == pytest.approx(values.mean(), rel=1e-12)
    assert column.std_dev == pytest.approx(values.std(), rel=1e-6)
    assert column.sum == pytest.approx(values.sum(), rel=1e-12)
    assert (column.min, column.max) == (values.min(), values.max())


def test_match_counts_integers_as_fractions_but_not_the_other_way() -> None:
    column = profiled([1, 2, 3.5, 4.5])
    assert (column.match("Integral"), column.match("Fractional"), column.match("String")) == (0.5, 1.0, 1.0)


def test_strings_after_numbers_ask_for_another_pass_as_text() -> None:
    column = ColumnProfile()
    column.add([1, 2])
    assert not column.mixed
    column.add(["bicycle"])
    assert column.mixed
    again = ColumnProfile(as_text=True)
    again.add([1, 2])
    again.add(["bicycle"])
    assert not again.mixed
    assert again.categories.most_common(9) == [("1", 1), ("2", 1), ("bicycle", 1)]


@pytest.mark.parametrize("size", [1, 7, K, LEVEL_VALUES + 1, 300_000])
@pytest.mark.parametrize("order", ["random", "rising", "falling"])
def test_no_rank_is_wrong_by_more_than_the_sketch_says(size: int, order: str) -> None:
    values = np.random.default_rng(size).normal(size=size)
    arranged = {"random": values, "rising": np.sort(values), "falling": np.sort(values)[::-1]}[order]
    sketch = QuantileSketch()
    for part in np.array_split(arranged, max(1, size // 3_000)):
        sketch.add(part)
    levels = sketch.levels()
    points, ranks = sketch.cumulated()
    exact = np.searchsorted(np.sort(values), points, side="right")
    assert np.abs(ranks - exact).max() <= sketch.rank_error <= 0.002 * size
    assert ranks[-1] == sketch.count == size
    assert sum(map(len, levels)) <= K / (1 - C) + 2 * len(levels)
    assert size > K or sketch.rank_error == 0


def test_a_sketch_from_its_file_is_the_same_sketch() -> None:
    sketch = QuantileSketch()
    sketch.add(np.random.default_rng(2).random(50_000))
    again = QuantileSketch.of_levels(sketch.levels())
    assert again.count == 50_000
    assert all((ours == theirs).all() for ours, theirs in zip(again.cumulated(), sketch.cumulated(), strict=True))


@pytest.mark.parametrize("values", [[5.0], [1.0, 1.0, 1.0], list(range(100)), [-1.7e308, 0.0, 1.7e308]])
def test_ten_buckets_hold_every_value_once(values: list[float]) -> None:
    profile = DatasetProfile()
    profile.add_rows({"x": value} for value in values)
    buckets = statistics_of(profile, Damage())["features"][0]["numerical_statistics"]["distribution"]["kll"]["buckets"]
    assert len(buckets) == 10
    assert (buckets[0]["lower_bound"], buckets[-1]["upper_bound"]) == (min(values), max(values))
    assert sum(bucket["count"] for bucket in buckets) == len(values)


def test_buckets_are_those_of_numpys_histogram() -> None:
    values = np.random.default_rng(3).gamma(2.0, size=5_000)
    profile = DatasetProfile()
    profile.add_rows({"x": value} for value in values.tolist())
    buckets = statistics_of(profile, Damage())["features"][0]["numerical_statistics"]["distribution"]["kll"]["buckets"]
    assert [bucket["count"] for bucket in buckets] == np.histogram(values, bins=10)[0].tolist()


def test_few_categories_are_counted_exactly_and_many_are_estimated() -> None:
    counts = CategoryCounts()
    counts.add(["b", "a", "b"])
    assert (counts.distinct, counts.most_common(5), counts.exact) == (2, [("b", 2), ("a", 1)], True)
    for start in range(0, 60_000, 5_000):
        counts.add(f"value {number}" for number in range(start, start + 5_000))
    counts.add(["b"])
    assert not counts.exact
    assert counts.distinct == pytest.approx(60_002, rel=0.06)
    assert (counts.count("b"), counts.total) == (3, 60_004)
    assert len(counts.most_common(10**6)) <= EXACT + 5_000


def test_long_texts_are_told_apart_without_being_kept() -> None:
    counts = CategoryCounts()
    counts.add(["x" * 1_000_000 + "a", "x" * 1_000_000 + "b"])
    assert counts.distinct == 2
    assert all(len(text) <= 256 for text, _ in counts.most_common(2))
