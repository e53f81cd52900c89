"""Nested JSON as one flat row: names joined with dots, as the analyzer's columns are named."""

from __future__ import annotations

from typing import Any

SCALARS = (str, int, float, bool, type(None))


def flatten(value: dict[str, Any]) -> dict[str, Any]:
    """`{"a": {"b": 1}, "c": [2, 3]}` as `{"a.b": 1, "c.0": 2, "c.1": 3}`. What is no JSON value becomes its text."""
    if all(type(item) in SCALARS for item in value.values()):
        return value
    flat: dict[str, Any] = {}
    _flatten(value, "", flat)
    return flat


def _flatten(value: Any, name: str, flat: dict[str, Any]) -> None:
    if isinstance(value, dict):
        for key, item in value.items():
            _flatten(item, f"{name}.{key}" if name else str(key), flat)
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            _flatten(item, f"{name}.{index}", flat)
    else:
        flat[name] = value if isinstance(value, SCALARS) else str(value)
