"""Which nodes are on which level: every edge goes down, but for those that close a loop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

Pair = tuple[str, str]
SWEEPS = 8


@dataclass(frozen=True)
class Levels:
    """Rows of node ids from the top. A long edge has a bend on each level between; `chains` has its whole way."""

    rows: Sequence[Sequence[str]]
    chains: Mapping[Pair, Sequence[str]]
    bends: frozenset[str]


def levels(nodes: Sequence[str], edges: Sequence[Pair]) -> tuple[Levels, set[Pair]]:
    """The levels, and the edges that go back up."""
    back = _loops(nodes, edges)
    down = [edge for edge in dict.fromkeys(edges) if edge not in back]
    rank = _longest_ways(nodes, down)
    chains = {edge: _chain(edge, rank) for edge in down}
    rows: list[list[str]] = [[] for _ in range(max(rank.values(), default=-1) + 1)]
    for node in nodes:
        rows[rank[node]].append(node)
    for (source, _), chain in chains.items():
        for step, bend in enumerate(chain[1:-1], start=1):
            rows[rank[source] + step].append(bend)
    bends = frozenset(bend for chain in chains.values() for bend in chain[1:-1])
    return Levels(_untangled(rows, chains), chains, bends), back


def _loops(nodes: Sequence[str], edges: Sequence[Pair]) -> set[Pair]:
    """The edges to a node that the walk is within, walking from the first node on."""
    following: dict[str, list[str]] = {node: [] for node in nodes}
    for source, target in edges:
        following[source].append(target)
    found: set[Pair] = set()
    done: set[str] = set()
    for start in nodes:
        if start in done:
            continue
        trail = [start]
        within = {start}
        rest = [iter(following[start])]
        while trail:
            reached = next(rest[-1], None)
            if reached is None:
                done.add(trail[-1])
                within.discard(trail.pop())
                rest.pop()
            elif reached in within:
                found.add((trail[-1], reached))
            elif reached not in done:
                trail.append(reached)
                within.add(reached)
                rest.append(iter(following[reached]))
    return found


def _longest_ways(nodes: Sequence[str], edges: Sequence[Pair]) -> dict[str, int]:
    """The length of the longest way to each node, along edges without loops."""
    rank = dict.fromkeys(nodes, 0)
    waiting = dict.fromkeys(nodes, 0)
    following: dict[str, list[str]] = {node: [] for node in nodes}
    for source, target in edges:
        following[source].append(target)
        waiting[target] += 1
    ready = [node for node in nodes if not waiting[node]]
    for node in ready:
        for target in following[node]:
            rank[target] = max(rank[target], rank[node] + 1)
            waiting[target] -= 1
            if not waiting[target]:
                ready.append(target)
    return rank


def _chain(edge: Pair, rank: dict[str, int]) -> list[str]:
    source, target = edge
    bends = [f"{source}\n{target}\n{level}" for level in range(rank[source] + 1, rank[target])]
    return [source, *bends, target]


def _untangled(rows: list[list[str]], chains: Mapping[Pair, Sequence[str]]) -> list[list[str]]:
    """Each row by the mean place of its neighbours, down and up several times; fewer edges cross then."""
    above: dict[str, list[str]] = {}
    below: dict[str, list[str]] = {}
    for chain in chains.values():
        for upper, lower in pairwise(chain):
            above.setdefault(lower, []).append(upper)
            below.setdefault(upper, []).append(lower)
    for sweep in range(SWEEPS):
        neighbours = above if sweep % 2 == 0 else below
        for row in rows if sweep % 2 == 0 else reversed(rows):
            place = {node: position for other in rows for position, node in enumerate(other)}
            row.sort(key=lambda node: _mean([place[one] for one in neighbours.get(node, [])], place[node]))
    return rows


def _mean(places: list[int], otherwise: int) -> float:
    return sum(places) / len(places) if places else otherwise
