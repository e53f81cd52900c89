"""A self-contained page: head, title and navigation around the sections."""

from collections.abc import Mapping

from processing.report.markup import Markup, join, tag
from processing.report.style import STYLE

# Even if something got through the escaping, nothing could be loaded, run or sent from this page.
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def document(title: str, subtitle: str, contents: Mapping[str, str], *sections: object, style: str = "") -> str:
    """One HTML page. `contents` are the navigation's words by the sections' ids; `style` comes after the common one."""
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", http_equiv="Content-Security-Policy", content=POLICY),
        tag("title", title),
        tag("style", Markup(STYLE + style)),
    )
    links = (tag("li", tag("a", words, href=f"#{name}")) for name, words in contents.items())
    header = tag(
        "header",
        tag("h1", title),
        tag("p", subtitle, class_="soft"),
        tag("nav", tag("ul", *links), aria_label="Sections"),
    )
    page = tag("html", head, tag("body", header, tag("main", *sections)), lang="en")
    return join(Markup("<!doctype html>\n"), page, Markup("\n"))
