"""The charts over time: confidence, share below the threshold, mix of classes, number of records."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from model_monitor.report.time_axis import day_words, time_marks
from model_monitor.report.timeline import Slot, Timeline
from processing.report.charts import Frame
from processing.report.markup import Markup, join, tag
from processing.report.words import percent, whole_percent

# (width, height, marks of time): one for screens and paper, one for telephones
WIDE, NARROW, SMALL = (900, 360, 9), (380, 320, 4), (310, 220, 4)
COLOURS = ("blue", "orange", "soft-fill")
# up to how many points a dot may be that large
CROWDS = ((200, "few"), (1000, "some"))

Size = tuple[int, int, int]


def both_sizes(draw: Callable[[Size], Markup]) -> Markup:
    """The chart twice, of which the page shows the one that fits."""
    return join(tag("div", draw(WIDE), class_="wide"), tag("div", draw(NARROW), class_="narrow"))


def colour(place: int) -> str:
    """Of the class at that place."""
    return COLOURS[min(place, len(COLOURS) - 1)]


def confidence_chart(timeline: Timeline, size: Size) -> Markup:
    """Every point's confidence over time: a dot from the threshold on, a cross below it."""
    points, threshold = timeline.points, timeline.threshold
    lowest = min(0.5, threshold, float(points.confidence.min()))
    bottom = math.floor(lowest * 10 + 1e-9) / 10
    frame, axes = _frame(timeline, size, (bottom, 1), share_marks(bottom, 1), "confidence")
    start, end = timeline.span()
    sure, crowd = points.confidence >= threshold, _crowd(len(points))
    marks = [
        tag("path", d=_path(frame, timeline, (points.kinds == place) & chosen, form), class_=f"{name} {colour(place)}")
        for name, form, chosen in ((f"dots {crowd}", "h0", sure), ("crosses", "m-2.5-2.5l5 5m0-5l-5 5", ~sure))
        for place in range(len(timeline.classes))
        if ((points.kinds == place) & chosen).any()
    ]
    return frame.draw(
        f"Confidence of {timeline.records} answers over time; {percent(timeline.share_below)} are below {threshold:g}",
        frame.bar(start, end, bottom, threshold, "doubt"),
        axes,
        *marks,
        frame.line(start, threshold, end, threshold, "mark"),
        _label(frame, end, threshold, f"threshold {threshold:g}"),
    )


def doubt_chart(timeline: Timeline) -> Markup:
    """The share below the threshold, slot by slot."""
    highest = max(0.1, math.ceil(max(slot.share_below for slot in timeline.slots) * 10) / 10)
    frame, axes = _frame(timeline, SMALL, (0, highest), share_marks(0, highest), "below threshold")
    bars = [_column(frame, slot, 0, slot.share_below, "bad-fill") for slot in timeline.slots if slot.below]
    return frame.draw("Share of answers below the threshold over time", axes, *bars)


def mix_chart(timeline: Timeline, baseline: Mapping[str, float]) -> Markup:
    """Shares of the classes, slot by slot, and where the first ends in the baseline."""
    frame, axes = _frame(timeline, SMALL, (0, 1), share_marks(0, 1), "share of answers")
    bars = []
    for slot in timeline.slots:
        ends = np.cumsum([0, *slot.classes]) / slot.records
        bars += [
            _column(frame, slot, low, high, colour(place))
            for place, (low, high) in enumerate(zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True))
            if high > low
        ]
    start, end = timeline.span()
    then = baseline.get(timeline.names[0]) if baseline else None
    line = None if then is None else frame.line(start, then, end, then, "then")
    return frame.draw("Mix of the classes over time", axes, *bars, line)


def volume_chart(timeline: Timeline) -> Markup:
    """Records, slot by slot."""
    highest = max(slot.records for slot in timeline.slots)
    frame, axes = _frame(timeline, SMALL, (0, highest * 1.05), count_marks(highest), "records")
    bars = [_column(frame, slot, 0, slot.records, "soft-fill") for slot in timeline.slots]
    return frame.draw("Number of records over time", axes, *bars)


def share_marks(lowest: float, highest: float, most: int = 6) -> dict[float, str]:
    """Round shares between the two, with their words."""
    step = next(each for each in (0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5, 1) if (highest - lowest) / each < most)
    first = math.ceil(lowest / step - 1e-9)
    values = [round(n * step, 4) for n in range(first, math.floor(highest / step + 1e-9) + 1)]
    return {value: whole_percent(value) for value in values}


def count_marks(highest: int) -> dict[float, str]:
    """0 and round numbers up to `highest`."""
    step = 1
    while highest / step > 5:
        step = step * 5 // 2 if str(step)[0] == "2" else step * 2
    return {value: f"{value:,}" for value in range(0, highest + 1, step)}


def _frame(
    timeline: Timeline, size: Size, y: tuple[float, float], marks: Mapping[float, str], title: str
) -> tuple[Frame, Markup]:
    width, height, most = size
    start, end = timeline.span()
    frame = Frame((start, end), y, height, width=width)
    return frame, frame.axes(time_marks(start, end, most), marks, f"UTC, {day_words(start, end - 1)}", title)


def _column(frame: Frame, slot: Slot, low: float, high: float, class_: str) -> Markup:
    gap = 0.06 * (slot.end - slot.start)
    return frame.bar(slot.start + gap, slot.end - gap, low, high, class_)


def _path(frame: Frame, timeline: Timeline, chosen: NDArray[np.bool_], form: str) -> str:
    """One path of many marks: shorter by far than an element each."""
    points = timeline.points
    places = (
        frame.at(float(x), float(y)) for x, y in zip(points.times[chosen], points.confidence[chosen], strict=True)
    )
    return "".join(f"M{across:g} {down:g}{form}" for across, down in places)


def _crowd(points: int) -> str:
    return next((name for most, name in CROWDS if points <= most), "crowd")


def _label(frame: Frame, x: float, y: float, words: str) -> Markup:
    across, down = frame.at(x, y)
    return tag("text", words, x=across - 4, y=down + 13, text_anchor="end", class_="label")
