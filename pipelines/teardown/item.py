"""What is to go, and how it went."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from pipelines.console import explain


@dataclass(frozen=True)
class Item:
    """One thing to remove. `remove` returns when it is gone, and raises nothing where it was gone before."""

    kind: str
    name: str
    remove: Callable[[], None] = field(compare=False, repr=False)
    note: str = ""


@dataclass(frozen=True)
class Removal:
    """How an item went: `problem` is None where it is gone, else one line on why it is still there."""

    kind: str
    name: str
    problem: str | None = None


def remove_all(items: Iterable[Item]) -> Iterator[Removal]:
    """Removes the items in their order; one that cannot be removed does not keep the others.

    An error that nobody foresaw is raised, with its traceback.
    """
    for item in items:
        try:
            item.remove()
        except Exception as error:
            line = explain(error)
            if line is None:
                raise
            yield Removal(item.kind, item.name, line)
        else:
            yield Removal(item.kind, item.name)
