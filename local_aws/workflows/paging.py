"""Pages of what Step Functions lists."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from local_aws.workflows.errors import InvalidToken

Item = TypeVar("Item")
PAGE_SIZE = 100


def size(request: Mapping[str, Any]) -> int:
    """How many a page may hold: 0 in a request means as many as are usual."""
    return int(request.get("maxResults") or PAGE_SIZE)


def page(items: Sequence[Item], request: Mapping[str, Any], scope: str) -> tuple[Sequence[Item], str | None]:
    """One page, and the token of the next; for lists that only grow at their end. Raises InvalidToken."""
    start = position(request, scope) or 0
    end = start + size(request)
    return items[start:end], write(end, scope) if end < len(items) else None


def write(place: int, scope: str) -> str:
    """A token for what comes after a place in this list."""
    return base64.urlsafe_b64encode(json.dumps([scope, place]).encode()).decode()


def position(request: Mapping[str, Any], scope: str) -> int | None:
    """Where the request's page begins, None at the beginning. Raises InvalidToken for the token of another list."""
    token = request.get("nextToken")
    if not token:
        return None
    try:
        named, place = json.loads(base64.urlsafe_b64decode(token))
        if named != scope or not isinstance(place, int):
            raise ValueError("of another list")
    except (ValueError, TypeError) as error:
        raise InvalidToken("Invalid Token: 'Invalid token'") from error
    return place
