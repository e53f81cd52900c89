"""Reads a pipeline definition, version 2020-12-01, and checks all that can be checked before it runs."""

from __future__ import annotations

import json
from typing import Any

from local_aws.sagemaker.errors import ValidationException
from local_aws.sagemaker.pipeline.expressions import ParameterRef, PropertyFileRef, PropertyRef, Reference
from local_aws.sagemaker.pipeline.graph import find_cycle
from local_aws.sagemaker.pipeline.parameters import Parameter, parse_parameter
from local_aws.sagemaker.pipeline.step_documents import list_of, parse_steps, references_in, refusal
from local_aws.sagemaker.pipeline.structure import Definition, Step

VERSION = "2020-12-01"
MEMBERS = ("Version", "Metadata", "Parameters", "PipelineExperimentConfig", "MlflowConfig", "Steps")


def parse_definition(text: str) -> Definition:
    """The definition as data. Raises ValidationException, naming what is wrong and where."""
    document = _load(text)
    parameters = _parameters(document.get("Parameters"))
    steps: dict[str, Step] = {}
    for step in parse_steps(document.get("Steps")):
        if step.name in steps:
            raise refusal(f"The step name '{step.name}' is used more than once.")
        steps[step.name] = step
    definition = Definition(
        version=VERSION,
        metadata=document.get("Metadata") or {},
        parameters=parameters,
        experiment=document.get("PipelineExperimentConfig"),
        steps=steps,
    )
    _check_references(definition)
    return definition


def _load(text: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except ValueError as error:
        raise refusal(f"It is not JSON: {error}.") from error
    if not isinstance(document, dict):
        raise refusal("Expecting start of Json Object.")
    for member in document:
        if member not in MEMBERS:
            raise refusal(f"Unknown member '{member}'.")
    if document.get("Version") != VERSION:
        raise refusal(f"The Version must be '{VERSION}', not {document.get('Version')!r}.")
    if document.get("MlflowConfig") is not None:
        raise refusal("MlflowConfig is not supported by this local AWS.")
    for member in ("Metadata", "PipelineExperimentConfig"):
        if not isinstance(document.get(member) or {}, dict):
            raise refusal(f"{member}: Expecting start of Json Object.")
    return document


def _parameters(documents: Any) -> dict[str, Parameter]:
    found: dict[str, Parameter] = {}
    for position, document in enumerate(list_of(documents, "Parameters")):
        try:
            parameter = parse_parameter(document)
        except ValidationException as error:
            raise refusal(f"Parameters[{position}]: {error.message}") from error
        if parameter.name in found:
            raise refusal(f"The parameter name '{parameter.name}' is used more than once.")
        found[parameter.name] = parameter
    return found


def _check_references(definition: Definition) -> None:
    """Every name that is referred to must be there, and no step may wait for itself."""
    for step in definition.steps.values():
        for dependency in step.depends_on:
            if dependency.step not in definition.steps:
                raise refusal(f"Step '{step.name}' depends on the unknown step '{dependency.step}'.")
        for reference in references_in(dict(step.arguments), f"step '{step.name}'"):
            _check_reference(definition, reference, f"Step '{step.name}'")
    for reference in references_in(dict(definition.experiment or {}), "PipelineExperimentConfig"):
        if isinstance(reference, PropertyRef | PropertyFileRef):
            raise refusal("PipelineExperimentConfig cannot refer to steps.")
        _check_reference(definition, reference, "PipelineExperimentConfig")
    cycle = find_cycle({name: step.needs for name, step in definition.steps.items()})
    if cycle:
        raise refusal(f"The steps depend on each other in a cycle: {' -> '.join([*cycle, cycle[0]])}.")


def _check_reference(definition: Definition, reference: Reference, where: str) -> None:
    if isinstance(reference, ParameterRef) and reference.name not in definition.parameters:
        raise refusal(f"{where} refers to the unknown parameter '{reference.name}'.")
    if not isinstance(reference, PropertyRef | PropertyFileRef):
        return
    target = definition.steps.get(reference.step)
    if target is None:
        raise refusal(f"{where} refers to the unknown step '{reference.step}'.")
    if isinstance(reference, PropertyFileRef) and reference.name not in (target.property_files or {}):
        raise refusal(f"{where} reads the property file '{reference.name}', not declared by step '{target.name}'.")
    if isinstance(reference, PropertyRef) and target.type == "Fail":
        raise refusal(f"{where} refers to step '{target.name}', but a Fail step has no properties.")
