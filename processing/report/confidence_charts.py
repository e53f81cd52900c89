"""The charts of the section on confidence, in the page's own colours."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from processing.calibration import ReliabilityBin
from processing.coverage import ThresholdEffect
from processing.report.charts import Frame, share_ticks
from processing.report.markup import Markup, join
from processing.report.words import percent

_BINS = 20
_THRESHOLD_TICKS = {tenths / 10: f"{tenths / 10:g}" for tenths in range(5, 11)}


def coverage_chart(curve: Sequence[ThresholdEffect], working: ThresholdEffect) -> Markup:
    """The share of images that each threshold lets the model decide, with its interval."""
    return _over_thresholds(
        f"Share decided without a human, by threshold: {percent(working.coverage)} at {working.threshold:g}",
        "share decided without a human",
        [(each.threshold, each.coverage, each.coverage_lower, each.coverage_upper) for each in curve],
        (working.threshold, working.coverage),
        bottom=0.0,
    )


def decided_accuracy_chart(curve: Sequence[ThresholdEffect], working: ThresholdEffect) -> Markup:
    """How right the model is where it decides, as far as anything is decided, with its interval."""
    points = [
        (each.threshold, each.accuracy, each.accuracy_lower, each.accuracy_upper)
        for each in curve
        if each.accuracy is not None and each.accuracy_lower is not None and each.accuracy_upper is not None
    ]
    # the interval of the last few images may reach far down: it is cut off there, so that the rest stays legible
    lowest = min((accuracy for _, accuracy, _, _ in points), default=1.0)
    told = "nothing is decided" if working.accuracy is None else percent(working.accuracy)
    return _over_thresholds(
        f"Share right of what is decided, by threshold: {told} at {working.threshold:g}",
        "share right of the decided",
        points,
        None if working.accuracy is None else (working.threshold, working.accuracy),
        bottom=max(0.0, float(np.floor(lowest * 10 - 1) / 10)),
    )


def _over_thresholds(
    title: str,
    y_title: str,
    points: Sequence[tuple[float, float, float, float]],
    mark: tuple[float, float] | None,
    bottom: float,
) -> Markup:
    """A curve of threshold, share and the bounds of its interval; `mark` is the working threshold's point."""
    frame = Frame((0.5, 1), (bottom, 1))
    band = [(x, max(bottom, lower)) for x, _, lower, _ in points] + [(x, upper) for x, _, _, upper in points[::-1]]
    return frame.draw(
        title,
        frame.axes(_THRESHOLD_TICKS, share_ticks(bottom, 1), "threshold", y_title),
        frame.area(band, "area"),
        frame.path([(x, y) for x, y, _, _ in points], "curve"),
        None if mark is None else join(frame.line(mark[0], bottom, mark[0], 1, "mark"), frame.dot(*mark, "orange")),
    )


def reliability_chart(bins: Sequence[ReliabilityBin]) -> Markup:
    lowest = min(0.5, min((each.right_lower for each in bins), default=0.5))
    bottom = np.floor(lowest * 10) / 10
    frame = Frame((0.5, 1), (float(bottom), 1), 320)
    drawn = [
        join(
            frame.line(each.confidence, max(bottom, each.right_lower), each.confidence, each.right_upper, "whisker"),
            frame.dot(each.confidence, max(float(bottom), each.right), "blue"),
        )
        for each in bins
    ]
    return frame.draw(
        "Reliability: how often the model is right against how sure it is",
        frame.axes(share_ticks(0.5, 1), share_ticks(float(bottom), 1), "confidence", "share right"),
        frame.line(max(0.5, float(bottom)), max(0.5, float(bottom)), 1, 1, "chance"),
        *drawn,
    )


def confidence_chart(confidence: NDArray[np.float64], wrong: NDArray[np.bool_], threshold: float) -> Markup:
    edges = np.linspace(0.5, 1, _BINS + 1)
    every, _ = np.histogram(confidence, edges)
    mistaken, _ = np.histogram(confidence[wrong], edges)
    highest = max(1, int(every.max()))
    frame = Frame((0.5, 1), (0, highest * 1.08))
    gap = 0.001
    bars = [
        join(
            frame.bar(left + gap, right - gap, mistakes, count, "blue") if count > mistakes else None,
            frame.bar(left + gap, right - gap, 0, mistakes, "orange") if mistakes else None,
        )
        for left, right, count, mistakes in zip(
            edges[:-1].tolist(), edges[1:].tolist(), every.tolist(), mistaken.tolist(), strict=True
        )
    ]
    return frame.draw(
        f"Confidence of {len(confidence)} answers; right ones blue, wrong ones orange",
        frame.axes(share_ticks(0.5, 1), _counts(highest), "confidence", "test images"),
        *bars,
        frame.line(threshold, 0, threshold, highest * 1.08, "mark"),
    )


def _counts(highest: int) -> dict[float, str]:
    step = max(1, 10 ** int(np.log10(highest)) // 2)
    while highest / step > 6:
        step *= 2
    return {value: str(value) for value in range(0, highest + 1, step)}
