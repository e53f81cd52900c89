"""Finding model packages by what an address says."""

from __future__ import annotations

from collections.abc import Sequence

from local_aws.console.sources import Sources
from local_aws.console.view import PageMissing
from local_aws.sagemaker.errors import ServiceError
from local_aws.sagemaker.operations.model_packages import KIND, find_package
from local_aws.sagemaker.store import Record, RecordNotFound


def find_version(sources: Sources, group: str, number: int) -> Record:
    """Raises PageMissing."""
    try:
        return find_package(sources.context, f"{group}/{number}")
    except ServiceError as error:
        raise PageMissing(f"There is no version {number} of {group}.") from error


def packages_named(sources: Sources, names: Sequence[str]) -> list[Record]:
    """Those of these names, but for what has been deleted meanwhile."""
    found = []
    for name in names:
        try:
            found.append(sources.context.store.get(KIND, name))
        except RecordNotFound:
            continue
    return found


def package_of(arn: str) -> tuple[str, int] | None:
    """Group and number of a version's ARN; None for an unversioned package."""
    group, _, version = arn.partition(":model-package/")[2].partition("/")
    return (group, int(version)) if version.isdigit() else None
