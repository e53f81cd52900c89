"""HTML and SVG put together from parts: text is escaped unless it was made here, so data never becomes markup."""

import html
from collections.abc import Iterable

_VOID = {"meta", "img", "br", "col"}


class Markup(str):
    """Text that is markup already."""

    __slots__ = ()


def tag(name: str, /, *children: object, **attributes: object) -> Markup:
    """An element. Children other than Markup are escaped; None is left out.

    An attribute is written with "-" for "_" and without a trailing one (`class_`, `stroke_width`); None leaves it
    out.
    """
    opened = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{html.escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _VOID:
        return Markup(f"<{name}{opened}>")
    return Markup(f"<{name}{opened}>{join(*children)}</{name}>")


def join(*parts: object) -> Markup:
    """The parts one after the other, escaped unless they are Markup; None is left out."""
    return Markup(
        "".join(part if isinstance(part, Markup) else html.escape(str(part)) for part in parts if part is not None)
    )


def table(head: Iterable[object], rows: Iterable[Iterable[object]], caption: object = None) -> Markup:
    """A table with column headings; the first cell of each row is its heading. It scrolls on its own if too wide."""
    heading = tag("tr", *(tag("th", cell, scope="col") for cell in head))
    body = [
        tag("tr", *(tag("td", cell) if index else tag("th", cell, scope="row") for index, cell in enumerate(row)))
        for row in rows
    ]
    title = None if caption is None else tag("caption", caption)
    return tag("div", tag("table", title, tag("thead", heading), tag("tbody", *body)), class_="scroll", tabindex="0")


def definitions(pairs: Iterable[tuple[object, object]]) -> Markup:
    """Names and what they are, as a list of definitions."""
    return tag("dl", *(join(tag("dt", name), tag("dd", value)) for name, value in pairs))
