"""The image-classification image: `train` and `serve` of one image, and what the service itself knows of it."""

from __future__ import annotations

COMMANDS = ("train", "serve")
ALGORITHM = {
    # the service has them for a built-in algorithm: no request may bring its own. Names: the guide's "Tune an Image
    # Classification Model" and the console; expressions: ours, for the algorithm's log lines
    "metric_definitions": (
        ("train:accuracy", r"Epoch\[\d+\] Train-accuracy=([0-9.]+)"),
        ("validation:accuracy", r"Epoch\[\d+\] Validation-accuracy=([0-9.]+)"),
    ),
    "needs_gpu": True,
    "customer_error_code": 2,
}

if __name__ == "__main__":
    import sys
    from pathlib import Path

    sys.path[0] = str(Path(__file__).resolve().parent.parent)
    from image_classification.entry_point import main

    sys.exit(main(sys.argv[1:]))
