"""The join of captured records with ground truth: what matches, what counts, what is told."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from local_aws.images.model_monitor.errors import AnalysisFailed
from local_aws.images.model_monitor.merge import MergeJob, merge
from local_aws.images.model_monitor.merge_join import MergeSummary
from local_aws.images.model_monitor.merge_tree import Window, hour_of

HOUR, NEXT, LATER = "2026/01/31/23", "2026/02/01/00", "2026/02/01/05"


def captured(event_id: str, inference_id: str | None = None, answer: str = "[0.2, 0.8]") -> str:
    metadata = {"eventId": event_id, **({"inferenceId": inference_id} if inference_id else {})}
    output = {"observedContentType": "application/json", "mode": "OUTPUT", "data": answer, "encoding": "JSON"}
    return json.dumps({"captureData": {"endpointOutput": output}, "eventMetadata": metadata, "eventVersion": "0"})


def truth(event_id: str, data: str = "1") -> str:
    answer = {"data": data, "encoding": "CSV"}
    return json.dumps({"groundTruthData": answer, "eventMetadata": {"eventId": event_id}, "eventVersion": "0"})


class Tree:
    """The folders of one merge."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for folder in ("captured", "truth", "output"):
            (root / folder).mkdir()

    def capture(self, hour: str, *lines: str | bytes, name: str = "a.jsonl", end: bytes = b"\n") -> None:
        self._write(self.root / "captured" / "scones" / "AllTraffic" / hour / name, lines, end)

    def answer(self, hour: str, *lines: str | bytes, name: str = "a.jsonl", end: bytes = b"\n") -> None:
        self._write(self.root / "truth" / hour / name, lines, end)

    def merge(self, start: str | None = None, end: str | None = None) -> MergeSummary:
        folders = (self.root / name for name in ("captured", "truth", "output"))
        return merge(MergeJob(*folders, Window.of(start, end)), self.root)

    def merged(self) -> dict[str, list[Any]]:
        """Inference or event ids and their labels, by folder."""
        found: dict[str, list[Any]] = {}
        for path in sorted((self.root / "output").rglob("*.jsonl")):
            records = [json.loads(line) for line in path.read_text().splitlines()]
            found[str(path.parent.relative_to(self.root / "output"))] = [
                (
                    record["eventMetadata"].get("inferenceId", record["eventMetadata"]["eventId"]),
                    record["groundTruthData"]["data"],
                )
                for record in records
            ]
        return found

    def _write(self, path: Path, lines: tuple[str | bytes, ...], end: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"\n".join(line.encode() if isinstance(line, str) else line for line in lines) + end)


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path)


def test_the_inference_id_counts_where_there_is_one_and_else_the_event_id(tree: Tree) -> None:
    tree.capture(HOUR, captured("e1", "i1"), captured("e2"), captured("e3", "i3"))
    tree.answer(HOUR, truth("i1"), truth("e2", "0"), truth("e3"))
    summary = tree.merge()
    assert tree.merged() == {f"scones/AllTraffic/{HOUR}": [("i1", "1"), ("e2", "0")]}
    assert (summary.captured, summary.merged, summary.captured_without_ground_truth) == (3, 2, 1)
    assert summary.ground_truth_without_match == 1


def test_a_merged_record_is_the_captured_one_with_its_ground_truth(tree: Tree) -> None:
    line = captured("e1", "i1", answer='[0.1, 0.9, "\\u00e9 é"]')
    tree.capture(HOUR, line)
    tree.answer(HOUR, truth("i1", " 1\n"))
    tree.merge()
    (path,) = (tree.root / "output").rglob("part-*.jsonl")
    record = json.loads(path.read_text())
    assert record.pop("groundTruthData") == {"data": "1", "encoding": "CSV"}
    assert record == json.loads(line)


def test_answers_of_a_later_hour_are_found_and_counted_as_late(tree: Tree) -> None:
    tree.capture(HOUR, captured("e1", "i1"))
    tree.capture(NEXT, captured("e2", "i2"))
    tree.answer(NEXT, truth("i2"))
    tree.answer(LATER, truth("i1"))
    assert tree.merge().ground_truth_late == 1
    assert tree.merged() == {f"scones/AllTraffic/{HOUR}": [("i1", "1")], f"scones/AllTraffic/{NEXT}": [("i2", "1")]}


def test_of_several_answers_the_latest_counts_and_contradictions_are_told_from_repeats(tree: Tree) -> None:
    tree.capture(HOUR, *(captured(f"e{number}", f"i{number}") for number in range(3)))
    tree.answer(LATER, truth("i0", "0"), truth("i1", "1"))
    tree.answer(HOUR, truth("i0", "1"), truth("i1", "1"), truth("i2", "0"), truth("i2", "1"))
    summary = tree.merge()
    assert tree.merged() == {f"scones/AllTraffic/{HOUR}": [("i0", "0"), ("i1", "1"), ("i2", "1")]}
    assert (summary.ground_truth, summary.ground_truth_repeated, summary.ground_truth_contradicted) == (6, 1, 2)


def test_an_inference_captured_twice_is_merged_twice_and_told(tree: Tree) -> None:
    tree.capture(HOUR, captured("e1", "i1"), captured("e2", "i1"))
    tree.answer(HOUR, truth("i1"))
    summary = tree.merge()
    assert (summary.merged, summary.ground_truth_matched_several_times) == (2, 1)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\x00\xff\xfe\x01",
        captured("e9", "i9")[:40],
        "[]",
        "null",
        "[" * 100_000,
        '{"captureData": {}, "eventMetadata": {"eventId": "e9"}}',
        captured("e9").replace('"e9"', "null"),
        b"\xef\xbb\xbf" + captured("e9").encode(),
        captured("e9")[:-1] + ', "groundTruthData": {"data": "1", "encoding": "CSV"}}',
    ],
)
def test_captured_lines_that_are_no_records_are_counted_and_shown(
    tree: Tree, line: str | bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    tree.capture(HOUR, captured("e1", "i1"), line, captured("e2", "i2"))
    tree.answer(HOUR, truth("i1"), truth("i2"), truth("e9"), truth("i9"))
    summary = tree.merge()
    assert (summary.captured, summary.merged, summary.captured_malformed) == (2, 2, 1)
    assert f"not used, captured: scones/AllTraffic/{HOUR}/a.jsonl line 2" in capsys.readouterr().out


@pytest.mark.parametrize(
    "line",
    [
        truth("i2")[:30],
        truth("i2").replace('"1"', "1"),
        truth("i2").replace("CSV", "PARQUET"),
        truth("i2").replace('"i2"', '""'),
        '{"groundTruthData": "1", "eventMetadata": {"eventId": "i2"}}',
        "7",
    ],
)
def test_ground_truth_lines_that_are_no_records_are_counted_and_shown(
    tree: Tree, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    tree.capture(HOUR, captured("e1", "i1"), captured("e2", "i2"))
    tree.answer(HOUR, truth("i1"), line)
    summary = tree.merge()
    assert (summary.merged, summary.ground_truth, summary.ground_truth_malformed) == (1, 1, 1)
    assert f"not used, ground truth: {HOUR}/a.jsonl line 2" in capsys.readouterr().out


def test_a_file_that_is_being_written_loses_its_last_line_alone(tree: Tree) -> None:
    tree.capture(HOUR, captured("e1", "i1"), captured("e2", "i2")[:-20], end=b"")
    tree.answer(HOUR, truth("i1"), truth("i2"), end=b"")
    summary = tree.merge()
    assert (summary.merged, summary.captured_malformed, summary.ground_truth) == (1, 1, 2)


def test_files_that_are_no_data_are_left_out(tree: Tree) -> None:
    tree.capture(HOUR, captured("e1", "i1"))
    tree.capture(HOUR, "written by a tool", name="_SUCCESS")
    tree.capture(HOUR, "half", name=".a.jsonl.part")
    tree.answer(HOUR, truth("i1"))
    assert tree.merge().captured_malformed == 0


def test_the_window_takes_the_hours_that_it_overlaps_and_merging_again_replaces(tree: Tree) -> None:
    for hour, name in ((HOUR, "i1"), (NEXT, "i2"), (LATER, "i3")):
        tree.capture(hour, captured("e", name))
    tree.answer(LATER, truth("i1"), truth("i2"), truth("i3"))
    assert tree.merge("2026-01-31T23:59:59Z", "2026-02-01T00:00:00Z").merged == 1
    assert list(tree.merged()) == [f"scones/AllTraffic/{HOUR}"]
    tree.answer(LATER, truth("i1", "0"), name="b.jsonl")
    assert tree.merge("2026-01-31T23:00:00Z", "2026-02-01T00:00:01Z").merged == 2
    assert tree.merged() == {f"scones/AllTraffic/{HOUR}": [("i1", "0")], f"scones/AllTraffic/{NEXT}": [("i2", "1")]}


Arrange = Callable[[Tree], None]


@pytest.mark.parametrize(
    ("arrange", "reason"),
    [
        (lambda tree: tree.answer(HOUR, truth("i1")), "there is no captured record in the window"),
        (lambda tree: tree.capture(HOUR, captured("e1")), "and there is no ground truth for it"),
        (
            lambda tree: (tree.capture(HOUR, captured("e1", "i1"), "{"), tree.answer(HOUR, truth("e1"))),
            r"none of 1 captured records has ground truth, none of 1 ground truth records a captured one \(1 lines "
            r"could not be read, see the log\); eventMetadata.eventId of ground truth must be the captured",
        ),
    ],
)
def test_without_a_match_the_merge_fails_and_says_why(tree: Tree, arrange: Arrange, reason: str) -> None:
    arrange(tree)
    with pytest.raises(AnalysisFailed, match=f"Job inputs had no data: .*{reason}"):
        tree.merge()
    assert not list((tree.root / "output").rglob("*.jsonl"))


def test_the_summary_says_what_the_log_says_and_the_index_is_gone(
    tree: Tree, capsys: pytest.CaptureFixture[str]
) -> None:
    tree.capture(HOUR, captured("e1", "i1"), captured("e2", "i2"))
    tree.answer(HOUR, truth("i1"))
    tree.merge()
    summary = json.loads((tree.root / "output" / "_merge_summary.json").read_text())
    assert summary == {**dict.fromkeys(summary, 0), "captured": 2, "merged": 1, "ground_truth": 1,
                       "captured_without_ground_truth": 1}  # fmt: skip
    assert "captured without ground truth: 1" in capsys.readouterr().out
    assert sorted(path.name for path in tree.root.iterdir()) == ["captured", "output", "truth"]


@pytest.mark.parametrize(
    ("path", "hour"),
    [
        ("scones/AllTraffic/2026/01/31/23", datetime(2026, 1, 31, 23, tzinfo=timezone.utc)),
        ("2026/01/31/23/more", datetime(2026, 1, 31, 23, tzinfo=timezone.utc)),
        ("2026/01/31/24", None),
        ("2026/1/31/23", None),
        ("scones/AllTraffic", None),
    ],
)
def test_the_hour_of_a_folder(path: str, hour: datetime | None) -> None:
    assert hour_of(Path(path)) == hour


@pytest.mark.parametrize("missing", ["dataset_source", "ground_truth_source", "output_path"])
def test_an_environment_without_a_folder_is_refused(missing: str) -> None:
    given = {"dataset_source": "/a", "ground_truth_source": "/b", "output_path": "/c"}
    with pytest.raises(AnalysisFailed, match=f"the environment names no {missing}"):
        MergeJob.of({name: value for name, value in given.items() if name != missing})


def test_an_environment_with_a_wrong_time_is_refused() -> None:
    given = {"dataset_source": "/a", "ground_truth_source": "/b", "output_path": "/c", "start_time": "yesterday"}
    with pytest.raises(AnalysisFailed, match="start_time and end_time are UTC times like"):
        MergeJob.of(given)
