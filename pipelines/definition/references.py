"""What the expressions of a definition point at, and of which type that is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pipelines.definition.document import StepEntry, expressions, is_expression
from pipelines.definition.lambda_steps import output_type, outputs_of
from pipelines.definition.problem import Problem
from pipelines.definition.quality_check_steps import PROPERTIES as QUALITY_CHECK_PROPERTIES
from pipelines.definition.shapes import service_model

EXECUTION_VARIABLES = {
    "StartDateTime",
    "CurrentDateTime",
    "PipelineName",
    "PipelineArn",
    "PipelineExecutionId",
    "PipelineExecutionArn",
    "TrainingJobName",
    "ProcessingJobName",
}
# A step's properties are the answer of its Describe call.
DESCRIBE_SHAPES = {
    "Processing": "DescribeProcessingJobResponse",
    "Training": "DescribeTrainingJobResponse",
    "Transform": "DescribeTransformJobResponse",
    "Model": "DescribeModelOutput",
    "RegisterModel": "DescribeModelPackageOutput",
    "EndpointConfig": "DescribeEndpointConfigOutput",
    "Endpoint": "DescribeEndpointOutput",
}
SCALARS = {
    "string": "String",
    "integer": "Integer",
    "long": "Integer",
    "float": "Float",
    "double": "Float",
    "boolean": "Boolean",
}
# "ProcessingOutputConfig", "Outputs['train']", "Containers[0]"
SEGMENT = re.compile(r"([A-Za-z0-9_]+)(?:\[(?:'([^']*)'|(\d+))\])?")
STEP_REFERENCE = re.compile(r"Steps\.([^.]+)\.(.+)", re.DOTALL)


class UnresolvedReference(LookupError):
    """An expression points at nothing; the message says at what."""


@dataclass(frozen=True)
class References:
    """All that an expression can point at in one definition."""

    parameters: Mapping[str, Mapping[str, Any]]
    steps: Mapping[str, StepEntry]

    def type_of(self, expression: Mapping[str, Any]) -> str:
        """The type of an expression's value; "Any" if it cannot be told, or if the reference is broken."""
        try:
            return self.resolve(expression)
        except UnresolvedReference:
            return "Any"

    def resolve(self, expression: Mapping[str, Any]) -> str:
        """The type of an expression's value. Raises UnresolvedReference."""
        function, argument = next(iter(expression.items()))
        if function == "Std:Join":
            return self._join(argument)
        if function == "Std:JsonGet":
            return self._json_get(argument)
        return self._get(argument)

    def _get(self, reference: Any) -> str:
        if not isinstance(reference, str):
            raise UnresolvedReference(f"Get wants a string, not {reference!r}")
        if reference.startswith("Parameters."):
            return self._parameter(reference.removeprefix("Parameters."))
        if reference.startswith("Execution."):
            return _execution_variable(reference.removeprefix("Execution."))
        match = STEP_REFERENCE.fullmatch(reference)
        if match is None:
            raise UnresolvedReference(
                f"{reference!r} is neither Parameters.<name>, Execution.<name> nor Steps.<name>.<property>"
            )
        return self._step_property(*match.groups())

    def _parameter(self, name: str) -> str:
        if name not in self.parameters:
            raise UnresolvedReference(f"no parameter {name!r}")
        return str(self.parameters[name].get("Type"))

    def _step_property(self, name: str, path: str) -> str:
        step = self.steps.get(name)
        if step is None:
            raise UnresolvedReference(f"no step {name!r}")
        if path.startswith("PropertyFiles."):
            raise UnresolvedReference(f"Steps.{name}.{path} is a property file: read it with Std:JsonGet")
        if step.type == "Condition" and path == "Outcome":
            return "Boolean"
        if step.type == "Lambda":
            return _lambda_output(step, path)
        if step.type == "QualityCheck" and path in QUALITY_CHECK_PROPERTIES:
            return "String"
        shape_name = DESCRIBE_SHAPES.get(step.type)
        if shape_name is None:
            raise UnresolvedReference(f"step {name!r} is a {step.type} step and has no property {path!r}")
        return _walk(service_model().shape_for(shape_name), step, path)

    def _join(self, argument: Any) -> str:
        if not isinstance(argument, Mapping) or not isinstance(argument.get("Values"), list):
            raise UnresolvedReference("Std:Join wants On and a list of Values")
        if not isinstance(argument.get("On", ""), str):
            raise UnresolvedReference("Std:Join joins on a string")
        for value in argument["Values"]:
            if isinstance(value, (list, Mapping)) and not is_expression(value):
                raise UnresolvedReference("Std:Join joins strings, numbers and expressions only")
        return "String"

    def _json_get(self, argument: Any) -> str:
        if not isinstance(argument, Mapping) or not isinstance(argument.get("Path"), str):
            raise UnresolvedReference("Std:JsonGet wants a Path and a PropertyFile or S3Uri")
        if "S3Uri" not in argument:
            self._property_file(argument.get("PropertyFile"))
        return "Any"

    def _property_file(self, expression: Any) -> None:
        reference = expression.get("Get") if is_expression(expression) else None
        match = re.fullmatch(r"Steps\.([^.]+)\.PropertyFiles\.(.+)", reference) if isinstance(reference, str) else None
        if match is None:
            raise UnresolvedReference("Std:JsonGet reads {'Get': 'Steps.<name>.PropertyFiles.<file>'}")
        name, file = match.groups()
        step = self.steps.get(name)
        if step is None:
            raise UnresolvedReference(f"no step {name!r}")
        if file not in {entry.get("PropertyFileName") for entry in step.step.get("PropertyFiles", [])}:
            raise UnresolvedReference(f"step {name!r} declares no property file {file!r}")


def check_references(value: Any, path: str, references: References) -> Iterator[Problem]:
    """A problem for every expression in a value that points at nothing."""
    inside_json_get = {
        id(expression["Std:JsonGet"].get("PropertyFile"))
        for expression, _ in expressions(value, path)
        if isinstance(expression.get("Std:JsonGet"), Mapping)
    }
    for expression, place in expressions(value, path):
        if id(expression) in inside_json_get:
            continue
        try:
            references.resolve(expression)
        except UnresolvedReference as error:
            yield Problem(place, str(error))


def referenced_steps(value: Any) -> set[str]:
    """Names of the steps that the expressions in a value wait for."""
    found = set()
    for expression, _ in expressions(value, ""):
        match = STEP_REFERENCE.fullmatch(expression["Get"]) if isinstance(expression.get("Get"), str) else None
        if match:
            found.add(match.group(1))
    return found


def output_names(step: StepEntry) -> set[str]:
    """The names of a processing step's outputs."""
    config = step.arguments.get("ProcessingOutputConfig", {}) if isinstance(step.arguments, Mapping) else {}
    outputs = config.get("Outputs", []) if isinstance(config, Mapping) else []
    return {str(output.get("OutputName")) for output in outputs if isinstance(output, Mapping)}


def _lambda_output(step: StepEntry, path: str) -> str:
    kind = output_type(step, path)
    if kind is None:
        outputs = ", ".join(outputs_of(step)) or "none"
        raise UnresolvedReference(f"step {step.name!r} (Lambda) has no property {path!r}: its outputs are {outputs}")
    return kind


def _execution_variable(name: str) -> str:
    if name not in EXECUTION_VARIABLES:
        raise UnresolvedReference(f"no execution variable {name!r}: there are {', '.join(sorted(EXECUTION_VARIABLES))}")
    return "String"


def _walk(shape: Any, step: StepEntry, path: str) -> str:
    position = 0
    while position < len(path):
        match = SEGMENT.match(path, position)
        if match is None or (match.end() < len(path) and path[match.end()] != "."):
            raise UnresolvedReference(f"cannot read property path {path!r}")
        member, key, index = match.groups()
        shape = _member(shape, step, path, member)
        if key is not None or index is not None:
            shape = _item(shape, step, path, member, key)
        position = match.end() + 1
    return SCALARS.get(shape.type_name, str(shape.type_name))


def _member(shape: Any, step: StepEntry, path: str, member: str) -> Any:
    if shape.type_name != "structure" or member not in shape.members:
        raise UnresolvedReference(
            f"step {step.name!r} ({step.type}) has no property {path!r}: {shape.name} has no {member}"
        )
    return shape.members[member]


def _item(shape: Any, step: StepEntry, path: str, member: str, key: str | None) -> Any:
    if shape.type_name == "map":
        return shape.value
    if shape.type_name != "list":
        raise UnresolvedReference(f"{path!r}: {member} is not a list")
    if step.type == "Processing" and member == "Outputs" and key is not None and key not in output_names(step):
        raise UnresolvedReference(
            f"step {step.name!r} has no output {key!r}: it has {', '.join(sorted(output_names(step)))}"
        )
    return shape.member
