"""How moto's Parameter Store is kept: two of its containers cannot be pickled as they are.

Their module takes a second to import, so it is looked at by name, and imported only where it was in use.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from types import FunctionType
from typing import Any

MODULE = "moto.ssm.models"
TAGS = "SimpleSystemManagerBackend.__init__.<locals>.<lambda>"


def reduction(value: Any) -> Any:
    """What a pickler needs of a value, NotImplemented for what it can pickle without help."""
    if isinstance(value, defaultdict) and type(value).__module__ == MODULE:
        return new_parameters, (value.account_id, value.region_name), value.__dict__, None, iter(dict.items(value))  # type: ignore[attr-defined]
    if isinstance(value, FunctionType) and value.__module__ == MODULE and value.__qualname__ == TAGS:
        return tag_factory, ()
    return NotImplemented


def new_parameters(account: str, region: str) -> Any:
    """An empty Parameter Store."""
    from moto.ssm.models import ParameterDict

    return ParameterDict(account, region)


def tag_factory() -> Callable[[], defaultdict[str, dict[str, str]]]:
    """What makes the tags of resources of one type."""
    return new_tags


def new_tags() -> defaultdict[str, dict[str, str]]:
    """The tags of resources of one type."""
    return defaultdict(dict)
