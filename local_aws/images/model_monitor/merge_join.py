"""The join: ground truth into the index, then every captured record past it, one line in memory at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

from .lines import Damage, Line, blocks_of
from .merge_index import GroundTruthIndex
from .merge_records import GroundTruth, ground_truth, join_id, merged
from .merge_tree import HOUR_FORMAT, Folder, Window, record_files, record_folders

# always the same name, so that merging an hour again replaces what an earlier run merged
MERGED_FILE = "part-00000.jsonl"


@dataclass(frozen=True)
class MergeSummary:
    """What a merge came to. All are numbers of records; of ground truth, `late` came in a later hour's folder."""

    captured: int
    merged: int
    captured_without_ground_truth: int
    captured_malformed: int
    ground_truth: int
    ground_truth_without_match: int
    ground_truth_repeated: int
    ground_truth_contradicted: int
    ground_truth_late: int
    ground_truth_matched_several_times: int
    ground_truth_malformed: int


@dataclass
class Merge:
    """One merge of the folder `captured` with the folder `truth` into the folder `output`."""

    captured: Path
    truth: Path
    output: Path
    index: GroundTruthIndex
    damaged_captures: Damage = field(default_factory=Damage)
    damaged_truth: Damage = field(default_factory=Damage)
    _captured: int = 0
    _merged: int = 0
    _late: int = 0

    def run(self, window: Window) -> MergeSummary:
        """Merge the captured hours that the window overlaps, with all ground truth there is."""
        for folder in record_folders(self.truth):
            self.index.add(self._answers(folder), _hour(folder))
        for folder in record_folders(self.captured):
            if window.overlaps(folder.hour):
                self._merge(folder)
        return self._summary()

    def _answers(self, folder: Folder) -> Iterator[GroundTruth]:
        for line in _lines(self.truth, folder, self.damaged_truth):
            if answer := ground_truth(line, self.damaged_truth):
                yield answer

    def _merge(self, folder: Folder) -> None:
        target = self.output / folder.relative / MERGED_FILE
        part = target.with_name(f".{target.name}.part")
        out: BinaryIO | None = None
        with ExitStack() as opened:
            for record in self._matched(folder):
                if out is None:
                    part.parent.mkdir(parents=True, exist_ok=True)
                    out = opened.enter_context(part.open("wb"))
                out.write(record)
        if out is not None:
            part.replace(target)

    def _matched(self, folder: Folder) -> Iterator[bytes]:
        hour = _hour(folder)
        for line in _lines(self.captured, folder, self.damaged_captures):
            event_id = join_id(line, self.damaged_captures)
            if event_id is None:
                continue
            self._captured += 1
            if found := self.index.match(event_id):
                truth, truth_hour = found
                self._merged += 1
                self._late += bool(hour) and truth_hour > hour
                yield merged(line, truth)

    def _summary(self) -> MergeSummary:
        counts = self.index.counts()
        return MergeSummary(
            captured=self._captured,
            merged=self._merged,
            captured_without_ground_truth=self._captured - self._merged,
            captured_malformed=self.damaged_captures.total,
            ground_truth=counts.ids + counts.repeats + counts.contradictions,
            ground_truth_without_match=counts.without_match,
            ground_truth_repeated=counts.repeats,
            ground_truth_contradicted=counts.contradictions,
            ground_truth_late=self._late,
            ground_truth_matched_several_times=counts.with_several_matches,
            ground_truth_malformed=self.damaged_truth.total,
        )


def _lines(root: Path, folder: Folder, damage: Damage) -> Iterator[Line]:
    for path in record_files(root / folder.relative):
        for block in blocks_of(path, damage):
            for line in block.lines():
                yield replace(line, where=f"{folder.relative}/{line.where}")


def _hour(folder: Folder) -> str:
    return folder.hour.strftime(HOUR_FORMAT) if folder.hour else ""
