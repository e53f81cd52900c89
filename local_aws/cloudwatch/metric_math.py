"""Metric math: arithmetic over time series.

What a function does: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html. The ones
that are not here (anomaly detection, SEARCH, rates and others) are refused by name.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from local_aws.cloudwatch.expressions import ExpressionError, Node

# beginning of a period, in seconds since 1970 -> value
Points: TypeAlias = "dict[int, float]"
Value: TypeAlias = "float | Points | list[Points]"

OPERATIONS: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "^": math.pow,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
    "AND": lambda left, right: bool(left and right),
    "OR": lambda left, right: bool(left or right),
}
EACH: dict[str, Callable[[float], float]] = {"ABS": abs, "CEIL": math.ceil, "FLOOR": math.floor}
OVER: dict[str, Callable[[list[float]], float]] = {
    "SUM": math.fsum,
    "AVG": lambda values: math.fsum(values) / len(values),
    "MIN": min,
    "MAX": max,
}


@dataclass(frozen=True)
class Scope:
    """What an expression is evaluated over: series by id (those of METRICS() too), and the stretch of time."""

    series: Mapping[str, Points]
    metrics: tuple[str, ...]
    start: int
    end: int
    period: int

    def moments(self) -> range:
        """The beginnings of all periods, those without data too."""
        return range(self.start, self.end, self.period)


def evaluate(tree: Node, scope: Scope) -> Points:
    """The time series that an expression makes; a moment at which it has no value (0/0, say) is left out.

    Raises ExpressionError, also for an expression whose result is a number or several series.
    """
    found = _value(tree, scope)
    if not isinstance(found, dict):
        kind = "a number" if isinstance(found, float) else "several time series"
        raise ExpressionError(f"the result is {kind} where one time series is wanted")
    return dict(sorted(found.items()))


def _value(node: Node, scope: Scope) -> Value:
    if node.kind == "number":
        return float(node.text)
    if node.kind == "name":
        return scope.series[node.text]
    if node.kind == "list":
        return [_series(part, scope) for part in node.parts]
    if node.kind == "negation":
        return _each(operator.neg, _value(node.parts[0], scope))
    if node.kind == "operation":
        return _combined(OPERATIONS[node.text], _value(node.parts[0], scope), _value(node.parts[1], scope))
    if node.kind == "call":
        return _call(node, scope)
    raise ExpressionError(f"{node.text} has no meaning here")


def _call(node: Node, scope: Scope) -> Value:
    name, parts = node.text, node.parts
    if name in EACH and len(parts) == 1:
        return _each(EACH[name], _value(parts[0], scope))
    if name in OVER and len(parts) == 1:
        return _over(OVER[name], _value(parts[0], scope))
    if name == "IF" and len(parts) in (2, 3):
        return _if(*(_value(part, scope) for part in parts))
    if name == "FILL" and len(parts) == 2:
        return _fill(_series(parts[0], scope), parts[1], scope)
    if name == "PERIOD" and len(parts) == 1:
        _series(parts[0], scope)
        return float(scope.period)
    if name == "METRICS" and len(parts) <= 1 and all(part.kind == "text" for part in parts):
        wanted = parts[0].text[1:-1] if parts else ""
        return [scope.series[metric] for metric in scope.metrics if wanted in metric]
    known = name in (*EACH, *OVER, "IF", "FILL", "PERIOD", "METRICS")
    reason = f"does not take these {len(parts)} arguments" if known else "is not supported by this local AWS"
    raise ExpressionError(f"the function {name} {reason}")


def _series(node: Node, scope: Scope) -> Points:
    found = _value(node, scope)
    if not isinstance(found, dict):
        raise ExpressionError(f"a time series is wanted where {node.text or 'a list'} stands")
    return found


def _each(function: Callable[[float], float], value: Value) -> Value:
    if isinstance(value, list):
        return [{moment: float(function(one)) for moment, one in points.items()} for points in value]
    if isinstance(value, dict):
        return {moment: float(function(one)) for moment, one in value.items()}
    return float(function(value))


def _over(function: Callable[[list[float]], float], value: Value) -> Value:
    """Of several series one series, moment by moment; of one series one number, NaN if it has no data."""
    if isinstance(value, list):
        moments = sorted({moment for points in value for moment in points})
        return {moment: function([points[moment] for points in value if moment in points]) for moment in moments}
    if isinstance(value, dict):
        return function(list(value.values())) if value else math.nan
    return value


def _combined(function: Callable[[float, float], float], left: Value, right: Value) -> Value:
    """Moment by moment, where both have a value; a number has the same value at all moments, NaN at none."""
    if isinstance(left, list):
        return [_one(_combined(function, points, right)) for points in left]
    if isinstance(right, list):
        return [_one(_combined(function, left, points)) for points in right]
    if isinstance(left, float) and isinstance(right, float):
        number = _finite(function, left, right)
        return math.nan if number is None else number
    moments = left.keys() if isinstance(left, dict) else _one(right).keys()
    pairs = ((moment, _at(left, moment), _at(right, moment)) for moment in moments)
    found = {
        moment: _finite(function, one, other) for moment, one, other in pairs if one is not None and other is not None
    }
    return {moment: value for moment, value in found.items() if value is not None}


def _one(value: Value) -> Points:
    if not isinstance(value, dict):
        raise ExpressionError("an operation of two lists of time series")
    return value


def _finite(function: Callable[[float, float], float], left: float, right: float) -> float | None:
    if math.isnan(left) or math.isnan(right):
        return None
    try:
        found = float(function(left, right))
    except (ZeroDivisionError, OverflowError, ValueError):
        return None
    return found if math.isfinite(found) else None


def _if(condition: Value, then: Value, otherwise: Value | None = None) -> Value:
    if isinstance(condition, list) or isinstance(then, list) or isinstance(otherwise, list):
        raise ExpressionError("the function IF takes no list of time series")
    if isinstance(condition, float):
        if math.isnan(condition):
            return {}
        chosen = then if condition else otherwise
        if chosen is None:
            raise ExpressionError("the function IF has no value where its condition is 0")
        return chosen
    found = {moment: _at(then if met else otherwise, moment) for moment, met in condition.items()}
    return {moment: value for moment, value in found.items() if value is not None}


def _fill(points: Points, filler: Node, scope: Scope) -> Points:
    if filler.kind == "word" and filler.text == "REPEAT":
        return _repeated(points, scope)
    if filler.kind == "word":
        raise ExpressionError(f"the function FILL does not take {filler.text}: give a number, a time series or REPEAT")
    other = _value(filler, scope)
    filled = {moment: points.get(moment, _at(other, moment)) for moment in scope.moments()}
    return {moment: value for moment, value in filled.items() if value is not None}


def _repeated(points: Points, scope: Scope) -> Points:
    filled: Points = {}
    last: float | None = None
    for moment in scope.moments():
        last = points.get(moment, last)
        if last is not None:
            filled[moment] = last
    return filled


def _at(value: Value | None, moment: int) -> float | None:
    if isinstance(value, list):
        raise ExpressionError("a list of time series where one is wanted")
    if isinstance(value, dict):
        return value.get(moment)
    return None if value is None or math.isnan(value) else value
