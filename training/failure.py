"""How a training job says what is wrong: a line on stderr and in the file that becomes its FailureReason."""

import contextlib
import os
import sys
from pathlib import Path

DEFAULT_OUTPUT_DIR = "/opt/ml/output"
LONGEST_FAILURE_REASON = 1024  # characters that DescribeTrainingJob keeps


class TrainingRefused(Exception):
    """Base of what a person can mend: the message says what is wrong, where, and what to do, in one line."""


def report_failure(message: str) -> None:
    """Write `message` as one line to stderr and to $SM_OUTPUT_DIR/failure, if that folder exists."""
    line = " ".join(message.split())[:LONGEST_FAILURE_REASON]
    print(line, file=sys.stderr, flush=True)
    output_dir = Path(os.environ.get("SM_OUTPUT_DIR", DEFAULT_OUTPUT_DIR))
    if output_dir.is_dir():
        with contextlib.suppress(OSError):  # the disk may be full, and the line is on stderr already
            (output_dir / "failure").write_text(line, encoding="utf-8")
