"""`scones console`: the pages of the local AWS, in a browser."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Annotated

import typer

from pipelines.cli.options import JsonOption, TargetChoice, TargetOption, connect

PATH = "/_console/"
# any of these says that a window can be opened, where the system has no windows of its own
DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")


def console(
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open a browser, where there is one.")] = True,
    target: TargetOption = TargetChoice.local,
    as_json: JsonOption = False,
) -> None:
    """Open the console of the local AWS: executions, the registry with approve and reject, endpoints, workflows."""
    import os

    from pipelines.cli.screen import print_json

    if target is TargetChoice.aws:
        print(f"scones: the console is the local AWS's own; on AWS open {aws_console(os.environ)}", file=sys.stderr)
        raise typer.Exit(2)
    address = f"{connect(target).endpoint_url}{PATH}"
    opened = browser and has_display(sys.platform, os.environ) and _open(address)
    if as_json:
        print_json({"url": address, "opened": opened})
    else:
        print(f"The console is at {address}" + (" (opened in the browser)." if opened else "."))


def aws_console(environ: Mapping[str, str]) -> str:
    """The address of SageMaker in the console of AWS, in the region that the environment names."""
    region = environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or "us-east-1"
    return f"https://{region}.console.aws.amazon.com/sagemaker/home?region={region}"


def has_display(platform: str, environ: Mapping[str, str]) -> bool:
    """Whether a browser would have a window: without one, what is installed may take over the terminal."""
    return platform in ("darwin", "win32", "cygwin") or any(environ.get(name) for name in DISPLAYS)


def _open(address: str) -> bool:
    import webbrowser

    return webbrowser.open(address)
