"""`scones doctor`: whether this machine has what the project needs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass

import typer

from pipelines.cli.options import JsonOption, TargetChoice, TargetOption

NEEDED_BYTES = 2 << 30
TRAINING_CORES = 2


@dataclass(frozen=True)
class Finding:
    """One check: what it looked at, whether it is well, what was found, and what to do about it."""

    check: str
    well: bool
    found: str
    remedy: str = ""


def doctor(target: TargetOption = TargetChoice.local, as_json: JsonOption = False) -> None:
    """Check Python, the pinned packages, disk space, and the target. Exit code 1 if something is wrong."""
    from pipelines.cli.screen import console, print_json, table

    findings = [_python(), *_packages(), _disk(), *_target(target)]
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        rows = table("Check", "", "Found", "What to do")
        for finding in findings:
            mark = "[green]well[/green]" if finding.well else "[red]wrong[/red]"
            rows.add_row(finding.check, mark, finding.found, finding.remedy)
        console().print(rows)
    if not all(finding.well for finding in findings):
        raise typer.Exit(1)


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


def _target(target: TargetChoice) -> Iterator[Finding]:
    from pipelines.cli.options import connect
    from pipelines.console import explain

    try:
        place = connect(target)
        account = place.client("sts").get_caller_identity()["Account"]
        place.client("s3").list_objects_v2(Bucket=place.bucket, MaxKeys=1)
        place.client("sagemaker").list_pipelines(MaxResults=1)
    except Exception as error:
        line = explain(error)
        if line is None:
            raise
        yield Finding(f"Target {target.value}", False, line, "" if "scones up" in line else "see the message")
        return
    yield Finding(f"Target {target.value}", True, f"account {account}, bucket {place.bucket}")
