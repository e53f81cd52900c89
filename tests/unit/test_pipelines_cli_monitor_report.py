"""`scones monitor report` as a person uses it."""

from __future__ import annotations

import json
import webbrowser
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from pipelines.cli.application import app
from pipelines.cli.monitor import report as report_command
from pipelines.cli.monitor.report import read_window
from tests.unit.endpoint_safeguards_services import ENDPOINT
from tests.unit.monitor_report_services import START, Watched, record

NOW = datetime(2030, 1, 1, 12, tzinfo=timezone.utc)


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Watched:
    made = Watched()
    made.capture([record(START + timedelta(minutes=n), 0.05) for n in range(4)])
    monkeypatch.setattr(report_command, "connect", lambda _target: made)
    monkeypatch.chdir(tmp_path)
    return made


def scones(*arguments: str) -> Result:
    window = ("--since", "2030-01-01T09:00", "--until", "2030-01-01T10:00Z")
    return CliRunner().invoke(app, ["monitor", "report", "--endpoint", ENDPOINT, *window, *arguments])


def test_the_page_is_written_and_what_is_missing_is_said(watched: Watched) -> None:
    done = scones()
    assert done.exit_code == 0, done.output
    page = Path("build/monitor/report.html")
    assert f"4 records. Report: {page}" in done.stdout
    assert f"Nothing watches endpoint {ENDPOINT} yet. `scones monitor schedule` makes its schedules." in done.stdout
    assert "All 4 answers." in page.read_text(encoding="utf-8")


def test_its_figures_are_json(watched: Watched) -> None:
    done = scones("--json", "--output", "elsewhere/page.html")
    figures = json.loads(done.stdout)
    assert (figures["records"], figures["below_threshold"], figures["report"]) == (4, 0, "elsewhere/page.html")
    assert figures["start"] == "2030-01-01T09:00:00+00:00"
    assert Path("elsewhere/page.html").exists()


def test_the_page_is_opened_only_when_asked_for(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    scones()
    assert opened == []
    done = scones("--open")
    assert opened == [Path("build/monitor/report.html").resolve().as_uri()]
    # append answers None: as a machine without a browser does
    assert "No browser could be opened." in done.stdout


def test_without_endpoint_and_records_no_page_is_written(watched: Watched) -> None:
    watched.world.sagemaker._endpoints.clear()
    watched.s3.found.clear()
    done = scones()
    assert "there is no endpoint" in str(done.exception)
    assert not Path("build").exists()


@pytest.mark.parametrize(
    ("hours", "since", "until", "start", "end"),
    [
        (None, None, None, NOW - timedelta(hours=24), NOW),
        (3, None, None, NOW - timedelta(hours=3), NOW),
        (3, None, "2030-01-01T06:00", NOW - timedelta(hours=9), NOW - timedelta(hours=6)),
        (None, "2029-12-31", None, datetime(2029, 12, 31, tzinfo=timezone.utc), NOW),
        (None, "2030-01-01T10:00:00+02:00", "2030-01-01T09:30Z", NOW - timedelta(hours=4), NOW - timedelta(hours=2.5)),
    ],
)
def test_the_time_that_is_looked_at(
    hours: int | None, since: str | None, until: str | None, start: datetime, end: datetime
) -> None:
    window = read_window(hours, since, until, NOW)
    # what was captured within this second is in it
    second = timedelta(seconds=1)
    assert start <= window.start <= start + second
    assert end <= window.end <= end + second


@pytest.mark.parametrize(
    ("hours", "since", "until", "told"),
    [
        (None, "yesterday", None, "--since is 'yesterday'"),
        (None, None, "31.12.", "--until is '31.12.'"),
        (2, "2030-01-01", None, "leave --hours out"),
        (None, "2030-01-02", "2030-01-01", "it would begin at 2030-01-02T00:00 and end at 2030-01-01T00:00"),
    ],
)
def test_times_that_make_no_sense_are_refused(
    hours: int | None, since: str | None, until: str | None, told: str
) -> None:
    with pytest.raises(typer.BadParameter, match=told.replace("(", r"\(")):
        read_window(hours, since, until, NOW)
