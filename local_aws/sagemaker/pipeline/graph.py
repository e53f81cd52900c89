"""The order of steps: who waits for whom."""

from __future__ import annotations

from collections.abc import Mapping, Set


def find_cycle(needs: Mapping[str, Set[str]]) -> list[str] | None:
    """A round of names, each needing the next and the last needing the first; None where there is none."""
    done: set[str] = set()
    for start in needs:
        trail: list[str] = []
        stack = [(start, iter(sorted(needs[start])))] if start not in done else []
        if stack:
            trail.append(start)
        while stack:
            name, rest = stack[-1]
            following = next(rest, None)
            if following is None:
                stack.pop()
                trail.pop()
                done.add(name)
            elif following in trail:
                return trail[trail.index(following) :]
            elif following not in done:
                stack.append((following, iter(sorted(needs[following]))))
                trail.append(following)
    return None


def ancestors(needs: Mapping[str, Set[str]], name: str) -> set[str]:
    """Every step that must have ended before this one, through any number of others."""
    found: set[str] = set()
    waiting = list(needs[name])
    while waiting:
        following = waiting.pop()
        if following not in found:
            found.add(following)
            waiting.extend(needs[following])
    return found
