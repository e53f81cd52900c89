"""Benchmarks as processes: one that misses or breaks does not stop the others, and leaves its reason."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks import __main__ as command
from benchmarks import running
from benchmarks.figure import Promise
from benchmarks.registry import Benchmark, UnknownBenchmark, choose
from benchmarks.result_file import read, write_result

BAR = Promise("a figure", "ratio", "at most", 1.0)
WRITES = """
import pathlib, sys
from benchmarks.figure import Promise
from benchmarks.result_file import write_result
figure = Promise("a figure", "ratio", "at most", 1.0).found(float(sys.argv[2]))
write_result("given", {}, [figure], pathlib.Path(sys.argv[1]))
sys.exit(0 if figure.passed else 1)
"""
BREAKS = "import sys; print('half way', file=sys.stderr); raise RuntimeError('the disk is full')"


def writing(folder: Path, value: float) -> list[str]:
    return [sys.executable, "-c", WRITES, str(folder), str(value)]


def test_a_benchmark_that_meets_its_bar(tmp_path: Path) -> None:
    assert running.run_one("given", writing(tmp_path, 0.9), tmp_path) is True
    result = read(tmp_path / "given.json")
    assert [figure.value for figure in result.figures] == [0.9]
    assert result.provenance.seconds > 0
    assert result.provenance.machine.cores >= 1


def test_one_that_misses_it_keeps_its_figure(tmp_path: Path) -> None:
    assert running.run_one("given", writing(tmp_path, 1.1), tmp_path) is False
    assert read(tmp_path / "given.json").failure is None


def test_one_that_breaks_leaves_its_last_words_and_not_an_older_result(tmp_path: Path, capfd) -> None:
    write_result("given", {}, [BAR.found(0.5)], tmp_path)
    assert running.run_one("given", [sys.executable, "-c", BREAKS], tmp_path) is False
    result = read(tmp_path / "given.json")
    assert result.failure == "ended with exit code 1 and no result: RuntimeError: the disk is full"
    assert result.figures == ()
    assert "half way" in capfd.readouterr().err


def test_all_go_on_and_say_what_is_left(tmp_path: Path, monkeypatch, capsys) -> None:
    ran = []

    def fake(name: str, argv: list[str], folder: Path) -> bool:
        ran.append((name, argv[1:], folder))
        return name != "one"

    monkeypatch.setattr(running, "run_one", fake)
    benchmarks = [Benchmark("one", "The first", 0.5), Benchmark("two", "The second", 3)]
    assert running.run_all(benchmarks, tmp_path) == ["one"]
    assert ran == [(name, ["-m", f"benchmarks.{name}"], tmp_path) for name in ("one", "two")]
    said = capsys.readouterr().out
    assert "[1/2] The first (one), about 30 s" in said
    assert "left after it: two (about 3 min)" in said
    assert "one FAILED" in said
    assert "two passed" in said
    assert "left after it: none" in said


def test_names_choose_in_the_order_of_running() -> None:
    assert [each.name for each in choose(["peers", "extraction"])] == ["extraction", "peers"]
    assert len(choose([])) > 10
    with pytest.raises(UnknownBenchmark, match=r"no benchmark is called speed: there are .*extraction"):
        choose(["extraction", "speed"])


def test_an_unknown_name_is_one_line_and_wrong_usage(capsys) -> None:
    assert command.main(["speed"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("benchmarks: no benchmark is called speed")
    assert said.count("\n") == 1


def test_an_interrupted_run_says_how_to_get_the_report(monkeypatch, capsys) -> None:
    def interrupted(*_arguments: object) -> list[str]:
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "run_all", interrupted)
    assert command.main([]) == 130
    assert "--report" in capsys.readouterr().err
