"""How a processing script ends: 0, or 1 with one line that says what is wrong, where, and what to do."""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

# SageMaker Processing shows this file's text as the job's ExitMessage.
DEFAULT_MESSAGE_FILE = "/opt/ml/output/message"
MESSAGE_FILE_VARIABLE = "SM_PROCESSING_FAILURE_FILE"


class ProcessingFailure(Exception):
    """Base of everything a processing script refuses; its text is for the person who started the job."""

    def __str__(self) -> str:
        return " ".join(super().__str__().split())


def run_script(script: Callable[[], None]) -> int:
    """Run a script's body and return its exit code.

    A ProcessingFailure becomes one line on stderr and in the message file named by the environment variable
    SM_PROCESSING_FAILURE_FILE. Any other exception is a defect and keeps its traceback. SIGTERM, which a
    stopped job receives, unwinds the stack so that temporary files are removed.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        script()
    except ProcessingFailure as failure:
        line = f"{type(failure).__name__}: {failure}"
        print(line, file=sys.stderr)
        _leave_message(line)
        return 1
    return 0


def _leave_message(line: str) -> None:
    file = Path(os.environ.get(MESSAGE_FILE_VARIABLE) or DEFAULT_MESSAGE_FILE)
    if not file.parent.is_dir():
        return
    try:
        file.write_text(line + "\n", encoding="utf-8")
    except OSError as error:
        print(f"(the message could not be written to {file}: {error.strerror})", file=sys.stderr)
