"""What a page's function answers with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from werkzeug.wrappers import Request

from local_aws.console.protection import Protection
from local_aws.console.sources import Sources


class PageMissing(Exception):
    """There is nothing of that name; the message is for a person."""


@dataclass(frozen=True)
class View:
    """A page: a template with its values.

    `live` says that something on it goes on, so that a browser asks for it again; `news` is a short text, in words,
    that changes when a person would want to be told.
    """

    template: str
    title: str
    values: Mapping[str, Any] = field(default_factory=dict)
    live: bool = False
    news: str = ""
    status: int = 200


@dataclass(frozen=True)
class Visit:
    """One request for a page, with what its function may look at. `session` is the visitor's, new or not."""

    request: Request
    sources: Sources
    protection: Protection
    session: str
