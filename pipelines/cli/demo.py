"""`scones demo`: the whole loop on this machine, from an archive to a live endpoint."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.cli.options import DatasetChoice, DatasetOption
from pipelines.names import ENDPOINT_NAME, PIPELINE_NAME, WORKFLOW_STACK_NAME

if TYPE_CHECKING:
    from pipelines.local_server import LocalServer
    from pipelines.session import Target
    from pipelines.submission import ExecutionStatus

SOURCES = {
    "archive": "the CIFAR-100 archive at hand",
    "download": "CIFAR-100, downloaded",
    "generated": "a generated sample of drawn vehicles (no archive at hand, none could be downloaded)",
}
REASON = "approved by the demo, without looking"
ASKED_IMAGES = 100
CLASSIFIED_IMAGES = 50


def demo(
    dataset: DatasetOption = DatasetChoice.auto,
    output: Annotated[Path, typer.Option(help="Folder for summary, plots and state.")] = Path("build/demo"),
    param: Annotated[list[str] | None, typer.Option(help="NAME=VALUE of a pipeline parameter.")] = None,
) -> None:
    """Run the whole loop on this machine: archive, pipeline, gate, registry, endpoint, workflow, monitor,
    retraining.

    Ctrl-C stops everything.

    Exit codes: 0 the model serves, 3 the gate rejected it, 1 anything else.
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
    import sys

    from pipelines.cli import demo_retraining
    from pipelines.cli.follow import follow
    from pipelines.cli.run import REJECTED, make_ready_to_deploy, register_and_start, stage
    from pipelines.cli.server import prepare_account
    from pipelines.demo import fetch_output, package_of, summarise, write_summary
    from pipelines.executions import rejection
    from pipelines.session import open_target

    prepare_account(server)
    target = open_target("local", endpoint_url=server.url, environ={})
    found, uri = stage(target, dataset)
    print(f"Data: {SOURCES[found.source]}.", flush=True)
    print("Compiling and registering the pipelines (the SageMaker SDK takes some seconds to load).", flush=True)
    make_ready_to_deploy(target)
    arn = register_and_start(target, PIPELINE_NAME, {"InputDataUri": uri, **values})
    print(f"Started {arn}", flush=True)
    trained = follow(target, arn)
    refused = rejection(trained)
    if not refused:
        _require_success(trained)
    plots = fetch_output(target, trained, "EvaluateModel", "evaluation", output / "evaluation")
    package = package_of(trained)
    approval = _approve(target, package) if package else None
    summary = {**summarise(target, trained, found.source), "approval": approval}
    if package:
        pictures = fetch_output(target, trained, "ExtractCifar", "test", output / "test_images", most=ASKED_IMAGES)
        summary["endpoint"] = _ask(target, pictures)
        retraining = demo_retraining.prepare(target)
        summary["monitor"] = _watch(target, trained, output)
        # an alarm looks at whole minutes: there is time for something else until it goes off
        summary["workflow"] = _classify(target, pictures[:CLASSIFIED_IMAGES])
        summary["retraining"] = demo_retraining.follow_the_loop(target, retraining)
    write_summary(summary, output / "summary.json")
    _show(summary, output, [file for file in plots if file.suffix == ".png"])
    if refused:
        print(f"scones: {refused}", file=sys.stderr)
        raise typer.Exit(REJECTED)


def _require_success(execution: ExecutionStatus) -> None:
    import sys

    from pipelines.executions import failure

    if execution.status != "Succeeded":
        print(f"scones: {failure(execution)}", file=sys.stderr)
        raise typer.Exit(1)


def _approve(target: Target, package: str) -> dict[str, Any]:
    """Approve the version, as a person would, and follow the deployment that this starts; the summary's part."""
    import sys
    from datetime import datetime, timezone

    from pipelines.cli.decide import wait_for_deployment
    from pipelines.cli.follow import follow
    from pipelines.decisions import APPROVED, Decision, decide
    from pipelines.identity import caller
    from pipelines.registry import describe_version

    sagemaker = target.client("sagemaker")
    decision = Decision(APPROVED, REASON, caller(target.client("sts")), datetime.now(timezone.utc))
    decide(sagemaker, describe_version(sagemaker, package), decision)
    print("Approved; its event starts the deployment.", flush=True)
    arn = wait_for_deployment(target, package, decision)
    if arn is None:
        print("scones: the approval's event has started no deployment", file=sys.stderr)
        raise typer.Exit(1)
    print(f"Deploying to {ENDPOINT_NAME}: {arn}", flush=True)
    _require_success(follow(target, arn))
    return {"package_arn": package, "reason": REASON, "deployed_by_event": True}


def _ask(target: Target, pictures: list[Path]) -> dict[str, Any]:
    """Send test images to the endpoint; its part of the summary."""
    import sys

    from pipelines.cli.screen import counting_bar
    from pipelines.demo import summarise_endpoint
    from pipelines.live_endpoint import describe_endpoint
    from pipelines.pictures import classify_all
    from pipelines.registry import classes_of

    sagemaker, runtime = target.client("sagemaker"), target.client("sagemaker-runtime")
    classes = classes_of(sagemaker, describe_endpoint(sagemaker, ENDPOINT_NAME).package_arn)
    with counting_bar("Asking the endpoint") as show:
        # one at a time: the latency is what a single caller sees
        answers = list(classify_all(runtime, ENDPOINT_NAME, pictures, classes, show, at_a_time=1))
    problems = [f"{answer.path}: {answer.problem}" for answer in answers if answer.problem]
    if problems:
        print(f"scones: {len(problems)} of {len(answers)} pictures were refused; {problems[0]}", file=sys.stderr)
        raise typer.Exit(1)
    return summarise_endpoint(target, ENDPOINT_NAME, answers)


def _classify(target: Target, pictures: list[Path]) -> dict[str, Any]:
    """Deploy the workflow, and put test images through it; its part of the summary."""
    from pipelines.cli.screen import counting_bar, following
    from pipelines.demo import summarise_workflow
    from pipelines.workflow.classification import classify_all, find
    from pipelines.workflow.stack import deploy_workflow, find_workflow

    print("Deploying the inference workflow.", flush=True)
    with following("Deploying the inference workflow") as watch:
        deploy_workflow(target, WORKFLOW_STACK_NAME, {"EndpointName": ENDPOINT_NAME}, {}, watch=watch)
    workflow = find_workflow(target, WORKFLOW_STACK_NAME)
    found = find(target.client("s3"), [str(picture) for picture in pictures])
    with counting_bar("Classifying") as show:
        # one at a time: the latency is that of an execution alone
        outcomes = list(classify_all(target.client, workflow, found, on_outcome=show, at_a_time=1))
    return summarise_workflow(outcomes)


def _watch(target: Target, trained: ExecutionStatus, output: Path) -> dict[str, Any]:
    """Watch the endpoint, and change its traffic to pictures that are labelled after that; the summary's part."""
    from pipelines.cli import demo_monitor, demo_retraining
    from pipelines.demo import fetch_output
    from pipelines.names import CLASSES
    from processing.image_list import read_image_list

    # of training images: what is labelled and learned from must not be what models are judged by
    pictures = fetch_output(target, trained, "ExtractCifar", "train", output / "train_images", most=ASKED_IMAGES)
    (listed,) = fetch_output(target, trained, "ExtractCifar", "train_lst", output / "train_images_lst")
    labels = {image.file_name: CLASSES[image.label] for image in read_image_list(listed)}
    watched = demo_monitor.watch_the_endpoint(
        target, pictures, output, lambda sent: demo_retraining.label(target, sent, labels.__getitem__)
    )
    return demo_monitor.summarise(watched)


def _show(summary: dict[str, Any], output: Path, plots: list[Path]) -> None:
    from pipelines.cli.demo_monitor import in_words as monitor_in_words
    from pipelines.cli.demo_retraining import in_words as retraining_in_words
    from pipelines.cli.screen import console, duration, facts, styled

    data, pipeline, model, endpoint = (summary[part] for part in ("dataset", "pipeline", "model", "endpoint"))
    workflow = summary["workflow"]
    rows = facts("From archive to drift, and back" if endpoint else "From archive to the gate, and no further")
    rows.add_row("Data", SOURCES[data["source"]])
    rows.add_row("Images", ", ".join(f"{data[split]} {split}" for split in ("train", "validation", "test")))
    rows.add_row("Archive", f"SHA-256 {data['sha256']}")
    rows.add_row("Pipeline", f"{styled(pipeline['status'])} in {duration(pipeline['seconds'])}")
    rows.add_row("Accuracy", f"{model['accuracy']:.3f} on the test images; the bar is {model['threshold']:g}")
    if endpoint:
        rows.add_row("Model", model["package_arn"])
        rows.add_row("Approval", styled(model["approval_status"]))
        rows.add_row("Endpoint", f"{endpoint['name']} is {styled(endpoint['status'])}")
        rows.add_row("Latency", f"p50 {endpoint['p50_ms']:.1f} ms, p99 {endpoint['p99_ms']:.1f} ms")
        rows.add_row("Workflow", _workflow_in_words(workflow))
        rows.add_row("Monitor", monitor_in_words(summary["monitor"]))
        rows.add_row("Report", summary["monitor"]["report"])
        rows.add_row("Retraining", retraining_in_words(summary["retraining"]))
    else:
        rows.add_row("Model", "not registered: the gate rejected it")
    rows.add_row("Plots", str(plots[0].parent) if plots else "none")
    rows.add_row("Summary", str(output / "summary.json"))
    screen = console()
    screen.print()
    screen.print(rows)
    print(f"\nLook around in what it left: scones up --state {output / 'aws'}")


def _workflow_in_words(workflow: dict[str, Any]) -> str:
    ends = f"{workflow['succeeded']} assigned, {workflow['low_confidence']} for a human, {workflow['failed']} failed"
    return f"{workflow['executions']} executions: {ends}; p50 {workflow['p50_ms']:.1f} ms"


def _clear(output: Path) -> None:
    """Every demo begins from nothing, so that it shows the loop and not a cache. Only what a demo wrote goes."""
    import shutil
    from contextlib import suppress

    from pipelines import local_server

    with suppress(local_server.LocalServerNotRunning):
        local_server.stop(local_server.find(output / "aws"))
    for folder in (
        "aws",
        "evaluation",
        "test_images",
        "train_images",
        "train_images_lst",
        "drifted_pictures",
        "monitor",
    ):
        shutil.rmtree(output / folder, ignore_errors=True)
    (output / "summary.json").unlink(missing_ok=True)
