"""The data of an analysis of model quality, a row at a time: what was predicted, and what was true."""

from __future__ import annotations

import base64
import csv
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from .errors import AnalysisFailed
from .job import CSV, JSON_LINES, MERGED, Job
from .lines import BINARY, Damage, blocks_of
from .model_quality_attributes import Attributes, NotFound, csv_locator, json_locator
from .payloads import text_encoding
from .records import CapturedRecord, Payload, decode, read_records
from .scripts import RecordPreprocessor

NO_LABEL, NO_PREDICTION = "no_label", "no_prediction"
OUTPUT = "endpointOutput"


@dataclass(frozen=True)
class Row:
    """Values as they were found: text, or what JSON has. None is an attribute that the job does not use."""

    where: str
    label: Any
    inference: Any
    probability: Any


def rows_of(job: Job, attributes: Attributes, damage: Damage) -> Iterator[Row]:
    """All rows of the job's data. What is none, or lacks a value, is counted in `damage` and left out.

    Raises AnalysisFailed for a format that has no labels, and for an attribute that the data cannot have.
    """
    if job.dataset_format == MERGED:
        yield from _merged(job, attributes, damage)
    elif job.record_preprocessor_script:
        raise AnalysisFailed(
            f"A record_preprocessor_script is for merged records (dataset_format {MERGED}) alone here."
        )
    elif not attributes.ground_truth:
        raise AnalysisFailed(
            "The environment names no ground_truth_attribute: without it only merged records (dataset_format "
            f"{MERGED}) have labels."
        )
    elif job.dataset_format == CSV:
        yield from _csv(job, attributes, damage)
    elif job.dataset_format == JSON_LINES and job.format_options.get("lines", True):
        yield from _json(job, attributes, damage)
    else:
        raise AnalysisFailed(
            f"Model quality is not analysed from {job.variables['dataset_format']}: use csv, json lines."
        )


@dataclass(frozen=True)
class _Locators:
    """Where a row, whose form they know, has its values."""

    label: Callable[[Any], Any] | None
    inference: Callable[[Any], Any] | None
    probability: Callable[[Any], Any] | None

    @classmethod
    def of(cls, attributes: Attributes, locator: Callable[[str], Callable[[Any], Any]]) -> _Locators:
        names = (attributes.ground_truth, attributes.inference, attributes.probability)
        return cls(*(locator(name) if name else None for name in names))

    def row(self, document: Any, where: str, damage: Damage) -> Row | None:
        try:
            label = self.label(document) if self.label else None
        except NotFound as error:
            damage.note(NO_LABEL, where, str(error))
            return None
        try:
            inference = self.inference(document) if self.inference else None
            return Row(where, label, inference, self.probability(document) if self.probability else None)
        except NotFound as error:
            damage.note(NO_PREDICTION, where, str(error))
            return None


def _csv(job: Job, attributes: Attributes, damage: Damage) -> Iterator[Row]:
    has_header, locators = bool(job.format_options.get("header")), None
    for block in blocks_of(job.dataset_source, damage):
        first = block.first_line == 1
        for line in block.lines():
            if not line.content.strip():
                continue
            try:
                cells = next(csv.reader([line.content.decode("utf-8-sig")]))
            except (UnicodeDecodeError, csv.Error):
                damage.note(BINARY, line.where)
                continue
            if locators is None or (first and has_header):
                header = [name.strip() for name in cells] if has_header else None
                locators = _Locators.of(attributes, partial(csv_locator, header=header))
                first = False
                if has_header:
                    continue
            if row := locators.row(cells, line.where, damage):
                yield row


def _json(job: Job, attributes: Attributes, damage: Damage) -> Iterator[Row]:
    locators = _Locators.of(attributes, json_locator)
    for block in blocks_of(job.dataset_source, damage):
        for line in block.lines():
            document = decode(line, damage)
            if document is not None and (row := locators.row(document, line.where, damage)):
                yield row


def _merged(job: Job, attributes: Attributes, damage: Damage) -> Iterator[Row]:
    # the label is not in the answer
    answered = replace(attributes, ground_truth=None)
    script = job.record_preprocessor_script
    find = _Preprocessed(answered, script).row if script else _Answers(answered, job.format_options).row
    for record in read_records(job.dataset_source, damage):
        if record.ground_truth is None:
            damage.note(NO_LABEL, record.where, "no groundTruthData")
        elif row := find(record, damage):
            yield replace(row, label=_label(record.ground_truth))


class _Answers:
    """Rows from the answers of an endpoint, which may be JSON in one record and CSV in the next."""

    def __init__(self, attributes: Attributes, options: Mapping[str, Any]) -> None:
        wanted = options.get("captureIndexNames") or [OUTPUT]
        self._side = OUTPUT if OUTPUT in wanted else wanted[0]
        self._attributes = attributes
        self._locators: dict[str, _Locators] = {}

    def row(self, record: CapturedRecord, damage: Damage) -> Row | None:
        payload = record.endpoint_output if self._side == OUTPUT else record.endpoint_input
        try:
            if payload is None:
                raise ValueError("it is missing")
            kind, document = _document(payload)
        except (ValueError, RecursionError, csv.Error) as error:
            damage.note(NO_PREDICTION, record.where, f"{self._side} cannot be read: {error}")
            return None
        if kind not in self._locators:
            self._locators[kind] = _Locators.of(self._attributes, json_locator if kind == "JSON" else csv_locator)
        return self._locators[kind].row(document, record.where, damage)


class _Preprocessed:
    """Rows that a user's script makes of the records; the attributes name keys of what it returns."""

    def __init__(self, attributes: Attributes, script: Path) -> None:
        self._preprocessor = RecordPreprocessor(script)
        self._locators = _Locators.of(attributes, json_locator)

    def row(self, record: CapturedRecord, damage: Damage) -> Row | None:
        rows = self._preprocessor.rows(record)
        if len(rows) > 1:
            damage.note(NO_PREDICTION, record.where, f"{len(rows)} rows of the preprocessor, and one label")
        return self._locators.row(rows[0], record.where, damage) if len(rows) == 1 else None


def _document(payload: Payload) -> tuple[str, Any]:
    """A payload and its kind, CSV or JSON. Raises ValueError for one that is neither."""
    text = payload.data
    kind = text_encoding(payload.encoding, payload.observed_content_type)
    if payload.encoding == "BASE64":
        text = base64.b64decode(text, validate=True).decode()
    if kind == "JSON":
        return kind, json.loads(text)
    rows = [cells for cells in csv.reader(text.splitlines()) if cells]
    if kind != "CSV" or len(rows) != 1:
        raise ValueError(f"{payload.observed_content_type} in {payload.encoding}, one row of CSV or JSON is expected")
    return kind, rows[0]


def _label(truth: Payload) -> str:
    """What the answer of a human says; JSON's text is text too."""
    text = base64.b64decode(truth.data).decode(errors="replace") if truth.encoding == "BASE64" else truth.data
    return text.strip().strip('"')
