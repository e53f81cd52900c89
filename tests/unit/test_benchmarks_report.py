"""The report, built from results that were made up for it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from benchmarks import __main__ as command
from benchmarks import registry
from benchmarks.figure import Figure, Promise, Spread
from benchmarks.provenance import Machine, Provenance
from benchmarks.report import docs_table
from benchmarks.report.page import in_short, render
from benchmarks.report.standing import Report, Scene, as_record, gather
from benchmarks.result_file import Result, ResultNotReadable, read, write

MACHINE = Machine("Imagined CPU <2.5 GHz>", 2, 25.2, "Linux-6.1")
VERSIONS = {"python": "3.11.7", "torch": "2.13.0"}
COMMIT = "a" * 40
SCENE = Scene("2026-03-01T10:00:00+00:00", COMMIT, False, MACHINE, VERSIONS)
HERE = Provenance("2026-03-01T09:00:00+00:00", (), 61.0, COMMIT, False, MACHINE, VERSIONS, 0.31, 1.94)

RATIO = Promise("ours over theirs", "ratio", "at most", 1.15, beside="the others")
NONE_MAY = Promise("failed requests", "share", "at most", 0.0)
PEER = Promise("the peer that needs Docker", "ratio", "at most", beside="the others")


class Made(registry.Benchmark):
    """A benchmark whose promises are known without a module."""

    @property
    def promises(self) -> tuple[Promise, ...]:
        return {"first": (RATIO, PEER), "second": (NONE_MAY,), "third": (Promise("later", "seconds", "at most", 2.0),)}[
            self.name
        ]


BENCHMARKS = (Made("first", "First of all", 1), Made("second", "Second <b>best</b>", 1), Made("third", "Third", 1))


def result(name: str, *figures: Figure, provenance: Provenance = HERE, failure: str | None = None) -> Result:
    return Result(name, provenance, figures, {"own": [1, 2]}, failure)


GOOD = result("first", RATIO.found(1.031, Spread(2, 1.01, 1.03, 1.12)), PEER.not_here("Docker <Compose> is missing"))
CLEAN = result("second", NONE_MAY.found(0.0, Spread.of_share(0, 652)))


def report(folder: Path, *results: Result, scene: Scene = SCENE) -> Report:
    for each in results:
        write(each, folder)
    return gather(folder, scene, BENCHMARKS)


def test_a_result_is_read_as_it_was_written(tmp_path: Path) -> None:
    write(GOOD, tmp_path)
    assert read(tmp_path / "first.json") == GOOD
    record = json.loads((tmp_path / "first.json").read_text())
    assert (record["passed"], record["figures"][0]["passed"]) == (True, True)
    assert [file.name for file in tmp_path.iterdir()] == ["first.json"]


@pytest.mark.parametrize(
    "text", ['{"ratio": 1.0, "bar": 1.15, "passed": true}', "[1]", "{", '{"provenance": {"a": 1}}']
)
def test_a_file_of_another_shape_is_not_taken_for_a_result(tmp_path: Path, text: str) -> None:
    (tmp_path / "first.json").write_text(text)
    with pytest.raises(ResultNotReadable, match="run `python -m benchmarks first` again"):
        read(tmp_path / "first.json")
    first = report(tmp_path).standings[0]
    assert first.result is None
    assert "of another version" in str(first.missing)


def test_what_was_not_run_is_said_and_does_not_fail(tmp_path: Path) -> None:
    found = report(tmp_path, GOOD, CLEAN)
    assert found.passed
    assert in_short(found) == "2 of 3 bars are met, 0 missed, 1 not measured."
    later = found.standings[2].figures[0]
    assert (later.name, later.value, later.reason) == ("later", None, "not measured yet: python -m benchmarks third")


def test_a_missed_bar_fails_and_is_named(tmp_path: Path) -> None:
    found = report(tmp_path, result("first", RATIO.found(1.2), PEER.found(3.0)), CLEAN)
    assert not found.passed
    page = render(found)
    assert "Not every bar is met." in page
    assert "ours over theirs: 1.2, at most 1.15" in page


def test_a_benchmark_that_broke_or_kept_a_figure_back_fails(tmp_path: Path) -> None:
    broke = report(tmp_path, result("second", failure="ended with exit code 1 and no result: OSError: full"))
    assert not broke.passed
    assert "1 of the benchmarks gave no result." in in_short(broke)
    assert "OSError: full" in render(broke)
    assert broke.standings[1].figures[0].reason == "ended with exit code 1 and no result: OSError: full"
    kept = report(tmp_path, result("first", RATIO.found(1.0)), CLEAN)
    assert not kept.passed
    assert kept.standings[0].figures[1].reason == "the benchmark did not give it"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (replace(HERE, commit="b" * 40), "another commit"),
        (replace(HERE, arguments=("--epochs", "1")), "run with --epochs 1"),
        (replace(HERE, modified=True), "a tree with changes not committed"),
        (replace(HERE, machine=replace(MACHINE, cores=8)), "another machine"),
        (replace(HERE, versions={**VERSIONS, "torch": "2.6.0"}), "other versions"),
    ],
)
def test_results_of_elsewhere_are_marked_as_older(tmp_path: Path, given: Provenance, words: str) -> None:
    found = report(tmp_path, replace(GOOD, provenance=given), CLEAN)
    assert found.standings[0].older == (words,)
    assert found.standings[1].older == ()
    assert f"older: {words}" in render(found)


class Elements(HTMLParser):
    """Tags with their attributes, and whether every one that was opened is closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_whole_and_loads_nothing(tmp_path: Path) -> None:
    page = render(report(tmp_path, GOOD, CLEAN))
    elements = Elements(page)
    assert elements.open == []
    tags = [tag for tag, _ in elements.found]
    assert not {"script", "link", "img", "iframe"} & set(tags)
    assert all((attributes.get("href") or "#").startswith("#") for _, attributes in elements.found)
    assert "url(" not in page
    assert "@import" not in page
    ids = [attributes["id"] for _, attributes in elements.found if "id" in attributes]
    assert ids == ["summary", "figures", "peers", "runs", "machine"]
    assert "<b>best</b>" not in page  # what comes from outside is text
    assert "Docker &lt;Compose&gt; is missing" in page


def test_the_page_has_every_figure_with_bar_spread_and_peer(tmp_path: Path) -> None:
    page = render(report(tmp_path, GOOD, CLEAN))
    for text in (
        "1.03",
        "at most 1.15",
        "1.01 / 1.03 / 1.12, of 2",
        "0 to 0.59 %, 95 % interval of 652",
        "0.31, 1.94",
        "61 s",
    ):
        assert text in page, text
    peers = page.partition('id="peers"')[2].partition("</section>")[0]
    assert "ours over theirs" in peers
    assert "the peer that needs Docker" in peers
    assert "failed requests" not in peers


def place_of_value(page: str, name: str) -> float:
    row = page.partition(f">{name}</th>")[2].partition("</tr>")[0]
    return float(re.findall(r'width="([0-9.]+)" height="10" class="value', row)[0])


def test_a_bar_is_drawn_in_proportion_and_never_beyond_its_track(tmp_path: Path) -> None:
    def width(value: float) -> float:
        return place_of_value(
            render(report(tmp_path, result("first", RATIO.found(value), PEER.found(1.0)))), RATIO.name
        )

    assert width(1.15) == 125.0
    assert width(1.15 / 2) == 62.5
    assert width(1_000.0) == 194.0


def test_the_json_has_the_same(tmp_path: Path) -> None:
    record = json.loads(json.dumps(as_record(report(tmp_path, GOOD, CLEAN))))
    assert (record["passed"], record["machine"]["cpu"], record["commit"]) == (True, MACHINE.cpu, COMMIT)
    first = record["benchmarks"][0]["figures"][0]
    assert (first["name"], first["value"], first["bar"], first["comparison"]) == (RATIO.name, 1.031, 1.15, "at most")
    assert (first["spread"]["repeats"], first["passed"]) == (2, True)
    assert record["benchmarks"][0]["provenance"]["load_at_end"] == 1.94


def test_the_documents_table_is_renewed_between_its_markers(tmp_path: Path) -> None:
    document = tmp_path / "performance.md"
    document.write_text(f"before\n{docs_table.BEGIN}\nold\n{docs_table.END}\nafter\n")
    found = report(tmp_path, GOOD, CLEAN)
    docs_table.update(found, document)
    once = document.read_text()
    docs_table.update(found, document)
    assert document.read_text() == once
    assert once.startswith("before\n")
    assert once.endswith("\nafter\n")
    assert "old" not in once.splitlines()
    assert "| ours over theirs | at most 1.15 | 1.03 | met | 1.01 / 1.03 / 1.12, of 2 | first |" in once
    assert "| later | at most 2 s | not measured |  |  | third |" in once
    assert "2 of 3 bars are met" in once


def test_a_document_without_markers_is_left_alone(tmp_path: Path) -> None:
    document = tmp_path / "performance.md"
    document.write_text(f"{docs_table.BEGIN}\n")
    with pytest.raises(docs_table.MarkersMissing, match="end of figures"):
        docs_table.update(report(tmp_path), document)
    assert document.read_text() == f"{docs_table.BEGIN}\n"


@pytest.mark.parametrize(("results", "status"), [((GOOD, CLEAN), 0), ((result("first", RATIO.found(2.0)), CLEAN), 1)])
def test_the_command_reports_without_measuring(tmp_path: Path, monkeypatch, capsys, results, status: int) -> None:
    found = report(tmp_path, *results)
    monkeypatch.setattr(command, "BENCH_DIR", tmp_path)
    monkeypatch.setattr(command, "gather", lambda *_: found)
    monkeypatch.setattr(command, "run_all", lambda *_: pytest.fail("nothing shall be measured"))
    assert command.main(["--report"]) == status
    assert str(tmp_path / "report.html") in capsys.readouterr().out
    assert (tmp_path / "report.html").read_text().startswith("<!doctype html>")
    assert json.loads((tmp_path / "report.json").read_text())["passed"] is (status == 0)
