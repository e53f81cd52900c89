"""What an endpoint can be called."""

from __future__ import annotations

import re

from .errors import InvalidEndpointName

MAX_LENGTH = 63
PATTERN = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9])*")


def check_endpoint_name(name: str) -> None:
    """As CreateEndpoint wants it: 1 to 63 letters, digits and inner hyphens. Raises InvalidEndpointName."""
    if len(name) > MAX_LENGTH:
        raise InvalidEndpointName(
            f"endpoint name {name!r} has {len(name)} characters, at most {MAX_LENGTH} are allowed"
        )
    if not PATTERN.fullmatch(name):
        raise InvalidEndpointName(
            f"endpoint name {name!r} is not valid: letters, digits and hyphens, beginning and ending with no hyphen"
        )
