"""What the starter notebook calls, once a cell: every call may be made again, and takes up what is there already."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from model_monitor.capture import Window, read_capture
from model_monitor.ensure import ensure_watched
from model_monitor.execution import Execution
from model_monitor.names import DATA_QUALITY
from model_monitor.on_demand import Waiting, run_now
from model_monitor.watched import watched_endpoint
from pipelines import local_server, pictures, registry
from pipelines.cli.decide import wait_for_deployment
from pipelines.cli.deploy import start_deployment
from pipelines.cli.follow import follow
from pipelines.cli.options import TargetChoice, connect
from pipelines.cli.run import find_champion, make_ready_to_deploy, register, start
from pipelines.cli.server import prepare_account
from pipelines.decisions import APPROVED, Decision, check_decidable, check_reason, decide, deployment_of
from pipelines.executions import failure, list_executions, rejection
from pipelines.identity import caller
from pipelines.live_endpoint import LiveEndpoint, describe_endpoint, serving_package
from pipelines.names import CLASSES, ENDPOINT_NAME, PIPELINE_NAME, WORKFLOW_STACK_NAME
from pipelines.retraining.reason import TRAINING_REASON
from pipelines.session import Target, TargetName
from pipelines.submission import ExecutionStatus, describe_execution
from pipelines.workflow import classification
from pipelines.workflow.stack import find_workflow
from processing.cifar_archive import read_archive
from processing.extract_cifar import resolve_classes

REASON = "started from the starter notebook"
# the commit, as a fact of the evaluation's job and in the version's metadata; the code itself goes by its digest
COMMIT = re.compile(r'(code_version(?:=|": *"))[^"]*')
CAPTURED_WITHIN = 600.0
POLL_SECONDS = {"local": 0.5, "aws": 10.0}


class ExecutionEndedBadly(RuntimeError):
    """A pipeline's execution failed, was stopped, or the gate rejected its model; the message says which and why."""


def open_place(target: TargetName) -> Target:
    """The target of that name. A local AWS is started if none runs: in SCONES_STATE, else `.scones` in this folder.

    Raises TargetNotConfigured, LocalServerFailed.
    """
    try:
        place = connect(TargetChoice(target))
    except local_server.LocalServerNotRunning:
        server = local_server.start(local_server.default_state())
        prepare_account(server)
        place = connect(TargetChoice(target))
    print(f"{place.name}: region {place.region}, bucket {place.bucket}, {place.endpoint_url or 'AWS itself'}")
    return place


def pictures_in(archive: Path, classes: Sequence[str] = CLASSES) -> dict[tuple[str, str], NDArray[np.uint8]]:
    """The pictures of the classes, (n, 32, 32, 3) uint8 RGB, by split (train, test) and class.

    Raises a ProcessingFailure for an archive that is not in CIFAR-100's format.
    """
    read = read_archive(archive)
    labels = dict(zip(classes, resolve_classes(classes, read.class_names), strict=True))
    splits = {"train": read.train, "test": read.test}
    return {
        (split, name): batch.images(np.flatnonzero(batch.fine_labels == label))
        for split, batch in splits.items()
        for name, label in labels.items()
    }


def train(place: Target, values: Mapping[str, str]) -> ExecutionStatus:
    """An execution of the training pipeline with these parameters, followed to its end.

    It is the newest one of this very definition and these values that goes on or has succeeded, else one that is
    started now, against the champion. Raises ExecutionEndedBadly, MalformedParameter, ChampionPredictionsMissing.
    """
    make_ready_to_deploy(place)
    register(place, PIPELINE_NAME, dict(values))
    arn = earlier_execution(place.client("sagemaker"), values)
    if arn is None:
        champion = find_champion(place, {TRAINING_REASON: REASON, **values})
        arn = start(place, PIPELINE_NAME, dict(champion.parameters))
    return _succeeded(follow(place, arn))


def earlier_execution(sagemaker: Any, values: Mapping[str, str]) -> str | None:
    """The newest execution of the registered definition with these values that goes on or has succeeded, if any.

    The commit does not count: a notebook that is saved makes another tree, and not another training.
    """
    definition = COMMIT.sub(r"\1", sagemaker.describe_pipeline(PipelineName=PIPELINE_NAME)["PipelineDefinition"])
    for summary in list_executions(sagemaker, PIPELINE_NAME):
        arn = str(summary["PipelineExecutionArn"])
        if summary["PipelineExecutionStatus"] not in ("Executing", "Succeeded"):
            continue
        ran = sagemaker.describe_pipeline_definition_for_execution(PipelineExecutionArn=arn)["PipelineDefinition"]
        if COMMIT.sub(r"\1", ran) == definition and values.items() <= _parameters(sagemaker, arn).items():
            return arn
    return None


def steps(execution: ExecutionStatus) -> pd.DataFrame:
    """A row for each step: status, seconds, and whether its result was taken from the cache."""
    rows = [(step.name, step.status, step.seconds, step.cached_from is not None) for step in execution.steps]
    return pd.DataFrame(rows, columns=["step", "status", "seconds", "cached"]).set_index("step").round(1)


def approve_and_deploy(place: Target, package_arn: str, reason: str) -> LiveEndpoint:
    """Approve the version, follow the deployment that the approval's event starts, and describe the endpoint.

    A version that serves is left alone; one that is approved and does not serve is deployed again.
    Raises ExecutionEndedBadly, DecisionRefused for a version that was rejected.
    """
    sagemaker = place.client("sagemaker")
    if serving_package(sagemaker, ENDPOINT_NAME) != package_arn:
        version = registry.describe_version(sagemaker, package_arn)
        if version.approval_status == APPROVED:
            arn = _deployment_under_way(sagemaker, package_arn, version.created)
            arn = arn or start_deployment(place, package_arn, ENDPOINT_NAME, [])
        else:
            arn = _approve(place, package_arn, reason)
        _succeeded(follow(place, arn))
    return describe_endpoint(sagemaker, ENDPOINT_NAME)


def ask(place: Target, files: Sequence[Path]) -> list[pictures.Answer]:
    """What the endpoint says of the pictures, in their order; one that it refuses has a problem and no label."""
    sagemaker = place.client("sagemaker")
    classes = registry.classes_of(sagemaker, describe_endpoint(sagemaker, ENDPOINT_NAME).package_arn)
    return list(pictures.classify_all(place.client("sagemaker-runtime"), ENDPOINT_NAME, files, classes))


def classify(place: Target, files: Sequence[Path], threshold: float | None = None) -> pd.DataFrame:
    """Put the pictures through the deployed workflow; a row for each, by the picture's name.

    `threshold` (0 to 1) goes before the workflow's own. An execution whose `error` is ThresholdNotMet failed as it
    should: its picture waits for a human. Raises StackMissing, PictureMissing.
    """
    found = classification.find(place.client("s3"), [str(file) for file in files])
    outcomes = list(
        classification.classify_all(place.client, find_workflow(place, WORKFLOW_STACK_NAME), found, threshold)
    )
    told = ["status", "label", "confidence", "assignment", "error", "cause", "milliseconds"]
    return table(outcomes, told, index=[Path(outcome.picture).name for outcome in outcomes])


def captured(
    place: Target, since: datetime, at_least: int = 1, sleep: Callable[[float], None] = time.sleep
) -> pd.DataFrame:
    """The endpoint's captured invocations since then, a row of features each, once there are `at_least` so many.

    The service writes them minutes after the fact: after CAPTURED_WITHIN seconds what is there has to do. Raises
    NotMonitorable for an endpoint that captures nothing.
    """
    live = watched_endpoint(place.client("sagemaker"), ENDPOINT_NAME)
    # the service adds the endpoint's name to where it was told to capture to
    uri = f"{str(live.capture_uri).rstrip('/')}/{ENDPOINT_NAME}"
    waited = 0.0
    while True:
        window = Window(since, datetime.now(timezone.utc) + timedelta(minutes=1))
        frame = read_capture(uri, window, s3=place.client("s3")).to_frame()
        if len(frame) >= at_least or waited >= CAPTURED_WITHIN:
            return frame
        sleep(POLL_SECONDS[place.name])
        waited += POLL_SECONDS[place.name]


def monitor(place: Target) -> Execution:
    """Schedule the endpoint's monitor where it is not, and let it look at the last hour now.

    Raises NotMonitorable, BaselineMissing, MonitoringRefused, MonitoringTimedOut.
    """
    ensure_watched(place, ENDPOINT_NAME)
    sagemaker, s3 = place.client("sagemaker"), place.client("s3")
    return run_now(sagemaker, s3, ENDPOINT_NAME, DATA_QUALITY, 1, Waiting(POLL_SECONDS[place.name]))


def table(records: Iterable[Any], columns: Sequence[str], index: Sequence[str] | None = None) -> pd.DataFrame:
    """Dataclass instances as a table of these fields; a field without a value is empty."""
    frame = pd.DataFrame([asdict(record) for record in records], columns=list(columns), index=index).round(3)
    return frame.astype(object).where(frame.notna(), "")


def _parameters(sagemaker: Any, arn: str) -> dict[str, str]:
    pages = sagemaker.get_paginator("list_pipeline_parameters_for_execution").paginate(PipelineExecutionArn=arn)
    return {one["Name"]: one["Value"] for page in pages for one in page["PipelineParameters"]}


def _succeeded(execution: ExecutionStatus) -> ExecutionStatus:
    if execution.status != "Succeeded":
        raise ExecutionEndedBadly(rejection(execution) or failure(execution))
    return execution


def _approve(place: Target, package_arn: str, reason: str) -> str:
    sagemaker = place.client("sagemaker")
    version = registry.describe_version(sagemaker, package_arn)
    check_decidable(version, APPROVED)
    decision = Decision(APPROVED, check_reason(reason), caller(place.client("sts")), datetime.now(timezone.utc))
    decide(sagemaker, version, decision)
    arn = wait_for_deployment(place, package_arn, decision)
    if arn is None:
        raise ExecutionEndedBadly(f"the approval's event has started no deployment: `scones deploy {version.version}`")
    return arn


def _deployment_under_way(sagemaker: Any, package_arn: str, since: datetime) -> str | None:
    arn = deployment_of(sagemaker, package_arn, since)
    return arn if arn and not describe_execution(sagemaker, arn).is_over else None
