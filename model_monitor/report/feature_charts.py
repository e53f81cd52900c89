"""A feature's distribution now, drawn into that of the baseline."""

from __future__ import annotations

import math

from model_monitor.report.charts import share_marks
from model_monitor.report.features import Bin, FeatureView, number_text
from model_monitor.report.plain_words import FeatureWords, shortened
from processing.report.charts import Frame
from processing.report.markup import Markup, join, tag

WIDTH, HEIGHT = 300, 180
ROW, NAME_WIDTH, LONGEST_NAME = 30, 84, 12
BELOW, ABOVE = "<", ">"


def feature_chart(view: FeatureView, words: FeatureWords) -> Markup | None:
    """None where there is nothing to draw. Grey is the baseline, blue what is there now."""
    if not view.bins:
        return None
    told = "; ".join(
        f"{each.label}: {_told(each.now)} now, {_told(each.baseline)} in the baseline" for each in view.bins
    )
    return (_columns if view.is_number else _rows)(view.bins, words.means, f"{words.title}. {told}")


def _told(share: float | None) -> str:
    return "none" if share is None else f"{100 * share:.0f} %"


def _highest(bins: tuple[Bin, ...]) -> float:
    largest = max(share for each in bins for share in (each.now or 0.0, each.baseline or 0.0))
    return max(0.1, math.ceil(largest * 10 - 1e-9) / 10)


def _columns(bins: tuple[Bin, ...], means: str, title: str) -> Markup:
    highest = _highest(bins)
    frame = Frame((0, len(bins)), (0, highest * 1.04), HEIGHT, left=40, width=WIDTH)
    bars = [
        join(
            frame.bar(place + 0.04, place + 0.96, 0, each.baseline, "then-fill") if each.baseline else None,
            frame.bar(place + 0.24, place + 0.76, 0, each.now, "blue") if each.now else None,
        )
        for place, each in enumerate(bins)
    ]
    return frame.draw(title, frame.axes({}, share_marks(0, highest, 4), means, None), _bounds(frame, bins), *bars)


def _bounds(frame: Frame, bins: tuple[Bin, ...]) -> Markup:
    """The least, the middle and the largest bound below the columns, and signs below the open ends."""
    inner = [place for place, each in enumerate(bins) if each.lower is not None and each.upper is not None]
    first, last = inner[0], inner[-1]
    span = (bins[last].upper or 0.0) - (bins[first].lower or 0.0)

    def mark(place: float, value: float | None, anchor: str = "middle") -> Markup:
        return frame.text(place, 0, number_text(value or 0.0, span), anchor, down=15)

    marks = [
        frame.text(place + 0.5, 0, BELOW if each.lower is None else ABOVE, "middle", down=15)
        for place, each in enumerate(bins)
        if each.lower is None or each.upper is None
    ]
    if first == last:
        return join(*marks, mark(first + 0.5, bins[first].lower))
    middle = (first + last + 1) // 2
    # away from the sign beside it
    return join(
        *marks,
        mark(first, bins[first].lower, "start" if first else "middle"),
        mark(middle, bins[middle].lower),
        mark(last + 1, bins[last].upper, "end" if last + 1 < len(bins) else "middle"),
    )


def _rows(bins: tuple[Bin, ...], means: str, title: str) -> Markup:
    highest, count = _highest(bins), len(bins)
    frame = Frame((0, highest), (0, count), 52 + ROW * count, left=NAME_WIDTH, width=WIDTH)
    bars, names = [], []
    for place, each in enumerate(bins):
        low = count - 1 - place
        if each.baseline:
            bars.append(frame.bar(0, each.baseline, low + 0.1, low + 0.9, "then-fill"))
        if each.now:
            bars.append(frame.bar(0, each.now, low + 0.3, low + 0.7, "blue"))
        names.append(frame.text(0, low + 0.5, shortened(each.label, LONGEST_NAME), "end", down=4, right=-6))
    return frame.draw(title, frame.axes(share_marks(0, highest, 5), {}, means, None), *bars, *names)


def legend() -> Markup:
    """What the colours are."""
    return tag(
        "ul",
        tag("li", tag("span", class_="swatch then-back"), "baseline"),
        tag("li", tag("span", class_="swatch blue-back"), "now"),
        class_="legend",
    )
