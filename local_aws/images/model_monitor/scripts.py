"""A user's own scripts in the analysis: the record preprocessor and the post-processor.

https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-pre-and-post-processing.html
"""

from __future__ import annotations

import importlib.util
import inspect
import logging
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from .errors import AnalysisFailed
from .flatten import flatten
from .records import CapturedRecord

Row = dict[str, Any]
PREPROCESS, POSTPROCESS = "preprocess_handler", "postprocess_handler"


class RecordPreprocessor:
    """`preprocess_handler(inference_record[, logger])` of a script."""

    def __init__(self, script: Path) -> None:
        """Raises AnalysisFailed where the script cannot be loaded or has no such function."""
        self._script = script
        self._handler = _function(script, PREPROCESS)
        self._logged = len(inspect.signature(self._handler).parameters) > 1
        self._logger = logging.getLogger(script.stem)

    def rows(self, record: CapturedRecord) -> list[Row]:
        """Its rows of the record: a dict is one, [] none. Nested values are flattened with dots.

        Raises AnalysisFailed for an exception, or for a value that is neither a dict nor a list of dicts.
        """
        arguments = (record, self._logger) if self._logged else (record,)
        try:
            value = self._handler(*arguments)
        except (Exception, SystemExit) as error:
            raise AnalysisFailed(f"{_told(self._script, error)} at the record in {record.where}.") from error
        rows = [value] if isinstance(value, dict) else value
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise AnalysisFailed(
                f"{PREPROCESS} in {self._script.name} returned {type(value).__name__} for the record in "
                f"{record.where}: return a dict, a list of dicts, or [] to leave the record out."
            )
        return [flatten(row) for row in rows]


def post_process(script: Path) -> None:
    """Call the script's `postprocess_handler()`. Raises AnalysisFailed for whatever it raises."""
    handler = _function(script, POSTPROCESS)
    try:
        handler()
    except (Exception, SystemExit) as error:
        raise AnalysisFailed(f"{_told(script, error)}.") from error


def _function(script: Path, name: str) -> Callable[..., Any]:
    function = getattr(_load(script), name, None)
    if not callable(function):
        raise AnalysisFailed(f"{script.name} defines no function {name}.")
    return function


def _load(script: Path) -> ModuleType:
    # a name of its own: a script may be called like a module of the standard library
    specification = importlib.util.spec_from_file_location(f"user_script_{script.stem}", script)
    if specification is None or specification.loader is None:
        raise AnalysisFailed(f"{script.name} is no Python file: its name has to end with .py.")
    module = importlib.util.module_from_spec(specification)
    sys.modules[specification.name] = module
    try:
        specification.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise AnalysisFailed(f"{_told(script, error)} while it was loaded.") from error
    return module


def _told(script: Path, error: BaseException) -> str:
    """File, line and exception; the whole traceback goes to the log."""
    traceback.print_exception(type(error), error, error.__traceback__)
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(script)]
    line = frames[-1].lineno if frames else getattr(error, "lineno", None)
    return f"{script.name}, line {line}: {type(error).__name__}: {' '.join(str(error).split())}"
