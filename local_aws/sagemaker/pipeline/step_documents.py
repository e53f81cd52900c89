"""Reads one step of a pipeline definition, and those inside it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from local_aws.sagemaker.errors import ValidationException
from local_aws.sagemaker.pipeline.expressions import (
    BadExpression,
    PropertyFileRef,
    PropertyRef,
    Reference,
    references,
)
from local_aws.sagemaker.pipeline.policies import BadPolicy, parse_cache, parse_retries
from local_aws.sagemaker.pipeline.request_shapes import BadArgument, check_arguments
from local_aws.sagemaker.pipeline.steps import STEP_TYPES
from local_aws.sagemaker.pipeline.steps.base import BadStep, request_of
from local_aws.sagemaker.pipeline.structure import TRIGGERS, Branch, Dependency, PropertyFile, Step

STEP_NAME = re.compile(r"[A-Za-z0-9\-_]{1,64}")
MEMBERS = (
    *("Name", "Type", "Arguments", "DependsOn", "DisplayName", "Description"),
    *("CacheConfig", "RetryPolicies", "PropertyFiles"),
)
PROPERTY_FILE_MEMBERS = ("PropertyFileName", "OutputName", "FilePath")
Document = dict[str, Any]


def parse_steps(documents: Any) -> Iterator[Step]:
    """The steps of a definition's list, each followed by those inside it. Raises ValidationException."""
    if not documents:
        raise refusal("Steps must be a list of steps.")
    return _steps(documents, None, "Steps")


def refusal(text: str) -> ValidationException:
    """The error for a definition that cannot be read, beginning as the service's does."""
    return ValidationException(f"Unable to parse pipeline definition. {text}")


def list_of(value: Any, where: str) -> list[Any]:
    """A member that must be a list, or may be absent. Raises ValidationException."""
    if value is not None and not isinstance(value, list):
        raise refusal(f"{where}: Expecting start of Json Array.")
    return value or []


def references_in(value: Any, where: str) -> list[Reference]:
    """Every reference in a value. Raises ValidationException for a malformed expression."""
    try:
        return list(references(value))
    except BadExpression as error:
        raise refusal(f"In {where}: {error}.") from error


def _steps(documents: Any, branch: Branch | None, where: str) -> Iterator[Step]:
    for position, document in enumerate(list_of(documents, where)):
        yield from _step(document, branch, f"{where}[{position}]")


def _step(document: Any, branch: Branch | None, where: str) -> Iterator[Step]:
    """The step, and after it those inside it."""
    if not isinstance(document, dict):
        raise refusal(f"{where}: Expecting start of Json Object.")
    name = document.get("Name")
    if not isinstance(name, str) or not STEP_NAME.fullmatch(name):
        raise refusal(f"{where}: {name!r} is not a step name (it must match {STEP_NAME.pattern}).")
    kind = document.get("Type")
    if kind not in STEP_TYPES:
        supported = ", ".join(STEP_TYPES)
        raise ValidationException(
            f"Step type '{kind}' of step '{name}' is not supported by this local AWS; supported: {supported}."
        )
    extra = STEP_TYPES[kind].members
    for member in document:
        if member not in (*MEMBERS, *extra):
            raise refusal(f"Unknown member '{member}' of step '{name}'.")
    arguments = document.get("Arguments")
    if not isinstance(arguments, dict):
        raise refusal(f"Arguments of step '{name}': Expecting start of Json Object.")
    inside = {"IfSteps": True, "ElseSteps": False} if kind == "Condition" else {}
    own = {key: value for key, value in arguments.items() if key not in inside}
    if extra:
        own = {"Arguments": own, **{member: document[member] for member in extra if member in document}}
    step = Step(
        name=name,
        type=str(kind),
        arguments=own,
        depends_on=tuple(_dependencies(document.get("DependsOn"), name)),
        refers_to=frozenset(_steps_referred_to(own, name)),
        branch=branch,
        display_name=_text(document, "DisplayName", name),
        description=_text(document, "Description", name),
        property_files=_property_files(document, name),
        **_policies(document, name),
    )
    _check_step(step)
    yield step
    for member, outcome in inside.items():
        yield from _steps(arguments.get(member), Branch(name, outcome), f"{member} of step '{name}'")


def _check_step(step: Step) -> None:
    step_type = STEP_TYPES[step.type]
    if step.cache and step_type.cache_keys is None:
        raise refusal(f"CacheConfig of step '{step.name}': a step of type {step.type} cannot be cached.")
    if step.retry_policies and not step_type.retryable:
        raise refusal(f"RetryPolicies of step '{step.name}': a step of type {step.type} cannot be retried.")
    try:
        if step_type.operation:
            check_arguments(step_type.operation, request_of(step_type, step))
        step_type.check(step)
    except (BadStep, BadArgument) as error:
        raise refusal(f"Step '{step.name}': {error}.") from error


def _policies(document: Document, name: str) -> Document:
    try:
        return {
            "cache": parse_cache(document.get("CacheConfig")),
            "retry_policies": parse_retries(document.get("RetryPolicies")),
        }
    except BadPolicy as error:
        raise refusal(f"Step '{name}': {error}.") from error


def _dependencies(entries: Any, name: str) -> Iterator[Dependency]:
    for entry in list_of(entries, f"DependsOn of step '{name}'"):
        if isinstance(entry, str):
            yield Dependency(entry)
        elif isinstance(entry, dict) and isinstance(entry.get("Step"), str):
            trigger = entry.get("Trigger", "Completed")
            if trigger not in TRIGGERS:
                raise refusal(f"DependsOn of step '{name}': the Trigger {trigger!r} is not one of {list(TRIGGERS)}.")
            yield Dependency(entry["Step"], trigger)
        else:
            raise refusal(f"DependsOn of step '{name}': {entry!r} is not the name of a step.")


def _property_files(document: Document, name: str) -> Mapping[str, PropertyFile]:
    entries = list_of(document.get("PropertyFiles"), f"PropertyFiles of step '{name}'")
    if entries and document["Type"] != "Processing":
        raise refusal(f"PropertyFiles of step '{name}': only Processing steps have property files.")
    found: dict[str, PropertyFile] = {}
    for entry in entries:
        file = _property_file(entry, name)
        if file.name in found:
            raise refusal(f"Step '{name}' has more than one property file '{file.name}'.")
        if file.output_name not in _output_names(document["Arguments"], file.output_name):
            where = f"Property file '{file.name}' of step '{name}'"
            raise refusal(f"{where}: the step has no output '{file.output_name}'.")
        found[file.name] = file
    return found


def _property_file(entry: Any, name: str) -> PropertyFile:
    members = entry if isinstance(entry, dict) else {}
    values = [members.get(member) for member in PROPERTY_FILE_MEMBERS]
    if not all(isinstance(value, str) and value for value in values):
        needed = ", ".join(PROPERTY_FILE_MEMBERS)
        raise refusal(f"PropertyFiles of step '{name}': an entry needs the strings {needed}.")
    return PropertyFile(*(str(value) for value in values))


def _output_names(arguments: Document, assumed: str) -> set[str]:
    """The names of a processing job's outputs; `assumed` among them where a name is still an expression."""
    config = arguments.get("ProcessingOutputConfig")
    outputs = config.get("Outputs") if isinstance(config, dict) else None
    names = [output.get("OutputName") for output in outputs or [] if isinstance(output, dict)]
    return {name if isinstance(name, str) else assumed for name in names}


def _steps_referred_to(arguments: Document, name: str) -> Iterator[str]:
    for reference in references_in(arguments, f"step '{name}'"):
        if isinstance(reference, PropertyRef | PropertyFileRef):
            yield reference.step


def _text(document: Document, member: str, name: str) -> str | None:
    value = document.get(member)
    if value is not None and not isinstance(value, str):
        raise refusal(f"{member} of step '{name}' must be a string.")
    return value
