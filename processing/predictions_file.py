"""predictions.csv: what a model said of each test image, for the models that come after it to be compared with.

Columns image_sha256 (of the pixels), file_name, label and one p_<class> for each class, in label order.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from processing.exit_message import ProcessingFailure
from processing.predictions import SUM_TOLERANCE

PREDICTIONS_FILE = "predictions.csv"
_SHA256 = re.compile(r"[0-9a-f]{64}")
_SHOWN_CHARACTERS = 60


class MalformedPredictionsFile(ProcessingFailure):
    """A predictions.csv is damaged: empty, without its header, or with a row that is no prediction."""


class OtherClasses(ProcessingFailure):
    """A predictions.csv is of a model that tells other classes apart, or the same ones in another order."""


@dataclass(frozen=True)
class RecordedPredictions:
    """The rows of a predictions.csv: digests and file names of n images, labels (n,), probabilities (n, classes)."""

    image_sha256: tuple[str, ...]
    file_names: tuple[str, ...]
    labels: NDArray[np.int64]
    probabilities: NDArray[np.float64]

    @property
    def right(self) -> NDArray[np.bool_]:
        return np.equal(self.probabilities.argmax(axis=1), self.labels)


def header(classes: Sequence[str]) -> list[str]:
    return ["image_sha256", "file_name", "label", *(f"p_{name}" for name in classes)]


def write_predictions_file(file: Path, recorded: RecordedPredictions, classes: Sequence[str]) -> None:
    columns = (recorded.image_sha256, recorded.file_names, recorded.labels.tolist(), recorded.probabilities.tolist())
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header(classes))
        for digest, name, label, probabilities in zip(*columns, strict=True):
            writer.writerow([digest, name, label, *probabilities])


def read_predictions_file(file: Path, classes: Sequence[str]) -> RecordedPredictions:
    """A predictions.csv of a model with these classes; a header without rows is one too.

    Raises MalformedPredictionsFile, naming the line, for a file that is empty, no UTF-8 or without its header,
    for a row twice, and for a row whose digest, label or probabilities (finite, 0..1, sum 1) are none; and
    OtherClasses.
    """
    try:
        lines = list(_lines(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise MalformedPredictionsFile(f"{file} cannot be read as CSV ({error})") from error
    if not lines:
        raise MalformedPredictionsFile(f"{file} is empty: not even the header is there")
    _require_header(lines[0][1], classes, file)
    rows = [_row(fields, len(classes), f"{file}, line {number}") for number, fields in lines[1:]]
    _refuse_repetitions([(row[0], row[1]) for row in rows], [number for number, _ in lines[1:]], file)
    return RecordedPredictions(
        tuple(row[0] for row in rows),
        tuple(row[1] for row in rows),
        np.array([row[2] for row in rows], dtype=np.int64),
        np.array([row[3] for row in rows], dtype=np.float64).reshape(len(rows), len(classes)),
    )


def _lines(file: Path) -> Iterator[tuple[int, list[str]]]:
    with file.open(encoding="utf-8", newline="") as stream:
        reader = csv.reader(stream, strict=True)
        yield from ((reader.line_num, fields) for fields in reader if fields)


def _require_header(found: Sequence[str], classes: Sequence[str], file: Path) -> None:
    wanted = header(classes)
    if list(found) == wanted:
        return
    if list(found[:3]) == wanted[:3]:
        theirs = ", ".join(name.removeprefix("p_") for name in found[3:]) or "none"
        raise OtherClasses(f"{file}, line 1: its classes are {_short(theirs)}, not {', '.join(classes)}")
    raise MalformedPredictionsFile(f"{file}, line 1: {_short(','.join(found))} is not the header {','.join(wanted)}")


def _row(fields: Sequence[str], class_count: int, where: str) -> tuple[str, str, int, list[float]]:
    if len(fields) != 3 + class_count:
        raise MalformedPredictionsFile(f"{where}: {len(fields)} fields where there should be {3 + class_count}")
    digest, name, label, *probabilities = fields
    if not _SHA256.fullmatch(digest):
        raise MalformedPredictionsFile(f"{where}: {_short(digest)} is no SHA-256")
    if label not in map(str, range(class_count)):
        raise MalformedPredictionsFile(f"{where}: {_short(label)} is no label from 0 to {class_count - 1}")
    values = [_probability(text, where) for text in probabilities]
    if abs(sum(values) - 1) > SUM_TOLERANCE:
        raise MalformedPredictionsFile(f"{where}: the probabilities sum to {sum(values):.4f}, not to 1")
    return digest, name, int(label), values


def _probability(text: str, where: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    # NaN is in no range
    if not 0 <= value <= 1:
        raise MalformedPredictionsFile(f"{where}: {_short(text)} is no probability")
    return value


def _refuse_repetitions(keys: Sequence[tuple[str, str]], numbers: Sequence[int], file: Path) -> None:
    first: dict[tuple[str, str], int] = {}
    for key, number in zip(keys, numbers, strict=True):
        if key in first:
            raise MalformedPredictionsFile(f"{file}, line {number}: repeats line {first[key]} ({_short(key[1])})")
        first[key] = number


def _short(text: str) -> str:
    return repr(text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…")
