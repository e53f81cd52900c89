"""Where a benchmark leaves its figures."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

BENCH_DIR = Path("build/bench")


def write_result(name: str, result: Mapping[str, Any]) -> None:
    """Keep the figures as build/bench/NAME.json, whole or not at all."""
    BENCH_DIR.mkdir(parents=True, exist_ok=True)
    partial = BENCH_DIR / f"{name}.partial"
    partial.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    partial.replace(BENCH_DIR / f"{name}.json")
