"""Every `scones …` in README.md and docs/ is one that the command line takes, with options that it has."""

from __future__ import annotations

import importlib.util
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
import typer

from pipelines.cli.application import app

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *ROOT.glob("*/README.md")])
INLINE = re.compile(r"`([^`\n]+)`")
MODULE = re.compile(r"python3? -m ((?:seed_code|pipelines|processing|local_aws|model_monitor)(?:\.\w+)*)\b(?!\.)")


@dataclass(frozen=True)
class Mention:
    page: str
    line: int
    words: tuple[str, ...]


def mentions(page: Path) -> Iterator[Mention]:
    """The commands in code: inline from `scones`, and lines of consoles from `$ scones`."""
    fenced = False
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        fenced ^= line.startswith("```")
        found = [line.partition("$ ")[2]] if fenced else INLINE.findall(line)
        for text in found:
            text = text.strip().replace("\\|", "|")
            if text.startswith("scones "):
                yield Mention(page.name, number, tuple(words_of(text)))


def words_of(text: str) -> list[str]:
    """The words after `scones`; brackets of what may be left out and comments are taken away."""
    plain = re.sub(r"[\[\]]", " ", text.partition("  #")[0])
    return [word for word in shlex.split(plain)[1:] if word != "…"]


def problems(words: tuple[str, ...]) -> list[str]:
    """What the command line would say against the command; `a | b` are two commands."""
    names, rest = list(words), list[str]()
    for at, word in enumerate(names):
        if word.startswith("-"):
            names, rest = names[:at], names[at:]
            break
    found: list[str] = []
    for command, said in commands(names):
        if said:
            found.append(said)
            continue
        known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
        for option in rest:
            if option.startswith("-") and option.partition("=")[0] not in known:
                found.append(f"{command.name} has no {option}")
    return found


@cache
def command_line() -> typer.core.TyperCommand:
    return typer.main.get_command(app)


def commands(names: list[str]) -> Iterator[tuple[typer.core.TyperCommand, str]]:
    """The commands that the words name, each with what is wrong with its name."""
    here = command_line()
    while hasattr(here, "commands") and names:
        alternatives = [names[0]]
        while len(names) > 2 and names[1] == "|":
            alternatives.append(names[2])
            names = [names[0], *names[3:]]
        if len(alternatives) > 1:
            for name in alternatives:
                inner = here.commands.get(name)
                yield inner, "" if inner else f"no command {name}"
            return
        if names[0] not in here.commands:
            if getattr(here, "invoke_without_command", False):
                break
            yield here, f"no command {names[0]}"
            return
        here, names = here.commands[names[0]], names[1:]
    yield here, ""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_commands_of_a_page_exist(page: Path) -> None:
    wrong = [f"{one.page}:{one.line}: {said}" for one in mentions(page) for said in problems(one.words)]
    assert wrong == []


def test_the_pages_name_commands_at_all() -> None:
    count = {page.name: sum(1 for _ in mentions(page)) for page in PAGES if page.parent in (ROOT, ROOT / "docs")}
    assert count["README.md"] >= 20
    assert count["operations.md"] >= 40


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("scones run --wait", []),
        ("scones frobnicate", ["no command frobnicate"]),
        ("scones run --frobnicate", ["run has no --frobnicate"]),
        ("scones workflow frobnicate", ["no command frobnicate"]),
        ("scones approve | reject 3 --reason x", []),
        ("scones approve | frobnicate 3", ["no command frobnicate"]),
        ("scones models compare 1 2", []),
        ("scones definition [--check | --diff]", []),
    ],
)
def test_what_is_no_command_is_found(text: str, said: list[str]) -> None:
    assert problems(tuple(words_of(text))) == said


def test_modules_that_pages_run_exist() -> None:
    named = {name for page in PAGES for name in MODULE.findall(page.read_text(encoding="utf-8"))}
    assert named
    assert [name for name in sorted(named) if importlib.util.find_spec(name) is None] == []
