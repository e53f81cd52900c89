"""From a graph to a drawing: levels from the top down, boxes near what they are connected with, curves between."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise

from local_aws.console.graphs.graph import Box, Drawing, Edge, Line, Node
from local_aws.console.graphs.ranks import Levels, Pair, levels

BOX_WIDTH, BOX_HEIGHT = 196.0, 52.0
BEND_WIDTH = 28.0
GAP_X, GAP_Y, MARGIN = 28.0, 54.0, 12.0
ROUNDS = 10
LOOP_ROOM = 48.0

Point = tuple[float, float]


def draw(nodes: Sequence[Node], edges: Sequence[Edge]) -> Drawing:
    """The drawing. Every edge must be between nodes that are there; a node's edge to itself is a loop."""
    plan, back = levels([node.id for node in nodes], [(edge.source, edge.target) for edge in edges])
    centres = _centres(plan)
    by_id = {node.id: node for node in nodes}
    boxes = [Box(by_id[name], x - BOX_WIDTH / 2, y) for name, (x, y) in centres.items() if name in by_id]
    right = max((box.x + BOX_WIDTH for box in boxes), default=0.0)
    joined = _joined(edges)
    shared = Counter(edge.target for edge in joined if edge.label)
    lines = [_line(edge, plan, centres, right, shared[edge.target] > 1) for edge in joined]
    width = right + MARGIN + (LOOP_ROOM if back else 0.0)
    height = 2 * MARGIN + len(plan.rows) * (BOX_HEIGHT + GAP_Y) - GAP_Y if plan.rows else 0.0
    return Drawing(width, height, boxes, lines)


def _joined(edges: Sequence[Edge]) -> list[Edge]:
    """One edge between two nodes: several rules that lead the same way are one arrow with all their labels."""
    found: dict[Pair, Edge] = {}
    for edge in edges:
        before = found.get((edge.source, edge.target))
        if before is None:
            found[edge.source, edge.target] = edge
            continue
        labels = dict.fromkeys(label for label in (before.label, edge.label) if label)
        found[edge.source, edge.target] = Edge(
            edge.source, edge.target, ", ".join(labels), before.dashed and edge.dashed
        )
    return list(found.values())


def _centres(plan: Levels) -> dict[str, Point]:
    """The upper middle of every box and bend."""
    x: dict[str, float] = {}
    for row in plan.rows:
        x.update(_spread(row, dict.fromkeys(row, 0.0), plan))
    for round_ in range(ROUNDS):
        down = round_ % 2 == 0
        neighbours = _neighbours(plan, down)
        for row in plan.rows if down else reversed(plan.rows):
            x.update(_spread(row, {name: _middle(neighbours.get(name, []), x, name) for name in row}, plan))
    left = min((place - _width(name, plan) / 2 for name, place in x.items()), default=0.0)
    return {
        name: (x[name] - left + MARGIN, MARGIN + level * (BOX_HEIGHT + GAP_Y))
        for level, row in enumerate(plan.rows)
        for name in row
    }


def _neighbours(plan: Levels, above: bool) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for chain in plan.chains.values():
        for upper, lower in pairwise(chain):
            found.setdefault(lower if above else upper, []).append(upper if above else lower)
    return found


def _middle(neighbours: Sequence[str], x: Mapping[str, float], name: str) -> float:
    return sum(x[one] for one in neighbours) / len(neighbours) if neighbours else x[name]


def _spread(row: Sequence[str], wanted: Mapping[str, float], plan: Levels) -> dict[str, float]:
    """Places in the row's order, as near to what is wanted as boxes that do not overlap can be."""
    found: dict[str, float] = {}
    edge = float("-inf")
    for name in row:
        half = _width(name, plan) / 2
        found[name] = max(wanted[name], edge + half)
        edge = found[name] + half + GAP_X
    off = sum(found[name] - wanted[name] for name in row) / len(row) if row else 0.0
    return {name: place - off for name, place in found.items()}


def _width(name: str, plan: Levels) -> float:
    return BEND_WIDTH if name in plan.bends else BOX_WIDTH


def _line(edge: Edge, plan: Levels, centres: Mapping[str, Point], right: float, shared: bool) -> Line:
    """A label is near where its edge leads to; near where it comes from, if others with labels lead there too."""
    chain = plan.chains.get((edge.source, edge.target))
    if chain is None:
        return _loop(edge, centres, right)
    path = ""
    for upper, lower in pairwise(chain):
        (x, top), (to_x, to_y) = centres[upper], centres[lower]
        y = top + BOX_HEIGHT
        half = (y + to_y) / 2
        start = f"M{x:.1f} {y:.1f}" if not path else f"L{x:.1f} {y:.1f}"
        path += f"{start}C{x:.1f} {half:.1f} {to_x:.1f} {half:.1f} {to_x:.1f} {to_y:.1f}"
    (x, top), (to_x, to_y) = centres[chain[0]], centres[chain[1]]
    along, down = (0.15, 0.32) if shared else (0.88, 0.62)
    return Line(edge, path, x + along * (to_x - x), top + BOX_HEIGHT + down * (to_y - top - BOX_HEIGHT))


def _loop(edge: Edge, centres: Mapping[str, Point], right: float) -> Line:
    """Around the right of everything, from the one's side to the other's."""
    (x, y), (to_x, to_y) = centres[edge.source], centres[edge.target]
    start, end = (x + BOX_WIDTH / 2, y + BOX_HEIGHT * 0.65), (to_x + BOX_WIDTH / 2, to_y + BOX_HEIGHT * 0.35)
    out = right + LOOP_ROOM - 8
    path = f"M{start[0]:.1f} {start[1]:.1f}C{out:.1f} {start[1]:.1f} {out:.1f} {end[1]:.1f} {end[0]:.1f} {end[1]:.1f}"
    return Line(edge, path, (start[0] + 3 * out) / 4, (start[1] + end[1]) / 2)
