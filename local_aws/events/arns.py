"""ARNs of targets, taken apart."""

from __future__ import annotations

import re
from dataclasses import dataclass

PATTERN = re.compile(
    r"arn:[a-z-]+:(?P<service>[a-z0-9-]+):(?P<region>[a-z0-9-]*):(?P<account>\d{12}|):(?P<resource>.+)"
)


@dataclass(frozen=True)
class Arn:
    """A parsed ARN; `resource` is all that follows the account."""

    text: str
    service: str
    region: str
    account: str
    resource: str

    @classmethod
    def parse(cls, text: str) -> Arn:
        """Raises ValueError."""
        match = PATTERN.fullmatch(text)
        if match is None:
            raise ValueError(f"{text} is not an ARN")
        return cls(text, **match.groupdict())
