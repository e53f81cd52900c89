"""What the pipelines compile to and what is uploaded, held against the service's limits. Compiling costs seconds."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from pipelines.definition import check_definition
from pipelines.definition.document import all_steps
from pipelines.names import DEPLOYMENT_PIPELINE_NAME, ENDPOINT_NAME, MODEL_PACKAGE_GROUP_NAME, PIPELINE_NAME
from pipelines.readiness.finding import Finding, judged
from pipelines.submission import INLINE_DEFINITION_LIMIT

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
ZIPPED_BYTES, UNZIPPED_BYTES, LAYERS_BYTES = 50 << 20, 250 << 20, 60 << 20
# CustomerMetadataMap of CreateModelPackage, and what a key and a value may be, in botocore's service model
MOST_METADATA = 50


def check_definitions(definitions: Mapping[str, str]) -> Iterator[Finding]:
    """Definitions (JSON) by their names: every argument against the API's model, sizes and counts."""
    for name, definition in definitions.items():
        yield judge_definition(name, definition)


def judge_definition(name: str, definition: str) -> Finding:
    """A definition against the service's model and limits (100 KB inline, 50 steps, 200 parameters, 50 metadata)."""
    document, size = json.loads(definition), len(definition.encode())
    problems = [str(problem) for problem in check_definition(definition)]
    steps = all_steps(document)
    for step in steps:
        metadata = step.arguments.get("CustomerMetadataProperties", {})
        if len(metadata) > MOST_METADATA:
            problems.append(f"{step.name} has {len(metadata)} metadata properties of at most {MOST_METADATA}")
    way = "in the request" if size <= INLINE_DEFINITION_LIMIT else "through S3"
    fine = f"{size:,} bytes, sent {way}; {len(steps)} steps of 50, {len(document['Parameters'])} parameters of 200"
    return judged(f"Definition {name}", problems, fine, "see `scones definition --check`")


def check_names(stacks: tuple[str, ...]) -> Finding:
    """The names that the project gives, against the patterns and lengths of botocore's service models."""
    from model_monitor.names import MODEL_QUALITY, on_demand_name

    wanted = [
        ("sagemaker", "CreatePipeline", "PipelineName", PIPELINE_NAME),
        ("sagemaker", "CreatePipeline", "PipelineName", DEPLOYMENT_PIPELINE_NAME),
        ("sagemaker", "CreateEndpoint", "EndpointName", ENDPOINT_NAME),
        ("sagemaker", "CreateModelPackageGroup", "ModelPackageGroupName", MODEL_PACKAGE_GROUP_NAME),
        (
            *("sagemaker", "CreateMonitoringSchedule", "MonitoringScheduleName"),
            on_demand_name(ENDPOINT_NAME, MODEL_QUALITY),
        ),
        *(("cloudformation", "CreateStack", "StackName", stack) for stack in stacks),
    ]
    problems = [problem for one in wanted for problem in name_problems(*one)]
    return judged("Names", problems, f"{len(wanted)} names fit", "see pipelines/names.py")


def name_problems(service: str, operation: str, member: str, name: str) -> Iterator[str]:
    """What a service's model says against a name."""
    import botocore.session

    model = botocore.session.get_session().get_service_model(service)
    shape = model.operation_model(operation).input_shape.members[member]
    pattern, longest = shape.metadata.get("pattern"), shape.metadata.get("max")
    if longest and len(name) > longest:
        yield f"{member} {name} has {len(name)} characters of at most {longest}"
    if pattern and not re.fullmatch(pattern, name):
        yield f"{member} {name} does not match {pattern}"


def check_packages(folders: Mapping[str, Path]) -> Finding:
    """The zips of Lambda functions: zipped through S3, unzipped beside their layers."""
    from pipelines.function_archive import deterministic_zip
    from pipelines.source_code import read_tree

    problems, told = [], []
    for name, folder in folders.items():
        files = read_tree(folder)
        zipped, unzipped = len(deterministic_zip(files)), sum(len(content) for content in files.values())
        told.append(f"{name} {zipped / 1024:.0f} KB")
        if zipped > ZIPPED_BYTES or unzipped > UNZIPPED_BYTES - LAYERS_BYTES:
            problems.append(f"{name}: {zipped:,} bytes zipped, {unzipped:,} unzipped")
    return judged("Lambda packages", problems, ", ".join(told), "leave out what the function does not need")
