"""A training job: channels in, the image or an entrypoint run, the model out."""

from __future__ import annotations

import sys
import time
from contextlib import ExitStack
from typing import Any

from local_aws.images import require_image
from local_aws.objects import S3Uri
from local_aws.sagemaker.jobs import inputs, transitions
from local_aws.sagemaker.jobs.continuous import ContinuousUpload
from local_aws.sagemaker.jobs.control import SERVER
from local_aws.sagemaker.jobs.environment import container_environment, resource_config
from local_aws.sagemaker.jobs.job import Job, Outcome, whole_seconds
from local_aws.sagemaker.jobs.metrics import MetricScanner
from local_aws.sagemaker.jobs.outputs import below
from local_aws.sagemaker.jobs.process import Container, Exit
from local_aws.sagemaker.jobs.reasons import algorithm_error
from local_aws.sagemaker.jobs.source_code import place_code

HOST = "algo-1"
CODE_CHANNELS = frozenset({"code", "sm_drivers"})
DEFAULT_CHECKPOINT_PATH = "/opt/ml/checkpoints"
FAILURE = "output/failure"


def run(job: Job) -> Outcome:
    """Execute the job. Raises JobFailed, JobStopped."""
    return _TrainingJob(job).run()


def model_artifacts(request: dict[str, Any]) -> str:
    """The S3 URI of the model that a training job makes."""
    output = request["OutputDataConfig"]
    name = "output/model/" if output.get("CompressionType") == "NONE" else "output/model.tar.gz"
    return str(below(S3Uri.parse(output["S3OutputPath"]), f"{request['TrainingJobName']}/{name}"))


class _TrainingJob:
    def __init__(self, job: Job) -> None:
        self._job = job
        self._request = job.request
        self._tree = job.make_tree()
        definitions = self._request["AlgorithmSpecification"].get("MetricDefinitions", [])
        self._metrics = MetricScanner(definitions, job.context.now)

    def run(self) -> Outcome:
        started = time.monotonic()
        self._enter("Downloading", TrainingStartTime=self._job.context.now())
        self._prepare()
        self._job.control.check()
        self._enter("Training")
        outcome = self._outcome(self._train())
        seconds = whole_seconds(time.monotonic() - started)
        times = {"TrainingTimeInSeconds": seconds, "BillableTimeInSeconds": seconds}
        return Outcome(outcome.status, {**outcome.changes, **times})

    def _prepare(self) -> None:
        tree = self._tree
        for folder in ("model", "output/data", "code", "input/data"):
            tree.folder(folder)
        hyperparameters = place_code(
            self._job.context.objects,
            self._request.get("HyperParameters", {}),
            tree.folder("code"),
            tree.mapping,
        )
        channels = self._request.get("InputDataConfig", [])
        tree.write_json("input/config/hyperparameters.json", tree.mapping.value(hyperparameters))
        described = {channel["ChannelName"]: _described(channel) for channel in channels}
        tree.write_json("input/config/inputdataconfig.json", described)
        instance_type = self._request["ResourceConfig"]["InstanceType"]
        tree.write_json("input/config/resourceconfig.json", resource_config(1, 0, instance_type))
        for channel in channels:
            self._job.control.check()
            self._download(channel)
        self._restore_checkpoints()

    def _download(self, channel: dict[str, Any]) -> None:
        source = channel["DataSource"]["S3DataSource"]
        objects = self._job.context.objects
        found = inputs.find(objects, source["S3Uri"], source["S3DataType"])
        folder = self._tree.folder(f"input/data/{channel['ChannelName']}")
        inputs.download(objects, found, folder, inflate=channel.get("CompressionType") == "Gzip")
        if channel["ChannelName"] in CODE_CHANNELS:
            self._tree.mapping.rewrite_code(folder)

    def _restore_checkpoints(self) -> None:
        if config := self._request.get("CheckpointConfig"):
            objects = self._job.context.objects
            folder = self._tree.mapping.folder(config.get("LocalPath", DEFAULT_CHECKPOINT_PATH))
            folder.mkdir(parents=True, exist_ok=True)
            prefix = config["S3Uri"].rstrip("/") + "/"
            if inputs.exists(objects, prefix):
                inputs.download(objects, inputs.find(objects, prefix), folder)

    def _train(self) -> Exit:
        job, tree = self._job, self._tree
        own = {"TRAINING_JOB_NAME": job.name, "TRAINING_JOB_ARN": job.arn}
        environment = container_environment(job.context, tree, own, self._request.get("Environment", {}))
        write = job.log(HOST)

        def on_lines(lines: list[str]) -> None:
            write(lines)
            self._metrics.scan(lines)

        with ExitStack() as uploads:
            if config := self._request.get("CheckpointConfig"):
                folder = tree.mapping.folder(config.get("LocalPath", DEFAULT_CHECKPOINT_PATH))
                uploads.enter_context(ContinuousUpload(job.context.objects, folder, S3Uri.parse(config["S3Uri"])))
            container = Container(self._command(), environment, tree.root, on_lines)
            return job.control.wait(container, job.deadline())

    def _command(self) -> list[str]:
        algorithm = self._request["AlgorithmSpecification"]
        if entrypoint := algorithm.get("ContainerEntrypoint"):
            command: list[str] = self._tree.mapping.value(entrypoint + algorithm.get("ContainerArguments", []))
            return command
        image = require_image(algorithm["TrainingImage"], "train")
        return [sys.executable, str(image.script), "train"]

    def _outcome(self, exit: Exit) -> Outcome:
        job = self._job
        changes: dict[str, Any] = {}
        if metrics := self._metrics.final():
            changes["FinalMetricDataList"] = metrics
        if job.control.stopped_by == SERVER:
            job.control.check()
        stopped = job.control.stopped_by is not None or exit.ended_by == "deadline"
        if exit.code != 0 and not stopped:
            message = job.told(self._tree.read_message(FAILURE))
            reason = algorithm_error(message, job.told(job.tail.last_error()), exit.code, self._customer_error_code())
            return Outcome("Failed", {**changes, "FailureReason": reason})
        self._enter("Uploading")
        # of a stopped job too: its script had the grace period to save what it has
        self._upload()
        if exit.ended_by == "deadline":
            self._enter("MaxRuntimeExceeded")
        return Outcome("Stopped" if stopped else "Completed", changes)

    def _customer_error_code(self) -> int | None:
        specification = self._request["AlgorithmSpecification"]
        if specification.get("ContainerEntrypoint"):
            return None
        algorithm = require_image(specification["TrainingImage"]).algorithm
        return algorithm.customer_error_code if algorithm else None

    def _upload(self) -> None:
        request, uploads = self._request, self._job.uploads
        model = S3Uri.parse(model_artifacts(request))
        data = self._tree.folder("output/data")
        if any(self._tree.folder("model").iterdir()):
            if request["OutputDataConfig"].get("CompressionType") == "NONE":
                uploads.folder(self._tree.folder("model"), model)
            else:
                uploads.archive(self._tree.folder("model"), model)
        if any(data.iterdir()):
            path = S3Uri.parse(request["OutputDataConfig"]["S3OutputPath"])
            uploads.archive(data, below(path, f"{self._job.name}/output/output.tar.gz"))

    def _enter(self, status: str, **changes: Any) -> None:
        context = self._job.context
        moment = context.now()
        context.store.edit(
            self._job.kind,
            self._job.name,
            lambda record: (record.status, transitions.entered({**record.body, **changes}, status, moment)),
        )


def _described(channel: dict[str, Any]) -> dict[str, str]:
    source = channel["DataSource"]["S3DataSource"]
    described = {
        "TrainingInputMode": "File",
        "S3DistributionType": source.get("S3DataDistributionType", "FullyReplicated"),
        "RecordWrapperType": channel.get("RecordWrapperType", "None"),
    }
    if "ContentType" in channel:
        described["ContentType"] = channel["ContentType"]
    return described
