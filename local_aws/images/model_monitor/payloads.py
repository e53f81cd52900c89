"""The columns of a captured record without a preprocessor: those of its output, then those of its input.

CSV cells and the items of a JSON array have no names: they are `_c0`, `_c1` and so on, numbered through both sides.
JSON objects give their members' names, nested ones joined with dots. A payload of several rows (CSV lines, an array of
arrays or objects) gives as many rows; both sides then need the same number.
"""

from __future__ import annotations

import base64
import binascii
import csv
import json
from typing import Any

from .flatten import SCALARS, flatten
from .lines import LONGEST_LINE
from .records import CapturedRecord, NotARecord, Payload

Cells = list[Any]
Side = list[Cells | dict[str, Any]]

TEXT_TYPES = {
    "text/csv": "CSV",
    "application/json": "JSON",
    "application/jsonlines": "JSON",
    "application/x-json": "JSON",
}


def rows_of(record: CapturedRecord) -> list[dict[str, Any]]:
    """The record's rows. Raises NotARecord where a payload is not what its encoding says, or has no columns."""
    sides = [
        (name, rows)
        for name, payload in (("endpointOutput", record.endpoint_output), ("endpointInput", record.endpoint_input))
        if payload is not None and (rows := payload_rows(payload, name)) is not None
    ]
    if not sides:
        raise NotARecord("neither side is CSV or JSON: a record_preprocessor_script has to read it")
    if len({len(rows) for _, rows in sides}) > 1:
        told = ", ".join(f"{name} {len(rows)}" for name, rows in sides)
        raise NotARecord(f"the sides differ in their numbers of rows: {told}")
    return [_joined([(name, rows[index]) for name, rows in sides]) for index in range(len(sides[0][1]))]


def text_encoding(payload_encoding: str, observed_content_type: str) -> str | None:
    """CSV or JSON: what a payload is as text, under base64 by its content type; None for a picture and the like."""
    if payload_encoding != "BASE64":
        return payload_encoding
    return TEXT_TYPES.get(observed_content_type.split(";")[0].strip().lower())


def payload_rows(payload: Payload, name: str) -> Side | None:
    """A payload's rows, lists of cells or flat dicts; None where it is not text. Raises NotARecord."""
    encoding = text_encoding(payload.encoding, payload.observed_content_type)
    if encoding is None:
        return None
    text = _decoded(payload.data, name) if payload.encoding == "BASE64" else payload.data
    try:
        rows = _csv_rows(text) if encoding == "CSV" else _json_rows(text)
    except (ValueError, csv.Error) as error:
        raise NotARecord(f"{name}.data is no {encoding}: {error}") from error
    except RecursionError as error:
        raise NotARecord(f"{name}.data is nested too deeply") from error
    if not rows or not all(rows):
        raise NotARecord(f"{name}.data has no value")
    return rows


def _decoded(data: str, name: str) -> str:
    try:
        return base64.b64decode(data, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise NotARecord(f"{name}.data is no base64 of text: {error}") from error


def _csv_rows(text: str) -> Side:
    csv.field_size_limit(LONGEST_LINE)
    lines = text.splitlines(keepends=True)
    return [[cell.strip() for cell in row] for row in csv.reader(lines, skipinitialspace=True) if row]


def _json_rows(text: str) -> Side:
    try:
        value = json.loads(text)
    except ValueError:
        value = _json_lines(text)
    if isinstance(value, dict):
        return [flatten(value)]
    items = value if isinstance(value, list) else [value]
    if items and all(isinstance(item, (list, dict)) for item in items):
        return [flatten(item) if isinstance(item, dict) else _cells(item) for item in items]
    return [_cells(items)]


def _json_lines(text: str) -> list[Any]:
    return [json.loads(line) for line in text.splitlines() if line.strip()]


def _cells(items: list[Any]) -> Cells:
    if all(isinstance(item, SCALARS) for item in items):
        return items
    return list(flatten({"": items}).values())


def _joined(sides: list[tuple[str, Cells | dict[str, Any]]]) -> dict[str, Any]:
    row: dict[str, Any] = {}
    position = 0
    for name, side in sides:
        if isinstance(side, dict):
            for key, value in side.items():
                row[f"{name}_{key}" if key in row else key] = value
        else:
            for value in side:
                row[f"_c{position}"] = value
                position += 1
    return row
