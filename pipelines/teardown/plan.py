"""Everything that the project made on a target, in the order in which it can go."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass

from pipelines import names
from pipelines.dataset import ARCHIVE_NAME
from pipelines.session import Target
from pipelines.teardown.executions import registered_pipelines, running_executions
from pipelines.teardown.item import Item
from pipelines.teardown.missing import Sleep
from pipelines.teardown.monitoring import job_definitions, schedules
from pipelines.teardown.registry import package_group
from pipelines.teardown.serving import alarms, configurations_and_models, endpoints, own_endpoints, scaling_targets
from pipelines.teardown.stacks import own_stacks
from pipelines.teardown.storage import log_groups, objects, retained_buckets, whole_bucket
from pipelines.training.pipeline import BASE_JOB_PREFIX

PIPELINES = (names.PIPELINE_NAME, names.DEPLOYMENT_PIPELINE_NAME)
# all that the pipelines, the monitor, the stacks and the workflow keep
PREFIX = f"{BASE_JOB_PREFIX}/"
# of pipelines/dataset.py, and of a definition that was too long for a request
ARCHIVES, ARCHIVE_KEY = "datasets/", rf"datasets/[0-9a-f]{{32}}/{re.escape(ARCHIVE_NAME)}"
DEFINITIONS = tuple(f"{name}/pipeline-definition.json" for name in PIPELINES)
IMAGE_BUCKET = "ImageBucket"


@dataclass(frozen=True)
class Choice:
    """What the operator wants gone: the objects, and the bucket of the workflow's pictures with all that is in it.

    The artifact bucket was there before the project (ARTIFACT_BUCKET names it), and stays.
    """

    data: bool = True
    buckets: bool = False


def find_all(target: Target, choice: Choice, sleep: Sleep = time.sleep) -> list[Item]:
    """What there is to remove; asks and changes nothing.

    What starts things goes first (stacks with their rules, executions), then what hangs on endpoints, then these, what
    they served, the registry, logs, and objects at last.
    """
    sagemaker = target.client("sagemaker")
    found = own_endpoints(sagemaker, names.ENDPOINT_NAME, names.MODEL_PACKAGE_GROUP_NAME)
    # what hangs on the project's own endpoint may be left where the endpoint is gone
    watched = sorted({names.ENDPOINT_NAME, *found})
    own = f"s3://{target.bucket}/{PREFIX}"
    return [
        *own_stacks(target.client("cloudformation"), stack_names(), (f"{names.MONITOR_STACK_NAME}-",), sleep),
        *running_executions(sagemaker, PIPELINES, sleep),
        *(item for name in watched for item in schedules(sagemaker, name, sleep)),
        *(item for name in watched for item in job_definitions(sagemaker, name, names.MODEL_PACKAGE_GROUP_NAME)),
        *scaling_targets(target.client("application-autoscaling"), watched),
        *endpoints(sagemaker, found, sleep),
        *alarms(target.client("cloudwatch"), watched),
        *configurations_and_models(sagemaker, names.MODEL_PACKAGE_GROUP_NAME, own),
        *registered_pipelines(sagemaker, PIPELINES),
        *package_group(sagemaker, names.MODEL_PACKAGE_GROUP_NAME),
        *log_groups(target.client("logs"), _log_groups(watched)),
        *(_stored(target, choice) if choice.data else ()),
    ]


def stack_names() -> tuple[str, ...]:
    """The project's stacks, those that start things first."""
    from pipelines.deployment.stack import STACK_NAME as DEPLOYMENT_STACK_NAME

    starting = (names.RETRAINING_STACK_NAME, names.MONITOR_STACK_NAME, DEPLOYMENT_STACK_NAME)
    return (*starting, names.WORKFLOW_STACK_NAME)


def _log_groups(endpoint_names: list[str]) -> list[str]:
    """Those that services make for what has its own: endpoints, and the build project. Functions' go with stacks."""
    return [
        *(f"/aws/sagemaker/Endpoints/{name}" for name in endpoint_names),
        f"/aws/codebuild/{names.BUILD_PROJECT_NAME}",
    ]


def _stored(target: Target, choice: Choice) -> Iterator[Item]:
    s3, bucket = target.client("s3"), target.bucket
    yield from objects(s3, bucket, (PREFIX, *DEFINITIONS))
    yield from objects(s3, bucket, (ARCHIVES,), ARCHIVE_KEY)
    if not choice.buckets:
        return
    for name in retained_buckets(s3, names.WORKFLOW_STACK_NAME, IMAGE_BUCKET):
        yield whole_bucket(s3, name)
