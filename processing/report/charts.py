"""The page's charts as SVG: drawn in the page's own colours, so that they follow it into dark mode and onto paper."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from processing.behaviour import BehaviourTest
from processing.report.markup import Markup, join, tag
from processing.report.words import whole_percent

WIDTH, HEIGHT = 360, 270
LEFT, RIGHT, TOP, BOTTOM = 58, 22, 12, 40


class Frame:
    """A rectangle of data in one of paper: its axes, and where a point of data lies."""

    def __init__(
        self,
        x: tuple[float, float],
        y: tuple[float, float],
        height: int = HEIGHT,
        left: int = LEFT,
        width: int = WIDTH,
    ) -> None:
        self._x, self._y, self.height, self._left, self.width = x, y, height, left, width

    def at(self, x: float, y: float) -> tuple[float, float]:
        across = (x - self._x[0]) / (self._x[1] - self._x[0])
        up = (y - self._y[0]) / (self._y[1] - self._y[0])
        return (
            round(self._left + across * (self.width - self._left - RIGHT), 1),
            round(self.height - BOTTOM - up * (self.height - TOP - BOTTOM), 1),
        )

    def line(self, x0: float, y0: float, x1: float, y1: float, class_: str) -> Markup:
        (left, low), (right, high) = self.at(x0, y0), self.at(x1, y1)
        return tag("line", x1=left, y1=low, x2=right, y2=high, class_=class_)

    def path(self, points: Sequence[tuple[float, float]], class_: str) -> Markup:
        return tag("polyline", points=self._points(points), class_=class_)

    def area(self, points: Sequence[tuple[float, float]], class_: str) -> Markup:
        return tag("polygon", points=self._points(points), class_=class_)

    def dot(self, x: float, y: float, class_: str, radius: float = 4.5) -> Markup:
        across, down = self.at(x, y)
        return tag("circle", cx=across, cy=down, r=radius, class_=class_)

    def bar(self, x0: float, x1: float, y0: float, y1: float, class_: str) -> Markup:
        (left, low), (right, high) = self.at(x0, y0), self.at(x1, y1)
        return tag("rect", x=left, y=high, width=round(right - left, 1), height=round(low - high, 1), class_=class_)

    def text(self, x: float, y: float, words: str, anchor: str, down: float = 0, right: float = 0) -> Markup:
        across, below = self.at(x, y)
        return tag("text", words, x=across + right, y=below + down, text_anchor=anchor)

    def axes(self, xs: Mapping[float, str], ys: Mapping[float, str], x_title: str, y_title: str | None) -> Markup:
        """Grid lines and their figures, the frame, and what the axes are of."""
        (x0, x1), (y0, y1) = self._x, self._y
        middle = (TOP + self.height - BOTTOM) / 2
        return join(
            *(self.line(x, y0, x, y1, "grid") for x in xs),
            *(self.line(x0, y, x1, y, "grid") for y in ys),
            *(self.text(x, y0, words, "middle", down=15) for x, words in xs.items()),
            *(self.text(x0, y, words, "end", down=4, right=-6) for y, words in ys.items()),
            tag(
                "text",
                x_title,
                x=(self._left + self.width - RIGHT) / 2,
                y=self.height - 6,
                text_anchor="middle",
                class_="soft",
            ),
            None
            if y_title is None
            else tag(
                "text", y_title, transform=f"translate(10 {middle}) rotate(-90)", text_anchor="middle", class_="soft"
            ),
        )

    def draw(self, title: str, *parts: object) -> Markup:
        """The chart; `title` tells those who cannot see it what it shows."""
        return tag(
            "svg", tag("title", title), *parts, viewBox=f"0 0 {self.width} {self.height}", role="img", aria_label=title
        )

    def _points(self, points: Sequence[tuple[float, float]]) -> str:
        return " ".join(f"{across},{down}" for across, down in (self.at(x, y) for x, y in points))


def chart(drawing: Markup, caption: object) -> Markup:
    return tag("figure", drawing, tag("figcaption", caption))


def roc_chart(metrics: Mapping[str, Any], positive_class: str) -> Markup:
    curve = metrics["receiver_operating_characteristic_curve"]
    matrix, auc = metrics["confusion_matrix"], metrics["auc"]
    points = list(zip(curve["false_positive_rates"], curve["true_positive_rates"], strict=True))
    x = matrix["0"]["1"] / sum(matrix["0"].values())
    y = matrix["1"]["1"] / sum(matrix["1"].values())
    frame = Frame((0, 1), (0, 1), 320)
    return frame.draw(
        f"ROC curve for {positive_class}: area {auc['value']:.3f}",
        frame.axes(share_ticks(0, 1), share_ticks(0, 1), "false positive rate", "true positive rate"),
        frame.area([(0, 0), *points, (1, 0)], "area"),
        frame.line(0, 0, 1, 1, "chance"),
        frame.path(points, "curve"),
        frame.dot(x, y, "orange"),
    )


def difference_chart(difference: float, lower: float, upper: float) -> Markup:
    reach = max(0.05, np.ceil(max(abs(lower), abs(upper)) * 20) / 20)
    frame = Frame((-reach, reach), (0, 1), 110, left=RIGHT)
    ticks = {x: f"{100 * x:+g}" if x else "0" for x in np.linspace(-reach, reach, 5).round(4).tolist()}
    return frame.draw(
        f"Accuracy of the candidate minus the champion's: {100 * difference:+.1f} points, "
        f"95 % interval {100 * lower:+.1f} to {100 * upper:+.1f}",
        frame.axes(ticks, {}, "← champion better · percentage points · candidate better →", None),
        frame.line(0, 0, 0, 1, "chance"),
        frame.line(lower, 0.5, upper, 0.5, "whisker"),
        frame.dot(difference, 0.5, "blue", 5.5),
    )


def behaviour_chart(tests: Sequence[BehaviourTest]) -> Markup:
    highest = max(0.1, *(np.ceil(test.upper * 10) / 10 for test in tests))
    row = 26
    frame = Frame((0, float(highest)), (0, len(tests)), TOP + BOTTOM + row * len(tests), left=100)
    heights = (np.arange(len(tests), 0, -1) - 0.5).tolist()
    rows = [
        join(frame.line(test.lower, y, test.upper, y, "whisker"), frame.dot(test.share, y, "blue"))
        for test, y in zip(tests, heights, strict=True)
    ]
    names = {y: test.name.replace("_", " ") for test, y in zip(tests, heights, strict=True)}
    return frame.draw(
        "Share of answers that change with each perturbation, with 95 % intervals",
        frame.axes(share_ticks(0, float(highest)), names, "share of answers that change", None),
        *rows,
    )


def share_ticks(lowest: float, highest: float) -> dict[float, str]:
    """Where the ticks of an axis of shares stand, and what they say."""
    step = 0.1 if highest - lowest <= 0.5 else 0.2
    values = np.arange(lowest, highest + step / 2, step).round(2).tolist()
    return {value: whole_percent(value) for value in values if value <= highest + 1e-9}
