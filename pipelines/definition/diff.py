"""What changed between two definitions, said by step and parameter rather than by line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

# Lists whose items have a name of their own are compared by that name: moving an item is no change of its
# content.
NAME_KEYS = ("Name", "PropertyFileName", "OutputName", "InputName", "ChannelName")
MAX_VALUE = 120
MISSING = object()


def diff_definitions(old: str, new: str) -> str:
    """One line a difference (`+` added, `-` removed, `~` changed), empty if the definitions mean the same.

    Key order and formatting do not count; the order of steps and parameters, which the service keeps, does.
    """
    return "\n".join(_diff(json.loads(old), json.loads(new), ""))


def _diff(old: Any, new: Any, path: str) -> Iterator[str]:
    if old is MISSING:
        yield f"+ {path}: {_show(new)}"
    elif new is MISSING:
        yield f"- {path}: {_show(old)}"
    elif isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in [*old, *(key for key in new if key not in old)]:
            yield from _diff(old.get(key, MISSING), new.get(key, MISSING), f"{path}.{key}" if path else str(key))
    elif isinstance(old, list) and isinstance(new, list):
        yield from _diff_lists(old, new, path)
    elif old != new or type(old) is not type(new):
        yield f"~ {path}: {_show(old)} -> {_show(new)}"


def _diff_lists(old: list[Any], new: list[Any], path: str) -> Iterator[str]:
    old_named, new_named = _by_name(old), _by_name(new)
    if old_named is None or new_named is None:
        for index in range(max(len(old), len(new))):
            before = old[index] if index < len(old) else MISSING
            after = new[index] if index < len(new) else MISSING
            yield from _diff(before, after, f"{path}[{index}]")
        return
    for name in [*old_named, *(name for name in new_named if name not in old_named)]:
        yield from _diff(old_named.get(name, MISSING), new_named.get(name, MISSING), f"{path}.{name}")
    kept = [name for name in old_named if name in new_named]
    order = [name for name in new_named if name in old_named]
    if kept != order:
        yield f"~ {path}: order {', '.join(kept)} -> {', '.join(order)}"


def _by_name(items: list[Any]) -> dict[str, Any] | None:
    """Name -> item if every item has a name and no two the same, else None."""
    for key in NAME_KEYS:
        named = {str(item[key]): item for item in items if isinstance(item, Mapping) and key in item}
        if len(named) == len(items):
            return named
    return None


def _show(value: Any) -> str:
    if isinstance(value, Mapping) and "Name" in value and "Type" in value:
        return f"{value['Type']} {value['Name']}"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= MAX_VALUE else text[: MAX_VALUE - 1] + "…"
