"""Renews the golden definition after a change that was meant: `make golden`, then read the difference before
committing."""

from __future__ import annotations

from pathlib import Path

from compile_training import compile_training  # beside this file: run it as a file, not as a module

from pipelines.definition import diff_definitions, format_definition, mask_digests

GOLDEN = Path(__file__).with_name("training_pipeline.json")


def main() -> None:
    """Writes tests/golden/training_pipeline.json and prints what changed."""
    new = format_definition(mask_digests(compile_training()))
    old = GOLDEN.read_text(encoding="utf-8") if GOLDEN.exists() else "{}"
    GOLDEN.write_text(new, encoding="utf-8")
    print(diff_definitions(old, new) or f"{GOLDEN.name} is as it was")


if __name__ == "__main__":
    main()
