"""A processing job: inputs in, the entrypoint run on every host, outputs out."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

from local_aws.images import require_image
from local_aws.objects import S3Uri
from local_aws.sagemaker.jobs import inputs
from local_aws.sagemaker.jobs.continuous import ContinuousUpload
from local_aws.sagemaker.jobs.control import PEER
from local_aws.sagemaker.jobs.environment import container_environment, host_names, resource_config
from local_aws.sagemaker.jobs.job import Job, Outcome
from local_aws.sagemaker.jobs.process import Container, Exit
from local_aws.sagemaker.jobs.reasons import algorithm_error, shorten

CODE_FOLDERS = (
    "/opt/ml/processing/input/code",
    "/opt/ml/processing/input/entrypoint",
    "/opt/ml/processing/input/aux",
)
MESSAGE = "output/message"


def run(job: Job) -> Outcome:
    """Execute the job. Raises JobFailed, JobStopped."""
    cluster = job.request["ProcessingResources"]["ClusterConfig"]
    names = host_names(cluster.get("InstanceCount", 1))
    hosts = [_Host(job, number, names) for number in range(len(names))]
    job.note(ProcessingStartTime=job.context.now())
    for host in hosts:
        host.prepare()
    deadline = job.deadline()
    with ThreadPoolExecutor(len(hosts)) as pool:
        exits = list(pool.map(lambda host: host.run(deadline), hosts))
    return _outcome(job, hosts, exits)


def _outcome(job: Job, hosts: list[_Host], exits: list[Exit]) -> Outcome:
    message = next((text for host in hosts if (text := host.tree.read_message(MESSAGE))), "")
    changes: dict[str, Any] = {"ExitMessage": shorten(job.told(message))} if message else {}
    job.control.check()
    # a host that was ended because another one failed has nothing to tell
    told = [exit for exit in exits if exit.ended_by != PEER]
    if any(exit.ended_by == "deadline" for exit in told):
        seconds = job.request["StoppingCondition"]["MaxRuntimeInSeconds"]
        reason = f"ClientError: Processing job runtime exceeded MaxRuntimeInSeconds provided ({seconds})"
        return Outcome("Failed", {**changes, "FailureReason": reason})
    failed = next((exit for exit in told if exit.code != 0), None)
    if failed is not None:
        reason = algorithm_error(job.told(message), job.told(job.tail.last_error()), failed.code)
        return Outcome("Failed", {**changes, "FailureReason": reason})
    for host in hosts:
        host.upload()
    return Outcome("Completed", changes)


def _own_entry_point(image_uri: str) -> list[str]:
    """What an image runs in a job whose request names no entry point."""
    return [sys.executable, str(require_image(image_uri, "process").script), "process"]


class _Host:
    """One host of the cluster: its folder and its container."""

    def __init__(self, job: Job, number: int, names: list[str]) -> None:
        self._job = job
        self._number = number
        self._names = names
        self.tree = job.make_tree("" if number == 0 else names[number])

    def prepare(self) -> None:
        """Lay out /opt/ml and download the inputs."""
        request, tree = self._job.request, self.tree
        described = {key: value for key, value in request.items() if not key.endswith("Time")}
        tree.write_json("config/processingjobconfig.json", tree.mapping.value(described))
        cluster = request["ProcessingResources"]["ClusterConfig"]
        resources = resource_config(len(self._names), self._number, cluster["InstanceType"])
        tree.write_json("config/resourceconfig.json", resources)
        tree.folder("output")
        for source in request.get("ProcessingInputs", []):
            if not source.get("AppManaged"):
                self._job.control.check()
                self._download(source["S3Input"])
        for target in self._outputs():
            tree.mapping.folder(target["LocalPath"]).mkdir(parents=True, exist_ok=True)

    def run(self, deadline: float | None) -> Exit:
        """Run the container to its end; where it fails, end those of the other hosts."""
        try:
            exit = self._run(deadline)
        except BaseException:
            self._job.control.end_peers(PEER)
            raise
        if exit.code != 0:
            self._job.control.end_peers(PEER)
        return exit

    def _run(self, deadline: float | None) -> Exit:
        job, tree = self._job, self.tree
        application = job.request["AppSpecification"]
        command = [
            *(tree.mapping.value(application.get("ContainerEntrypoint")) or _own_entry_point(application["ImageUri"])),
            *tree.mapping.value(application.get("ContainerArguments", [])),
        ]
        own = {"PROCESSING_JOB_NAME": job.name, "PROCESSING_JOB_ARN": job.arn}
        environment = container_environment(job.context, tree, own, job.request.get("Environment", {}))
        with ExitStack() as uploads:
            for target in self._outputs("Continuous"):
                folder = tree.mapping.folder(target["LocalPath"])
                uploads.enter_context(ContinuousUpload(job.context.objects, folder, S3Uri.parse(target["S3Uri"])))
            container = Container(command, environment, tree.root, job.log(self._names[self._number]))
            return job.control.wait(container, deadline)

    def upload(self) -> None:
        """Upload the EndOfJob outputs."""
        for target in self._outputs("EndOfJob"):
            self._job.uploads.folder(self.tree.mapping.folder(target["LocalPath"]), S3Uri.parse(target["S3Uri"]))

    def _outputs(self, mode: str | None = None) -> list[dict[str, Any]]:
        outputs = self._job.request.get("ProcessingOutputConfig", {}).get("Outputs", [])
        managed = [output["S3Output"] for output in outputs if not output.get("AppManaged")]
        return [output for output in managed if mode is None or output["S3UploadMode"] == mode]

    def _download(self, source: dict[str, Any]) -> None:
        found = inputs.find(self._job.context.objects, source["S3Uri"], source["S3DataType"])
        if source.get("S3DataDistributionType") == "ShardedByS3Key":
            found = inputs.shard(found, self._number, len(self._names))
        folder = self.tree.mapping.folder(source["LocalPath"])
        inputs.download(self._job.context.objects, found, folder)
        if source["LocalPath"].rstrip("/").startswith(CODE_FOLDERS):
            self.tree.mapping.rewrite_code(folder)
