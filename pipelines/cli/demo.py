"""`scones demo`: the whole loop on this machine, from an archive to a registered model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.cli.options import DatasetChoice, DatasetOption

if TYPE_CHECKING:
    from pipelines.local_server import LocalServer
    from pipelines.session import Target
    from pipelines.submission import ExecutionStatus

SOURCES = {
    "archive": "the CIFAR-100 archive at hand",
    "download": "CIFAR-100, downloaded",
    "generated": "a generated sample of drawn vehicles (no archive at hand, none could be downloaded)",
}


def demo(
    dataset: DatasetOption = DatasetChoice.auto,
    output: Annotated[Path, typer.Option(help="Folder for summary, plots and state.")] = Path("build/demo"),
    param: Annotated[list[str] | None, typer.Option(help="NAME=VALUE of a pipeline parameter.")] = None,
) -> None:
    """Run the whole loop on this machine: archive, pipeline, gate, registry. Ctrl-C stops everything.

    Exit codes: 0 the model is registered, 3 the gate rejected it, 1 anything else.
    """
    from pipelines import local_server
    from pipelines.cli.run import INTERRUPTED, read_parameters

    values = read_parameters(param or [])
    _clear(output)
    print("Starting a local AWS of its own.", flush=True)
    server = local_server.start(output / "aws")
    try:
        _run_loop(server, output, dataset, values)
    except KeyboardInterrupt:
        print("\nInterrupted: everything that the demo started is stopped.")
        raise typer.Exit(INTERRUPTED) from None
    finally:
        local_server.stop(server)


def _run_loop(server: LocalServer, output: Path, dataset: DatasetChoice, values: dict[str, str]) -> None:
    from pipelines.cli.follow import follow
    from pipelines.cli.run import register_and_start, stage
    from pipelines.cli.server import prepare_account
    from pipelines.session import open_target

    prepare_account(server)
    target = open_target("local", endpoint_url=server.url, environ={})
    found, uri = stage(target, dataset)
    print(f"Data: {SOURCES[found.source]}.", flush=True)
    print("Compiling and registering the pipeline (the SageMaker SDK takes some seconds to load).", flush=True)
    arn = register_and_start(target, {"InputDataUri": uri, **values})
    print(f"Started {arn}", flush=True)
    _finish(target, follow(target, arn), found.source, output)


def _finish(target: Target, execution: ExecutionStatus, source: str, output: Path) -> None:
    """Write down what happened, show it, and end with the exit code that says it."""
    import sys

    from pipelines.cli.run import REJECTED
    from pipelines.demo import fetch_evaluation, summarise, write_summary
    from pipelines.executions import failure, rejection

    refused = rejection(execution)
    if execution.status != "Succeeded" and not refused:
        print(f"scones: {failure(execution)}", file=sys.stderr)
        raise typer.Exit(1)
    files = fetch_evaluation(target, execution, output / "evaluation")
    summary = summarise(target, execution, source)
    write_summary(summary, output / "summary.json")
    _show(summary, output, [file for file in files if file.suffix == ".png"])
    if refused:
        print(f"scones: {refused}", file=sys.stderr)
        raise typer.Exit(REJECTED)


def _show(summary: dict[str, Any], output: Path, plots: list[Path]) -> None:
    from pipelines.cli.screen import console, duration, facts, styled

    data, pipeline, model = summary["dataset"], summary["pipeline"], summary["model"]
    registered = model["package_arn"] is not None
    rows = facts("From archive to registered model" if registered else "From archive to the gate, and no further")
    rows.add_row("Data", SOURCES[data["source"]])
    rows.add_row("Images", ", ".join(f"{data[split]} {split}" for split in ("train", "validation", "test")))
    rows.add_row("Archive", f"SHA-256 {data['sha256']}")
    rows.add_row("Pipeline", f"{styled(pipeline['status'])} in {duration(pipeline['seconds'])}")
    rows.add_row("Accuracy", f"{model['accuracy']:.3f} on the test images; the bar is {model['threshold']:g}")
    if registered:
        rows.add_row("Model", model["package_arn"])
        rows.add_row("Approval", styled(model["approval_status"]))
    else:
        rows.add_row("Model", "not registered: the gate rejected it")
    rows.add_row("Plots", str(plots[0].parent) if plots else "none")
    rows.add_row("Summary", str(output / "summary.json"))
    screen = console()
    screen.print()
    screen.print(rows)
    print(f"\nLook around in what it left: scones up --state {output / 'aws'}")


def _clear(output: Path) -> None:
    """Every demo begins from nothing, so that it shows the loop and not a cache. Only what a demo wrote goes."""
    import shutil
    from contextlib import suppress

    from pipelines import local_server

    with suppress(local_server.LocalServerNotRunning):
        local_server.stop(local_server.find(output / "aws"))
    for folder in (output / "aws", output / "evaluation"):
        shutil.rmtree(folder, ignore_errors=True)
    (output / "summary.json").unlink(missing_ok=True)
