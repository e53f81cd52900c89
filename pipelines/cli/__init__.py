"""The `scones` command. Each command is a module of its own; nothing is imported before it is needed."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line. Exit codes: 0 done, 1 failed, 2 wrong usage, 3 a gate said no, 130 interrupted."""
    from pipelines.cli.application import app
    from pipelines.console import explain

    try:
        app(prog_name="scones")
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        line = explain(error)
        if line is None:
            raise
        print(f"scones: {line}", file=sys.stderr)
        sys.exit(1)
