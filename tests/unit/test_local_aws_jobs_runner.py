"""The job runner in this process: full disks, recovery, odd folders."""

from __future__ import annotations

import errno
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from moto.logs.models import LogsBackend
from moto.s3.models import S3Backend, s3_backends

from local_aws import images
from local_aws.logs import LogGroups
from local_aws.objects import ObjectStore
from local_aws.sagemaker import operations  # noqa: F401  registers the operations
from local_aws.sagemaker.context import ACCOUNT_ID, Context
from local_aws.sagemaker.control_plane import ControlPlane
from local_aws.sagemaker.errors import ValidationException
from local_aws.sagemaker.jobs.runner import JobRunner
from local_aws.sagemaker.store import Store
from tests.waiting import wait_until

IMAGE = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.10.0-cpu-py313-ubuntu22.04-sagemaker"
ROLE = "arn:aws:iam::123456789012:role/pipeline"


class DiskOfObjects(ObjectStore):
    """An object store whose disk is full once `room` more objects are written."""

    room = 1_000_000

    def write(self, bucket: str, key: str, content: bytes) -> None:
        if self.room == 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        self.room -= 1
        super().write(bucket, key, content)


def no_room() -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def make_context(state: Path) -> Context:
    state.mkdir(exist_ok=True)
    # the names of buckets are moto's only state outside its backends
    s3_backends.bucket_accounts.pop("bucket", None)
    s3 = S3Backend("aws", ACCOUNT_ID)
    s3.create_bucket("bucket", "us-east-1")
    context = Context(
        region="us-east-1",
        state_dir=state,
        store=Store(state / "sagemaker.sqlite"),
        objects=DiskOfObjects(s3),
        logs=LogGroups(LogsBackend("us-east-1", ACCOUNT_ID)),
        endpoint_url="http://127.0.0.1:1",
        call=lambda _operation, _request: {},
        make_durable=lambda: None,
    )
    context.call = ControlPlane(context).call
    context.workers["jobs"] = JobRunner(context, grace_seconds=1.0)
    return context


@pytest.fixture
def context(tmp_path: Path) -> Iterator[Context]:
    made = make_context(tmp_path / "state")
    yield made
    made.workers["jobs"].shutdown()
    made.store.close()


def start(context: Context, name: str, command: list[str], **output: Any) -> None:
    cluster = {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
    out = {
        "S3Uri": "s3://bucket/out",
        "LocalPath": "/opt/ml/processing/out",
        "S3UploadMode": "EndOfJob",
        **output,
    }
    context.call(
        "CreateProcessingJob",
        {
            "ProcessingJobName": name,
            "RoleArn": ROLE,
            "AppSpecification": {"ImageUri": IMAGE, "ContainerEntrypoint": command},
            "ProcessingResources": {"ClusterConfig": cluster},
            "ProcessingOutputConfig": {"Outputs": [{"OutputName": "out", "S3Output": out}]},
        },
    )


def ended(context: Context, name: str) -> dict[str, Any]:
    def described() -> dict[str, Any]:
        return dict(context.call("DescribeProcessingJob", {"ProcessingJobName": name}))

    wait_until(
        lambda: described()["ProcessingJobStatus"] not in ("InProgress", "Stopping"),
        lambda: f"the job to end: {described()}",
    )
    return described()


WRITE_THREE = ["/bin/bash", "-c", "for n in 1 2 3; do echo new > /opt/ml/processing/out/$n.txt; done"]


def test_a_disk_that_fills_while_uploading_fails_the_job_and_leaves_what_was_there(context: Context) -> None:
    context.objects.write("bucket", "out/1.txt", b"old")
    assert isinstance(context.objects, DiskOfObjects)
    context.objects.room = 2
    start(context, "full", WRITE_THREE)
    described = ended(context, "full")
    assert described["ProcessingJobStatus"] == "Failed"
    reason = "ClientError: Artifact upload failed:Insufficient disk space for s3://bucket/out/3.txt"
    assert described["FailureReason"] == reason
    assert not context.objects.exists("bucket", "out/2.txt")


def test_outputs_that_cannot_be_kept_fail_the_job(context: Context) -> None:
    context.make_durable = no_room
    start(context, "lost", WRITE_THREE)
    described = ended(context, "lost")
    assert (described["ProcessingJobStatus"], list(context.objects.keys("bucket"))) == ("Failed", [])
    assert "Insufficient disk space" in described["FailureReason"]


def test_a_missing_bucket_fails_the_upload(context: Context) -> None:
    start(context, "nowhere", WRITE_THREE, S3Uri="s3://no-such-bucket/out")
    assert "Artifact upload failed:The specified bucket does not exist" in ended(context, "nowhere")["FailureReason"]


def test_a_state_folder_with_a_space_in_its_name_will_do(tmp_path: Path) -> None:
    context = make_context(tmp_path / "my state; $HOME")
    start(context, "spaced", WRITE_THREE)
    assert ended(context, "spaced")["ProcessingJobStatus"] == "Completed"
    assert len(list(context.objects.keys("bucket", "out/"))) == 3
    context.workers["jobs"].shutdown()


def test_reasons_speak_of_opt_ml_and_not_of_this_machine(context: Context) -> None:
    start(context, "told", ["python3", "-c", "open('/opt/ml/processing/missing.csv')"])
    reason = ended(context, "told")["FailureReason"]
    assert "'/opt/ml/processing/missing.csv'" in reason and str(context.state_dir) not in reason


def test_jobs_of_an_earlier_server_become_failed(context: Context) -> None:
    for status, name in (("InProgress", "a"), ("Stopping", "b"), ("Completed", "c")):
        context.store.insert("TrainingJob", name, context.arn(f"training-job/{name}"), {}, status)
    context.workers["jobs"].recover()
    found = {name: context.store.get("TrainingJob", name) for name in "abc"}
    assert [found[name].status for name in "abc"] == ["Failed", "Failed", "Completed"]
    assert found["a"].body["FailureReason"] == (
        "InternalServerError: the server stopped while the job was running; start it again."
    )
    assert found["a"].body["SecondaryStatusTransitions"][-1]["Status"] == "Failed"
    assert "TrainingEndTime" in found["b"].body and found["c"].body == {}


def test_temporary_files_go_with_the_job(context: Context) -> None:
    start(context, "messy", ["/bin/bash", "-c", "echo x > $TMPDIR/x; echo $TMPDIR >&2; exit 1"])
    scratch = Path(ended(context, "messy")["FailureReason"].split()[1].rstrip(","))
    assert scratch.is_absolute() and not scratch.exists()


def test_shutdown_ends_a_running_job_as_failed(context: Context) -> None:
    start(context, "cut", ["sleep", "600"])
    context.workers["jobs"].shutdown()
    described = ended(context, "cut")
    assert described["ProcessingJobStatus"] == "Failed"
    assert "the server stopped while the job was running" in described["FailureReason"]


def test_only_the_last_failed_jobs_keep_their_files(context: Context) -> None:
    for number in range(7):
        start(context, f"failed-{number}", ["/bin/bash", "-c", "echo x > /opt/ml/processing/out/x; exit 1"])
        ended(context, f"failed-{number}")
    folder = context.state_dir / "jobs" / "processing"
    kept = sorted(path.parts[-6] for path in folder.glob("*/opt/ml/processing/out/x"))
    assert kept == [f"failed-{number}" for number in range(2, 7)]


COUNTING_IMAGE = """
import json, os, sys
from pathlib import Path
COMMANDS = ("process",)
if __name__ == "__main__":
    source = json.loads(os.environ["dataset"])["file"]
    Path(os.environ["output_path"], "seen.json").write_text(json.dumps([sys.argv[1:], Path(source).read_text()]))
    Path(os.environ["SAGEMAKER_BASE_DIR"], "output", "message").write_text("Completed: one file seen.")
"""


@pytest.fixture
def counting_image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An image with an entry point of its own, for processing only."""
    folder = tmp_path / "images"
    folder.mkdir()
    (folder / "counting_analyzer.py").write_text(COUNTING_IMAGE)
    (folder / "pytorch_training.py").write_text('COMMANDS = ("train",)')
    monkeypatch.setattr(images, "FOLDER", folder)
    images.known_images.cache_clear()
    yield "123456789012.dkr.ecr.us-east-1.amazonaws.com/counting-analyzer"
    images.known_images.cache_clear()


def own_entry_point(context: Context, image: str) -> dict[str, Any]:
    """The end of a job that names no entry point."""
    data = {"S3Uri": "s3://bucket/in.csv", "LocalPath": "/opt/ml/processing/input", "S3DataType": "S3Prefix"}
    out = {"S3Uri": "s3://bucket/out", "LocalPath": "/opt/ml/processing/out", "S3UploadMode": "EndOfJob"}
    context.objects.write("bucket", "in.csv", b"a,b")
    context.call(
        "CreateProcessingJob",
        {
            "ProcessingJobName": "own",
            "RoleArn": ROLE,
            "AppSpecification": {"ImageUri": image, "ContainerArguments": ["--to", "/opt/ml/processing/x"]},
            "ProcessingResources": {
                "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
            },
            "Environment": {
                "dataset": json.dumps({"file": "/opt/ml/processing/input/in.csv"}),
                "output_path": "/opt/ml/processing/out",
            },
            "ProcessingInputs": [{"InputName": "data", "S3Input": {**data, "S3InputMode": "File"}}],
            "ProcessingOutputConfig": {"Outputs": [{"OutputName": "out", "S3Output": out}]},
        },
    )
    return ended(context, "own")


def test_a_job_without_an_entry_point_runs_the_images_own(context: Context, counting_image: str) -> None:
    described = own_entry_point(context, counting_image)
    assert described["ProcessingJobStatus"] == "Completed", described
    assert described["ExitMessage"] == "Completed: one file seen."
    (command, option, target), content = json.loads(context.objects.read("bucket", "out/seen.json"))
    assert (command, option, content) == ("process", "--to", "a,b")
    # arguments, values of the environment and JSON in them name the job's own folder
    assert target.endswith("/opt/ml/processing/x") and target.startswith(str(context.state_dir))


def test_an_image_without_an_entry_point_of_its_own_needs_the_requests(context: Context, counting_image: str) -> None:
    with pytest.raises(ValidationException, match="ContainerEntrypoint is required here: the image pytorch-training"):
        own_entry_point(context, IMAGE)
