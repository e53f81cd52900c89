"""Renews the golden definitions after a change that was meant: `make golden`, then read the difference before
committing."""

from __future__ import annotations

from pathlib import Path

from compile_pipelines import COMPILERS  # beside this file: run it as a file, not as a module

from pipelines.definition import diff_definitions, format_definition, mask_digests

FOLDER = Path(__file__).parent


def main() -> None:
    """Writes tests/golden/<pipeline>.json and prints what changed."""
    for name, compile_pipeline in COMPILERS.items():
        golden = FOLDER / f"{name}.json"
        new = format_definition(mask_digests(compile_pipeline()))
        old = golden.read_text(encoding="utf-8") if golden.exists() else "{}"
        golden.write_text(new, encoding="utf-8")
        print(diff_definitions(old, new) or f"{golden.name} is as it was")


if __name__ == "__main__":
    main()
