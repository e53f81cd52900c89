"""What an entry point reaches: functions and classes, by name, through the product's own imports.

A function reaches every function, class and constant that it names. What is imported by a text at run time is not seen.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from pipelines.readiness.source_calls import MODULE_LEVEL, Source, top_level_names

# a module's path, and a function, class or constant of it
Unit = tuple[str, str]
WHOLE = "*"


@dataclass
class Sources:
    """The modules by their paths; absolute imports begin at `top`, "" or a folder with a slash at its end."""

    top: str
    by_path: dict[str, Source]
    _units: dict[str, dict[str, list[ast.stmt]]] = field(default_factory=dict)
    _imports: dict[str, dict[str, Unit]] = field(default_factory=dict)

    def units(self, path: str) -> dict[str, list[ast.stmt]]:
        """The statements of a module by the name that they define."""
        if path not in self._units:
            found: dict[str, list[ast.stmt]] = {}
            for statement in self.by_path[path].tree.body:
                for name in top_level_names(statement):
                    found.setdefault(name, []).append(statement)
            self._units[path] = found
        return self._units[path]

    def imports(self, path: str) -> dict[str, Unit]:
        """What the names of a module stand for that it imports: a unit, or a WHOLE module."""
        if path not in self._imports:
            self._imports[path] = _read_imports(path, self.by_path[path].tree, self)
        return self._imports[path]


def reached(handler: str, sources: Iterable[Source], near: str) -> frozenset[Unit]:
    """What a handler such as `folder.app.handler` reaches; nothing where no module is its own.

    A zip's root is the folder that the handler's first part lies in: the one nearest to `near`, the template's folder.
    """
    by_path = {source.path: source for source in sources}
    module, _, function = handler.rpartition(".")
    wanted = f"{module.replace('.', '/')}.py"
    starts = [path for path in by_path if path == wanted or path.endswith(f"/{wanted}")]
    if not starts:
        return frozenset()
    start = min(starts, key=lambda path: (not path.startswith(near), len(path)))
    project = Sources(start[: len(start) - len(wanted)], by_path)
    found: set[Unit] = set()
    waiting: list[Unit] = [(start, function), (start, MODULE_LEVEL)]
    while waiting:
        unit = waiting.pop()
        if unit not in found:
            found.add(unit)
            waiting += _next(unit, project)
    return frozenset(found)


def _next(unit: Unit, sources: Sources) -> Iterator[Unit]:
    path, name = unit
    units = sources.units(path)
    if name == WHOLE:
        yield from ((path, one) for one in units)
        return
    imports = sources.imports(path)
    for statement in units.get(name, []):
        for node in ast.walk(statement):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                yield from _of_module(imports.get(node.value.id), node.attr, sources)
            if isinstance(node, ast.Name):
                if node.id in units:
                    yield path, node.id
                target = imports.get(node.id)
                if target and target[1] != WHOLE:
                    yield target
                    yield target[0], MODULE_LEVEL


def _of_module(target: Unit | None, attribute: str, sources: Sources) -> Iterator[Unit]:
    """`clients.s3` of an imported module `clients`."""
    if target and target[1] == WHOLE and attribute in sources.units(target[0]):
        yield target[0], attribute
        yield target[0], MODULE_LEVEL


def _read_imports(path: str, tree: ast.Module, sources: Sources) -> dict[str, Unit]:
    """Imports within functions included."""
    found: dict[str, Unit] = {}
    folder = PurePosixPath(path).parent
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                module = f"{sources.top}{alias.name.replace('.', '/')}.py"
                if module in sources.by_path:
                    found[alias.asname or alias.name] = (module, WHOLE)
        elif isinstance(node, ast.ImportFrom):
            start = sources.top if node.level == 0 else f"{_above(folder, node.level)}/"
            inner = f"{start}{(node.module or '').replace('.', '/')}"
            for alias in node.names:
                found.update(_imported(inner.rstrip("/"), alias, sources))
    return found


def _imported(module: str, alias: ast.alias, sources: Sources) -> Iterator[tuple[str, Unit]]:
    name = alias.asname or alias.name
    for path in (f"{module}.py", f"{module}/__init__.py"):
        if path in sources.by_path and alias.name in sources.units(path):
            yield name, (path, alias.name)
            return
        if path in sources.by_path:
            package = _imports_of_package(path, sources)
            if alias.name in package:
                yield name, package[alias.name]
                return
    if f"{module}/{alias.name}.py" in sources.by_path:
        yield name, (f"{module}/{alias.name}.py", WHOLE)


def _imports_of_package(path: str, sources: Sources) -> dict[str, Unit]:
    """What a package hands on from its modules."""
    return sources.imports(path) if path.endswith("__init__.py") else {}


def _above(folder: PurePosixPath, level: int) -> PurePosixPath:
    return folder if level == 1 else folder.parents[level - 2]
