"""`scones review`: what an approver looks at before deciding."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli.options import GroupOption, JsonOption, TargetChoice, TargetOption, VersionArgument, connect
from pipelines.names import MODEL_PACKAGE_GROUP_NAME

if TYPE_CHECKING:
    from pipelines.registry import ModelVersion


def review(
    version: VersionArgument,
    output: Annotated[Path, typer.Option(help="Folder for the report.")] = Path("build/review"),
    browser: Annotated[bool, typer.Option("--open/--no-open", help="Open the report in the browser.")] = True,
    group: GroupOption = MODEL_PACKAGE_GROUP_NAME,
    target: TargetOption = TargetChoice.local,
    as_json: JsonOption = False,
) -> None:
    """Show a version's evidence: a summary here, and its report in the browser."""
    from pipelines.cli.screen import print_json
    from pipelines.evidence import fetch_report
    from pipelines.registry import find_in_group

    place = connect(target)
    found = find_in_group(place.client("sagemaker"), group, version)
    if as_json:
        print_json(asdict(found))
    else:
        _show(found)
    report = fetch_report(place.client("s3"), found, output)
    if as_json:
        return
    print(f"Report: {report}")
    if found.approval_status == "PendingManualApproval":
        print(f'Decide with: scones approve {found.version} --reason "…", or reject')
    if browser:
        _open(report)


def _show(version: ModelVersion) -> None:
    from rich.markup import escape

    from pipelines.cli.screen import console, facts, moment, styled

    about = facts(f"Version {version.version}")
    about.add_row("Approval", styled(version.approval_status))
    if version.reason:
        about.add_row("Reason", escape(version.reason))
    about.add_row("Registered", moment(version.created))
    about.add_row("Package", f"{version.arn} ({version.status})")
    for name, value in sorted(version.metadata.items()):
        about.add_row(name.replace("_", " "), escape(value))
    console().print(about)


def _open(report: Path) -> None:
    import sys
    import webbrowser

    if sys.stdout.isatty():
        webbrowser.open(report.resolve().as_uri())
