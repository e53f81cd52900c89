"""Figures in words."""

from __future__ import annotations

from benchmarks.figure import Figure, Unit

_UNITS = {"ratio": "", "share": " %", "seconds": " s", "milliseconds": " ms", "megabytes": " MB"}


def amount(value: float, unit: Unit) -> str:
    """To three significant digits, shares in percent."""
    return f"{_number(value, unit)}{_UNITS[unit]}"


def measured(figure: Figure) -> str:
    return "not measured" if figure.value is None else amount(figure.value, figure.unit)


def bar(figure: Figure) -> str:
    return "" if figure.bar is None else f"{figure.comparison} {amount(figure.bar, figure.unit)}"


def verdict(figure: Figure) -> str:
    if figure.value is None:
        return "not measured"
    return {None: "", True: "met", False: "missed"}[figure.passed]


def spread(figure: Figure) -> str:
    """Least, median and most of the repeats and their number, or the interval of a share."""
    found = figure.spread
    if found is None:
        return ""
    if found.kind == "range" and found.repeats == 1:
        return "once"
    if found.kind == "interval":
        bounds = f"{_number(found.least, figure.unit)} to {amount(found.most, figure.unit)}"
        return f"{bounds}, 95 % interval of {found.repeats:,}"
    values = (_number(found.least, figure.unit), _number(found.median, figure.unit), amount(found.most, figure.unit))
    return f"{' / '.join(values)}, of {found.repeats:,}"


def _number(given: float, unit: Unit) -> str:
    value = given * 100 if unit == "share" else given
    size = abs(value)
    if size >= 100:
        return f"{value:.0f}"
    if size >= 10:
        return f"{value:.1f}".removesuffix(".0")
    return f"{value:.2f}".rstrip("0").removesuffix(".")
