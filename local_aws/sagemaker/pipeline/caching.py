"""Reuse of what an earlier execution of the same pipeline made with the same arguments.

Only the arguments that the developer guide lists for the step type decide ("Default cache key attributes by
pipeline step type"): the instance type, the role, the outputs' addresses and the job's name do not. As on the
service, whether the outputs still exist is not looked at.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from local_aws.sagemaker.pipeline.records import StepState
from local_aws.sagemaker.pipeline.steps.base import EVERY_ARGUMENT
from local_aws.sagemaker.pipeline.structure import CachePolicy


def cache_key(step_type: str, keys: Iterable[str], arguments: Mapping[str, Any]) -> str:
    """What two runs of a step must have in common: a hash over the type and the arguments that decide."""
    chosen = sorted(arguments if tuple(keys) == EVERY_ARGUMENT else keys)
    deciding = {key: value for key in chosen if (value := _at(arguments, key.split("."))) is not None}
    text = json.dumps([step_type, deciding], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def find_hit(
    name: str,
    key: str,
    policy: CachePolicy,
    now: datetime,
    earlier: Iterable[tuple[str, Mapping[str, StepState]]],
) -> tuple[str, StepState] | None:
    """The ARN of the execution to reuse and the step's state there; None where nothing fits.

    `earlier` are the pipeline's other executions, latest first, each with its ARN and steps. Only a step that
    really ran counts, so that its age is that of its outputs.
    """
    for arn, steps in earlier:
        state = steps.get(name)
        if state is None or state.status != "Succeeded" or state.cache_key != key or state.ended is None:
            continue
        if state.cached_from or state.reused_from:
            continue
        if policy.expire_after is None or now - state.ended <= policy.expire_after:
            return arn, state
    return None


def _at(arguments: Mapping[str, Any], path: list[str]) -> Any:
    """The argument at a path such as `Arguments.Environment`; None where there is none."""
    value: Any = arguments
    for member in path:
        value = value.get(member)
        if value is None:
            return None
    return value
