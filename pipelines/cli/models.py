"""`scones models`: the registered versions."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from pipelines.cli.options import EndpointOption, GroupOption, JsonOption, TargetChoice, TargetOption, connect
from pipelines.names import ENDPOINT_NAME, MODEL_PACKAGE_GROUP_NAME

if TYPE_CHECKING:
    from pipelines.registry import ModelVersion


def models(
    group: GroupOption = MODEL_PACKAGE_GROUP_NAME,
    endpoint: EndpointOption = ENDPOINT_NAME,
    target: TargetOption = TargetChoice.local,
    as_json: JsonOption = False,
) -> None:
    """List the registered versions, newest first: who decided on them, and which serves."""
    from pipelines.cli.screen import console, print_json, table
    from pipelines.live_endpoint import serving_package
    from pipelines.registry import ModelPackageGroupMissing, list_versions

    sagemaker = connect(target).client("sagemaker")
    try:
        versions = list_versions(sagemaker, group)
    except ModelPackageGroupMissing as error:
        if not as_json:
            print(f"{error}.")
            return
        versions = []
    serving = serving_package(sagemaker, endpoint) if versions else None
    if as_json:
        print_json([{**asdict(version), "serves": version.arn == serving} for version in versions])
        return
    rows = table("Version>", "Approval", "Accuracy>", "Dataset", "Registered", "Decided", "Serves")
    for version in versions:
        rows.add_row(*_row(version, endpoint if version.arn == serving else ""))
    console().print(rows)


def _row(version: ModelVersion, serves: str) -> tuple[str, ...]:
    from rich.markup import escape

    from pipelines.cli.screen import moment, styled
    from pipelines.decisions import DECIDED_AT, DECIDED_BY

    accuracy = "" if version.accuracy is None else f"{version.accuracy:.3f}"
    decided = " ".join(version.metadata.get(name, "") for name in (DECIDED_AT, DECIDED_BY)).strip()
    return (
        str(version.version),
        styled(version.approval_status),
        accuracy,
        version.metadata.get("dataset_source", ""),
        moment(version.created),
        escape(decided),
        serves,
    )
