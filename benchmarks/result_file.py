"""Where a benchmark leaves its figures."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipelines.atomic_text import write_text

BENCH_DIR = Path("build/bench")


def write_result(name: str, result: Mapping[str, Any]) -> None:
    """Keep the figures as build/bench/NAME.json, whole or not at all."""
    BENCH_DIR.mkdir(parents=True, exist_ok=True)
    write_text(BENCH_DIR / f"{name}.json", json.dumps(result, indent=2) + "\n")
