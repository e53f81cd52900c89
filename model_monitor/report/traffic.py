"""The sections on answers and features: confidence over time, the mix of classes, each feature against the baseline."""

from __future__ import annotations

from model_monitor.report.charts import both_sizes, colour, confidence_chart, doubt_chart, mix_chart, volume_chart
from model_monitor.report.feature_charts import feature_chart, legend
from model_monitor.report.features import FeatureView, number_text
from model_monitor.report.model import Report
from model_monitor.report.plain_words import words_of
from model_monitor.report.time_axis import DAY, HOUR, MINUTE
from model_monitor.report.timeline import Timeline
from processing.report.charts import chart
from processing.report.markup import Markup, join, table, tag
from processing.report.words import percent, section

NOTHING = "No record of this time has an answer that can be read."
UNITS = ((DAY, "day"), (HOUR, "hour"), (MINUTE, "minute"), (1, "second"))


def confidence_section(report: Report) -> Markup:
    timeline = report.timeline
    if timeline is None:
        return section("confidence", "How sure the model was", tag("p", NOTHING))
    threshold = f"{timeline.threshold:g}"
    rows = [
        (one.name, f"{one.records:,}", f"{one.below:,}", percent(one.share_below))
        for one in timeline.classes
        if one.records
    ]
    rows.append(("all", f"{timeline.records:,}", f"{timeline.below:,}", percent(timeline.share_below)))
    return section(
        "confidence",
        "How sure the model was",
        tag(
            "p",
            f"Every captured answer of this time. What is below {threshold} is not acted upon: the workflow sends it "
            f"to a human. That happened to {timeline.below:,} of {timeline.records:,} answers "
            f"({percent(timeline.share_below)}).",
        ),
        _class_legend(timeline, tag("li", "● acted upon"), tag("li", "✕ sent to a human")),
        tag(
            "figure",
            both_sizes(lambda size: confidence_chart(timeline, size)),
            tag("figcaption", _points_caption(timeline)),
            class_="full",
        ),
        table(("answer", "records", f"below {threshold}", "share"), rows),
    )


def mix_section(report: Report) -> Markup:
    timeline = report.timeline
    if timeline is None:
        return section("mix", "What was asked", tag("p", NOTHING))
    each = f"Each bar is {_duration(timeline.slot_seconds)}"
    dashed = f" Dashed: where {timeline.names[0]} ends in the baseline." if report.class_baseline else ""
    charts = [
        chart(mix_chart(timeline, report.class_baseline), f"Share of answers. {each}.{dashed}"),
        chart(doubt_chart(timeline), f"Share of answers below {timeline.threshold:g}. {each}."),
        chart(volume_chart(timeline), f"Records. {each}; a share of few records says little."),
    ]
    return section(
        "mix",
        "What was asked",
        tag("p", _mix_words(report, timeline)),
        _class_legend(timeline),
        tag("div", *charts, class_="features"),
    )


def features_section(report: Report) -> Markup:
    if not report.features:
        return section("features", "Each feature against the baseline", tag("p", "There is nothing to show yet."))
    baseline = report.subject.baseline
    told = (
        f"The baseline was made of {baseline.items:,} test pictures and the answers to them. The distance is Model "
        "Monitor's: 0 where both are distributed alike, 1 where they have nothing in common, less what chance can do; "
        "it is computed from the records on this page."
        if baseline
        else "There is no baseline to compare with; this is what is there now."
    )
    figures = (_feature_figure(view) for view in report.features)
    return section(
        "features",
        "Each feature against the baseline",
        tag("p", told),
        legend() if baseline else None,
        tag("div", *figures, class_="features"),
    )


def _points_caption(timeline: Timeline) -> str:
    drawn = len(timeline.points)
    if drawn == timeline.records:
        return f"All {drawn:,} answers."
    return (
        f"Drawn are {drawn:,} of {timeline.records:,} answers, chosen at random; all figures on this page are of all "
        "of them."
    )


def _class_legend(timeline: Timeline, *more: Markup) -> Markup:
    items = [
        tag("li", tag("span", class_=f"swatch {_back(place)}"), one.name)
        for place, one in enumerate(timeline.classes)
        if one.records
    ]
    return tag("ul", *items, *more, class_="legend")


def _back(place: int) -> str:
    return f"{colour(place).removesuffix('-fill')}-back"


def _mix_words(report: Report, timeline: Timeline) -> str:
    parts = []
    for one in timeline.classes:
        then = report.class_baseline.get(one.name)
        before = "" if then is None else f" ({percent(then)} in the baseline)"
        parts.append(f"{percent(one.records / timeline.records)} {one.name}{before}")
    return f"The model answered {', '.join(parts)}."


def _duration(seconds: int) -> str:
    unit, name = next(each for each in UNITS if seconds >= each[0])
    count = seconds // unit
    return f"a {name}".replace("a hour", "an hour") if count == 1 else f"{count} {name}s"


def _feature_figure(view: FeatureView) -> Markup:
    words = words_of(view.name)
    return tag(
        "figure",
        tag("h3", words.title, _state(view)),
        feature_chart(view, words),
        tag("figcaption", _feature_caption(view)),
        class_="drifted" if view.drifted else None,
    )


def _state(view: FeatureView) -> Markup | None:
    if view.distance is None:
        return None
    told = f"distance {view.distance:.3f}" + ("" if view.bar is None else f", bar {view.bar:g}")
    if view.drifted:
        return tag("span", f"✗ {told}", class_="bad")
    return tag("span", told, class_="soft")


def _feature_caption(view: FeatureView) -> Markup:
    lines = []
    if view.median is not None:
        then = "" if view.baseline_median is None else f" ({number_text(view.baseline_median)} in the baseline)"
        lines.append(f"Middle value {number_text(view.median)}{then}. ")
    if view.missing is None:
        lines.append("No records.")
    elif view.missing or view.baseline_missing:
        then = "" if view.baseline_missing is None else f" ({percent(view.baseline_missing)} in the baseline)"
        lines.append(f"Missing in {percent(view.missing)} of the records{then}.")
    else:
        lines.append("Never missing.")
    bad = tag("span", "✗ more than allowed", class_="bad") if view.incomplete else None
    return join(*lines, " ", bad)
