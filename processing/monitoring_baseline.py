"""What the monitor's baselines are made of: the test images and their answers, as an endpoint would capture them.

features.csv has a row of the record preprocessor's features for each test image, quality.csv its probability,
prediction and label. The preprocessor is the very file that the monitoring schedule runs.
"""

import csv
import importlib.util
import inspect
import logging
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from processing.captured_record import CapturedRecord, captured
from processing.exit_message import ProcessingFailure
from processing.judged_images import JudgedImages

FEATURES_FILE, QUALITY_FILE = "features.csv", "quality.csv"
QUALITY_HEADER = ("probability", "prediction", "label")
MODULE = "record_preprocessor"
# the feature by which a preprocessor says that it could not read a record; one without it is not asked
READABLE = "readable"
_SCALARS = (str, int, float, type(None))

Features = Mapping[str, Any]
Preprocess = Callable[[CapturedRecord], Any]


class PreprocessorUnusable(ProcessingFailure):
    """The record preprocessor is missing, does not load, or has no preprocess_handler."""


class PreprocessorFailed(ProcessingFailure):
    """The record preprocessor raised, or made no flat row of the usual features, on a test image."""


class TestImageUnreadable(ProcessingFailure):
    """The record preprocessor cannot read a test image, or its answer."""


def load_preprocessor(file: Path) -> Preprocess:
    """The file's preprocess_handler, with a logger where it takes one. Raises PreprocessorUnusable."""
    try:
        spec = importlib.util.spec_from_file_location(MODULE, file)
        if spec is None or spec.loader is None:
            raise ImportError("it is no Python file")
        module = importlib.util.module_from_spec(spec)
        sys.modules[MODULE] = module
        spec.loader.exec_module(module)
        handler: Callable[..., Any] = module.preprocess_handler
        takes_logger = len(inspect.signature(handler).parameters) > 1
    except Exception as error:
        raise PreprocessorUnusable(
            f"{file} cannot be used as a record preprocessor ({type(error).__name__}: {error}); give a Python "
            "file with preprocess_handler(inference_record, logger)"
        ) from error
    if not takes_logger:
        return handler
    logger = logging.getLogger(MODULE)
    return lambda record: handler(record, logger)


def feature_rows(preprocess: Preprocess, test_dir: Path, answers: Mapping[str, Path]) -> list[Features]:
    """One row for each image of `answers` (file name -> transform output), all with the same names in the same order.

    Raises PreprocessorFailed, TestImageUnreadable, with the image's name.
    """
    rows: list[Features] = []
    for name, answer in answers.items():
        record = captured(name, (test_dir / name).read_bytes(), answer.read_text(encoding="utf-8"))
        row = _row(preprocess, record, name)
        if rows and list(row) != list(rows[0]):
            raise PreprocessorFailed(
                f"the record preprocessor made other features of {name} ({', '.join(row)}) than of the images "
                f"before it ({', '.join(rows[0])}); let it give always the same"
            )
        rows.append(row)
    return rows


def write_baseline_data(folder: Path, rows: Sequence[Features], judged: JudgedImages) -> None:
    """features.csv and quality.csv, with headers; what is not known is an empty field."""
    _write(folder / FEATURES_FILE, list(rows[0]), [list(row.values()) for row in rows])
    columns = (judged.probabilities[:, 1].tolist(), judged.predicted.tolist(), judged.labels.tolist())
    _write(folder / QUALITY_FILE, QUALITY_HEADER, list(zip(*columns, strict=True)))


def _row(preprocess: Preprocess, record: CapturedRecord, name: str) -> Features:
    try:
        row = preprocess(record)
    except Exception as error:
        raise PreprocessorFailed(
            f"the record preprocessor raised {type(error).__name__} on {name}: {error}; mend it, for it would "
            "fail in a schedule too"
        ) from error
    if not isinstance(row, dict) or not row or not all(isinstance(value, _SCALARS) for value in row.values()):
        raise PreprocessorFailed(
            f"the record preprocessor made {str(row)[:80]} of {name}; a flat dict of names and figures is wanted"
        )
    if row.get(READABLE, 1) == 0:
        raise TestImageUnreadable(
            f"the record preprocessor cannot read {name} or its answer; a baseline wants test images that it can: "
            "mend the image or the preprocessor"
        )
    return row


def _write(file: Path, header: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
