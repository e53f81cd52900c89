"""The PyTorch training image: script mode as AWS's containers have it, with this environment's torch."""

from __future__ import annotations

COMMANDS = ("train",)

if __name__ == "__main__":
    import sys

    from training_toolkit import main

    sys.exit(main())
