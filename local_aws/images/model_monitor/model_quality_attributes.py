"""What an analysis of model quality is told: the problem, and where a record has its prediction and its label.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_EndpointInput.html
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .errors import AnalysisFailed

BINARY, MULTICLASS, REGRESSION = "BinaryClassification", "MulticlassClassification", "Regression"
PROBLEM_TYPES = (BINARY, MULTICLASS, REGRESSION)
DEFAULT_THRESHOLD = 0.5
KEY = re.compile(r"[A-Za-z_]\w*")
ELEMENT = re.compile(r"\[?(\d+)\]?")


class NotFound(LookupError):
    """A record has no value at the place that the attribute names; the text says why."""


@dataclass(frozen=True)
class Attributes:
    """The attributes of the contract, None where the job has none. `threshold`: above it a probability means 1."""

    problem_type: str
    inference: str | None
    probability: str | None
    ground_truth: str | None
    threshold: float = DEFAULT_THRESHOLD

    @classmethod
    def of(cls, variables: Mapping[str, str]) -> Attributes:
        """Raises AnalysisFailed, which names the variable that is missing or wrong."""
        problem = variables.get("problem_type", "")
        if problem not in PROBLEM_TYPES:
            raise AnalysisFailed(
                f"The environment variable problem_type is {problem!r}: use {', '.join(PROBLEM_TYPES)}."
            )
        attributes = cls(
            problem_type=problem,
            inference=variables.get("inference_attribute") or None,
            probability=variables.get("probability_attribute") or None,
            ground_truth=variables.get("ground_truth_attribute") or None,
            threshold=_threshold(variables.get("probability_threshold_attribute") or str(DEFAULT_THRESHOLD)),
        )
        needed = "inference_attribute or probability_attribute" if problem == BINARY else "inference_attribute"
        if not attributes.inference and not (problem == BINARY and attributes.probability):
            raise AnalysisFailed(f"The environment names no {needed}: {problem} cannot do without.")
        return attributes


def csv_locator(attribute: str, header: list[str] | None = None) -> Callable[[list[str]], str]:
    """Takes the value from a row: by the column's name where there is a header with it, or by its index from 0.

    Raises AnalysisFailed for a column that there is not; the function NotFound for a row that is too short.
    """
    if header is not None and attribute in header:
        index = header.index(attribute)
    elif element := ELEMENT.fullmatch(attribute):
        index = int(element[1])
    else:
        known = f"the header has {', '.join(header)}" if header else "without a header give its index from 0"
        raise AnalysisFailed(f"There is no column {attribute!r} in the CSV data: {known}.")

    def locate(row: list[str]) -> str:
        if index >= len(row):
            raise NotFound(f"no column {attribute}")
        return row[index].strip()

    return locate


def json_locator(attribute: str) -> Callable[[Any], Any]:
    """Takes the value from a JSON document: by an index, a key, a JMESPath, or the same after `$` as JSONPath has it.

    A list of one element is taken for the element. Raises AnalysisFailed for an attribute that is none of these;
    the function raises NotFound.
    """
    path = attribute.removeprefix("$").removeprefix(".")
    search = _simple(path) or _jmespath(path, attribute)

    def locate(document: Any) -> Any:
        value = search(document)
        while isinstance(value, list) and len(value) == 1:
            value = value[0]
        if value is None or isinstance(value, (list, dict)):
            raise NotFound(f"{attribute} is {'missing' if value is None else 'no single value'}")
        return value

    return locate


def _simple(path: str) -> Callable[[Any], Any] | None:
    """What needs no JMESPath, which is by far the most common: a whole document, one key, one element."""
    if not path:
        return lambda document: document
    if KEY.fullmatch(path):
        return lambda document: document.get(path) if isinstance(document, dict) else None
    if element := ELEMENT.fullmatch(path):
        index = int(element[1])
        return lambda document: _element(document, index)
    return None


def _element(document: Any, index: int) -> Any:
    if isinstance(document, list):
        # an answer for one instance may be wrapped as an answer for a batch
        rows = document[0] if len(document) == 1 and isinstance(document[0], list) else document
        return rows[index] if index < len(rows) else None
    if isinstance(document, dict):
        return document.get(str(index))
    return document if index == 0 else None


def _jmespath(path: str, attribute: str) -> Callable[[Any], Any]:
    import jmespath
    from jmespath.exceptions import JMESPathError

    try:
        compiled = jmespath.compile(path)
    except JMESPathError as error:
        told = " ".join(str(error).split())
        raise AnalysisFailed(f"The attribute {attribute!r} is neither an index nor a JMESPath: {told}") from None

    def search(document: Any) -> Any:
        try:
            return compiled.search(document)
        except JMESPathError:
            return None

    return search


def _threshold(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise AnalysisFailed(f"The environment variable probability_threshold_attribute is {text!r}: give a number.")
    return value
