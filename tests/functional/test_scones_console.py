"""`scones console`: where the pages are, and who opens them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from pipelines.cli.console import has_display
from tests.waiting import PATIENCE_SECONDS

ROOT = Path(__file__).resolve().parents[2]
Scones = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def scones(local_aws: Any, tmp_path: Path) -> Scones:
    away = ("AWS_", "SCONES_", "DISPLAY", "WAYLAND_", "BROWSER")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(away)}
    environment = {**kept, "SCONES_LOCAL_ENDPOINT": local_aws.url, "PYTHONPATH": str(ROOT)}

    def run(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", "from pipelines.cli import main; main()", "console", *arguments]
        return subprocess.run(
            command, cwd=tmp_path, env=environment | more, capture_output=True, text=True, timeout=PATIENCE_SECONDS
        )

    return run


@pytest.fixture
def opener(tmp_path: Path) -> tuple[dict[str, str], Path]:
    """A browser that notes what it is to open: the variable that names it, and its note."""
    script, note = tmp_path / "browser", tmp_path / "opened"
    script.write_text(f'#!/bin/sh\necho "$1" > {note}\n')
    script.chmod(0o755)
    return {"BROWSER": f"{script} %s"}, note


def test_without_a_display_the_address_is_printed_and_the_console_is_there(scones, local_aws):
    done = scones()
    assert (done.returncode, done.stdout) == (0, f"The console is at {local_aws.url}/_console/.\n")
    with urlopen(f"{local_aws.url}/_console/") as answer:
        assert b"<h1>Overview</h1>" in answer.read()


def test_with_a_display_a_browser_is_opened_unless_it_is_not_wanted(scones, opener, local_aws):
    browser, note = opener
    assert json.loads(scones("--no-browser", "--json", **browser).stdout)["opened"] is False
    assert not note.exists()
    assert scones(**browser).stdout == f"The console is at {local_aws.url}/_console/ (opened in the browser).\n"
    assert note.read_text() == f"{local_aws.url}/_console/\n"


def test_on_aws_the_console_of_aws_is_named_instead(scones):
    refused = scones("--target", "aws", AWS_REGION="eu-central-1")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr == (
        "scones: the console is the local AWS's own; on AWS open "
        "https://eu-central-1.console.aws.amazon.com/sagemaker/home?region=eu-central-1\n"
    )


@pytest.mark.parametrize(
    ("platform", "environ", "shown"),
    [
        ("linux", {}, False),
        ("linux", {"DISPLAY": ""}, False),
        ("linux", {"DISPLAY": ":0"}, True),
        ("linux", {"WAYLAND_DISPLAY": "wayland-0"}, True),
        ("darwin", {}, True),
    ],
)
def test_where_a_browser_has_a_window(platform, environ, shown):
    assert has_display(platform, environ) is shown
