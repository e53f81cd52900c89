"""`scones models`: the registered versions."""

from __future__ import annotations

from dataclasses import asdict

from pipelines.cli.options import GroupOption, JsonOption, TargetChoice, TargetOption, connect
from pipelines.names import MODEL_PACKAGE_GROUP_NAME


def models(
    group: GroupOption = MODEL_PACKAGE_GROUP_NAME,
    target: TargetOption = TargetChoice.local,
    as_json: JsonOption = False,
) -> None:
    """List the registered versions, newest first."""
    from pipelines.cli.screen import console, moment, print_json, styled, table
    from pipelines.registry import ModelPackageGroupMissing, list_versions

    try:
        versions = list_versions(connect(target).client("sagemaker"), group)
    except ModelPackageGroupMissing as error:
        if not as_json:
            print(f"{error}.")
            return
        versions = []
    if as_json:
        print_json([asdict(version) for version in versions])
        return
    rows = table("Version>", "Approval", "Accuracy>", "Dataset", "Registered")
    for version in versions:
        accuracy = "" if version.accuracy is None else f"{version.accuracy:.3f}"
        source = version.metadata.get("dataset_source", "")
        approval = styled(version.approval_status)
        rows.add_row(str(version.version), approval, accuracy, source, moment(version.created))
    console().print(rows)
