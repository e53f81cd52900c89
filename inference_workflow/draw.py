"""Draws the state machines into docs/inference_workflow.md, as Mermaid, which GitHub renders without tools.

python inference_workflow/draw.py           # write the file
python inference_workflow/draw.py --check   # exit code 1 when it is not what the definitions say
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
PICTURE = HERE.parent / "docs" / "inference_workflow.md"
DEFINITIONS = {
    "One image to one assignment": "state_machine.asl.json",
    "Every image below a prefix": "bulk_state_machine.asl.json",
    "From an object's event to an execution": "intake_state_machine.asl.json",
}
SHAPES = {
    "Task": ("[", "]"),
    "Pass": ("(", ")"),
    "Choice": ("{", "}"),
    "Succeed": ("([", "])"),
    "Fail": ("[[", "]]"),
}
INDENT = "    "


def page() -> str:
    """The whole page."""
    parts = [
        "# The inference workflow, drawn\n",
        "Drawn from the definitions in `inference_workflow/` by `python inference_workflow/draw.py`; do not edit. "
        "Boxes are tasks, rounded ones only reshape data, diamonds choose, double-walled ones fail the execution. "
        "An error that no arrow names fails it too, under its own name.\n",
    ]
    for title, file in DEFINITIONS.items():
        definition = json.loads((HERE / file).read_text(encoding="utf-8"))
        parts += [f"## {title}\n", f"`{file}`: {definition['Comment']}\n", f"```mermaid\n{diagram(definition)}\n```\n"]
    return "\n".join(parts)


def diagram(definition: Mapping[str, Any]) -> str:
    """A Mermaid flowchart of a state machine in the Amazon States Language."""
    return "\n".join(["flowchart TD", *(INDENT + line for line in _machine(definition, ""))])


def _machine(machine: Mapping[str, Any], prefix: str) -> Iterator[str]:
    start = f"{prefix}start"
    yield f'{start}(("start")) --> {prefix}{machine["StartAt"]}'
    for name, state in machine["States"].items():
        yield from _state(name, state, prefix)
    for name, state in machine["States"].items():
        yield from _edges(name, state, prefix)


def _state(name: str, state: Mapping[str, Any], prefix: str) -> Iterator[str]:
    if state["Type"] == "Map":
        yield f'subgraph {prefix}{name}["{name}: for each"]'
        yield from (INDENT + line for line in _machine(state["ItemProcessor"], f"{prefix}{name}_"))
        yield "end"
        return
    left, right = SHAPES[state["Type"]]
    yield f'{prefix}{name}{left}"{name}"{right}'


def _edges(name: str, state: Mapping[str, Any], prefix: str) -> Iterator[str]:
    source = prefix + name
    if "Next" in state:
        yield f"{source} --> {prefix}{state['Next']}"
    if state.get("End"):
        yield f'{source} --> {prefix}finish(("done"))'
    for choice in state.get("Choices", []):
        yield f'{source} -->|"{_condition(choice)}"| {prefix}{choice["Next"]}'
    if "Default" in state:
        yield f'{source} -->|"otherwise"| {prefix}{state["Default"]}'
    for catcher in state.get("Catch", []):
        yield f'{source} -.->|"{", ".join(catcher["ErrorEquals"])}"| {prefix}{catcher["Next"]}'


def _condition(choice: Mapping[str, Any]) -> str:
    operator, value = next((key, value) for key, value in choice.items() if key not in ("Variable", "Next", "Comment"))
    said = {"StringEquals": "is", "StringMatches": "matches"}.get(operator, operator)
    return f"{choice['Variable'].rpartition('.')[2]} {said} {value}"


def main(arguments: list[str]) -> int:
    drawn = page()
    if arguments == ["--check"]:
        if PICTURE.exists() and PICTURE.read_text(encoding="utf-8") == drawn:
            return 0
        print(f"{PICTURE} is not what the definitions say: run python {Path(__file__).name}", file=sys.stderr)
        return 1
    PICTURE.write_text(drawn, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
