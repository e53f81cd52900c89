"""What the installed package must bring along besides modules."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest
import setuptools

from pipelines.source_code import PROJECT_ROOT, RECORD_PREPROCESSOR

ROOT = Path(__file__).resolve().parents[2]


def test_the_consoles_pages_and_files_are_part_of_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, Any] = {}
    monkeypatch.setattr(setuptools, "setup", lambda **settings: given.update(settings))
    monkeypatch.chdir(ROOT)
    runpy.run_path("setup.py")
    folder = ROOT / "local_aws" / "console"
    packed = {path for pattern in given["package_data"]["local_aws.console"] for path in folder.glob(pattern)}
    there = {path for name in ("templates", "static") for path in (folder / name).rglob("*") if path.is_file()}
    assert packed == there != set()
    assert {"local_aws.console", "local_aws.console.pages", "local_aws.console.graphs"} <= set(given["packages"])


def test_the_record_preprocessor_is_part_of_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, Any] = {}
    monkeypatch.setattr(setuptools, "setup", lambda **settings: given.update(settings))
    monkeypatch.chdir(ROOT)
    runpy.run_path("setup.py")
    assert {"model_monitor", "local_aws.images.model_monitor"} <= set(given["packages"])
    # where code is staged from, wherever the project is installed: beside the package `pipelines`
    assert (PROJECT_ROOT / "model_monitor" / RECORD_PREPROCESSOR).is_file()
