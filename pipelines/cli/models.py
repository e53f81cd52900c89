"""`scones models`: the registered versions."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from pipelines.cli.options import (
    EndpointOption,
    GroupOption,
    JsonOption,
    TargetChoice,
    TargetOption,
    VersionArgument,
    connect,
)
from pipelines.names import ENDPOINT_NAME, MODEL_PACKAGE_GROUP_NAME

if TYPE_CHECKING:
    from pipelines.registry import ModelVersion
    from pipelines.version_comparison import VersionComparison

models = typer.Typer(invoke_without_command=True, rich_markup_mode=None)


@models.callback()
def list_models(
    context: typer.Context,
    group: GroupOption = MODEL_PACKAGE_GROUP_NAME,
    endpoint: EndpointOption = ENDPOINT_NAME,
    target: TargetOption = TargetChoice.local,
    as_json: JsonOption = False,
) -> None:
    """List the registered versions, newest first: who decided on them, and which serves."""
    if context.invoked_subcommand is None:
        _list(group, endpoint, target, as_json)


@models.command()
def compare(
    first: VersionArgument,
    second: VersionArgument,
    group: GroupOption = MODEL_PACKAGE_GROUP_NAME,
    target: TargetOption = TargetChoice.local,
    as_json: JsonOption = False,
) -> None:
    """Compare two versions on the test images that both were judged by."""
    from pipelines.cli.screen import print_json
    from pipelines.registry import find_in_group
    from pipelines.version_comparison import compare_versions

    place = connect(target)
    one, other = (find_in_group(place.client("sagemaker"), group, version) for version in (first, second))
    found = compare_versions(place.client("s3"), one, other)
    if as_json:
        print_json(asdict(found))
    else:
        _show(found)


def _show(found: VersionComparison) -> None:
    from pipelines.cli.screen import console, facts

    low, high = found.interval
    about = facts(f"Version {found.second} beside version {found.first}")
    about.add_row("Images", f"{found.images} that both have seen")
    about.add_row(f"Accuracy of {found.first}", f"{found.first_accuracy:.3f}")
    about.add_row(f"Accuracy of {found.second}", f"{found.second_accuracy:.3f}")
    about.add_row("Difference", f"{found.difference:+.3f}, between {low:+.3f} and {high:+.3f} (95 %, Newcombe)")
    about.add_row(
        "Right alone", f"{found.first}: {found.only_first_right} images, {found.second}: {found.only_second_right}"
    )
    about.add_row("By chance", f"p = {found.p_value:.3g} (McNemar, exact, two-sided)")
    console().print(about)


def _list(group: str, endpoint: str, target: TargetChoice, as_json: bool) -> None:
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
    rows = table("Version>", "Approval", "Accuracy>", "Dataset", "Registered", "Why", "Decided", "Serves")
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
        escape(version.metadata.get("training_reason", "")),
        escape(decided),
        serves,
    )
