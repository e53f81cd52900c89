"""An engineer trains by SageMaker's built-in algorithm, has it serve, and changes his mind."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import boto3
import pytest

pytestmark = pytest.mark.slow
BUILT_IN = ("--algorithm", "image-classification")
QUICK = ("--wait", "--json", "--param", "Epochs=2", "--param", "AccuracyThreshold=0.2")
IMAGE = "/image-classification:1"


@pytest.fixture(scope="module")
def trained(scones):
    done = scones("run", *BUILT_IN, *QUICK)
    assert done.returncode == 0, done.stderr
    assert {step["status"] for step in json.loads(done.stdout)["steps"]} == {"Succeeded"}
    return scones


def test_another_algorithm_is_refused_in_one_line_before_anything_is_made(scones):
    refused = scones("run", "--algorithm", "xgboost")
    told = "scones: algorithm 'xgboost' is not supported: use one of pytorch, pytorch-gpu, image-classification\n"
    assert (refused.returncode, refused.stdout, refused.stderr) == (1, "", told)
    refused = scones("run", *BUILT_IN, "--param", "Seed=2")
    assert (refused.returncode, len(refused.stderr.splitlines())) == (1, 1)
    assert "Seed" in refused.stderr


def test_the_version_says_what_trained_it_and_is_judged_as_any_other(trained):
    (version,) = versions(trained)
    assert version["metadata"]["algorithm"] == "image-classification"
    assert 0.2 <= version["accuracy"] <= 1.0
    package = client(trained, "sagemaker").describe_model_package(ModelPackageName=version["arn"])
    (container,) = package["InferenceSpecification"]["Containers"]
    assert container["Image"].endswith(IMAGE) and not container.get("Environment")
    assert json.loads(read(trained, version["metadata"]["model_card"]))["model_overview"]["algorithm_type"] == (
        "image-classification"
    )
    report = read(trained, version["metadata"]["report"])
    assert "--algorithm image-classification" in report
    assert len(rows(trained, version)) > 100


def test_the_job_was_told_how_many_images_there_are(trained):
    job = training_job(trained)
    listed = [
        channel["DataSource"]["S3DataSource"]["S3Uri"]
        for channel in job["InputDataConfig"]
        if channel["ChannelName"] == "train_lst"
    ]
    lines = read(trained, f"{listed[0]}/train.lst").splitlines()
    assert int(job["HyperParameters"]["num_training_samples"]) == len(lines)
    assert job["AlgorithmSpecification"]["TrainingImage"].endswith(IMAGE)


def test_the_service_knows_the_algorithms_metrics(trained):
    job = training_job(trained)
    metrics = {metric["MetricName"]: metric["Value"] for metric in job["FinalMetricDataList"]}
    assert 0.0 <= metrics["validation:accuracy"] <= 1.0
    assert "Validation-accuracy" in trained("logs", "--step", "TrainClassifier").stdout


def test_training_again_is_found_in_the_cache(trained):
    done = trained("run", *BUILT_IN, *QUICK)
    assert done.returncode == 0, done.stderr
    steps = {step["name"]: step for step in json.loads(done.stdout)["steps"]}
    assert steps["ExtractCifar"]["cached_from"] and steps["TrainClassifier"]["cached_from"]


def test_an_approved_version_serves_and_the_workflow_asks_it(trained, tmp_path: Path):
    done = trained("approve", "1", "--reason", "it will do", "--wait")
    assert done.returncode == 0, done.stderr
    pictures = fetch_pictures(trained, tmp_path)
    answers = json.loads(trained("invoke", *map(str, pictures), "--json").stdout)
    judged = {row["file_name"]: float(row["p_bicycle"]) for row in rows(trained, versions(trained)[-1])}
    for answer in answers:
        assert answer["probabilities"][0] == pytest.approx(judged[Path(answer["path"]).name], abs=1e-4)

    assert trained("workflow", "deploy").returncode == 0
    outcomes = json.loads(trained("classify", *map(str, pictures), "--json", "--threshold", "0").stdout)
    assert {outcome["status"] for outcome in outcomes} == {"SUCCEEDED"}


def test_a_retraining_follows_the_champions_algorithm_and_the_other_one_is_compared_with_it(trained):
    shown = trained("definition", *BUILT_IN, "--diff")
    assert (shown.returncode, shown.stderr) == (0, ""), shown.stdout
    done = trained(
        "retrain", "--reason", "as it was", "--json", "--wait", "--force", "--param", "AccuracyThreshold=0.2"
    )
    assert done.returncode in (0, 3), done.stderr
    assert training_job(trained)["AlgorithmSpecification"]["TrainingImage"].endswith(IMAGE)

    done = trained("run", *QUICK, "--param", "Epochs=1")
    assert done.returncode in (0, 3), done.stderr
    assert "pytorch-training" in training_job(trained)["AlgorithmSpecification"]["TrainingImage"]
    evaluated = json.loads(read(trained, f"{outputs_of(trained, 'evaluate')['evaluation']}/evaluation.json"))
    assert evaluated["registry"]["champion"] == "compared"
    assert int(evaluated["registry"]["champion_images"]) == len(rows(trained, versions(trained)[-1]))


def versions(scones) -> list[dict]:
    """Newest first."""
    listed: list[dict] = json.loads(scones("models", "--json").stdout)
    return listed


def training_job(scones) -> dict:
    """The newest."""
    sagemaker = client(scones, "sagemaker")
    name = sagemaker.list_training_jobs()["TrainingJobSummaries"][0]["TrainingJobName"]
    described: dict = sagemaker.describe_training_job(TrainingJobName=name)
    return described


def outputs_of(scones, step: str) -> dict[str, str]:
    """Of the newest processing job of a step: output name -> place."""
    sagemaker = client(scones, "sagemaker")
    bodies = (
        sagemaker.describe_processing_job(ProcessingJobName=summary["ProcessingJobName"])
        for summary in sagemaker.list_processing_jobs()["ProcessingJobSummaries"]
    )
    job = next(body for body in bodies if step in json.dumps(body["AppSpecification"]).replace("_", "-"))
    return {each["OutputName"]: each["S3Output"]["S3Uri"] for each in job["ProcessingOutputConfig"]["Outputs"]}


def rows(scones, version: dict) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(read(scones, version["metadata"]["predictions"]))))


def fetch_pictures(scones, folder: Path) -> list[Path]:
    """Some pictures of the test set."""
    s3 = client(scones, "s3")
    (source,) = [uri for uri in outputs_of(scones, "extract-cifar").values() if uri.endswith("/images/test")]
    bucket, _, prefix = source.removeprefix("s3://").partition("/")
    found = s3.list_objects_v2(Bucket=bucket, Prefix=f"{prefix}/", MaxKeys=5)["Contents"]
    files = [folder / one["Key"].rsplit("/", 1)[-1] for one in found]
    for one, file in zip(found, files, strict=True):
        file.write_bytes(s3.get_object(Bucket=bucket, Key=one["Key"])["Body"].read())
    return files


def read(scones, uri: str) -> str:
    """The text of an object in the local S3."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return client(scones, "s3").get_object(Bucket=bucket, Key=key)["Body"].read().decode()


def client(scones, service: str):
    url = json.loads(scones("status", "--json").stdout)["url"]
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    return boto3.client(service, endpoint_url=url, region_name="us-east-1", **keys)
