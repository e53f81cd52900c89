"""Model Monitor's ground-truth merger: captured records and the labels that people gave them, joined by their id."""

from __future__ import annotations

COMMANDS = ("process",)

if __name__ == "__main__":
    import sys

    from model_monitor.merge import main

    sys.exit(main())
