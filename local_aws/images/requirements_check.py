"""A requirements.txt of user code: AWS's images install it, here it is only checked."""

from __future__ import annotations

import importlib.metadata
import re
from pathlib import Path


def missing_requirements(path: Path) -> str:
    """A sentence that names the requirements which this environment does not meet; empty where it meets all.

    Options (`--index-url …`) are ignored; a line that is no plain requirement (`-r`, a URL) counts as not
    met.
    """
    if not path.is_file():
        return ""
    missing = [line for line in _requirement_lines(path) if not _is_met(line)]
    if not missing:
        return ""
    return (
        f"{path.name} asks for {', '.join(missing)}, which this Python environment does not have, and "
        "nothing is installed "
        "into it on behalf of a job: install it yourself, or remove the line"
    )


def _requirement_lines(path: Path) -> list[str]:
    lines = (re.sub(r"(^|\s)#.*$", "", line).strip() for line in path.read_text().splitlines())
    return [line for line in lines if line and not line.startswith("--")]


def _is_met(line: str) -> bool:
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        requirement = Requirement(re.sub(r"\s+--hash=\S+", "", line))
        if requirement.marker is not None and not requirement.marker.evaluate():
            return True
        return requirement.specifier.contains(importlib.metadata.version(requirement.name), prereleases=True)
    except (InvalidRequirement, importlib.metadata.PackageNotFoundError):
        return False
