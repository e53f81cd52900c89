"""Processing jobs, as boto3 sees them: real processes with tiny scripts."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

import psutil
import pytest
from botocore.exceptions import ClientError

from tests.waiting import wait_until

IMAGE = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.10.0-cpu-py313-ubuntu22.04-sagemaker"
ROLE = "arn:aws:iam::123456789012:role/pipeline"
ENDED = ("Completed", "Failed", "Stopped")


class Jobs:
    """Creates processing jobs around a script and waits for their end."""

    def __init__(self, server: Any) -> None:
        self.server = server
        self.client = server.client("sagemaker")
        self.prefix = f"processing-{uuid.uuid4().hex[:8]}"

    def uri(self, key: str) -> str:
        return f"s3://{self.server.bucket}/{self.prefix}/{key}"

    def put(self, key: str, content: bytes) -> str:
        self.server.client("s3").put_object(Bucket=self.server.bucket, Key=f"{self.prefix}/{key}", Body=content)
        return self.uri(key)

    def get(self, key: str) -> bytes:
        found = self.server.client("s3").get_object(Bucket=self.server.bucket, Key=f"{self.prefix}/{key}")
        return bytes(found["Body"].read())

    def keys(self, below: str) -> list[str]:
        found = self.server.client("s3").list_objects_v2(Bucket=self.server.bucket, Prefix=f"{self.prefix}/{below}")
        return [item["Key"].removeprefix(f"{self.prefix}/") for item in found.get("Contents", [])]

    def create(self, script: str, **request: Any) -> str:
        name = f"job-{uuid.uuid4().hex[:12]}"
        code = self.put(f"{name}/run.py", script.encode())
        inputs = request.pop("inputs", [])
        outputs = request.pop("outputs", [])
        instances = request.pop("instances", 1)
        self.client.create_processing_job(
            **{
                "ProcessingJobName": name,
                "RoleArn": ROLE,
                "AppSpecification": {
                    "ImageUri": IMAGE,
                    "ContainerEntrypoint": ["python3", "/opt/ml/processing/input/code/run.py"],
                    "ContainerArguments": request.pop("arguments", ["--none"]),
                },
                "ProcessingResources": {
                    "ClusterConfig": {
                        "InstanceCount": instances,
                        "InstanceType": "ml.m5.large",
                        "VolumeSizeInGB": 1,
                    }
                },
                "ProcessingInputs": [given("code", code, "/opt/ml/processing/input/code"), *inputs],
                "ProcessingOutputConfig": {"Outputs": outputs},
                **request,
            }
        )
        return name

    def describe(self, name: str) -> dict[str, Any]:
        return dict(self.client.describe_processing_job(ProcessingJobName=name))

    def ended(self, name: str) -> dict[str, Any]:
        wait_until(
            lambda: self.describe(name)["ProcessingJobStatus"] in ENDED,
            lambda: f"the job to end: {self.describe(name)}",
        )
        return self.describe(name)

    def run(self, script: str, **request: Any) -> dict[str, Any]:
        return self.ended(self.create(script, **request))

    def log(self, name: str) -> list[str]:
        logs = self.server.client("logs")
        group = "/aws/sagemaker/ProcessingJobs"
        lines: list[str] = []
        try:
            streams = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=f"{name}/")["logStreams"]
        except logs.exceptions.ResourceNotFoundException:
            return lines
        for stream in streams:
            page = logs.get_log_events(logGroupName=group, logStreamName=stream["logStreamName"], startFromHead=True)
            lines += [event["message"] for event in page["events"]]
        return lines

    def logged(self, name: str, text: str) -> str:
        """The first line with this text in it, once it is there, though the job may run on."""
        found = wait_until(
            lambda: [line for line in self.log(name) if text in line],
            lambda: f"a line with {text!r}: {self.describe(name)}",
        )
        return found[0]


def given(name: str, uri: str, path: str, **more: Any) -> dict[str, Any]:
    source = {"S3Uri": uri, "LocalPath": path, "S3DataType": "S3Prefix", "S3InputMode": "File", **more}
    return {"InputName": name, "S3Input": source}


def wanted(name: str, uri: str, path: str, mode: str = "EndOfJob") -> dict[str, Any]:
    return {"OutputName": name, "S3Output": {"S3Uri": uri, "LocalPath": path, "S3UploadMode": mode}}


@pytest.fixture
def jobs(local_aws: Any) -> Jobs:
    return Jobs(local_aws)


COPY = """
import os, shutil, sys
print("arguments", sys.argv[1:], "colour", os.environ["COLOUR"], flush=True)
shutil.copytree("/opt/ml/processing/input/data", "/opt/ml/processing/output/copy", dirs_exist_ok=True)
"""


def test_inputs_arrive_the_script_runs_and_outputs_leave(jobs: Jobs) -> None:
    jobs.put("data/a.txt", b"A")
    jobs.put("data/deep/b.txt", b"B")
    described = jobs.run(
        COPY,
        inputs=[given("data", jobs.uri("data"), "/opt/ml/processing/input/data")],
        outputs=[wanted("out", jobs.uri("out"), "/opt/ml/processing/output")],
        arguments=["--to", "/opt/ml/processing/output"],
        Environment={"COLOUR": "red"},
    )
    assert described["ProcessingJobStatus"] == "Completed", described
    assert jobs.keys("out") == ["out/copy/a.txt", "out/copy/deep/b.txt"]
    assert jobs.get("out/copy/deep/b.txt") == b"B"
    name = described["ProcessingJobName"]
    assert described["CreationTime"] <= described["ProcessingStartTime"] <= described["ProcessingEndTime"]
    (line,) = jobs.log(name)
    assert "colour red" in line and f"/processing/{name}/opt/ml/processing/output" in line


def test_the_configuration_is_where_the_service_writes_it(jobs: Jobs) -> None:
    script = """
import json, os
config = json.load(open("/opt/ml/config/processingjobconfig.json"))
hosts = json.load(open("/opt/ml/config/resourceconfig.json"))
print(json.dumps([config["ProcessingJobName"], hosts["current_host"], os.environ["PROCESSING_JOB_ARN"]]))
"""
    described = jobs.run(script)
    name = described["ProcessingJobName"]
    assert json.loads(jobs.log(name)[0]) == [name, "algo-1", described["ProcessingJobArn"]]


def test_the_environment_is_not_the_servers_and_boto3_reaches_this_aws(jobs: Jobs) -> None:
    script = """
import os, boto3
print(sorted(name for name in os.environ if name.startswith("PYTEST")))
print([bucket["Name"] for bucket in boto3.client("s3").list_buckets()["Buckets"]])
"""
    described = jobs.run(script)
    assert described["ProcessingJobStatus"] == "Completed", described
    of_pytest, buckets = jobs.log(described["ProcessingJobName"])
    assert of_pytest == "[]"
    # other tests on the same server have buckets of their own
    assert repr(jobs.server.bucket) in buckets


def test_a_script_that_raises_tells_its_last_line(jobs: Jobs) -> None:
    described = jobs.run("raise ValueError('row 7 has no label')")
    assert described["ProcessingJobStatus"] == "Failed"
    assert described["FailureReason"] == "AlgorithmError: ValueError: row 7 has no label, exit code: 1"


def test_the_message_a_script_leaves_becomes_the_exit_message(jobs: Jobs) -> None:
    script = """
import sys
open("/opt/ml/output/message", "w").write("archive is truncated: /opt/ml/processing/input/data/a.tar.gz")
sys.exit(3)
"""
    described = jobs.run(script)
    assert described["ExitMessage"] == "archive is truncated: /opt/ml/processing/input/data/a.tar.gz"
    assert described["FailureReason"] == f"AlgorithmError: {described['ExitMessage']}, exit code: 3"


def test_nothing_of_a_failed_job_is_uploaded_at_its_end(jobs: Jobs) -> None:
    script = "open('/opt/ml/processing/output/half.txt', 'w').write('half'); raise SystemExit(1)"
    described = jobs.run(script, outputs=[wanted("out", jobs.uri("failed"), "/opt/ml/processing/output")])
    assert described["ProcessingJobStatus"] == "Failed"
    assert jobs.keys("failed") == []


def test_a_missing_input_fails_the_job_in_the_services_words(jobs: Jobs) -> None:
    missing = jobs.uri("no/such/prefix")
    described = jobs.run("pass", inputs=[given("data", missing, "/opt/ml/processing/input/data")])
    reason = f"ClientError: Data download failed:S3 key: {missing} matched no files on s3"
    assert (described["ProcessingJobStatus"], described["FailureReason"]) == ("Failed", reason)


def test_continuous_outputs_are_in_s3_while_the_job_runs(jobs: Jobs) -> None:
    script = """
import os, time
open("/opt/ml/processing/output/first.txt", "w").write("first")
while not os.path.exists("/opt/ml/processing/output/go"):
    time.sleep(0.02)
"""
    output = wanted("out", jobs.uri("live"), "/opt/ml/processing/output", "Continuous")
    name = jobs.create(script, outputs=[output])
    wait_until(lambda: jobs.keys("live") == ["live/first.txt"], lambda: f"the output: {jobs.describe(name)}")
    assert jobs.describe(name)["ProcessingJobStatus"] == "InProgress"
    jobs.client.stop_processing_job(ProcessingJobName=name)
    assert jobs.ended(name)["ProcessingJobStatus"] == "Stopped"


def test_hosts_of_a_cluster_share_a_sharded_input(jobs: Jobs) -> None:
    for number in range(5):
        jobs.put(f"shards/{number}.txt", b"x")
    script = """
import json, os
host = json.load(open("/opt/ml/config/resourceconfig.json"))
assert host["hosts"] == ["algo-1", "algo-2"]
for name in os.listdir("/opt/ml/processing/input/data"):
    open(f"/opt/ml/processing/output/{name}.{host['current_host']}", "w")
"""
    described = jobs.run(
        script,
        instances=2,
        inputs=[
            given(
                "data",
                jobs.uri("shards/"),
                "/opt/ml/processing/input/data",
                S3DataDistributionType="ShardedByS3Key",
            )
        ],
        outputs=[wanted("out", jobs.uri("shared"), "/opt/ml/processing/output")],
    )
    assert described["ProcessingJobStatus"] == "Completed", described
    assert [key.removeprefix("shared/") for key in jobs.keys("shared")] == [
        "0.txt.algo-1",
        "1.txt.algo-2",
        "2.txt.algo-1",
        "3.txt.algo-2",
        "4.txt.algo-1",
    ]


def test_a_failing_host_ends_the_others(jobs: Jobs) -> None:
    script = """
import json, time
if json.load(open("/opt/ml/config/resourceconfig.json"))["current_host"] == "algo-2":
    raise RuntimeError("algo-2 cannot")
time.sleep(600)
"""
    described = jobs.run(script, instances=2)
    assert described["FailureReason"] == "AlgorithmError: RuntimeError: algo-2 cannot, exit code: 1"


STUBBORN = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, lambda *_: print("asked to stop", flush=True) or sys.exit(0))
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
print("pids", os.getpid(), child.pid, flush=True)
time.sleep(600)
"""


def test_stop_asks_first_and_leaves_no_process(jobs: Jobs) -> None:
    name = jobs.create(STUBBORN)
    pids = [int(word) for word in jobs.logged(name, "pids").split()[1:]]
    jobs.client.stop_processing_job(ProcessingJobName=name)
    assert jobs.ended(name)["ProcessingJobStatus"] == "Stopped"
    assert "asked to stop" in jobs.log(name)
    assert not any(psutil.pid_exists(pid) for pid in pids)


def test_a_stop_that_comes_while_the_process_is_being_made_is_not_lost(jobs: Jobs) -> None:
    for _ in range(12):
        name = jobs.create("import time; time.sleep(600)")
        jobs.client.stop_processing_job(ProcessingJobName=name)
        assert jobs.ended(name)["ProcessingJobStatus"] == "Stopped"


def test_the_maximum_runtime_is_enforced(jobs: Jobs) -> None:
    script = "import time; time.sleep(600)"
    described = jobs.run(script, StoppingCondition={"MaxRuntimeInSeconds": 1})
    assert described["ProcessingJobStatus"] == "Failed"
    assert "MaxRuntimeInSeconds" in described["FailureReason"]


def test_a_name_that_is_taken_is_refused_in_the_services_words(jobs: Jobs) -> None:
    described = jobs.run("pass")
    again = {
        member: described[member]
        for member in ("ProcessingJobName", "RoleArn", "AppSpecification", "ProcessingResources")
    }
    with pytest.raises(jobs.client.exceptions.ResourceInUse, match="already exists"):
        jobs.client.create_processing_job(**again)


def test_jobs_are_listed_newest_first_and_deleted_when_ended(jobs: Jobs) -> None:
    first, second = jobs.run("pass")["ProcessingJobName"], jobs.run("pass")["ProcessingJobName"]
    listed = jobs.client.list_processing_jobs(MaxResults=2)["ProcessingJobSummaries"]
    assert [job["ProcessingJobName"] for job in listed] == [second, first]
    jobs.client.delete_processing_job(ProcessingJobName=first)
    with pytest.raises(ClientError, match="Could not find processing job"):
        jobs.describe(first)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"AppSpecification": {"ImageUri": "x.dkr.ecr.us-east-1.amazonaws.com/tensorflow:1"}},
            "pytorch-training",
        ),
        ({"AppSpecification": {"ImageUri": IMAGE}}, "ContainerEntrypoint is required"),
        ({"instances": 9}, "InstanceCount 9"),
        ({"inputs": [given("d", "s3://b/k", "/data")]}, "must begin with /opt/ml/processing/"),
        (
            {"inputs": [given("d", "s3://b/k", "/opt/ml/processing/../x")]},
            "must begin with /opt/ml/processing/",
        ),
        (
            {"inputs": [given("d", "s3://b/k", "/opt/ml/processing/d", S3InputMode="Pipe")]},
            "Pipe is not supported",
        ),
    ],
)
def test_what_is_not_supported_is_refused_at_once(jobs: Jobs, change: dict[str, Any], message: str) -> None:
    with pytest.raises(ClientError, match=message) as refused:
        jobs.create("pass", **change)
    assert refused.value.response["Error"]["Code"] == "ValidationException"


def test_a_finished_job_leaves_little_on_disk_a_failed_one_its_files(jobs: Jobs) -> None:
    data = given("data", jobs.put("big/data.bin", b"x" * 100_000), "/opt/ml/processing/input/data")
    folder = Path(jobs.server.state) / "jobs" / "processing"
    fine = jobs.run("pass", inputs=[data])["ProcessingJobName"]
    assert sorted(path.name for path in (folder / fine).rglob("*") if path.is_file()) == [
        "processingjobconfig.json",
        "resourceconfig.json",
    ]
    failed = jobs.run("raise SystemExit(1)", inputs=[data])["ProcessingJobName"]
    assert (folder / failed / "opt/ml/processing/input/data/data.bin").exists()


def test_no_process_outlives_the_server_and_its_jobs_are_failed_after_a_restart(own_local_aws: Any) -> None:
    jobs = Jobs(own_local_aws)
    killed = jobs.create(STUBBORN)
    pids = [int(word) for word in jobs.logged(killed, "pids").split()[1:]]
    own_local_aws.kill()
    wait_until(lambda: not any(psutil.pid_exists(pid) for pid in pids), "the processes of a killed server to end")
    own_local_aws.start()
    jobs = Jobs(own_local_aws)
    described = jobs.describe(killed)
    assert described["ProcessingJobStatus"] == "Failed"
    assert described["FailureReason"] == (
        "InternalServerError: the server stopped while the job was running; start it again."
    )
    assert described["ProcessingEndTime"] >= described["CreationTime"]
    stopped = jobs.create(STUBBORN)
    pids = [int(word) for word in jobs.logged(stopped, "pids").split()[1:]]
    own_local_aws.stop()
    assert not any(psutil.pid_exists(pid) for pid in pids)
