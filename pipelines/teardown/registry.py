"""The model package group, with its versions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from pipelines.teardown.item import Item
from pipelines.teardown.missing import is_missing, unless_missing


def package_group(sagemaker: Any, group: str) -> Iterator[Item]:
    """The group, if it is there. Its versions go first: a group that holds any cannot be deleted."""
    try:
        sagemaker.describe_model_package_group(ModelPackageGroupName=group)
    except ClientError as error:
        if not is_missing(error):
            raise
        return

    def delete() -> None:
        for arn in _versions(sagemaker, group):
            unless_missing(lambda arn=arn: sagemaker.delete_model_package(ModelPackageName=arn))  # type: ignore[misc]
        unless_missing(lambda: sagemaker.delete_model_package_group(ModelPackageGroupName=group))

    yield Item("model package group", group, delete, f"versions: {len(_versions(sagemaker, group))}")


def _versions(sagemaker: Any, group: str) -> list[str]:
    pages = sagemaker.get_paginator("list_model_packages").paginate(ModelPackageGroupName=group)
    return [one["ModelPackageArn"] for page in pages for one in page["ModelPackageSummaryList"]]
