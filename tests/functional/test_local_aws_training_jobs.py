"""Training jobs, as boto3 sees them: script mode with tiny scripts."""

from __future__ import annotations

import io
import json
import tarfile
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.waiting import wait_until

IMAGE = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.10.0-cpu-py313-ubuntu22.04-sagemaker"
ROLE = "arn:aws:iam::123456789012:role/pipeline"
ENDED = ("Completed", "Failed", "Stopped")


def tar_gz(files: dict[str, str]) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w:gz") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    return target.getvalue()


class Jobs:
    """Creates training jobs around a script and waits for their end."""

    def __init__(self, server: Any) -> None:
        self.server = server
        self.client = server.client("sagemaker")
        self.s3 = server.client("s3")
        self.prefix = f"training-{uuid.uuid4().hex[:8]}"
        self.put("data/x.txt", b"some data")

    def uri(self, key: str) -> str:
        return f"s3://{self.server.bucket}/{self.prefix}/{key}"

    def put(self, key: str, content: bytes) -> str:
        self.s3.put_object(Bucket=self.server.bucket, Key=f"{self.prefix}/{key}", Body=content)
        return self.uri(key)

    def get(self, key: str) -> bytes:
        return bytes(self.s3.get_object(Bucket=self.server.bucket, Key=f"{self.prefix}/{key}")["Body"].read())

    def keys(self, below: str) -> list[str]:
        found = self.s3.list_objects_v2(Bucket=self.server.bucket, Prefix=f"{self.prefix}/{below}")
        return [item["Key"].removeprefix(f"{self.prefix}/") for item in found.get("Contents", [])]

    def create(self, files: str | dict[str, str], **request: Any) -> str:
        name = f"job-{uuid.uuid4().hex[:12]}"
        tree = {"train.py": files} if isinstance(files, str) else files
        source = self.put(f"{name}/sourcedir.tar.gz", tar_gz(tree))
        script = {"sagemaker_program": "train.py", "sagemaker_submit_directory": source}
        algorithm = {"TrainingImage": IMAGE, "TrainingInputMode": "File", **request.pop("algorithm", {})}
        channel = {"S3DataType": "S3Prefix", "S3Uri": self.uri("data"), **request.pop("channel", {})}
        resources = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}
        self.client.create_training_job(
            **{
                "TrainingJobName": name,
                "RoleArn": ROLE,
                "AlgorithmSpecification": algorithm,
                "HyperParameters": {**script, **request.pop("hyperparameters", {})},
                "InputDataConfig": [{"ChannelName": "train", "DataSource": {"S3DataSource": channel}}],
                "OutputDataConfig": {"S3OutputPath": self.uri("out")},
                "ResourceConfig": {**resources, **request.pop("resources", {})},
                "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
                **request,
            }
        )
        return name

    def describe(self, name: str) -> dict[str, Any]:
        return dict(self.client.describe_training_job(TrainingJobName=name))

    def until(self, name: str, status: str) -> None:
        wait_until(lambda: self.describe(name)["SecondaryStatus"] == status, lambda: f"{status}: {self.describe(name)}")

    def ended(self, name: str) -> dict[str, Any]:
        wait_until(
            lambda: self.describe(name)["TrainingJobStatus"] in ENDED, lambda: f"the job to end: {self.describe(name)}"
        )
        return self.describe(name)

    def run(self, files: str | dict[str, str], **request: Any) -> dict[str, Any]:
        return self.ended(self.create(files, **request))

    def model(self, described: dict[str, Any]) -> dict[str, bytes]:
        """The files of the model that the job made."""
        assert described["TrainingJobStatus"] in ("Completed", "Stopped"), described
        key = described["ModelArtifacts"]["S3ModelArtifacts"].removeprefix(self.uri(""))
        with tarfile.open(fileobj=io.BytesIO(self.get(key))) as archive:
            found = {member.name: archive.extractfile(member) for member in archive if member.isfile()}
            return {name: file.read() for name, file in found.items() if file is not None}


@pytest.fixture
def jobs(local_aws: Any) -> Jobs:
    return Jobs(local_aws)


RECORD = """
import json, os, sys
names = [name for name in os.environ if name.startswith("SM_")]
seen = {"argv": sys.argv[1:], "env": {name: os.environ[name] for name in names}, "cwd": os.getcwd()}
json.dump(seen, open(os.path.join(os.environ["SM_MODEL_DIR"], "seen.json"), "w"))
open(os.path.join(os.environ["SM_OUTPUT_DATA_DIR"], "plot.txt"), "w").write("a plot")
assert open(os.path.join(os.environ["SM_CHANNEL_TRAIN"], "x.txt")).read() == "some data"
"""


def test_a_script_gets_the_script_mode_contract_and_its_model_is_stored(jobs: Jobs) -> None:
    given = {
        "epochs": "3",
        "learning-rate": "0.05",
        "name": '"quoted"',
        "checkpoint-dir": "/opt/ml/checkpoints",
    }
    described = jobs.run(RECORD, hyperparameters=given)
    seen = json.loads(jobs.model(described)["seen.json"])
    opt_ml = seen["env"]["SM_MODEL_DIR"].removesuffix("/model")
    checkpoints = f"{opt_ml}/checkpoints"
    assert seen["argv"] == [
        *("--checkpoint-dir", checkpoints, "--epochs", "3", "--learning-rate", "0.05", "--name", "quoted")
    ]
    hps = {"epochs": 3, "learning-rate": 0.05, "name": "quoted", "checkpoint-dir": checkpoints}
    assert json.loads(seen["env"]["SM_HPS"]) == hps
    assert json.loads(seen["env"]["SM_CHANNELS"]) == ["train"]
    assert json.loads(seen["env"]["SM_HOSTS"]) == ["algo-1"] and seen["env"]["SM_CURRENT_HOST"] == "algo-1"
    assert seen["env"]["SM_CHANNEL_TRAIN"] == f"{opt_ml}/input/data/train"
    assert json.loads(seen["env"]["SM_USER_ARGS"]) == seen["argv"]
    assert json.loads(seen["env"]["SM_TRAINING_ENV"])["hyperparameters"] == hps
    assert seen["env"]["SM_HP_EPOCHS"] == "3" and seen["env"]["SM_NUM_GPUS"] == "0"
    assert seen["cwd"] == f"{opt_ml}/code"
    name = described["TrainingJobName"]
    assert described["ModelArtifacts"]["S3ModelArtifacts"] == jobs.uri(f"out/{name}/output/model.tar.gz")
    assert jobs.keys(f"out/{name}/output/") == [
        f"out/{name}/output/model.tar.gz",
        f"out/{name}/output/output.tar.gz",
    ]


def test_a_job_passes_through_the_services_secondary_statuses(jobs: Jobs) -> None:
    described = jobs.run(RECORD)
    passed = described["SecondaryStatusTransitions"]
    assert [step["Status"] for step in passed] == [
        "Starting",
        "Downloading",
        "Training",
        "Uploading",
        "Completed",
    ]
    assert all(step["StartTime"] <= step["EndTime"] for step in passed)
    assert described["CreationTime"] <= described["TrainingStartTime"] <= described["TrainingEndTime"]
    assert described["BillableTimeInSeconds"] == described["TrainingTimeInSeconds"] >= 1


def test_metrics_are_the_last_the_log_has(jobs: Jobs) -> None:
    script = """
for epoch, accuracy in enumerate([0.5, 0.75]):
    print(f"epoch={epoch} train:loss=1e-1 validation:accuracy={accuracy}")
"""
    definitions = [
        {"Name": "validation:accuracy", "Regex": "validation:accuracy=([0-9.]+)"},
        {"Name": "train:loss", "Regex": "train:loss=([0-9.e-]+)"},
        {"Name": "never:seen", "Regex": "never=([0-9.]+)"},
    ]
    described = jobs.run(script, algorithm={"MetricDefinitions": definitions})
    found = {metric["MetricName"]: metric["Value"] for metric in described["FinalMetricDataList"]}
    assert found == pytest.approx({"validation:accuracy": 0.75, "train:loss": 0.1})


def test_a_script_that_raises_is_an_execute_user_script_error(jobs: Jobs) -> None:
    described = jobs.run({"train.py": "from model import f\nf()", "model.py": "def f(): raise KeyError('label')"})
    assert described["TrainingJobStatus"] == described["SecondaryStatus"] == "Failed"
    reason = described["FailureReason"]
    assert reason.startswith("AlgorithmError: ExecuteUserScriptError: ExitCode 1 ErrorMessage \"KeyError: 'label'\"")
    assert 'train.py"' in reason and reason.endswith(", exit code: 1")


def test_the_failure_file_of_a_script_takes_precedence(jobs: Jobs) -> None:
    script = """
import os, sys
open(os.path.join(os.environ["SM_OUTPUT_DIR"], "failure"), "w").write("train.lst has no rows")
sys.exit("train.lst has no rows")
"""
    described = jobs.run(script)
    assert described["FailureReason"] == "AlgorithmError: train.lst has no rows, exit code: 1"


def test_checkpoints_are_restored_and_uploaded(jobs: Jobs) -> None:
    script = """
import os
folder = "/opt/ml/checkpoints"
before = sorted(os.listdir(folder))
open(f"{folder}/epoch-{len(before)}.pt", "w").write("state")
print("found", before)
"""
    checkpoints = {"CheckpointConfig": {"S3Uri": jobs.uri("checkpoints")}}
    for _ in range(2):
        assert jobs.run(script, **checkpoints)["TrainingJobStatus"] == "Completed"
    assert jobs.keys("checkpoints/") == ["checkpoints/epoch-0.pt", "checkpoints/epoch-1.pt"]


SAVES_WHEN_ASKED = """
import os, signal, sys, time
def save(*_):
    open(os.path.join(os.environ["SM_MODEL_DIR"], "half.pt"), "w").write("trained so far")
    sys.exit(0)
signal.signal(signal.SIGTERM, save)
open("/opt/ml/checkpoints/ready", "w")
while True:
    time.sleep(0.05)
"""


def wait_until_ready(jobs: Jobs) -> None:
    wait_until(lambda: jobs.keys("ck/") == ["ck/ready"], "the script to begin")


def test_a_stopped_job_may_save_its_model(jobs: Jobs) -> None:
    name = jobs.create(SAVES_WHEN_ASKED, CheckpointConfig={"S3Uri": jobs.uri("ck")})
    wait_until_ready(jobs)
    jobs.client.stop_training_job(TrainingJobName=name)
    described = jobs.ended(name)
    assert described["TrainingJobStatus"] == described["SecondaryStatus"] == "Stopped"
    assert jobs.model(described) == {"half.pt": b"trained so far"}
    assert "Stopping" in [step["Status"] for step in described["SecondaryStatusTransitions"]]
    with pytest.raises(ClientError, match="status Stopped"):
        jobs.client.stop_training_job(TrainingJobName=name)


def test_the_maximum_runtime_stops_a_job(jobs: Jobs) -> None:
    for seconds in (2, 16, 128):
        described = jobs.run(
            SAVES_WHEN_ASKED,
            CheckpointConfig={"S3Uri": jobs.uri(f"ck-{seconds}")},
            StoppingCondition={"MaxRuntimeInSeconds": seconds},
        )
        assert (described["TrainingJobStatus"], described["SecondaryStatus"]) == ("Stopped", "MaxRuntimeExceeded")
        # a time that was over before the script had begun is too short for this machine
        if jobs.keys(f"ck-{seconds}/"):
            break
    assert jobs.model(described) == {"half.pt": b"trained so far"}


def test_a_requirement_that_is_not_met_is_refused_and_not_installed(jobs: Jobs) -> None:
    files = {"train.py": "pass", "requirements.txt": "boto3>=1\nno-such-package-here==1.0  # needed\n"}
    described = jobs.run(files)
    assert "no-such-package-here==1.0" in described["FailureReason"]
    assert "boto3" not in described["FailureReason"]


def test_an_entrypoint_is_run_in_place_of_the_images(jobs: Jobs) -> None:
    entrypoint = [
        "/bin/bash",
        "-c",
        "cp /opt/ml/input/data/train/x.txt /opt/ml/model/ && echo $TRAINING_JOB_NAME",
    ]
    described = jobs.run("raise SystemExit(1)", algorithm={"ContainerEntrypoint": entrypoint})
    assert jobs.model(described) == {"x.txt": b"some data"}


def test_a_manifest_names_the_objects_of_a_channel(jobs: Jobs) -> None:
    jobs.put("data/unwanted.txt", b"no")
    manifest = [{"prefix": jobs.uri("data/")}, "x.txt"]
    described = jobs.run(
        "import os, sys; assert os.listdir(os.environ['SM_CHANNEL_TRAIN']) == ['x.txt']",
        channel={
            "S3DataType": "ManifestFile",
            "S3Uri": jobs.put("list.manifest", json.dumps(manifest).encode()),
        },
    )
    assert described["TrainingJobStatus"] == "Completed", described["FailureReason"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"resources": {"InstanceCount": 2}}, "InstanceCount 2 is not supported"),
        ({"algorithm": {"TrainingInputMode": "Pipe"}}, "Pipe is not supported"),
        ({"algorithm": {"TrainingImage": "a/xgboost:1"}}, "pytorch-training, sagemaker-scikit-learn"),
        ({"algorithm": {"TrainingImage": "a/pytorch-inference:2.6.0"}}, "does not train"),
        ({"algorithm": {"MetricDefinitions": [{"Name": "a", "Regex": "("}]}}, "not a regular expression"),
        ({"channel": {"S3DataType": "AugmentedManifestFile"}}, "AugmentedManifestFile is not supported"),
        ({"channel": {"S3Uri": "s3://no-such-bucket/x"}}, "No S3 objects found under S3 URL"),
        ({"CheckpointConfig": {"S3Uri": "s3://b/c", "LocalPath": "/var/tmp"}}, "not below /opt/ml"),
    ],
)
def test_what_is_not_supported_is_refused_at_once(jobs: Jobs, change: dict[str, Any], message: str) -> None:
    with pytest.raises(ClientError, match=message) as refused:
        jobs.create("pass", **change)
    assert refused.value.response["Error"]["Code"] == "ValidationException"


def test_a_name_that_is_taken_is_refused_in_the_services_words(jobs: Jobs) -> None:
    name = jobs.run("pass")["TrainingJobName"]
    with pytest.raises(jobs.client.exceptions.ResourceInUse, match="Training job names must be unique"):
        jobs.create("pass", TrainingJobName=name)
