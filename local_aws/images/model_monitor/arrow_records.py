"""Captured records a block at a time, by Arrow: for rows of plain numbers, which is what most endpoints take and give.

A block is either taken whole or left whole to `payloads`, which knows every form and every damage: both give the same
columns, types and figures.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj
from numpy.typing import NDArray

from .dataset_profile import DatasetProfile
from .lines import Block
from .payloads import text_encoding

JSON_NUMBER = r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?"
CSV_NUMBER = r"-?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?"
ROWS_OF_NUMBERS = {
    "JSON": rf"^\s*(?:\[\s*{JSON_NUMBER}(?:\s*,\s*{JSON_NUMBER})*\s*\]|{JSON_NUMBER})\s*$",
    "CSV": rf"^[ \t]*{CSV_NUMBER}(?:[ \t]*,[ \t]*{CSV_NUMBER})*\s*$",
}
BRACKETS = "[] \t\r\n"
SIGNS_OF_FRACTION = "[.eE]"

# Each name costs: what is not needed is not read. An empty struct only has to be an object.
_PAYLOAD = pa.struct([(name, pa.string()) for name in ("observedContentType", "data", "encoding")])
_CAPTURED = pa.struct([("endpointInput", _PAYLOAD), ("endpointOutput", _PAYLOAD)])
_PARSING = pj.ParseOptions(
    explicit_schema=pa.schema([("captureData", _CAPTURED), ("eventMetadata", pa.struct([]))]),
    unexpected_field_behavior="ignore",
)

Matrix = NDArray[np.float64]


class _Unusual(Exception):
    """The block is not for this module."""


def add_block(block: Block, profile: DatasetProfile) -> bool:
    """Add the block's rows to the profile and return True; or False, with nothing added."""
    try:
        matrix, integral = _rows(_table(block))
    except (_Unusual, pa.ArrowException, UnicodeDecodeError):
        return False
    names = [f"_c{index}" for index in range(matrix.shape[1])]
    if not profile.takes_numbers(names):
        return False
    profile.add_matrix(names, matrix, integral)
    return True


def _require(usual: bool) -> None:
    if not usual:
        raise _Unusual


def _table(block: Block) -> pa.Table:
    """One row a line, or _Unusual."""
    content = block.content
    if not content.isascii():
        content.decode()
    reading = pj.ReadOptions(use_threads=False, block_size=len(content) + 1)
    table = pj.read_json(pa.BufferReader(content), read_options=reading, parse_options=_PARSING)
    # Arrow passes over empty lines, takes several objects on one line, and one on several: no such line may be here
    _require(table.num_rows == content.count(b"}\n") == content.count(b"\n") and content.endswith(b"\n"))
    _require(not any(table[name].null_count for name in ("captureData", "eventMetadata")))
    return table


def _rows(table: pa.Table) -> tuple[Matrix, list[int]]:
    """All sides' numbers beside each other, a row a record, and how many of each column are integers."""
    captured = table["captureData"].combine_chunks()
    sides = [_side(captured.field(name)) for name in ("endpointOutput", "endpointInput")]
    found = [side for side in sides if side is not None]
    _require(bool(found))
    matrix = np.concatenate([numbers for numbers, _ in found], axis=1)
    _require(bool(np.isfinite(matrix).all()))
    return matrix, [count for _, counts in found for count in counts]


def _side(payload: pa.StructArray) -> tuple[Matrix, list[int]] | None:
    """None for a side without columns: not captured, or not text."""
    if payload.null_count == len(payload):
        return None
    _require(payload.null_count == 0 and payload.field("data").null_count == 0)
    encodings = pc.unique(payload.field("encoding")).to_pylist()
    _require(len(encodings) == 1 and encodings[0] in ("CSV", "JSON", "BASE64"))
    content_types = pc.unique(payload.field("observedContentType")).to_pylist()
    texts = {text_encoding(encodings[0], content_type or "") for content_type in content_types}
    if texts == {None}:
        return None
    _require(encodings[0] != "BASE64")
    return _numbers(payload.field("data"), encodings[0])


def _numbers(texts: pa.StringArray, encoding: str) -> tuple[Matrix, list[int]]:
    _require(pc.all(pc.match_substring_regex(texts, ROWS_OF_NUMBERS[encoding])).as_py())
    rows = pc.split_pattern(pc.ascii_trim(texts, BRACKETS), ",")
    lengths = pc.min_max(pc.list_value_length(rows)).as_py()
    _require(lengths["min"] == lengths["max"])
    literals = rows.flatten()
    if pc.any(pc.match_substring_regex(texts, r"\s")).as_py():
        literals = pc.ascii_trim_whitespace(literals)
    matrix = _values(pc.cast(literals, pa.float64()), np.float64).reshape(len(texts), lengths["min"])
    return matrix, _integers(matrix, literals)


def _integers(matrix: Matrix, literals: pa.StringArray) -> list[int]:
    """How many of each column are written as integers: 1 is one, 1.0 is not."""
    if not (matrix == np.floor(matrix)).any():
        return [0] * matrix.shape[1]
    fractions = _values(pc.cast(pc.match_substring_regex(literals, SIGNS_OF_FRACTION), pa.uint8()), np.uint8)
    return [int(count) for count in len(matrix) - fractions.reshape(matrix.shape).sum(axis=0, dtype=np.int64)]


def _values(array: pa.Array, dtype: type[np.generic]) -> NDArray[Any]:
    """The array's own memory. Array.to_numpy would import pandas for it, which takes a second."""
    return np.frombuffer(
        array.buffers()[1], dtype=dtype, count=len(array), offset=array.offset * np.dtype(dtype).itemsize
    )
