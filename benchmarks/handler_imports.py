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

from benchmarks.figure import Figure, Promise, Spread
from benchmarks.result_file import write_result

CODE = Path(__file__).resolve().parent.parent / "inference_workflow"
IMPORTS = Promise("import of a handler over that of boto3 and Powertools", "ratio", "at most", 1.3)
PROMISES = (IMPORTS,)
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


def run(rounds: int = ROUNDS) -> tuple[dict[str, Any], Figure]:
    """Least milliseconds of the baseline and of each handler module, and the worst ratio with its spread."""
    statements = {"baseline": BASELINE, **{name: f"import {name}" for name in handlers()}}
    for text in statements.values():  # once for the compiled files and the disk's cache
        import_seconds(text)
    seconds: dict[str, list[float]] = {name: [] for name in statements}
    for _ in range(rounds):
        for name, text in statements.items():
            seconds[name].append(import_seconds(text))
    quickest = {name: min(values) for name, values in seconds.items()}
    ratios = {name: quickest[name] / quickest["baseline"] for name in handlers()}
    worst = max(ratios, key=ratios.__getitem__)
    by_round = [ours / base for ours, base in zip(seconds[worst], seconds["baseline"], strict=True)]
    details = {
        "milliseconds": {name: round(value * 1000, 1) for name, value in quickest.items()},
        "ratios": {name: round(value, 3) for name, value in ratios.items()},
        "worst": worst,
    }
    return details, IMPORTS.found(ratios[worst], Spread.of(by_round))


def import_seconds(statements: str) -> float:
    """How long the statements take in a fresh Python, in seconds."""
    environment = {**os.environ, "PYTHONPATH": str(CODE), "AWS_DEFAULT_REGION": "us-east-1"}
    command = [sys.executable, "-c", TIMED.format(statements=statements)]
    return float(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout)


def main() -> int:
    result, worst = run()
    for name, milliseconds in result["milliseconds"].items():
        ratio = result["ratios"].get(name)
        print(f"{name:<32}{milliseconds:>8.0f} ms" + (f"{ratio:>8.2f}" if ratio else ""))
    print(f"{worst.value:.3f} times the baseline, bar {IMPORTS.bar}: {'passed' if worst.passed else 'FAILED'}")
    write_result("handler_imports", result, [worst])
    return 0 if worst.passed else 1


if __name__ == "__main__":
    sys.exit(main())
