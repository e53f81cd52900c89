"""A pipeline named by its module, as AWS's console scripts take it: `pipelines.training.pipeline` and a dict
of kwargs."""

from __future__ import annotations

import ast
import importlib
import json
import re
from contextlib import suppress
from types import ModuleType
from typing import Any

# SageMaker's own pattern of a RoleArn
ROLE_ARN = re.compile(r"arn:aws[a-z\-]*:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+")


class BadArgument(ValueError):
    """A command line argument is not what it should be; the message is the one line to show."""


def pipeline_module(name: str) -> ModuleType:
    """The module of that name, which has a `get_pipeline`. Raises BadArgument."""
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        # Another module's import failing inside it is a fault of the code, not of the argument.
        if error.name is None or not (name == error.name or name.startswith(f"{error.name}.")):
            raise
        raise BadArgument(f"no module {name}: give one such as pipelines.training.pipeline") from error
    if not callable(getattr(module, "get_pipeline", None)):
        raise BadArgument(f"module {name} has no get_pipeline: give one such as pipelines.training.pipeline")
    return module


def check_role(option: str, arn: object) -> None:
    """Raises BadArgument for what is no role's ARN: the SDK would ask IAM for a role of that name, and fail deep
    inside."""
    if not isinstance(arn, str) or not ROLE_ARN.fullmatch(arn):
        raise BadArgument(f"{option}: wants arn:aws:iam::ACCOUNT:role/NAME, not {arn}")


def read_kwargs(text: str | None) -> dict[str, Any]:
    """--kwargs: a Python literal, a dict with string keys; nothing given is an empty one. An empty text counts as not
    given: a build writes '' where a variable of its environment is not set. Raises BadArgument, also for a `role` that
    is none."""
    value = _literal("--kwargs", text) if text else {}
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise BadArgument(f"--kwargs: wants a dict such as \"{{'region': 'us-east-1'}}\", not {text}")
    given = {key: item for key, item in value.items() if item != ""}
    if "role" in given:
        check_role("--kwargs: role", given["role"])
    return given


def read_tags(text: str | None) -> list[dict[str, str]]:
    """--tags: a Python literal, a list of {'Key': …, 'Value': …}; one with an empty value is left out, as a keyword
    argument is. Raises BadArgument."""
    value = _literal("--tags", text) if text else []
    if not isinstance(value, list) or not all(isinstance(tag, dict) and set(tag) == {"Key", "Value"} for tag in value):
        raise BadArgument(f"--tags: wants a list such as \"[{{'Key': 'team', 'Value': 'routing'}}]\", not {text}")
    return [{"Key": str(tag["Key"]), "Value": str(tag["Value"])} for tag in value if tag["Value"] != ""]


def _literal(option: str, text: str) -> object:
    for read in (ast.literal_eval, json.loads):  # JSON for those who write true and null
        with suppress(ValueError, SyntaxError):
            return read(text)
    raise BadArgument(f"{option}: not a Python literal, nor JSON: {text}")
