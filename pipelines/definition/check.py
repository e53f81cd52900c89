"""Is a definition one that the service will take and that will run? Asked before it is sent anywhere.

The published JSON schema of definitions is behind the service and is not used; each step's Arguments are
compared with botocore's model of the request that the service makes of them.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any

from pipelines.definition.document import StepEntry, all_steps, expressions
from pipelines.definition.lambda_steps import check_lambda_step
from pipelines.definition.parameters import check_parameters
from pipelines.definition.problem import Problem
from pipelines.definition.quality_check_steps import check_quality_check_step, quality_check_members
from pipelines.definition.references import References, check_references, output_names, referenced_steps
from pipelines.definition.shapes import check_shape, service_model
from pipelines.definition.step_fields import check_step_fields

VERSION = "2020-12-01"
STEP_NAME = re.compile(r"[A-Za-z0-9\-_]{1,64}")
# CreatePipeline's own limit, and two of SageMaker's quotas for pipelines.
MAX_BYTES = 1024 * 1024
MAX_STEPS = 50
MAX_PARAMETERS = 200

# Step type -> operation, and what of its input the pipeline service fills in.
REQUESTS = {
    "Processing": ("CreateProcessingJob", "ProcessingJobName"),
    "Training": ("CreateTrainingJob", "TrainingJobName"),
    "Transform": ("CreateTransformJob", "TransformJobName"),
    "Model": ("CreateModel", "ModelName"),
    "RegisterModel": ("CreateModelPackage", ""),
    "EndpointConfig": ("CreateEndpointConfig", "EndpointConfigName"),
    "Endpoint": ("CreateEndpoint", "EndpointName"),
    "QualityCheck": ("CreateProcessingJob", "ProcessingJobName"),
}
COMPARISONS = {"Equals", "GreaterThan", "GreaterThanOrEqualTo", "LessThan", "LessThanOrEqualTo"}


def check_definition(definition: str | Mapping[str, Any]) -> list[Problem]:
    """Everything wrong with a definition (JSON text or the parsed document); empty if nothing is.

    Requests against botocore's shapes, references, property files, names, cycles, retry and cache settings,
    size limits. What an execution alone can know (values of expressions) is checked by type only.
    """
    text = definition if isinstance(definition, str) else json.dumps(definition)
    try:
        document = json.loads(text)
    except ValueError as error:
        return [Problem("definition", f"is not JSON: {error}")]
    if not isinstance(document, dict):
        return [Problem("definition", "is not a JSON object")]
    return list(_check(document, len(text.encode())))


def _check(document: Mapping[str, Any], size: int) -> Iterator[Problem]:
    steps = all_steps(document)
    parameters = document.get("Parameters", [])
    yield from _check_limits(document, size, len(steps), len(parameters))
    yield from _check_names(steps)
    yield from check_parameters(document, _used_parameters(document))

    references = References(
        parameters={str(parameter.get("Name")): parameter for parameter in parameters},
        steps={step.name: step for step in steps},
    )
    yield from check_references(document.get("PipelineExperimentConfig"), "PipelineExperimentConfig", references)
    for step in steps:
        yield from _check_step(step, references)
    yield from _check_order(steps, references.steps)


def _check_limits(document: Mapping[str, Any], size: int, steps: int, parameters: int) -> Iterator[Problem]:
    if document.get("Version") != VERSION:
        yield Problem("Version", f"is {document.get('Version')!r}, the service knows {VERSION!r}")
    if size > MAX_BYTES:
        yield Problem("definition", f"has {size} bytes, at most {MAX_BYTES} are allowed")
    if steps == 0:
        yield Problem("Steps", "there are none")
    if steps > MAX_STEPS:
        yield Problem("Steps", f"there are {steps}, at most {MAX_STEPS} are allowed")
    if parameters > MAX_PARAMETERS:
        yield Problem("Parameters", f"there are {parameters}, at most {MAX_PARAMETERS} are allowed")


def _check_names(steps: list[StepEntry]) -> Iterator[Problem]:
    count = Counter(step.name for step in steps)
    for step in steps:
        if not STEP_NAME.fullmatch(step.name):
            yield Problem(step.path, f"name {step.name!r} does not match {STEP_NAME.pattern}")
    for name, times in count.items():
        if times > 1:
            yield Problem(f"Steps.{name}", f"{times} steps have this name, those in branches included")


def _check_step(step: StepEntry, references: References) -> Iterator[Problem]:
    path = f"{step.path}.Arguments"
    yield from check_references(step.own_arguments, path, references)
    yield from check_step_fields(step, output_names(step))
    if step.type in REQUESTS:
        operation, filled_in = REQUESTS[step.type]
        shape = service_model().operation_model(operation).input_shape
        yield from check_shape(step.arguments, shape, path, references.type_of, frozenset({filled_in}))
        if step.type == "QualityCheck":
            yield from check_references(quality_check_members(step), step.path, references)
            yield from check_quality_check_step(step, output_names(step), references.type_of)
    elif step.type == "Condition":
        yield from _check_conditions(step, path)
    elif step.type == "Fail":
        yield from _check_fail(step, path)
    elif step.type == "Lambda":
        yield from check_references(step.step.get("FunctionArn"), f"{step.path}.FunctionArn", references)
        yield from check_lambda_step(step)
    else:
        known = [*REQUESTS, "Condition", "Fail", "Lambda"]
        yield Problem(step.path, f"step type {step.type!r} is not one of {', '.join(known)}")


def _check_conditions(step: StepEntry, path: str) -> Iterator[Problem]:
    conditions = step.arguments.get("Conditions")
    if not conditions:
        yield Problem(f"{path}.Conditions", "there are none")
        return
    for index, condition in enumerate(conditions):
        yield from _check_condition(condition, f"{path}.Conditions[{index}]")


def _check_condition(condition: Mapping[str, Any], path: str) -> Iterator[Problem]:
    kind = condition.get("Type")
    if kind in COMPARISONS:
        wanted = {"LeftValue", "RightValue"}
    elif kind == "In":
        wanted = {"QueryValue", "Values"}
    elif kind == "Not":
        wanted = {"Expression"}
        yield from _check_condition(condition.get("Expression", {}), f"{path}.Expression")
    elif kind == "Or":
        wanted = {"Conditions"}
        for index, inner in enumerate(condition.get("Conditions", [])):
            yield from _check_condition(inner, f"{path}.Conditions[{index}]")
    else:
        yield Problem(
            path,
            f"condition type {kind!r} is not one of {', '.join(sorted([*COMPARISONS, 'In', 'Not', 'Or']))}",
        )
        return
    for name in sorted(wanted - set(condition)):
        yield Problem(path, f"{name} is missing")


def _check_fail(step: StepEntry, path: str) -> Iterator[Problem]:
    if set(step.arguments) != {"ErrorMessage"}:
        yield Problem(path, "a Fail step has ErrorMessage and nothing else")


def _check_order(steps: list[StepEntry], by_name: Mapping[str, StepEntry]) -> Iterator[Problem]:
    graph: dict[str, set[str]] = {step.name: set() for step in steps}
    for step in steps:
        depends_on = step.step.get("DependsOn", [])
        named = {str(item.get("Step") if isinstance(item, Mapping) else item) for item in depends_on}
        for name in sorted(named - set(by_name)):
            yield Problem(f"{step.path}.DependsOn", f"no step {name!r}")
        beside = quality_check_members(step) if step.type == "QualityCheck" else {}
        waits_for = (named | referenced_steps([step.own_arguments, beside])) & set(by_name)
        for name in sorted(waits_for):
            if by_name[name].type == "Fail":
                yield Problem(step.path, f"waits for {name}, a Fail step, after which nothing runs")
        graph[step.name] |= waits_for | ({step.parent} if step.parent else set())
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        yield Problem("Steps", f"wait for each other in a circle: {' -> '.join(error.args[1])}")


def _used_parameters(document: Mapping[str, Any]) -> set[str]:
    body = {key: value for key, value in document.items() if key != "Parameters"}
    gets = (expression.get("Get") for expression, _ in expressions(body, ""))
    return {get.removeprefix("Parameters.") for get in gets if isinstance(get, str) and get.startswith("Parameters.")}
