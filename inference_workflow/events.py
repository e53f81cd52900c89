"""An event as it comes, to the model that a function works on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeVar

from aws_lambda_powertools.utilities.parser import BaseModel, ValidationError, parse

from contracts import Execution

ModelT = TypeVar("ModelT", bound=BaseModel)

DEEPEST_WRAPPING = 4


class EventNotUnderstood(ValueError):
    """The event is not what the function takes; the message names the member and what is wrong with it."""


def unwrap(event: Any) -> dict[str, Any]:
    """The members of an event that may be wrapped, also more than once, as `{"body": {...}}` or `{"body": "{...}"}`.

    The state machine wraps its states' input, and the learner projects pass answers on as they come from a web API.
    Raises EventNotUnderstood.
    """
    for _ in range(DEEPEST_WRAPPING):
        if isinstance(event, str):
            try:
                event = json.loads(event)
            except ValueError as error:
                raise EventNotUnderstood(f"body: not JSON: {error}") from None
        if not isinstance(event, Mapping):
            raise EventNotUnderstood(f"expected an object with members, got {type(event).__name__}")
        if "body" not in event:
            return dict(event)
        event = event["body"]
    raise EventNotUnderstood(f"body: wrapped more than {DEEPEST_WRAPPING - 1} times")


def read(members: Mapping[str, Any], model: type[ModelT]) -> ModelT:
    """The members as the model. Raises EventNotUnderstood, whose message has a line's worth for each problem."""
    try:
        return parse(event=dict(members), model=model)
    except ValidationError as error:
        problems = (f"{_place(problem['loc'])}: {problem['msg']}" for problem in error.errors(include_url=False))
        raise EventNotUnderstood("; ".join(problems)) from None


def execution_of(event: Any) -> Execution:
    """The execution that the state machine named in the event, or an empty one."""
    named = event.get("execution") if isinstance(event, Mapping) else None
    return read(named, Execution) if isinstance(named, Mapping) else Execution()


def _place(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in location) or "event"
