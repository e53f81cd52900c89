"""What pipelines, deployments and monitor have made in one project's names, in the order in which it can go."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from pipelines.session import Target
from pipelines.teardown.executions import registered_pipelines, running_executions
from pipelines.teardown.item import Item
from pipelines.teardown.missing import Sleep
from pipelines.teardown.monitoring import job_definitions, schedules
from pipelines.teardown.registry import package_group
from pipelines.teardown.serving import alarms, configurations_and_models, endpoints, own_endpoints, scaling_targets
from pipelines.teardown.storage import log_groups


@dataclass(frozen=True)
class Scope:
    """One project's names; `kept` is the S3 URI that all it keeps begins with."""

    endpoint: str
    group: str
    pipelines: tuple[str, ...]
    build_project: str
    kept: str


def made_in(target: Target, scope: Scope, sleep: Sleep = time.sleep) -> Iterator[Item]:
    """Executions, then what hangs on endpoints, then these, what they served, pipelines and logs; asks and changes
    nothing. The group is apart, `registered_in`."""
    sagemaker = target.client("sagemaker")
    found = own_endpoints(sagemaker, scope.endpoint, scope.group)
    # what hangs on the project's own endpoint may be left where the endpoint is gone
    watched = sorted({scope.endpoint, *found})
    yield from running_executions(sagemaker, scope.pipelines, sleep)
    for name in watched:
        yield from schedules(sagemaker, name, sleep)
    for name in watched:
        yield from job_definitions(sagemaker, name, scope.group)
    yield from scaling_targets(target.client("application-autoscaling"), watched)
    yield from endpoints(sagemaker, found, sleep)
    yield from alarms(target.client("cloudwatch"), watched)
    yield from configurations_and_models(sagemaker, scope.group, scope.kept)
    yield from registered_pipelines(sagemaker, scope.pipelines)
    yield from log_groups(target.client("logs"), _log_groups(scope, watched))


def registered_in(target: Target, scope: Scope) -> Iterator[Item]:
    """The project's model package group."""
    yield from package_group(target.client("sagemaker"), scope.group)


def _log_groups(scope: Scope, endpoint_names: list[str]) -> list[str]:
    """Those that services make for what has its own: endpoints, and the build project. Functions' go with stacks."""
    return [
        *(f"/aws/sagemaker/Endpoints/{name}" for name in endpoint_names),
        f"/aws/codebuild/{scope.build_project}",
    ]
