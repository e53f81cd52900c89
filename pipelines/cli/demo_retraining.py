"""The demo's end, which closes the loop: drift raises an alarm, a build starts, a new version waits for approval."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from pipelines.retraining.stack import RetrainingStack
    from pipelines.session import Target
    from pipelines.submission import ExecutionStatus

# from the metric's minute to the alarm, its event, the request and the build
BUILD_STARTS_WITHIN_SECONDS = 180.0
BUILD_ENDS_WITHIN_SECONDS = 900.0
POLL_SECONDS = 0.5
# nobody can say what a foreign picture is a picture of
LABELLED = ("dark", "blurred")
ARN_VARIABLE, TRIGGER_VARIABLE = "PIPELINE_EXECUTION_ARN", "RETRAINING_TRIGGER"


def prepare(target: Target) -> RetrainingStack:
    """The build project, and the rules that start it."""
    from pipelines.retraining.stack import ensure_retraining_stack

    print("Deploying the retraining: the build of this tree, and what starts it.", flush=True)
    return ensure_retraining_stack(target)


def label(target: Target, pictures: Sequence[Path], label_of: Callable[[str], str]) -> None:
    """Put the dark and the blurred pictures where a retraining finds them, as a person would who has looked at them.

    `label_of` says what is on a picture, by its file name.
    """
    from pipelines.retraining.places import NEW_IMAGES_PREFIX

    s3, count = target.client("s3"), 0
    for file in pictures:
        kind = file.parent.name
        if kind in LABELLED:
            key = f"{NEW_IMAGES_PREFIX}/{label_of(file.name)}/{kind}-{file.name}"
            s3.upload_file(str(file), target.bucket, key, ExtraArgs={"ContentType": "image/png"})
            count += 1
    print(f"Labelled {count} of the pictures, for the next training.", flush=True)


def follow_the_loop(target: Target, stack: RetrainingStack) -> dict[str, Any]:
    """Wait for the build that the alarm starts, and for the execution that the build starts; the summary's part."""
    from pipelines.cli.follow import follow
    from pipelines.demo import package_of

    build = _follow_build(target, _first_build(target, stack))
    told = {one["name"]: one["value"] for one in build.get("exportedEnvironmentVariables", [])}
    arn = told.get(ARN_VARIABLE, "")
    if build["buildStatus"] != "SUCCEEDED" or not arn:
        print(f"scones: the build is {build['buildStatus']} and started no training: {_why(build)}", file=sys.stderr)
        raise typer.Exit(1)
    print(f"The build started {arn}", flush=True)
    execution = follow(target, arn)
    _require_an_answer(execution)
    return {
        "trigger": _trigger(build),
        "build_status": build["buildStatus"],
        "execution_arn": arn,
        "status": execution.status,
        "package_arn": package_of(execution),
    }


def in_words(retraining: dict[str, Any]) -> str:
    """One line for the table."""
    package = retraining["package_arn"]
    end = f"version {package.rsplit('/', 1)[-1]} waits for approval" if package else "the gate rejected the new model"
    return f"{retraining['trigger']} started a build, which {retraining['build_status'].lower()}: {end}"


def _first_build(target: Target, stack: RetrainingStack) -> str:
    from pipelines.cli.screen import following

    codebuild = target.client("codebuild")
    deadline = time.monotonic() + BUILD_STARTS_WITHIN_SECONDS
    print("Waiting for the alarm.", flush=True)
    with following("Waiting for the alarm") as show:
        while not (ids := codebuild.list_builds_for_project(projectName=stack.build_project)["ids"]):
            if time.monotonic() > deadline:
                print(
                    f"scones: no build of {stack.build_project} within {BUILD_STARTS_WITHIN_SECONDS:.0f} s: "
                    "look at the alarms and at the function scones-request-retraining in `scones console`",
                    file=sys.stderr,
                )
                raise typer.Exit(1)
            show("not yet")
            time.sleep(POLL_SECONDS)
    return str(ids[0])


def _follow_build(target: Target, build_id: str) -> dict[str, Any]:
    from pipelines.cli.screen import following

    codebuild = target.client("codebuild")
    deadline = time.monotonic() + BUILD_ENDS_WITHIN_SECONDS
    print(f"Drift has started the build {build_id}.", flush=True)
    with following("Building") as show:
        while True:
            (build,) = codebuild.batch_get_builds(ids=[build_id])["builds"]
            if build["buildComplete"] or time.monotonic() > deadline:
                return dict(build)
            show(str(build.get("currentPhase", "SUBMITTED")).lower().replace("_", " "))
            time.sleep(POLL_SECONDS)


def _require_an_answer(execution: ExecutionStatus) -> None:
    """A model that the gate rejects is an answer."""
    from pipelines.executions import failure, rejection

    if execution.status != "Succeeded" and not rejection(execution):
        print(f"scones: {failure(execution)}", file=sys.stderr)
        raise typer.Exit(1)


def _trigger(build: dict[str, Any]) -> str:
    variables = {one["name"]: one["value"] for one in build["environment"]["environmentVariables"]}
    return str(variables.get(TRIGGER_VARIABLE, ""))


def _why(build: dict[str, Any]) -> str:
    contexts = [context for phase in build.get("phases", []) for context in phase.get("contexts", [])]
    messages = [context["message"] for context in contexts if context.get("message")]
    return messages[0] if messages else "no reason given"
