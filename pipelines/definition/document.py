"""Reading a definition: its steps, however deep, its parameters, and the expressions in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Json = Any
FUNCTIONS = ("Get", "Std:Join", "Std:JsonGet")


@dataclass(frozen=True)
class StepEntry:
    """A step, where it stands, and the Condition step in whose branch it is (None at the top)."""

    step: Mapping[str, Json]
    path: str
    parent: str | None

    @property
    def name(self) -> str:
        return str(self.step.get("Name"))

    @property
    def type(self) -> str:
        return str(self.step.get("Type"))

    @property
    def arguments(self) -> Json:
        return self.step.get("Arguments", {})

    @property
    def own_arguments(self) -> Json:
        """The arguments without the steps in its branches."""
        if self.type != "Condition" or not isinstance(self.arguments, Mapping):
            return self.arguments
        return {key: value for key, value in self.arguments.items() if key not in {"IfSteps", "ElseSteps"}}


def all_steps(definition: Mapping[str, Json]) -> list[StepEntry]:
    """Every step, those in the branches of conditions right after their condition."""
    return list(_steps(definition.get("Steps", []), "Steps", None))


def _steps(steps: Json, path: str, parent: str | None) -> Iterator[StepEntry]:
    for index, step in enumerate(steps if isinstance(steps, list) else []):
        if not isinstance(step, Mapping):
            continue
        entry = StepEntry(step=step, path=f"{path}.{step.get('Name', f'[{index}]')}", parent=parent)
        yield entry
        if entry.type == "Condition" and isinstance(entry.arguments, Mapping):
            for branch in ("IfSteps", "ElseSteps"):
                yield from _steps(entry.arguments.get(branch), f"{entry.path}.{branch}", entry.name)


def is_expression(value: Json) -> bool:
    """True for {"Get": …}, {"Std:Join": …} and {"Std:JsonGet": …}: values that only an execution knows."""
    return isinstance(value, Mapping) and len(value) == 1 and next(iter(value)) in FUNCTIONS


def expressions(value: Json, path: str) -> Iterator[tuple[Mapping[str, Json], str]]:
    """Every expression in a value with its path, those inside other expressions too."""
    if is_expression(value):
        yield value, path
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from expressions(item, f"{path}.{key}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from expressions(item, f"{path}[{index}]")
