"""The API calls that the product makes, read from its sources: which service, which operation, where, with what.

A client is what `….client("service")` gives. It is followed by name: a variable, field, keyword, function or parameter
that is given one anywhere in the product stands for that service everywhere, as the name of a service does by itself.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

# What runs on AWS or speaks to it; the local AWS, benchmarks and tests do not.
FOLDERS = ("pipelines", "model_monitor", "inference_workflow", "seed_code", "processing", "training")
# Methods of every boto3 client that name their operation in an argument, and those that call nothing.
NAMED_BY_ARGUMENT = frozenset({"get_paginator", "generate_presigned_url", "can_paginate"})
NO_CALL = frozenset({"close", "exceptions", "get_waiter", "meta", "waiter_names"})
# what stands in no function and no class of a module
MODULE_LEVEL = ""
# boto3's own methods of S3 clients, and what they send
TRANSFERS = {
    "upload_file": ("put_object",),
    "upload_fileobj": ("put_object",),
    "download_file": ("get_object", "head_object"),
    "download_fileobj": ("get_object", "head_object"),
}


@dataclass(frozen=True)
class Call:
    """A call of a client. `keywords` is None where not all arguments stand in the call (`**request`).

    `within` is the function or class of the module's top level that it stands in, MODULE_LEVEL if none.
    """

    path: str
    line: int
    service: str
    method: str
    keywords: frozenset[str] | None
    within: str = ""

    @property
    def place(self) -> str:
        return f"{self.path}:{self.line}"


@dataclass(frozen=True)
class Source:
    """A module of the product; `path` is relative to the project's root."""

    path: str
    tree: ast.Module

    @cached_property
    def modules(self) -> frozenset[str]:
        """The names that stand for modules in it, which are no clients."""
        nodes = [node for node in ast.walk(self.tree) if isinstance(node, ast.Import | ast.ImportFrom)]
        return frozenset(alias.asname or alias.name.partition(".")[0] for node in nodes for alias in node.names)


def read_sources(root: Path) -> list[Source]:
    """The product's modules. Raises SyntaxError."""
    paths = [path for folder in FOLDERS for path in sorted((root / folder).rglob("*.py"))]
    return [
        Source(str(path.relative_to(root)), ast.parse(path.read_text(encoding="utf-8"), filename=str(path)))
        for path in paths
    ]


def calls_in(sources: Iterable[Source]) -> list[Call]:
    """Every call, in the order of the sources."""
    found = list(sources)
    clients = client_names(found)
    return [call for source in found for call in _calls(source, clients)]


@dataclass(frozen=True)
class ClientNames:
    """What clients are called: within one module, and anywhere. A name that stands for several services is not here."""

    by_module: dict[tuple[str, str], str]
    anywhere: dict[str, str]

    def service(self, module: str, name: str) -> str | None:
        bare = name.lstrip("_")
        return self.by_module.get((module, bare)) or self.anywhere.get(bare)


def client_names(sources: Iterable[Source]) -> ClientNames:
    """What a client is called in these sources, and its service."""
    here: dict[tuple[str, str], set[str]] = defaultdict(set)
    found = list(sources)
    parameters = _parameters(found)
    for source in found:
        for node in ast.walk(source.tree):
            for module, name, service in _named(node, source.path, parameters):
                here[module, name.lstrip("_")].add(service)
    everywhere: dict[str, set[str]] = defaultdict(set)
    for (_, name), services in here.items():
        everywhere[name] |= services
    by_itself = {service.replace("-", "_"): service for services in here.values() for service in services}
    return ClientNames(
        {key: next(iter(services)) for key, services in here.items() if len(services) == 1},
        {name: next(iter(services)) for name, services in everywhere.items() if len(services) == 1} | by_itself,
    )


def client_service(node: ast.AST) -> str | None:
    """The service of `….client("service", …)`; None for anything else."""
    match node:
        case ast.Call(func=ast.Attribute(attr="client"), args=[ast.Constant(value=str(service)), *_]):
            return service
    return None


def _named(node: ast.AST, path: str, parameters: list[Parameters]) -> Iterator[tuple[str, str, str]]:
    """The names that a node gives to clients: of which module, which name, which service."""
    match node:
        case ast.Assign(targets=[ast.Tuple(elts=targets)], value=ast.Tuple(elts=values)):
            yield from _assigned(path, zip(targets, values, strict=False))
        case ast.Assign(targets=[target], value=value):
            yield from _assigned(path, [(target, value)])
        case ast.FunctionDef(name=name):
            for inner in ast.walk(node):
                if isinstance(inner, ast.Return) and inner.value and (service := client_service(inner.value)):
                    yield path, name, service
        case ast.Call(func=function, args=positional, keywords=keywords):
            given = [client_service(value) for value in [*positional, *(one.value for one in keywords)]]
            if any(given):
                callee = _callee(path, _last_name(function) or "", parameters)
                # a keyword says its own name; by position the callee says it
                by_position = [*callee.names, *[None] * len(positional)][: len(positional)]
                names = [*by_position, *(one.arg for one in keywords)]
                pairs = zip(names, given, strict=True)
                yield from ((callee.module, name, service) for name, service in pairs if name and service)


def _assigned(path: str, pairs: Iterable[tuple[ast.expr, ast.expr]]) -> Iterator[tuple[str, str, str]]:
    for target, value in pairs:
        service, name = client_service(value), _last_name(target)
        if service and name:
            yield path, name, service


@dataclass(frozen=True)
class Parameters:
    """What a function or a class takes by position, and the module that it is in."""

    module: str
    function: str
    names: tuple[str, ...]


def _parameters(sources: Iterable[Source]) -> list[Parameters]:
    """Of all functions and classes."""
    return [
        Parameters(source.path, node.name, _arguments(node) if isinstance(node, ast.FunctionDef) else _fields(node))
        for source in sources
        for node in source.tree.body
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
    ]


def _callee(path: str, name: str, parameters: list[Parameters]) -> Parameters:
    """The function of that name in this module, else the only one of that name; one that takes nothing if unknown."""
    named = [one for one in parameters if one.function == name]
    here = [one for one in named if one.module == path]
    known = here or (named if len(named) == 1 else [])
    return known[0] if known else Parameters(path, name, ())


def _arguments(function: ast.FunctionDef) -> tuple[str, ...]:
    return tuple(argument.arg for argument in function.args.args)


def _fields(made: ast.ClassDef) -> tuple[str, ...]:
    """What the class's __init__ takes, or the fields of a dataclass."""
    for node in made.body:
        if isinstance(node, ast.FunctionDef) and node.name == "__init__":
            return _arguments(node)[1:]
    fields = (node.target for node in made.body if isinstance(node, ast.AnnAssign))
    return tuple(target.id for target in fields if isinstance(target, ast.Name))


def top_level_names(statement: ast.stmt) -> list[str]:
    """What a statement of a module defines; MODULE_LEVEL for one that defines nothing."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [statement.name]
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    if isinstance(statement, ast.AnnAssign):
        targets = [statement.target]
    names = [node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)]
    return names or [MODULE_LEVEL]


def _calls(source: Source, clients: ClientNames) -> Iterator[Call]:
    for statement in source.tree.body:
        nodes, within = list(ast.walk(statement)), top_level_names(statement)[0]
        called = {id(node.func): node for node in nodes if isinstance(node, ast.Call)}
        for node in nodes:
            if isinstance(node, ast.Attribute):
                yield from _calls_of(node, called.get(id(node)), within, source, clients)


def _calls_of(
    node: ast.Attribute, call: ast.Call | None, within: str, source: Source, clients: ClientNames
) -> Iterator[Call]:
    sure = client_service(node.value)
    service = sure or _service_of(node.value, clients, source)
    if service is None or node.attr in NO_CALL:
        return
    if not sure and any(hasattr(kind, node.attr) for kind in (str, list, dict)):
        return  # a list or a text that has a service's name
    for method in _methods(node.attr, call):
        keywords = _keywords(call) if node.attr == method else None
        yield Call(source.path, node.lineno, service, method, keywords, within)


def _service_of(node: ast.expr, clients: ClientNames, source: Source, called: bool = False) -> str | None:
    if isinstance(node, ast.Call):
        return None if node.args or node.keywords else _service_of(node.func, clients, source, called=True)
    name = _last_name(node)
    if name is None or (isinstance(node, ast.Name) and name in source.modules and not called):
        return None
    return clients.service(source.path, name)


def _methods(attribute: str, call: ast.Call | None) -> tuple[str, ...]:
    if attribute in NAMED_BY_ARGUMENT:
        first = call.args[0] if call and call.args else None
        return (first.value,) if isinstance(first, ast.Constant) and isinstance(first.value, str) else ()
    return TRANSFERS.get(attribute, (attribute,))


def _keywords(call: ast.Call | None) -> frozenset[str] | None:
    if call is None or any(keyword.arg is None for keyword in call.keywords):
        return None
    return frozenset(str(keyword.arg) for keyword in call.keywords)


def _last_name(node: ast.expr) -> str | None:
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else None
