"""`train` and `serve FD`: from the arguments to the exit code."""

from __future__ import annotations

import logging
import os
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path

from .errors import CustomerError

LOGGER = logging.getLogger(__name__)
DONE, ALGORITHM_ERROR, CUSTOMER_ERROR = 0, 1, 2
WRONG_USAGE = 64


def main(arguments: list[str], variables: Mapping[str, str] = os.environ) -> int:
    """Train, or serve on the listening socket with the descriptor FD until SIGTERM.

    Returns the exit code: 0 done, 1 an error of the algorithm, 2 a mistake of the customer's, 64 wrong usage. Why
    training fails is written to output/failure below /opt/ml (SAGEMAKER_BASE_DIR).
    """
    base = Path(variables.get("SAGEMAKER_BASE_DIR", "/opt/ml"))
    if arguments == ["train"]:
        return run_training(base)
    if len(arguments) == 2 and arguments[0] == "serve":
        return run_server(base, int(arguments[1]), variables)
    print("usage: image_classification train | serve FD", file=sys.stderr)
    return WRONG_USAGE


def run_training(base: Path) -> int:
    """Train below `base`. Returns the exit code."""
    from .job import Job
    from .log import start_log, tell_job

    start_log()
    # threads that wait for each other do not spin: where other programs run too, that is an order of magnitude
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    try:
        job = Job.read(base)
        tell_job(job)
        # torch takes a second to load: a job that cannot begin fails without it
        from .training import train

        train(job)
    except CustomerError as error:
        LOGGER.error("Customer Error: %s", error)
        _write_failure(base, str(error))
        return CUSTOMER_ERROR
    except Exception as error:
        LOGGER.error("Algorithm Error: %s\n%s", error, traceback.format_exc())
        _write_failure(base, f"{error} (caused by {type(error).__name__})")
        return ALGORITHM_ERROR
    return DONE


def run_server(base: Path, descriptor: int, variables: Mapping[str, str]) -> int:
    """Serve the model below `base`. Returns the exit code."""
    from gunicorn_server import serve

    def load() -> object:
        from .serving import load_application

        return load_application(base / "model", variables)

    serve(load, descriptor, int(variables.get("SAGEMAKER_MODEL_SERVER_WORKERS") or 1))
    return DONE


def _write_failure(base: Path, message: str) -> None:
    folder = base / "output"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "failure").write_text(message, encoding="utf-8", errors="backslashreplace")
