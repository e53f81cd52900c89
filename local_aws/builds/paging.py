"""Pages of what CodeBuild lists."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any

from local_aws.builds.errors import InvalidInputException

PAGE_SIZE = 100


def offset(request: Mapping[str, Any], scope: str) -> int:
    """Where a request's page begins. Raises InvalidInputException for the token of another list."""
    token = request.get("nextToken")
    if not token:
        return 0
    try:
        named, place = json.loads(base64.urlsafe_b64decode(token))
        if named != scope or not isinstance(place, int) or place < 0:
            raise ValueError("of another list")
    except (ValueError, TypeError) as error:
        raise InvalidInputException("Invalid next token provided") from error
    return place


def token_after(place: int, scope: str) -> str:
    """The token of the page that begins at a place."""
    return base64.urlsafe_b64encode(json.dumps([scope, place]).encode()).decode()


def page(items: Sequence[str], request: Mapping[str, Any], scope: str) -> tuple[list[str], str | None]:
    """One page of a list that is there whole, and the token of the next. Raises InvalidInputException."""
    start = offset(request, scope)
    end = start + int(request.get("maxResults") or PAGE_SIZE)
    return list(items[start:end]), token_after(end, scope) if end < len(items) else None
