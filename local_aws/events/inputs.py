"""What a target gets of an event: all of it, a part, a constant, or a template filled in.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html. Values inside a string of the
template stand there as they are, without escapes; objects and lists there lose their quotation marks.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from local_aws.events.json_path import InvalidPath, JsonPath, NothingThere
from local_aws.events.records import TIME_FORMAT, Event, Origin, Target
from local_aws.sagemaker.errors import ValidationException

FORMS = ("Input", "InputPath", "InputTransformer")
PLACEHOLDER = re.compile(r"<([A-Za-z0-9_.\-]+)>")
PREDEFINED = (
    "aws.events.rule-arn",
    "aws.events.rule-name",
    "aws.events.event.ingestion-time",
    "aws.events.event",
    "aws.events.event.json",
)
# these are objects, so they cannot stand in a string
WHOLE_EVENTS = ("aws.events.event", "aws.events.event.json")


def target_input(target: Target, event: Event, origin: Origin) -> str:
    """The text that the target gets: JSON, but for a template whose values make it something else."""
    if "Input" in target:
        return str(target["Input"])
    if "InputPath" in target:
        return compact(_at(target["InputPath"], event))
    if "InputTransformer" in target:
        return _minified(_filled_in(target["InputTransformer"], event, origin))
    return compact(event)


def check_input(target: Target) -> None:
    """Raises ValidationException for what PutTargets would not take."""
    name = target["Id"]
    if sum(form in target for form in FORMS) > 1:
        raise ValidationException(
            f"Only one of Input, InputPath, or InputTransformer must be provided for target {name}."
        )
    if "Input" in target and not _is_json(target["Input"]):
        raise ValidationException(f"JSON syntax error in input for target {name}.")
    transformer = target.get("InputTransformer") or {}
    for path in [target.get("InputPath", "$"), *(transformer.get("InputPathsMap") or {}).values()]:
        try:
            JsonPath.parse(path)
        except InvalidPath as error:
            raise ValidationException(f"InputPath for target {name} is invalid. {error}") from error
    if transformer:
        _check_template(name, transformer)


def compact(value: Any) -> str:
    """JSON without spaces."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _check_template(name: str, transformer: Mapping[str, Any]) -> None:
    template, paths = transformer["InputTemplate"], transformer.get("InputPathsMap") or {}
    reserved = [variable for variable in paths if variable.startswith("aws.")]
    if reserved:
        raise ValidationException(f"InputPathsMap for target {name} has the reserved name {reserved[0]}.")
    for variable in PLACEHOLDER.findall(template):
        if variable not in paths and variable not in PREDEFINED:
            raise ValidationException(f"InputTemplate for target {name} contains invalid placeholder {variable}.")
    whole = [variable for variable, _ in _placeholders(template) if variable in WHOLE_EVENTS]
    inside = [variable for variable, in_string in _placeholders(template) if in_string and variable in WHOLE_EVENTS]
    if inside or (whole and not template.lstrip().startswith("{")):
        raise ValidationException(
            f"InputTemplate for target {name} contains placeholder {(inside or whole)[0]} valid only for JSON template."
        )
    example = _replaced(template, lambda _variable, in_string: "x" if in_string else "null")
    # a template may be several strings, one a line
    if not _is_json(example) and not all(_is_json(line) for line in example.splitlines() if line.strip()):
        raise ValidationException(f"Invalid InputTemplate for target {name}: neither JSON nor strings in quotes.")


def _filled_in(transformer: Mapping[str, Any], event: Event, origin: Origin) -> str:
    values = {variable: _at(path, event, "") for variable, path in (transformer.get("InputPathsMap") or {}).items()}
    values |= {
        "aws.events.rule-arn": origin.rule_arn,
        "aws.events.rule-name": origin.rule_name,
        "aws.events.event.ingestion-time": origin.received.strftime(TIME_FORMAT),
        "aws.events.event": {member: value for member, value in event.items() if member != "detail"},
        "aws.events.event.json": event,
    }

    def text(variable: str, in_string: bool) -> str:
        value = values[variable]
        if not in_string:
            return compact(value)
        return value if isinstance(value, str) else compact(value).replace('"', "")

    return _replaced(transformer["InputTemplate"], text)


def _replaced(template: str, text: Callable[[str, bool], str]) -> str:
    places = iter(list(_placeholders(template)))
    return PLACEHOLDER.sub(lambda _match: text(*next(places)), template)


def _placeholders(template: str) -> Iterator[tuple[str, bool]]:
    """Each variable, in order, and whether it stands inside a string."""
    for match in PLACEHOLDER.finditer(template):
        before = re.sub(r"\\.", "", template[: match.start()], flags=re.DOTALL)
        yield match[1], before.count('"') % 2 == 1


def _at(path: str, event: Event, otherwise: Any = None) -> Any:
    try:
        return JsonPath.parse(path).find(event)
    except NothingThere:
        return otherwise


def _minified(text: str) -> str:
    try:
        return compact(json.loads(text))
    except ValueError:
        return text


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
