"""The rows of a data set in each of the formats that the analyzer takes."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, TextIO

from .dataset_profile import DatasetProfile
from .errors import AnalysisFailed
from .flatten import flatten
from .job import CAPTURED, CSV, JSON_LINES, Job
from .lines import BINARY, EMPTY, LONGEST_LINE, NOT_A_RECORD, UNFINISHED, Block, Damage, blocks_of, files_of
from .payloads import rows_of
from .records import NotARecord, decode, read_records, records_of

Row = dict[str, Any]

# Below this the import of pyarrow takes longer than it saves.
WORTH_ARROW_BYTES = 4 << 20


def profile_dataset(job: Job, as_text: Collection[str] = ()) -> tuple[DatasetProfile, Damage]:
    """Read the whole data set; twice where a column has strings after numbers, for then all of it is text.

    Raises AnalysisFailed where the format is none of data quality's, or the preprocessor fails.
    """
    texts = set(as_text)
    while True:
        profile, damage = DatasetProfile(texts), Damage()
        _fill(job, profile, damage)
        mixed = profile.mixed()
        if not mixed:
            return profile, damage
        texts |= mixed


def _fill(job: Job, profile: DatasetProfile, damage: Damage) -> None:
    if job.record_preprocessor_script and job.dataset_format != CAPTURED:
        raise AnalysisFailed(f"record_preprocessor_script is for captured records, not for {job.dataset_format}.")
    if job.dataset_format == CSV:
        profile.add_rows(_csv_rows(job, damage))
    elif job.dataset_format == JSON_LINES:
        profile.add_rows(_json_rows(job.dataset_source, damage))
    elif job.dataset_format != CAPTURED:
        raise AnalysisFailed(f"The data quality of {job.dataset_format} is not analysed: it is for MODEL_QUALITY.")
    elif job.record_preprocessor_script:
        profile.add_rows(_preprocessed_rows(job.dataset_source, job.record_preprocessor_script, damage))
    else:
        _fill_with_payloads(job.dataset_source, profile, damage)


def _preprocessed_rows(source: Path, script: Path, damage: Damage) -> Iterator[Row]:
    from .scripts import RecordPreprocessor

    preprocessor = RecordPreprocessor(script)
    for record in read_records(source, damage):
        yield from preprocessor.rows(record)


def _fill_with_payloads(source: Path, profile: DatasetProfile, damage: Damage) -> None:
    large = sum(path.stat().st_size for path in files_of(source)) > WORTH_ARROW_BYTES
    for block in blocks_of(source, damage):
        if not large or not _add_with_arrow(block, profile):
            profile.add_rows(_payload_rows(block, damage))


def _add_with_arrow(block: Block, profile: DatasetProfile) -> bool:
    from .arrow_records import add_block

    return add_block(block, profile)


def _payload_rows(block: Block, damage: Damage) -> Iterator[Row]:
    for record in records_of(block, damage):
        try:
            yield from rows_of(record)
        except NotARecord as error:
            damage.note(NOT_A_RECORD, record.where, str(error))


def _json_rows(source: Path, damage: Damage) -> Iterator[Row]:
    for block in blocks_of(source, damage):
        for line in block.lines():
            value = decode(line, damage)
            row = _flat(value) if isinstance(value, dict) else None
            if row is not None:
                yield row
            elif value is not None:
                damage.note(NOT_A_RECORD, line.where, "no object, or nested too deeply")


def _flat(value: Row) -> Row | None:
    try:
        return flatten(value)
    except RecursionError:
        return None


def _csv_rows(job: Job, damage: Damage) -> Iterator[Row]:
    csv.field_size_limit(LONGEST_LINE)
    for path in files_of(job.dataset_source):
        # what is no UTF-8 becomes surrogates, by which its rows are known below
        with path.open(newline="", encoding="utf-8-sig", errors="surrogateescape") as file:
            yield from _csv_rows_of_file(file, path.name, job.format_options.get("header", True), damage)


def _csv_rows_of_file(file: TextIO, name: str, header: bool, damage: Damage) -> Iterator[Row]:
    lines = _LastLine(file)
    reader = csv.reader(lines, skipinitialspace=True)
    columns = [column.strip() for column in next(reader, [])] if header else None
    if columns is not None and len(set(columns)) < len(columns):
        raise AnalysisFailed(f"The header of {name} names a column twice: {', '.join(columns)[:500]}.")
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            damage.note(BINARY, f"{name} line {reader.line_num}", str(error))
            continue
        columns = [f"_c{index}" for index in range(len(cells))] if columns is None else columns
        where = f"{name} line {reader.line_num}"
        if not cells:
            damage.note(EMPTY, where)
        elif any("\udc80" <= character <= "\udcff" or character == "\0" for cell in cells for character in cell):
            damage.note(BINARY, where)
        elif len(cells) != len(columns):
            kind = NOT_A_RECORD if lines.ended else UNFINISHED
            damage.note(kind, where, f"{len(cells)} cells, the first line has {len(columns)}")
        else:
            yield dict(zip(columns, (cell.strip() for cell in cells), strict=True))


class _LastLine:
    """A file's lines; `ended` is whether the last one that was given had its newline."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self.ended = True

    def __iter__(self) -> Iterator[str]:
        for line in self._file:
            self.ended = line.endswith(("\n", "\r"))
            yield line
