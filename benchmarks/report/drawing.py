"""A figure beside its bar, as SVG: filled up to the value, a mark where the bar is, a whisker for the spread."""

from __future__ import annotations

from benchmarks.figure import Figure
from benchmarks.report.words import bar, measured
from processing.report.markup import Markup, tag

WIDTH, HEIGHT = 200, 22
MARK = 125.0  # where the bar stands
END = WIDTH - 6.0


def drawn(figure: Figure) -> Markup | None:
    """The value against the bar, whatever the unit; without a bar against 1, or against the whole for a share.

    None where nothing was measured. What does not fit ends in an arrow.
    """
    if figure.value is None:
        return None
    length = _place(figure.value, figure)
    tone = {True: "met", False: "missed", None: "beside"}[figure.passed]
    return tag(
        "svg",
        tag("rect", x=0, y=6, width=END, height=10, class_="track"),
        tag("rect", x=0, y=6, width=max(length, 1.5), height=10, class_=f"value {tone}"),
        _arrow(length, tone),
        _whisker(figure),
        tag("line", x1=MARK, x2=MARK, y1=1, y2=HEIGHT - 1, class_="none" if figure.bar is None else "bar"),
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        role="img",
        aria_label=f"{measured(figure)}; {bar(figure) or 'no bar'}",
        class_="drawn",
    )


def _place(value: float, figure: Figure) -> float:
    reference = 1.0 if figure.bar is None else figure.bar
    if reference == 0:  # none is allowed: none is nothing, any is too much
        return 0.0 if value <= 0 else END
    return round(min(END, max(0.0, value / reference * MARK)), 1)


def _arrow(length: float, tone: str) -> Markup | None:
    return tag("path", d=f"M{END} 3 L{WIDTH} 11 L{END} 19 Z", class_=f"value {tone}") if length >= END else None


def _whisker(figure: Figure) -> Markup | None:
    found = figure.spread
    if found is None or found.repeats < 2 or figure.bar == 0:
        return None
    least, most = _place(found.least, figure), _place(found.most, figure)
    if most - least < 1:
        return None
    return tag("path", d=f"M{least} 11 H{most} M{least} 8 V14 M{most} 8 V14", class_="spread")
