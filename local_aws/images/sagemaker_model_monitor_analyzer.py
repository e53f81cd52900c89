"""The Model Monitor analyzer image: baselines, data quality and model quality, as its environment says."""

from __future__ import annotations

COMMANDS = ("process",)

if __name__ == "__main__":
    import sys

    from model_monitor.entry_point import main

    sys.exit(main(sys.argv[1:]))
