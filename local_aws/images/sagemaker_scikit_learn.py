"""The scikit-learn image: script-mode training, and processing by the entrypoint of the request."""

from __future__ import annotations

COMMANDS = ("train",)

if __name__ == "__main__":
    import sys

    from training_toolkit import main

    sys.exit(main())
