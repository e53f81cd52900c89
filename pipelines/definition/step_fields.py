"""What stands beside a step's Arguments: retry policies, cache settings, property files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pipelines.definition.document import StepEntry
from pipelines.definition.problem import Problem
from pipelines.definition.quality_check_steps import QUALITY_CHECK_FIELDS

FIELDS = {
    "Name",
    "Type",
    "Arguments",
    "DependsOn",
    "DisplayName",
    "Description",
    "CacheConfig",
    "RetryPolicies",
    "PropertyFiles",
}
STEP_FAULTS = {"Step.SERVICE_FAULT", "Step.THROTTLING"}
JOB_FAULTS = {"SageMaker.JOB_INTERNAL_ERROR", "SageMaker.CAPACITY_ERROR", "SageMaker.RESOURCE_LIMIT"}
OWN_FIELDS = {"Lambda": {"FunctionArn", "OutputParameters"}, "QualityCheck": QUALITY_CHECK_FIELDS}
JOB_STEPS = {"Processing", "Training", "Transform"}
RETRYABLE = {*JOB_STEPS, "Model", "RegisterModel", "EndpointConfig"}
CACHEABLE = {*JOB_STEPS, "EndpointConfig", "Endpoint", "Lambda", "QualityCheck"}
MAX_ATTEMPTS = 20
MAX_EXPIRE_AFTER_MINUTES = 14400
ISO_DURATION = re.compile(r"P(?=.)(\d+Y)?(\d+M)?(\d+W)?(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+S)?)?", re.IGNORECASE)


def check_step_fields(step: StepEntry, outputs: set[str]) -> Iterator[Problem]:
    """`outputs`: the names of the step's processing outputs, which its property files lie in."""
    known = FIELDS | OWN_FIELDS.get(step.type, set())
    for name in sorted(set(step.step) - known):
        yield Problem(f"{step.path}.{name}", "is unknown")
    for index, policy in enumerate(step.step.get("RetryPolicies", [])):
        yield from _check_retry(step.type, policy, f"{step.path}.RetryPolicies[{index}]")
    if "CacheConfig" in step.step:
        yield from _check_cache(step.type, step.step["CacheConfig"], f"{step.path}.CacheConfig")
    yield from _check_property_files(step, outputs)


def _check_retry(step_type: str, policy: Mapping[str, Any], path: str) -> Iterator[Problem]:
    if step_type not in RETRYABLE:
        yield Problem(path, f"{step_type} steps cannot be retried")
        return
    known = STEP_FAULTS | (JOB_FAULTS if step_type in JOB_STEPS else set())
    faults = policy.get("ExceptionType", [])
    if not faults:
        yield Problem(f"{path}.ExceptionType", "there are none")
    for fault in sorted(set(faults) - known):
        yield Problem(f"{path}.ExceptionType", f"{fault!r} is not one of {', '.join(sorted(known))}")
    if ("MaxAttempts" in policy) == ("ExpireAfterMin" in policy):
        yield Problem(path, "wants one of MaxAttempts and ExpireAfterMin")
    if not 1 <= policy.get("MaxAttempts", 1) <= MAX_ATTEMPTS:
        yield Problem(f"{path}.MaxAttempts", f"{policy['MaxAttempts']} is not in 1 to {MAX_ATTEMPTS}")
    if not 1 <= policy.get("ExpireAfterMin", 1) <= MAX_EXPIRE_AFTER_MINUTES:
        yield Problem(f"{path}.ExpireAfterMin", f"{policy['ExpireAfterMin']} is not in 1 to {MAX_EXPIRE_AFTER_MINUTES}")


def _check_cache(step_type: str, config: Mapping[str, Any], path: str) -> Iterator[Problem]:
    if step_type not in CACHEABLE:
        yield Problem(path, f"{step_type} steps cannot be cached")
    if not isinstance(config.get("Enabled"), bool):
        yield Problem(f"{path}.Enabled", "wants true or false")
    elif config["Enabled"] and not ISO_DURATION.fullmatch(str(config.get("ExpireAfter", ""))):
        yield Problem(f"{path}.ExpireAfter", f"{config.get('ExpireAfter')!r} is not an ISO 8601 duration such as P30D")


def _check_property_files(step: StepEntry, outputs: set[str]) -> Iterator[Problem]:
    seen: set[str] = set()
    for file in step.step.get("PropertyFiles", []):
        name, output = str(file.get("PropertyFileName")), file.get("OutputName")
        path = f"{step.path}.PropertyFiles.{name}"
        if step.type != "Processing":
            yield Problem(path, f"a {step.type} step has no property files")
        elif output not in outputs:
            yield Problem(
                path, f"lies in output {output!r}, which the step does not have: {', '.join(sorted(outputs))}"
            )
        if not file.get("FilePath"):
            yield Problem(path, "FilePath is missing")
        if name in seen:
            yield Problem(path, "is declared twice")
        seen.add(name)
