"""Views as HTML. Everything is escaped: a value is never markup."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from werkzeug.routing import MapAdapter
from werkzeug.wrappers import Response

from local_aws.console import wording
from local_aws.console.view import View

STATIC = Path(__file__).parent / "static"
STATIC_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
SECTIONS = (
    ("overview", "Overview"),
    ("executions", "Pipelines"),
    ("models", "Models"),
    ("endpoints", "Endpoints"),
    ("state_machines", "State machines"),
    ("builds", "Builds"),
    ("queues", "Queues"),
    ("rules", "Rules"),
    ("alarms", "Alarms"),
    ("monitoring", "Monitoring"),
    ("log_groups", "Logs"),
)


class Renderer:
    """The templates, with the addresses of pages."""

    def __init__(self, addresses: MapAdapter) -> None:
        """`addresses` builds the path of a page from its endpoint's name."""
        self._environment = Environment(
            loader=PackageLoader("local_aws.console"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        for filter_ in (
            *(
                wording.tone,
                wording.mark,
                wording.words,
                wording.moment,
                wording.moment_in,
                wording.iso,
                wording.duration,
                wording.size,
            ),
            *(wording.number, wording.pretty, wording.printable, wording.last_part),
        ):
            self._environment.filters[filter_.__name__] = filter_
        self._environment.globals.update(
            url=lambda endpoint, **values: addresses.build(endpoint, values),
            static=lambda name: addresses.build("static", {"name": name, "v": digest(name)}),
            between=wording.between,
            sections=SECTIONS,
        )
        self._environment.globals["ui"] = self._environment.get_template("parts.html").module

    def page(self, view: View, section: str, now: Any, fragment: bool) -> Response:
        """The whole page, or the part of it that changes by itself."""
        text = self._environment.get_template(view.template).render(
            **view.values, view=view, section=section, now=now, fragment=fragment
        )
        return Response(text, view.status, content_type="text/html; charset=utf-8")


@cache
def digest(name: str) -> str:
    """Of a static file, so that browsers take a new one for another."""
    return hashlib.sha256(static_file(name)).hexdigest()[:12]


@cache
def static_file(name: str) -> bytes:
    """Its content. Raises FileNotFoundError for all but the files that are there."""
    if name not in {path.name for path in STATIC.iterdir()}:
        raise FileNotFoundError(name)
    return (STATIC / name).read_bytes()
