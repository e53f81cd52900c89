"""Import of each Lambda's handler module against what it cannot do without.

That is boto3 and Powertools as every function uses it: Logger, Tracer and Metrics made, Parser imported. (Making a
Tracer imports the X-Ray SDK, which makes a client of its own.) The bar: at most 1.3 times as long. Each import runs
in a process of its own, from compiled files, in turns; the quickest counts,
for what else the machine does can only add.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.result_file import write_result

CODE = Path(__file__).resolve().parent.parent / "inference_workflow"
BAR = 1.3
ROUNDS = 9
BASELINE = """
import boto3
from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.utilities.parser import parse
Logger(), Tracer(), Metrics()
"""
TIMED = """
import time
began = time.perf_counter()
{statements}
print(time.perf_counter() - began)
"""


def handlers() -> list[str]:
    """The handler modules: one `app` a function."""
    return sorted(f"{app.parent.name}.app" for app in CODE.glob("*/app.py"))


def run(rounds: int = ROUNDS) -> dict[str, Any]:
    """Least milliseconds of the baseline and of each handler module, the worst ratio and its bar."""
    statements = {"baseline": BASELINE, **{name: f"import {name}" for name in handlers()}}
    for text in statements.values():  # once for the compiled files and the disk's cache
        import_seconds(text)
    seconds: dict[str, list[float]] = {name: [] for name in statements}
    for _ in range(rounds):
        for name, text in statements.items():
            seconds[name].append(import_seconds(text))
    quickest = {name: min(values) for name, values in seconds.items()}
    ratios = {name: quickest[name] / quickest["baseline"] for name in handlers()}
    return {
        "milliseconds": {name: round(value * 1000, 1) for name, value in quickest.items()},
        "ratios": {name: round(value, 3) for name, value in ratios.items()},
        "ratio": round(max(ratios.values()), 3),
        "bar": BAR,
        "passed": max(ratios.values()) <= BAR,
    }


def import_seconds(statements: str) -> float:
    """How long the statements take in a fresh Python, in seconds."""
    environment = {**os.environ, "PYTHONPATH": str(CODE), "AWS_DEFAULT_REGION": "us-east-1"}
    command = [sys.executable, "-c", TIMED.format(statements=statements)]
    return float(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout)


def main() -> int:
    result = run()
    for name, milliseconds in result["milliseconds"].items():
        ratio = result["ratios"].get(name)
        print(f"{name:<32}{milliseconds:>8.0f} ms" + (f"{ratio:>8.2f}" if ratio else ""))
    print(f"{result['ratio']} times the baseline, bar {BAR}: {'passed' if result['passed'] else 'FAILED'}")
    write_result("handler_imports", result)
    return 0 if result["passed"] else 1


if __name__ == "__main__":
    sys.exit(main())
