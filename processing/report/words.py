"""Small forms that all sections share: a section itself, shares, times, money."""

from processing.report.markup import Markup, tag


def section(name: str, title: str, *parts: object) -> Markup:
    """A section that the page's navigation can point at."""
    return tag("section", tag("h2", title, id=f"{name}-title"), *parts, id=name, aria_labelledby=f"{name}-title")


# Keeps a figure and its unit on one line.
NO_BREAK = "\u00a0"


def percent(value: float) -> str:
    """0.925 as `92.5 %`."""
    return f"{100 * value:.1f}{NO_BREAK}%"


def whole_percent(value: float) -> str:
    """0.925 as `92 %`."""
    return f"{100 * value:.0f}{NO_BREAK}%"


def share(value: float, lower: float, upper: float) -> str:
    """A share with its interval: `92.5 % (88.0 to 95.4)`."""
    return f"{percent(value)} ({100 * lower:.1f} to {100 * upper:.1f})"


def points(value: float) -> str:
    """A difference of shares: `+1.5 points`."""
    return f"{100 * value:+.1f} points"


def duration(seconds: float | None) -> str:
    if seconds is None:
        return "not known"
    return f"{seconds:.1f}{NO_BREAK}s" if seconds < 120 else f"{seconds / 60:.1f}{NO_BREAK}min"


def dollars(value: float | None) -> str:
    return "not known" if value is None else f"${value:.4f}" if value < 0.1 else f"${value:.2f}"
