"""`scones doctor`: whether this machine, and for AWS the project and the account, have what is needed."""

from __future__ import annotations

from collections.abc import Iterator

import typer

from pipelines.cli.options import JsonOption, TargetChoice, TargetOption
from pipelines.readiness.finding import Finding

NEEDED_BYTES = 2 << 30
WORDS = {True: "well", False: "wrong", None: "not checked"}
MARKS = {True: "[green]well[/green]", False: "[red]wrong[/red]", None: "[yellow]not checked[/yellow]"}


def doctor(target: TargetOption = TargetChoice.local, as_json: JsonOption = False) -> None:
    """Check Python, the pinned packages, disk space, and the target. Exit code 1 if something is wrong.

    For aws: templates, policies, API calls, definitions, limits and quotas, most of it without AWS and without
    credentials. What could not be checked is told as such; it is neither a pass nor a failure.
    """
    from dataclasses import asdict

    from pipelines.cli.screen import print_json

    findings = list(_checks(target))
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        _show(findings)
    if any(finding.well is False for finding in findings):
        raise typer.Exit(1)


def _checks(target: TargetChoice) -> Iterator[Finding]:
    yield from (_python(), *_packages(), _disk())
    if target is TargetChoice.local:
        yield from _local()
        return
    from pipelines.cli.compile import spinner
    from pipelines.readiness.checks import check_readiness
    from pipelines.source_code import PROJECT_ROOT

    with spinner("Checking templates, policies, calls and definitions: half a minute"):
        yield from check_readiness(PROJECT_ROOT)


def _show(findings: list[Finding]) -> None:
    from rich.markup import escape

    from pipelines.cli.screen import console, table

    rows = table("Check", "", "Found", "What to do")
    for finding in findings:
        rows.add_row(escape(finding.check), MARKS[finding.well], escape(finding.found), escape(finding.remedy))
    screen = console()
    screen.print(rows)
    counts = {word: sum(finding.well is well for finding in findings) for well, word in WORDS.items()}
    screen.print(", ".join(f"{count} {word}" for word, count in counts.items() if count))


def _python() -> Finding:
    import platform
    import sys

    well = sys.version_info >= (3, 10)
    return Finding("Python", well, platform.python_version(), "" if well else "install Python 3.10 or newer")


def _packages() -> Iterator[Finding]:
    """Every pin of the requirement files against what is installed."""
    from importlib.metadata import PackageNotFoundError, version

    from packaging.requirements import Requirement

    from pipelines.source_code import PROJECT_ROOT

    names = ("requirements.txt", "requirements-torch.txt")
    lines = [line.split("#")[0].strip() for name in names for line in (PROJECT_ROOT / name).read_text().splitlines()]
    wrong = []
    pins = [Requirement(line) for line in lines if line]
    for pin in pins:
        if pin.marker and not pin.marker.evaluate():
            continue
        try:
            installed = version(pin.name)
        except PackageNotFoundError:
            wrong.append(f"{pin.name} missing")
            continue
        if not pin.specifier.contains(installed, prereleases=True):
            wrong.append(f"{pin.name} {installed}, pinned {pin.specifier}")
    found = "; ".join(wrong) if wrong else f"{len(pins)} pins, all as pinned"
    yield Finding("Packages", not wrong, found, "run `make setup`" if wrong else "")


def _disk() -> Finding:
    import shutil

    free = shutil.disk_usage(".").free
    well = free >= NEEDED_BYTES
    return Finding("Disk", well, f"{free / (1 << 30):.0f} GB free", "" if well else "free at least 2 GB")


def _local() -> Iterator[Finding]:
    from pipelines.cli.options import connect
    from pipelines.console import explain

    check = f"Target {TargetChoice.local.value}"
    try:
        place = connect(TargetChoice.local)
        account = place.client("sts").get_caller_identity()["Account"]
        place.client("s3").list_objects_v2(Bucket=place.bucket, MaxKeys=1)
        place.client("sagemaker").list_pipelines(MaxResults=1)
    except Exception as error:
        line = explain(error)
        if line is None:
            raise
        yield Finding(check, False, line, "" if "scones up" in line else "see the message")
        return
    yield Finding(check, True, f"account {account}, bucket {place.bucket}")
