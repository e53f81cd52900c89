"""Where one is in a long list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Item = TypeVar("Item")
PAGE_SIZE = 25
LAST_PAGE = 1_000_000


@dataclass(frozen=True)
class Page(Generic[Item]):
    """Some items of a list: `number` counts from 1, `total` is of the whole list."""

    items: Sequence[Item]
    number: int
    total: int
    size: int = PAGE_SIZE

    @property
    def pages(self) -> int:
        """How many pages there are, at least 1."""
        return max(1, -(-self.total // self.size))

    @property
    def first(self) -> int:
        """The place of the page's first item in the list, from 1; 0 of an empty page."""
        return (self.number - 1) * self.size + 1 if self.items else 0

    @property
    def last(self) -> int:
        """The place of the page's last item in the list."""
        return self.first + len(self.items) - 1 if self.items else 0


def page_number(arguments: Mapping[str, str]) -> int:
    """The page that an address asks for; the first where it asks for none, or for nonsense."""
    text = arguments.get("page", "1")
    return min(int(text), LAST_PAGE) if text.isascii() and text.isdigit() and len(text) < 9 and int(text) > 0 else 1


def page_of(items: Sequence[Item], arguments: Mapping[str, str], size: int = PAGE_SIZE) -> Page[Item]:
    """The page that an address asks for, of a list that is there whole."""
    number = page_number(arguments)
    return Page(items[(number - 1) * size : number * size], number, len(items), size)
