"""What batch transform answered: one `<file name>.out` for each picture, with the classes' probabilities."""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from processing.exit_message import ProcessingFailure

SUFFIX = ".out"
# Probabilities that went through float32 and JSON sum to 1 only nearly.
SUM_TOLERANCE = 1e-3


class PredictionMissing(ProcessingFailure):
    """A picture has no answer."""


class PredictionUnexpected(ProcessingFailure):
    """There is an answer to a picture that nobody listed."""


class PredictionDuplicated(ProcessingFailure):
    """A picture has two answers."""


class MalformedPrediction(ProcessingFailure):
    """An answer is not a probability for each class."""


def read_predictions(transform_dir: Path, file_names: Sequence[str], class_count: int) -> NDArray[np.float64]:
    """(len(file_names), class_count) probabilities, in the order of file_names.

    Raises PredictionMissing, PredictionUnexpected, PredictionDuplicated, MalformedPrediction.
    """
    found = find_answers(transform_dir)
    _require_same(set(file_names), set(found), transform_dir)
    return np.array([_read(found[name], class_count) for name in file_names], dtype=np.float64)


def find_answers(transform_dir: Path) -> dict[str, Path]:
    """Picture's file name -> its answer. Raises PredictionDuplicated.

    Outputs are found anywhere below transform_dir by base name, as the path of a transform's output repeats
    the input's prefix.
    """
    found: dict[str, Path] = {}
    for file in sorted(transform_dir.rglob(f"*{SUFFIX}")):
        name = file.name.removesuffix(SUFFIX)
        if name in found:
            raise PredictionDuplicated(
                f"{name} is answered twice, by {found[name]} and {file}; keep one transform's output"
            )
        found[name] = file
    return found


def parse_prediction(text: str, class_count: int, where: str) -> list[float]:
    """Probabilities from a JSON array, or from the built-in algorithm's `{"prediction": [...]}` line.

    Raises MalformedPrediction unless they are class_count finite numbers in 0..1 that sum to 1 within
    SUM_TOLERANCE.
    """
    try:
        answer: Any = json.loads(text)
    except ValueError:
        raise _malformed(where, text) from None
    if isinstance(answer, dict):
        answer = answer.get("prediction")
    if (
        not isinstance(answer, list)
        or len(answer) != class_count
        or not all(_is_probability(value) for value in answer)
    ):
        raise _malformed(where, text)
    if abs(sum(answer) - 1) > SUM_TOLERANCE:
        raise MalformedPrediction(f"{where}: {answer} sums to {sum(answer):.4f}, not to 1; mend the model's output_fn")
    return [float(value) for value in answer]


def _is_probability(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value) and 0 <= value <= 1


def _malformed(where: str, text: str) -> MalformedPrediction:
    return MalformedPrediction(f"{where}: {text[:80]!r} is not one probability a class; mend the model's output_fn")


def _require_same(listed: set[str], answered: set[str], transform_dir: Path) -> None:
    if missing := sorted(listed - answered):
        raise PredictionMissing(
            f"{transform_dir} lacks {missing[0]}{SUFFIX} ({len(missing)} of {len(listed)} missing); "
            "look into the transform job's log"
        )
    if extra := sorted(answered - listed):
        raise PredictionUnexpected(
            f"{transform_dir} holds {extra[0]}{SUFFIX}, not in the test list ({len(extra)} such); "
            "give the output of this execution's transform job only"
        )


def _read(file: Path, class_count: int) -> list[float]:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise MalformedPrediction(f"{file} cannot be read ({error}); look into the transform job's log") from error
    return parse_prediction(text, class_count, str(file))
