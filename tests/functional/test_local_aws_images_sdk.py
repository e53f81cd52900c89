"""The SageMaker Python SDK's own classes, driving the images: their drivers and scripts run as they are."""

from __future__ import annotations

import io
import os
import tarfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.waiting import wait_until

TRAINING = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.10.0-cpu-py313-ubuntu22.04-sagemaker"
SKLEARN = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.4-2"
ROLE = "arn:aws:iam::123456789012:role/pipeline"

SCRIPT = """
import argparse, os
from pathlib import Path
parser = argparse.ArgumentParser()
parser.add_argument("--words", type=int)
words = parser.parse_args().words
if words < 0:
    raise ValueError(f"{words} words cannot be")
text = (Path(os.environ["SM_CHANNEL_TRAIN"]) / "x.txt").read_text()
(Path("/opt/ml/model") / "model.txt").write_text(" ".join(text.split()[:words]))
"""


@pytest.fixture
def session(local_aws: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A session of the SDK with this local AWS, without its telemetry."""
    variables = {
        "AWS_ENDPOINT_URL": local_aws.url,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "SAGEMAKER_VALIDATE_ROLE": "false",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    from sagemaker.core.helper.session_helper import Session
    from sagemaker.core.telemetry import telemetry_logging

    monkeypatch.setattr(telemetry_logging, "_send_telemetry_request", lambda *_args, **_more: None)
    yield Session(boto_session=boto3.Session(region_name="us-east-1"), default_bucket=local_aws.bucket)


@pytest.fixture
def source_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "train.py").write_text(SCRIPT)
    return folder


def train(session: Any, local_aws: Any, source_dir: Path, words: int) -> dict[str, Any]:
    from sagemaker.core.shapes import StoppingCondition
    from sagemaker.train import ModelTrainer
    from sagemaker.train.configs import Compute, InputData, OutputDataConfig, SourceCode

    prefix = f"sdk-{uuid.uuid4().hex[:8]}"
    data = session.upload_string_as_file_body("one two three", local_aws.bucket, f"{prefix}/data/x.txt")
    trainer = ModelTrainer(
        sagemaker_session=session,
        training_image=TRAINING,
        role=ROLE,
        base_job_name=prefix,
        source_code=SourceCode(source_dir=str(source_dir), entry_script="train.py"),
        compute=Compute(instance_type="ml.m5.large", instance_count=1, volume_size_in_gb=5),
        hyperparameters={"words": words},
        output_data_config=OutputDataConfig(s3_output_path=f"s3://{local_aws.bucket}/{prefix}/out"),
        stopping_condition=StoppingCondition(max_runtime_in_seconds=3600),
    )
    trainer.train(
        input_data_config=[
            InputData(channel_name="train", data_source=data or f"s3://{local_aws.bucket}/{prefix}/data")
        ],
        wait=False,
        logs=False,
    )
    client = local_aws.client("sagemaker")
    name = trainer._latest_training_job.training_job_name
    return ended(lambda: client.describe_training_job(TrainingJobName=name), "TrainingJobStatus")


def processed(local_aws: Any, processor: Any) -> dict[str, Any]:
    client = local_aws.client("sagemaker")
    name = processor.latest_job.processing_job_name
    return ended(lambda: client.describe_processing_job(ProcessingJobName=name), "ProcessingJobStatus")


def ended(describe: Callable[[], Any], status: str) -> dict[str, Any]:
    """The description of a job that has ended: the SDK's own waiting looks every ten seconds."""
    wait_until(lambda: describe()[status] != "InProgress", lambda: f"the job to end: {describe()}")
    return dict(describe())


def test_model_trainer_runs_its_drivers_and_leaves_a_model(session: Any, local_aws: Any, source_dir: Path) -> None:
    described = train(session, local_aws, source_dir, words=2)
    assert described["TrainingJobStatus"] == "Completed", described
    _, _, bucket, key = described["ModelArtifacts"]["S3ModelArtifacts"].split("/", 3)
    body = local_aws.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(body)) as archive:
        file = archive.extractfile("model.txt")
        assert file is not None and file.read() == b"one two"


def test_model_trainer_shows_the_scripts_own_error(session: Any, local_aws: Any, source_dir: Path) -> None:
    described = train(session, local_aws, source_dir, words=-1)
    assert described["FailureReason"] == "AlgorithmError: ValueError: -1 words cannot be, exit code: 1"


def test_framework_processor_runs_its_unpacked_sources(session: Any, local_aws: Any, tmp_path: Path) -> None:
    from sagemaker.core.processing import FrameworkProcessor
    from sagemaker.core.shapes import ProcessingOutput, ProcessingS3Output

    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "run.py").write_text("import helper, sys; helper.write(sys.argv[1])")
    (folder / "helper.py").write_text("def write(text): open('/opt/ml/processing/output/a.txt', 'w').write(text)")
    prefix = f"sdk-{uuid.uuid4().hex[:8]}"
    out = ProcessingS3Output(
        s3_uri=f"s3://{local_aws.bucket}/{prefix}/out",
        local_path="/opt/ml/processing/output",
        s3_upload_mode="EndOfJob",
    )
    processor = FrameworkProcessor(
        image_uri=SKLEARN,
        role=ROLE,
        command=["python3"],
        instance_count=1,
        instance_type="ml.m5.large",
        base_job_name=prefix,
        sagemaker_session=session,
    )
    processor.run(
        code="run.py",
        source_dir=str(folder),
        arguments=["hello"],
        outputs=[ProcessingOutput(output_name="out", s3_output=out)],
        wait=False,
        logs=False,
    )
    assert processed(local_aws, processor)["ProcessingJobStatus"] == "Completed"
    found = local_aws.client("s3").get_object(Bucket=local_aws.bucket, Key=f"{prefix}/out/a.txt")
    assert found["Body"].read() == b"hello"


def test_script_processor_runs_its_one_file(session: Any, local_aws: Any, tmp_path: Path) -> None:
    from sagemaker.core.processing import ScriptProcessor

    script = tmp_path / "script.py"
    script.write_text("import os; assert os.environ['SHADE'] == 'dark'")
    processor = ScriptProcessor(
        image_uri=TRAINING,
        role=ROLE,
        command=["python3"],
        instance_count=1,
        instance_type="ml.m5.large",
        env={"SHADE": "dark"},
        base_job_name=f"sdk-{uuid.uuid4().hex[:8]}",
        sagemaker_session=session,
    )
    processor.run(code=str(script), wait=False, logs=False)
    assert processed(local_aws, processor)["ProcessingJobStatus"] == "Completed"
    assert os.environ.get("SHADE") is None
