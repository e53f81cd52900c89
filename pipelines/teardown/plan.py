"""Everything that the project made on a target, in the order in which it can go."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass

from pipelines import names
from pipelines.dataset import ARCHIVE_NAME
from pipelines.session import Target
from pipelines.teardown.item import Item
from pipelines.teardown.missing import Sleep
from pipelines.teardown.scope import Scope, made_in, registered_in
from pipelines.teardown.stacks import own_stacks
from pipelines.teardown.storage import objects, retained_buckets, whole_bucket
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
    they served, pipelines and logs, the registry, and objects at last.
    """
    scope = Scope(
        endpoint=names.ENDPOINT_NAME,
        group=names.MODEL_PACKAGE_GROUP_NAME,
        pipelines=PIPELINES,
        build_project=names.BUILD_PROJECT_NAME,
        kept=f"s3://{target.bucket}/{PREFIX}",
    )
    return [
        *own_stacks(target.client("cloudformation"), stack_names(), (f"{names.MONITOR_STACK_NAME}-",), sleep),
        *made_in(target, scope, sleep),
        *registered_in(target, scope),
        *(_stored(target, choice) if choice.data else ()),
    ]


def stack_names() -> tuple[str, ...]:
    """The project's stacks, those that start things first."""
    from pipelines.deployment.stack import STACK_NAME as DEPLOYMENT_STACK_NAME

    starting = (names.RETRAINING_STACK_NAME, names.MONITOR_STACK_NAME, DEPLOYMENT_STACK_NAME)
    return (*starting, names.WORKFLOW_STACK_NAME)


def _stored(target: Target, choice: Choice) -> Iterator[Item]:
    s3, bucket = target.client("s3"), target.bucket
    yield from objects(s3, bucket, (PREFIX, *DEFINITIONS))
    yield from objects(s3, bucket, (ARCHIVES,), ARCHIVE_KEY)
    if not choice.buckets:
        return
    for name in retained_buckets(s3, names.WORKFLOW_STACK_NAME, IMAGE_BUCKET):
        yield whole_bucket(s3, name)
