"""A directed graph as data, and its drawing as data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Node:
    """A box: `label` in its first line, `detail` in its second; `anchor` is the id of the row that says more."""

    id: str
    label: str
    detail: str
    status: str
    anchor: str = ""


@dataclass(frozen=True)
class Edge:
    """An arrow; `dashed` for what happens only in some cases."""

    source: str
    target: str
    label: str = ""
    dashed: bool = False


@dataclass(frozen=True)
class Box:
    """Where a node is; x and y of its upper left corner, in pixels."""

    node: Node
    x: float
    y: float


@dataclass(frozen=True)
class Line:
    """Where an edge is: an SVG path, and the middle of its label."""

    edge: Edge
    path: str
    x: float
    y: float


@dataclass(frozen=True)
class Drawing:
    """Everything of a picture of this size, in pixels."""

    width: float
    height: float
    boxes: Sequence[Box]
    lines: Sequence[Line]
