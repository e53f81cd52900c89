"""Reading: every form of a captured record, every damage, and the quick way that gives the same as the slow one."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from local_aws.images.model_monitor import datasets, lines
from local_aws.images.model_monitor.arrow_records import add_block
from local_aws.images.model_monitor.dataset_profile import DatasetProfile
from local_aws.images.model_monitor.datasets import profile_dataset
from local_aws.images.model_monitor.errors import AnalysisFailed
from local_aws.images.model_monitor.lines import Block, Damage, blocks_of
from local_aws.images.model_monitor.payloads import rows_of
from local_aws.images.model_monitor.records import NotARecord, parse, read_records, records_of
from local_aws.images.model_monitor.statistics_file import statistics_of
from tests.unit.monitor_analyzer_records import job, record, side, write_lines

GOOD = record(side("[0.25, 0.75]", "JSON"), side("1,2", "CSV"))


def encoded(text: str, content_type: str) -> dict[str, str]:
    return side(base64.b64encode(text.encode()).decode(), "BASE64", content_type)


@pytest.mark.parametrize(
    ("document", "rows"),
    [
        (GOOD, [{"_c0": 0.25, "_c1": 0.75, "_c2": "1", "_c3": "2"}]),
        (record(side("0.5", "CSV"), side("1,a", "CSV")), [{"_c0": "0.5", "_c1": "1", "_c2": "a"}]),
        (record(side("0.5", "JSON")), [{"_c0": 0.5}]),
        (record(side('{"a":{"b":[1,2]}}', "JSON"), side("[3]", "JSON")), [{"a.b.0": 1, "a.b.1": 2, "_c0": 3}]),
        (record(side('{"id":1}', "JSON"), side('{"id":2}', "JSON")), [{"id": 1, "endpointInput_id": 2}]),
        (record(side("1\n2\n", "CSV"), side("[[3],[4]]", "JSON")), [{"_c0": "1", "_c1": 3}, {"_c0": "2", "_c1": 4}]),
        (record(side('{"p":1}\n{"p":2}', "JSON")), [{"p": 1}, {"p": 2}]),
        (record(encoded("[0.5,0.5]", "application/json; charset=utf-8")), [{"_c0": 0.5, "_c1": 0.5}]),
        (record(side("[1]", "JSON"), side("iVBORw0KGgo=", "BASE64")), [{"_c0": 1}]),
        (record(side('"a,\nb", c', "CSV")), [{"_c0": "a,\nb", "_c1": "c"}]),
    ],
)
def test_columns_are_those_of_output_and_input(document: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    assert rows_of(parse(document)) == rows


@pytest.mark.parametrize(
    ("document", "why"),
    [
        (record(side("iVBORw0KGgo=", "BASE64"), side("iVBORw0KGgo=", "BASE64")), "record_preprocessor_script"),
        (record(side("[1, 2", "JSON")), "no JSON"),
        (record(side("", "CSV")), "no value"),
        (record(side("[]", "JSON")), "no value"),
        (record(side("[" * 100_000, "JSON")), "nested too deeply"),
        (record(encoded("x", "text/csv") | {"data": "###"}), "base64"),
        (record(side("1\n2", "CSV"), side("1", "CSV")), "differ"),
    ],
)
def test_payloads_that_are_not_what_they_say_are_told(document: dict[str, Any], why: str) -> None:
    with pytest.raises(NotARecord, match=why):
        rows_of(parse(document))


@pytest.mark.parametrize(
    "document",
    [
        *([], "x", 1, {}, {"captureData": {}}, {"captureData": {}, "eventMetadata": {}}),
        {"captureData": {"endpointInput": {"data": 1, "encoding": "CSV"}}, "eventMetadata": {}},
        {"captureData": {"endpointInput": {"data": "1", "encoding": "XML"}}, "eventMetadata": {}},
    ],
)
def test_json_that_is_no_record_is_refused(document: Any) -> None:
    with pytest.raises(NotARecord):
        parse(document)


def test_every_damaged_line_is_counted_and_the_others_are_read(tmp_path: Path) -> None:
    whole = json.dumps(GOOD).encode()
    write_lines(tmp_path / "2026/03/04/11/b.jsonl", [GOOD, b"\n", b"  \r\n", whole[:50] + b"\n", {"no": "record"}])
    write_lines(tmp_path / "2026/03/04/12/a.jsonl", [b"\x89PNG\xff\n", b"\0\0\n", whole + b"\r\n", whole[:99]])
    damage = Damage()
    assert len(list(read_records(tmp_path, damage))) == 2
    assert damage.counts == {"empty": 2, "truncated": 1, "not_a_record": 1, "binary": 2, "unfinished": 1}
    assert damage.examples[0] == "2026/03/04/11/b.jsonl line 2: empty"
    assert "2026/03/04/12/a.jsonl line 4: unfinished" in damage.examples[-1]


def test_a_last_line_without_newline_is_read_where_it_is_whole(tmp_path: Path) -> None:
    write_lines(tmp_path / "a.jsonl", [GOOD, json.dumps(GOOD).encode()])
    damage = Damage()
    assert len(list(read_records(tmp_path, damage))) == 2
    assert not damage.total


def test_files_are_read_in_order_of_their_names(tmp_path: Path) -> None:
    for name in ("12/a", "11/b", "11/a"):
        write_lines(tmp_path / f"{name}.jsonl", [record(side("1", "CSV"), inferenceId=name)])
    (tmp_path / ".hidden").write_text("x\n")
    assert [each.event_metadata.inference_id for each in read_records(tmp_path, Damage())] == ["11/a", "11/b", "12/a"]


def test_a_record_of_six_megabytes_is_read_whole(tmp_path: Path) -> None:
    picture = base64.b64encode(b"\x89" * (6 << 20)).decode()
    write_lines(tmp_path / "a.jsonl", [GOOD, record(side("[1]", "JSON"), side(picture, "BASE64")), GOOD])
    found = list(read_records(tmp_path, Damage()))
    assert [len(each.endpoint_input.data) if each.endpoint_input else 0 for each in found] == [3, len(picture), 3]


@pytest.mark.parametrize("block_bytes", [1, 40, 1_000])
def test_blocks_are_whole_lines_and_lines_beyond_all_bounds_are_passed_over(
    tmp_path: Path, block_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "LONGEST_LINE", 2_000)
    (tmp_path / "a").write_bytes(b"one\n" + b"x" * 9_000 + b"\nthree\n" + b"y" * 9_000)
    damage = Damage()
    found = [(line.where, line.content) for block in blocks_of(tmp_path, damage, block_bytes) for line in block.lines()]
    assert found == [("a line 1", b"one"), ("a line 3", b"three")]
    assert damage.counts == {"too_long": 2}
    assert [example.split(":")[0] for example in damage.examples] == ["a line 2", "a line 4"]


def quick(content: bytes) -> dict[str, Any] | None:
    profile = DatasetProfile()
    return statistics_of(profile, Damage()) if add_block(Block("a", 1, content), profile) else None


def slow(content: bytes) -> dict[str, Any]:
    profile, damage = DatasetProfile(), Damage()
    profile.add_rows(row for each in records_of(Block("a", 1, content), damage) for row in rows_of(each))
    assert not damage.total
    return statistics_of(profile, damage)


@pytest.mark.parametrize(
    "documents",
    [
        [GOOD, record(side("[1, 0]", "JSON"), side("1.0,-2e5", "CSV"))],
        [record(side("[ 0.5 ,\\n1 ]".replace("\\n", "\n"), "JSON"), side(" 3 , 4.\n", "CSV"))],
        [record(side("0.5", "JSON"))],
        [record(side("[0.5]", "JSON"), side("iVBORw0KGgo=", "BASE64", "image/png"))],
        [record(None, side("1,2,3", "CSV")) | {"more": {"nested": [1, "é"]}}],
        [record(side(f"[{9007199254740993}, -0, 1E2]", "JSON"), eventId=5)],
    ],
)
def test_the_quick_way_gives_what_the_slow_one_gives(documents: list[Any]) -> None:
    content = b"".join(json.dumps(document, ensure_ascii=False).encode() + b"\n" for document in documents)
    assert quick(content) == slow(content)
    assert quick(content) is not None


@pytest.mark.parametrize(
    "content",
    [
        *(b"\n", b"\n\n", b"x\n", b"{}\n", json.dumps(GOOD).encode(), json.dumps(GOOD).encode()[:60] + b"\n"),
        json.dumps(GOOD).encode() * 2 + b"\n\n",
        json.dumps(GOOD).encode() + b"\n\n",
        json.dumps(GOOD, indent=1).encode() + b"\n",
        json.dumps(GOOD).encode().replace(b'"e"', b'"\xff"') + b"\n",
        *(
            json.dumps(record(side(data, encoding))).encode() + b"\n"
            for data, encoding in [
                *(("[01]", "JSON"), ("[1,,2]", "JSON"), ("[NaN]", "JSON"), ("[1e999]", "JSON"), ("[]", "JSON")),
                *(('["a"]', "JSON"), ('{"a":1}', "JSON"), ("[[1]]", "JSON"), ("[1", "JSON"), ("[1]]", "JSON")),
                *(("a,1", "CSV"), ("1,", "CSV"), ("", "CSV"), ("1\n2", "CSV"), ('"1"', "CSV"), ("0x1", "CSV")),
                *(("+1", "CSV"), ("WzFd", "BASE64"), ("1", "XML")),
            ]
        ),
        b"".join(json.dumps(record(side(data, "CSV"))).encode() + b"\n" for data in ("1", "1,2")),
        b"".join(json.dumps(record(side("[1]", kind))).encode() + b"\n" for kind in ("CSV", "JSON")),
    ],
)
def test_the_quick_way_leaves_alone_what_is_out_of_the_ordinary(content: bytes) -> None:
    assert quick(content) is None


def test_large_data_sets_take_the_quick_way_and_damage_only_slows_a_block(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    documents = [
        record(side(f"[0.{number:04d}]", "JSON"), side(f"{number},{number}.5", "CSV")) for number in range(900)
    ]
    write_lines(tmp_path / "a.jsonl", [*documents, b"\n", *documents])
    profile, damage = profile_dataset(job(tmp_path / "ml", tmp_path / "a.jsonl"))
    monkeypatch.setattr(datasets, "WORTH_ARROW_BYTES", 0)
    monkeypatch.setattr(datasets, "blocks_of", lambda source, damage: blocks_of(source, damage, 30_000))
    again, counted = profile_dataset(job(tmp_path / "ml", tmp_path / "a.jsonl"))
    first, second = statistics_of(profile, damage), statistics_of(again, counted)
    assert counted.counts == damage.counts == {"empty": 1}
    assert [column["name"] for column in second["features"]] == ["_c0", "_c1", "_c2"]
    for ours, theirs in zip(first["features"], second["features"], strict=True):
        ours, theirs = ours["numerical_statistics"], theirs["numerical_statistics"]
        assert ours["distribution"] == theirs["distribution"]
        assert [ours[key] for key in ("mean", "sum", "std_dev")] == pytest.approx(
            [theirs[key] for key in ("mean", "sum", "std_dev")]
        )


def test_a_column_that_turns_out_to_be_text_is_text_from_the_start(tmp_path: Path) -> None:
    documents = [record(side(str(value), "CSV")) for value in [*range(2_500), "none"]]
    profile, _ = profile_dataset(job(tmp_path, write_lines(tmp_path / "a.jsonl", documents)))
    feature = statistics_of(profile, Damage())["features"][0]
    assert feature["inferred_type"] == "String"
    assert feature["string_statistics"]["distinct_count"] == 2_501


def test_csv_with_header_is_read_with_its_damage(tmp_path: Path) -> None:
    source = tmp_path / "a.csv"
    source.write_bytes(b'\xef\xbb\xbfname, n\n"a,\n1",1\n\nb,2,3\n\xff\xfe,4\n,5\nc')
    profile, damage = profile_dataset(job(tmp_path, source, '{"csv":{"header":true}}'))
    assert (profile.items, profile.columns["name"].present, profile.columns["n"].sum) == (2, 1, 6.0)
    assert damage.counts == {"empty": 1, "not_a_record": 1, "binary": 1, "unfinished": 1}


def test_csv_without_header_has_numbered_columns_and_names_must_differ(tmp_path: Path) -> None:
    source = tmp_path / "a.csv"
    source.write_text("1,2\n3,4\n")
    profile, _ = profile_dataset(job(tmp_path, source, '{"csv":{"header":false}}'))
    assert (list(profile.columns), profile.items) == (["_c0", "_c1"], 2)
    source.write_text("a,a\n3,4\n")
    with pytest.raises(AnalysisFailed, match="twice"):
        profile_dataset(job(tmp_path, source, '{"csv":{"header":true}}'))


def test_json_lines_are_flattened(tmp_path: Path) -> None:
    source = write_lines(tmp_path / "a.jsonl", [{"a": {"b": 1}, "c": None}, {"a": {"b": 2}}, [1], b"{\n"])
    profile, damage = profile_dataset(job(tmp_path, source, '{"json":{"lines":true}}'))
    assert (list(profile.columns), profile.columns["a.b"].sum) == (["a.b", "c"], 3.0)
    assert damage.counts == {"not_a_record": 1, "truncated": 1}
