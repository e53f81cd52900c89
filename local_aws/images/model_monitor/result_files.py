"""The files that an analysis leaves: written whole or not at all, never with a number that JSON has not."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

STATISTICS, CONSTRAINTS, VIOLATIONS = "statistics.json", "constraints.json", "constraint_violations.json"


def write_json(path: Path, document: Any) -> None:
    """Raises ValueError for NaN and infinity."""
    write_text(path, json.dumps(document, indent=2, allow_nan=False) + "\n")


def write_text(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.part")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)


def finite(value: float) -> float:
    """The value, or the nearest float where sums of large numbers went beyond."""
    limit = 1.7976931348623157e308
    return 0.0 if math.isnan(value) else max(-limit, min(limit, value))
