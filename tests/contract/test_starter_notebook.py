"""The starter notebook as it is kept: sound, without outputs, and nobody's in particular."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
import typer

from pipelines.cli.application import app

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOK = ROOT / "seed_code" / "starter.ipynb"
MOST_LINES = 15


@pytest.fixture(scope="module")
def notebook() -> Any:
    return nbformat.read(NOTEBOOK, as_version=nbformat.NO_CONVERT)


def code_of(notebook: Any) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def test_it_is_valid_and_its_cells_are_named(notebook: Any) -> None:
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    assert notebook.metadata.kernelspec.name == "python3"
    # names of its own, not the random ones of an editor
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", cell.id) for cell in notebook.cells)


def test_it_is_kept_without_outputs(notebook: Any) -> None:
    for cell in code_of(notebook):
        assert (cell.outputs, cell.execution_count) == ([], None), cell.id
    assert {key for cell in notebook.cells for key in cell.metadata} == {"tags"}


@pytest.mark.parametrize(
    "somebodys",
    [
        r"\b\d{12}\b",
        r"\barn:aws",
        r"s3://[a-z0-9]",
        r"https?://",
        r"(?<![\w.])/(home|Users|root|work|tmp)\b",
        r"[A-Z]:\\",
    ],
)
def test_it_names_no_account_no_address_and_no_machines_path(somebodys: str) -> None:
    assert not re.findall(somebodys, NOTEBOOK.read_text(encoding="utf-8"))


def test_its_cells_are_short_and_one_of_them_sets_it(notebook: Any) -> None:
    lines = {cell.id: len(cell.source.splitlines()) for cell in code_of(notebook)}
    del lines["imports"]
    assert max(lines.values()) <= MOST_LINES
    tagged = [cell for cell in code_of(notebook) if "parameters" in cell.metadata.get("tags", [])]
    assert [cell.id for cell in tagged] == ["parameters"]
    given: dict[str, Any] = {}
    exec(tagged[0].source, given)  # noqa: S102  our own cell, of three assignments
    assert {name for name in given if name.isupper()} == {"TARGET", "PARAMETERS", "THRESHOLD"}
    assert given["TARGET"] == "local"


@pytest.mark.parametrize("command", [("check",), ("format", "--check")])
def test_its_code_is_the_linters(command: tuple[str, ...]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ruff", *command, str(NOTEBOOK)], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_commands_that_it_names_are_there(notebook: Any) -> None:
    texts = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    named = re.findall(r"`scones ((?:[a-z][a-z-]* ?)+)", texts)
    assert len(named) > 3
    for words in named:
        command: Any = typer.main.get_command(app)
        for word in words.split():
            assert word in command.commands, f"scones {words}"
            command = command.commands[word]


def test_what_runs_it_is_pinned_and_pinned_once() -> None:
    def pins(name: str) -> dict[str, str]:
        lines = [line.split("#")[0].strip() for line in (ROOT / name).read_text().splitlines()]
        return {re.split(r"[=;]", line)[0].lower().replace("_", "-"): line for line in lines if line}

    notebooks, project = pins("requirements-notebook.txt"), pins("requirements.txt")
    assert all("==" in line for line in notebooks.values())
    assert {"nbclient", "nbconvert", "ipykernel"} <= set(notebooks)
    assert not set(notebooks) & set(project)
