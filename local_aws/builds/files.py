"""Files of a build by the patterns of a buildspec.

`*` stands for any letters of one name, `**` for any folders, none too. A link that leads out of the build is no file.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from local_aws.builds.buildspec import FileSet


@dataclass(frozen=True)
class FoundFile:
    """A file, and the name that it has in the artifact or report."""

    path: Path
    name: str


def find(root: Path, wanted: FileSet) -> list[FoundFile]:
    """The files below the root that the patterns name, by name; of two that come to one name the later is taken."""
    found: dict[str, FoundFile] = {}
    for base in _bases(root, wanted.base_directory):
        for path in _files_below(base, root):
            relative = path.relative_to(base).as_posix()
            if matches_any(relative, wanted.files) and not matches_any(relative, wanted.exclude):
                name = path.name if wanted.discard_paths else relative
                found[name] = FoundFile(path, name)
    return [found[name] for name in sorted(found)]


def matches_any(name: str, patterns: tuple[str, ...]) -> bool:
    """Whether a path relative to the base, with slashes, fits one of the patterns."""
    return any(_expression(pattern).fullmatch(name) for pattern in patterns)


def _bases(root: Path, pattern: str) -> list[Path]:
    pattern = os.path.normpath(pattern)
    if pattern == ".":
        return [root]
    if os.path.isabs(pattern):
        inside = Path(pattern).is_relative_to(root)
        pattern = Path(pattern).relative_to(root).as_posix() if inside else ""
    if not pattern or pattern.startswith(".."):
        return []
    folders = (Path(folder) for folder, _, _ in os.walk(root))
    expression = _expression(pattern)
    return sorted(folder for folder in folders if expression.fullmatch(folder.relative_to(root).as_posix()))


def _files_below(base: Path, root: Path) -> Iterator[Path]:
    real_root = root.resolve()
    for folder, _, names in os.walk(base):
        for name in names:
            path = Path(folder) / name
            if path.is_file() and path.resolve().is_relative_to(real_root):
                yield path


def _expression(pattern: str) -> re.Pattern[str]:
    pattern = os.path.normpath(pattern).lstrip("/")
    parts = []
    for part in re.split(r"(\*\*/|\*\*|\*|\?)", pattern):
        kinds = {"**/": r"(?:[^/]+/)*", "**": r".*", "*": r"[^/]*", "?": r"[^/]"}
        parts.append(kinds.get(part, re.escape(part)))
    return re.compile("".join(parts), re.DOTALL)
