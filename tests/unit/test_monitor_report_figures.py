"""The figures of the monitor's report: distances, distributions, confidence over time, violations in words."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta, timezone
from typing import Any

import numpy as np
import pytest

from local_aws.images.model_monitor import distances as analyzer
from local_aws.images.model_monitor.kll import QuantileSketch
from model_monitor.baseline import BaselineUnusable
from model_monitor.execution import Violation
from model_monitor.report.baseline_profile import FeatureBaseline, profile_of
from model_monitor.report.distances import categorical_distance, numerical_distance
from model_monitor.report.features import feature_views, number_text
from model_monitor.report.findings import findings_of
from model_monitor.report.observed import Columns, Observed
from model_monitor.report.reading import reason_kind
from model_monitor.report.time_axis import time_marks
from model_monitor.report.timeline import MOST_POINTS, MOST_SLOTS, SLOT_SECONDS, slot_seconds, timeline_of

START = datetime(2030, 1, 1, 9, tzinfo=timezone.utc)
CLASSES = ("bicycle", "motorcycle")


def observed(rows: list[dict[str, Any]], seconds: float = 60.0) -> Observed:
    columns = Columns()
    for number, row in enumerate(rows):
        columns.add(START + timedelta(seconds=seconds * number), row)
    return columns.observed()


def answers(confidence: list[float], kinds: list[str], seconds: float = 60.0) -> Observed:
    rows = [{"confidence": c, "predicted_class": k} for c, k in zip(confidence, kinds, strict=True)]
    return observed(rows, seconds)


def number_feature(values: np.ndarray, levels: int = 1, **more: Any) -> dict[str, Any]:
    sketch = QuantileSketch()
    sketch.add(values)
    low, high = float(values.min()), float(values.max())
    counts, edges = (
        np.histogram(values, 10, (low, high)) if high > low else (np.array([0] * 9 + [len(values)]), [low] * 11)
    )
    buckets = [
        {"lower_bound": float(a), "upper_bound": float(b), "count": int(c)}
        for a, b, c in zip(edges[:-1], edges[1:], counts, strict=True)
    ]
    return {
        "name": "brightness",
        "inferred_type": "Fractional",
        "numerical_statistics": {
            "common": {"num_present": len(values), "num_missing": 0},
            "distribution": {"kll": {"buckets": buckets, "sketch": {"data": sketch.levels()}}},
        },
        **more,
    }


def word_feature(counts: dict[str, int]) -> dict[str, Any]:
    return {
        "name": "predicted_class",
        "inferred_type": "String",
        "string_statistics": {
            "common": {"num_present": sum(counts.values()), "num_missing": 0},
            "distribution": {"categorical": {"buckets": [{"value": v, "count": c} for v, c in counts.items()]}},
        },
    }


def profile(*features: dict[str, Any], constraints: dict[str, Any] | None = None) -> Any:
    return profile_of({"dataset": {"item_count": 100}, "features": list(features)}, constraints or {})


def asked(name: str, **more: Any) -> dict[str, Any]:
    return {"features": [{"name": name, "completeness": 1.0, **more}], "monitoring_config": {}}


@pytest.mark.parametrize("size", [5, 40_000])
@pytest.mark.parametrize("robust", [True, False])
def test_distances_of_numbers_are_the_analyzers(size: int, robust: bool) -> None:
    rng = np.random.default_rng(7)
    then, now = rng.normal(0.5, 0.1, size), rng.normal(0.45, 0.12, 300)
    method = {"distribution_constraints": {"comparison_method": "Robust" if robust else "Simple"}}
    constraints = {"features": [{"name": "brightness"}], "monitoring_config": method}
    feature = profile(number_feature(then), constraints=constraints).features["brightness"]
    sketches = [QuantileSketch.of_levels([now.tolist()]), QuantileSketch()]
    sketches[1].add(then)
    levels = QuantileSketch.of_levels(sketches[1].levels())
    expected = analyzer.numerical_distance(sketches[0], levels, robust)
    assert numerical_distance(now, feature) == pytest.approx(expected, abs=1e-9)
    assert feature.robust is robust


def test_distances_of_words_are_the_largest_difference_of_shares() -> None:
    feature = profile(word_feature({"bicycle": 50, "motorcycle": 50})).features["predicted_class"]
    chance = 1.8 * (200 / (100 * 100)) ** 0.5
    assert categorical_distance({"bicycle": 10, "motorcycle": 90}, feature) == pytest.approx(0.4 - chance)
    assert categorical_distance({"bicycle": 50, "motorcycle": 50}, feature) == 0.0
    assert categorical_distance({}, feature) is None
    part = FeatureBaseline("predicted_class", "String", present=100, missing=0, categories={"bicycle": 50})
    assert categorical_distance({"bicycle": 1}, part) is None


def test_bars_are_the_features_own_before_the_general_ones() -> None:
    constraints = {
        "features": [
            {
                "name": "brightness",
                "completeness": 0.9,
                "monitoringConfigOverrides": {"distribution_constraints": {"comparison_threshold": 0.3}},
            },
            {"name": "predicted_class"},
        ],
        "monitoring_config": {
            "distribution_constraints": {"comparison_threshold": 0.2, "categorical_comparison_threshold": 0.05}
        },
    }
    made = profile(number_feature(np.arange(10.0)), word_feature({"a": 1}), constraints=constraints).features
    assert (made["brightness"].bar, made["brightness"].completeness) == (0.3, 0.9)
    assert made["predicted_class"].bar == 0.05
    constraints["monitoring_config"]["evaluate_constraints"] = "Disabled"  # type: ignore[index]
    assert profile(number_feature(np.arange(10.0)), constraints=constraints).features["brightness"].bar is None
    assert profile(number_feature(np.arange(10.0))).features["brightness"].bar is None


@pytest.mark.parametrize(
    "statistics",
    [
        {},
        {"features": [{"name": "a"}]},
        {"dataset": {"item_count": "many"}, "features": []},
        {"dataset": {"item_count": 1}, "features": ["a"]},
        {"dataset": {"item_count": 1}, "features": [number_feature(np.arange(3.0), numerical_statistics=[1])]},
    ],
)
def test_a_baseline_of_another_form_is_refused_in_one_line(statistics: dict[str, Any]) -> None:
    with pytest.raises(BaselineUnusable, match="not what Model Monitor writes"):
        profile_of(statistics, {})


def test_a_feature_is_counted_in_the_baselines_buckets_and_beyond_them() -> None:
    then = np.linspace(0.0, 1.0, 101)
    now = [-0.5, 0.0, 0.05, 1.0, 1.0, 2.0, None, None]
    (view,) = feature_views(
        observed([{"brightness": value} for value in now]),
        profile(number_feature(then), constraints=asked("brightness")),
    )
    shares = {each.label: each.now for each in view.bins}
    assert shares["below 0"] == pytest.approx(1 / 6)
    assert shares["0 to 0.1"] == pytest.approx(2 / 6)
    assert shares["0.9 to 1"] == pytest.approx(2 / 6)
    assert shares["above 1"] == pytest.approx(1 / 6)
    assert sum(each.now or 0 for each in view.bins) == pytest.approx(1)
    assert sum(each.baseline or 0 for each in view.bins) == pytest.approx(1)
    assert (view.missing, view.baseline_missing, view.incomplete) == (0.25, 0.0, True)
    assert view.direction == 1


def test_a_feature_that_was_always_the_same_has_one_bucket() -> None:
    rows = [{"brightness": value} for value in (32.0, 32.0, 31.0, 40.0)]
    (view,) = feature_views(observed(rows), profile(number_feature(np.full(50, 32.0))))
    assert [(each.label, each.now) for each in view.bins] == [("below 32", 0.25), ("32", 0.5), ("above 32", 0.25)]


def test_features_that_drifted_come_first_and_all_are_there() -> None:
    rng = np.random.default_rng(1)
    calm, wild = rng.normal(0.5, 0.1, 500), rng.normal(0.5, 0.1, 500)
    features = [number_feature(calm, name="contrast"), number_feature(wild), word_feature({"bicycle": 9})]
    bars = {"features": [{"name": name} for name in ("contrast", "brightness")]}
    rows = [{"contrast": float(c), "brightness": float(b) - 0.3, "extra": 1} for c, b in zip(calm, wild, strict=True)]
    views = feature_views(observed(rows), profile(*features, constraints=bars))
    assert [view.name for view in views] == ["brightness", "contrast", "predicted_class", "extra"]
    assert [view.drifted for view in views] == [True, False, False, False]
    assert views[0].direction == -1
    assert views[2].missing == 1.0


def test_without_a_baseline_the_features_have_buckets_of_their_own() -> None:
    rows = [{"brightness": n / 100, "width": 32, "predicted_class": "bicycle"} for n in range(100)]
    views = {view.name: view for view in feature_views(observed(rows), None)}
    assert len(views["brightness"].bins) == 10
    assert [each.label for each in views["width"].bins] == ["32"]
    assert views["predicted_class"].bins[0].now == 1.0
    assert all(view.distance is None and not view.drifted for view in views.values())


def test_many_categories_are_summed_up() -> None:
    rows = [{"predicted_class": f"class {n}"} for n in range(50)]
    (view,) = feature_views(observed(rows), None)
    assert len(view.bins) == 12
    assert view.bins[-1].label == "others"
    assert sum(each.now or 0 for each in view.bins) == pytest.approx(1)


def test_records_out_of_order_and_late_features_find_their_places() -> None:
    columns = Columns()
    columns.add(START + timedelta(seconds=2), {"a": 1.0})
    columns.add(START, {"a": None, "b": "x"})
    made = columns.observed()
    assert made.times.tolist() == [START.timestamp(), START.timestamp() + 2]
    assert made.column("a").values.tolist()[1] == 1.0
    assert np.isnan(made.column("a").values[0])
    assert made.column("b").counts() == {"x": 1}
    assert not len(made.column("nowhere").present)


def test_confidence_is_counted_by_class_and_by_time() -> None:
    confidence = [0.99, 0.92, 0.93, 0.6]
    timeline = timeline_of(answers(confidence, ["bicycle", "bicycle", "motorcycle", "motorcycle"], 1800), 0.93, CLASSES)
    assert timeline is not None
    assert [(one.name, one.records, one.below) for one in timeline.classes] == [
        ("bicycle", 2, 1),
        ("motorcycle", 2, 1),
    ]
    # exactly at the threshold is acted upon
    assert (timeline.records, timeline.below, timeline.share_below) == (4, 2, 0.5)
    assert sum(slot.records for slot in timeline.slots) == 4
    assert sum(slot.below for slot in timeline.slots) == 2
    assert np.sum([slot.classes for slot in timeline.slots], axis=0).tolist() == [2, 2]


def test_a_class_that_the_model_should_not_know_is_shown_after_the_others() -> None:
    timeline = timeline_of(answers([0.9, 0.9], ["unicycle", "motorcycle"]), 0.5, CLASSES)
    assert timeline is not None
    assert [(one.name, one.records) for one in timeline.classes] == [("bicycle", 0), ("motorcycle", 1), ("unicycle", 1)]


def test_records_without_an_answer_are_in_no_timeline() -> None:
    assert timeline_of(observed([{"confidence": None, "predicted_class": None}]), 0.9, CLASSES) is None
    assert timeline_of(Observed.empty(), 0.9, CLASSES) is None


def test_many_records_are_thinned_at_random_and_counted_whole() -> None:
    count = 100_000
    # of every second record, every tenth, every hundredth … there is one class only
    kinds = [CLASSES[n % 2] for n in range(count)]
    timeline = timeline_of(answers([0.5 if n % 10 == 0 else 0.99 for n in range(count)], kinds, 1.0), 0.93, CLASSES)
    assert timeline is not None
    assert (timeline.records, timeline.below) == (count, count // 10)
    assert len(timeline.points) == MOST_POINTS
    assert timeline.points.times[[0, -1]].tolist() == [START.timestamp(), START.timestamp() + count - 1]
    assert np.mean(timeline.points.confidence < 0.93) == pytest.approx(0.1, abs=0.02)
    assert np.mean(timeline.points.kinds) == pytest.approx(0.5, abs=0.04)
    assert len(timeline.slots) <= MOST_SLOTS


@pytest.mark.parametrize("span", [0, 1, 59, 3600, 86_400, 40 * 86_400, 5 * 365 * 86_400])
def test_slots_cover_any_time(span: float) -> None:
    assert slot_seconds(span) in SLOT_SECONDS
    assert span / slot_seconds(span) <= MOST_SLOTS


def test_marks_of_time_are_whole_and_few() -> None:
    start = START.timestamp()
    assert list(time_marks(start, start + 3 * 3600, 4).values()) == ["09:00", "10:00", "11:00", "12:00"]
    assert list(time_marks(start, start + 12, 4).values()) == ["09:00:00", "09:00:05", "09:00:10"]
    assert list(time_marks(start, start + 4 * 86_400, 4).values()) == ["02 Jan", "03 Jan", "04 Jan", "05 Jan"]


@pytest.mark.parametrize(
    ("value", "span", "text"),
    [
        (2048, None, "2,048"),
        (0.31812, None, "0.318"),
        (5e-6, 1.0, "0"),
        (-0.00001, 1.0, "0"),
        (0.00847, 0.07, "0.0085"),
        (1234.5, None, "1,234"),
    ],
)
def test_numbers_are_as_exact_as_they_have_to_be(value: float, span: float | None, text: str) -> None:
    assert number_text(value, span) == text


def violation(name: str, check: str, description: str) -> Violation:
    return Violation(name, check, description)


def test_a_drift_is_said_in_plain_words_with_its_direction_distance_and_bar() -> None:
    dark = observed([{"brightness": 0.1 + n / 1000} for n in range(50)])
    views = feature_views(dark, profile(number_feature(np.linspace(0.3, 0.7, 50))))
    drift = violation("brightness", "baseline_drift_check", "Baseline drift distance: 0.42\n exceeds threshold: 0.1")
    (found,) = findings_of([drift], views)
    assert found.said == "Compared with the pictures that the model was tested on, the pictures are darker."
    assert (found.figure, found.bar, found.measure, found.title) == (0.42, 0.1, "distance", "Brightness")
    assert "cameras" in found.advice
    assert found.original == "Baseline drift distance: 0.42 exceeds threshold: 0.1"
    (unseen,) = findings_of([drift], [])
    assert "come in another mix" in unseen.said


@pytest.mark.parametrize(
    ("check", "description", "figure", "bar", "said"),
    [
        (
            "completeness_check",
            "Data completeness requirement is not met. Expected completeness: 100.0%. Observed: Only 97.25% of data is "
            "complete.",
            0.9725,
            1.0,
            "is not known of as many requests",
        ),
        (
            "data_type_check",
            "Data type match requirement is not met. Expected data type: Integral, Expected match: 100.0%. Observed: "
            "Only 99.5% of data is Integral.",
            0.995,
            1.0,
            "another type",
        ),
        ("extra_column_check", "There are extra columns in current dataset.", None, None, "does not have"),
        ("missing_column_check", "There are missing columns in current dataset.", None, None, "is not among"),
        ("LessThanThreshold", "Metric recall with 0.87 was LessThanThreshold 0.93", 0.87, 0.93, "below its bar"),
        ("GreaterThanThreshold", "Metric recall with 3e-1 was GreaterThanThreshold 0.2", 0.3, 0.2, "above its bar"),
        ("a_check_of_tomorrow", "Something.", None, None, "a_check_of_tomorrow"),
    ],
)
def test_every_check_has_its_words(
    check: str, description: str, figure: float | None, bar: float | None, said: str
) -> None:
    (found,) = findings_of([violation("recall", check, description)], [])
    assert found.figure == (figure if figure is None else pytest.approx(figure))
    assert found.bar == (bar if bar is None else pytest.approx(bar))
    assert said in found.said
    assert found.advice


def test_the_worst_violation_comes_first_and_unknown_features_are_named() -> None:
    text = "Baseline drift distance: {} exceeds threshold: 0.1"
    found = findings_of(
        [
            violation("noise_level", "baseline_drift_check", text.format(0.2)),
            violation("width", "baseline_drift_check", text.format(0.7)),
        ],
        [],
    )
    assert [one.title for one in found] == ["Width", "Noise level"]
    assert "noise level is distributed otherwise" in found[1].said


def test_reasons_are_kinds_without_what_is_one_records_own() -> None:
    messages = [
        "endpoint_input: neither PNG nor JPEG: 24 bytes from b'GIF89a: x'",
        "endpoint_input: neither PNG nor JPEG: 3 bytes from b'abc'",
        "endpoint_input: PNG of 40000 x 3 pixels",
        "endpoint_input: PNG with a damaged chunk b'IDAT'",
        "endpoint_output: no probabilities: x",
    ]
    assert Counter(map(reason_kind, messages)) == {
        "request: neither PNG nor JPEG": 2,
        "request: PNG of … x … pixels": 1,
        "request: PNG with a damaged chunk": 1,
        "answer: no probabilities": 1,
    }
