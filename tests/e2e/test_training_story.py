"""An MLOps engineer trains: executions that end well, that are refused, that fail, that are interrupted."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
from pathlib import Path

import boto3
import pytest
from PIL import Image

from tests.waiting import PATIENCE_SECONDS, wait_until

NET_ALONE = ("--param", "UsePretrainedModel=0")
QUICK = ("--param", "Epochs=1", *NET_ALONE)
STEPS = (
    "ExtractCifar",
    "TrainClassifier",
    "PerturbTestSet",
    "CreateModel",
    "ScoreTestSet",
    "EvaluateModel",
    "CheckQuality",
    "DataQualityBaseline",
    "ModelQualityBaseline",
    "RegisterModel",
    "CheckApproval",
)


def test_an_execution_ends_with_a_registered_version_that_waits_for_approval(scones):
    done = scones("run", "--wait", "--json", *QUICK, "--param", "AccuracyThreshold=0.2")
    assert done.returncode == 0, done.stderr
    execution = json.loads(done.stdout)
    # the training and the perturbing run side by side: either may be listed first
    assert {step["name"] for step in execution["steps"]} == set(STEPS)
    assert {step["status"] for step in execution["steps"]} == {"Succeeded"}

    (version,) = json.loads(scones("models", "--json").stdout)
    assert (version["version"], version["approval_status"]) == (1, "PendingManualApproval")
    assert 0.2 <= version["accuracy"] <= 1.0
    assert version["metadata"]["pipeline_execution_arn"] == execution["arn"]
    assert version["metadata"]["dataset_source"] in {"archive", "generated"}
    assert version["metadata"]["training_reason"].startswith("started by hand by ")
    assert (version["metadata"]["training_trigger"], version["metadata"]["new_images"]) == ("user", "0")
    assert len(version["metadata"]["archive_sha256"]) == 64
    report = read(scones, version["metadata"]["report"])
    assert execution["arn"].rsplit("/", 1)[-1] in report
    assert "There is no champion to compare with" in report

    package = client(scones, "sagemaker").describe_model_package(ModelPackageName=version["arn"])
    data, quality = (package["DriftCheckBaselines"][kind] for kind in ("ModelDataQuality", "ModelQuality"))
    statistics = json.loads(read(scones, data["Statistics"]["S3Uri"]))
    predictions = read(scones, version["metadata"]["predictions"]).splitlines()
    assert statistics["dataset"]["item_count"] == len(predictions) - 1
    assert "brightness" in {
        feature["name"] for feature in json.loads(read(scones, data["Constraints"]["S3Uri"]))["features"]
    }
    bars = json.loads(read(scones, quality["Constraints"]["S3Uri"]))["binary_classification_constraints"]
    assert bars["accuracy"]["threshold"] == pytest.approx(version["accuracy"])
    assert "def preprocess_handler(" in read(scones, version["metadata"]["record_preprocessor"])

    logs = scones("logs", "--step", "TrainClassifier").stdout
    assert "validation:accuracy=" in logs
    assert "Completed" in scones("logs", "--step", "DataQualityBaseline").stdout
    metrics = training_metrics(scones)
    assert metrics["validation:accuracy"] >= 0.0, "metric definitions pick the figure out of the log"


def test_a_model_below_the_bar_and_far_behind_its_champion_ends_with_exit_code_3_and_registers_nothing(scones):
    before = json.loads(scones("models", "--json").stdout)
    (version,) = before
    header, *rows = csv.reader(read(scones, version["metadata"]["predictions"]).splitlines())
    flawless = [header, *([*row[:3], *("01" if row[2] == "1" else "10")] for row in rows)]
    uri = version["metadata"]["predictions"].replace("predictions.csv", "flawless/predictions.csv")
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    content = "".join(",".join(line) + "\n" for line in flawless).encode()

    against = (
        *("run", "--wait", *QUICK, "--param", "AccuracyThreshold=0.999", "--param"),
        f"ChampionPredictionsUri={uri}",
    )
    gone = scones(*against)
    assert (gone.returncode, "names nothing in S3" in gone.stderr) == (1, True)
    client(scones, "s3").put_object(Bucket=bucket, Key=key, Body=content)
    done = scones(*against)
    assert done.returncode == 3, done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("scones: Model rejected: accuracy 0.")
    assert "0.999" in line
    assert "significantly worse than the champion: p-value " in line
    assert "TrainClassifier Succeeded" in done.stdout
    assert "cached" in done.stdout, "data and training are those of the first execution"
    assert "Baseline" not in done.stdout, "a model that is refused needs none"
    assert json.loads(scones("models", "--json").stdout) == before


def test_a_training_script_that_refuses_reaches_the_screen_with_its_reason_and_a_retraining_takes_new_images(scones):
    s3, bucket = client(scones, "s3"), "scones-unlimited-us-east-1-123456789012"
    picture = io.BytesIO()
    Image.new("RGB", (60, 40), "teal").save(picture, "JPEG")
    s3.put_object(Bucket=bucket, Key="scones/new-images/bicycle/teal.jpg", Body=picture.getvalue())
    done = scones("retrain", "--reason", "Ann's teal bicycle", "--wait", "--param", "Epochs=0")
    assert done.returncode == 1, done.stderr
    (line,) = done.stderr.splitlines()
    assert "TrainClassifier" in line
    assert "epochs" in line.lower()
    assert "Recipe: that of version 1\n" in done.stdout
    assert "New images: 1 bicycle, 0 motorcycle, as s3://" in done.stdout
    assert "ExtractCifar Succeeded" in done.stdout
    assert "new images: 1 files, 1 added to train" in scones("logs", "--step", "ExtractCifar").stdout

    newest = json.loads(scones("executions", "--json").stdout)[0]
    assert newest["PipelineExecutionDescription"] == "Ann-s teal bicycle"
    again = scones("retrain", "--reason", "and again")
    assert again.returncode == 3
    (line,) = again.stderr.splitlines()
    assert "cool-down" in line and "; allowed from 20" in line and "--force" in line
    assert json.loads(scones("executions", "--json").stdout)[0] == newest


def test_parameters_are_checked_before_anything_starts(scones):
    before = scones("executions", "--json").stdout
    for parameter, said in {"Epochs=three": "not of type Integer", "nonsense": "NAME=VALUE"}.items():
        refused = scones("run", "--param", parameter)
        assert refused.returncode == 1
        (line,) = refused.stderr.splitlines()
        assert said in line, line
    assert scones("executions", "--json").stdout == before


def test_ctrl_c_while_waiting_leaves_the_execution_running_and_says_how_to_look_again(scones):
    waiting = scones.begin("run", "--wait", "--param", "Epochs=500", *NET_ALONE)
    arn = started(waiting)
    wait_until(lambda: "TrainClassifier" in scones("executions", arn).stdout, "the training to begin")
    os.killpg(waiting.pid, signal.SIGINT)
    out, _ = waiting.communicate(timeout=PATIENCE_SECONDS)
    assert waiting.returncode == 130
    assert f"Look again: scones executions {arn.rsplit('/', 1)[-1]}" in out
    assert json.loads(scones("executions", arn, "--json").stdout)["status"] == "Executing"

    stopped = scones("stop", arn)
    assert stopped.stdout == f"{arn} is Stopped.\n"
    shown = json.loads(scones("executions", arn, "--json").stdout)
    assert {step["name"]: step["status"] for step in shown["steps"]}["TrainClassifier"] == "Stopped"


def test_a_server_killed_during_training_shows_after_a_restart_what_was_and_what_failed(scones, processes_of):
    waiting = scones.begin("run", "--wait", "--param", "Epochs=500", *NET_ALONE)
    arn = started(waiting)
    wait_until(lambda: "validation:accuracy" in scones("logs", arn, "--step", "TrainClassifier").stdout, "an epoch")
    finished_before = succeeded(scones)
    server = json.loads(scones("status", "--json").stdout)
    os.kill(server["pid"], signal.SIGKILL)
    _, error = waiting.communicate(timeout=PATIENCE_SECONDS)
    assert waiting.returncode == 1
    assert len(error.splitlines()) == 1, error
    wait_until(lambda: not processes_of(Path(server["state"]) / "jobs"), "the job's processes to end with their server")
    assert "not running" in scones("executions").stderr

    assert scones("up").returncode == 0
    shown = json.loads(scones("executions", arn, "--json").stdout)
    steps = {step["name"]: step for step in shown["steps"]}
    assert shown["status"] == "Failed"
    assert steps["ExtractCifar"]["status"] == "Succeeded"
    assert steps["TrainClassifier"]["status"] == "Failed"
    assert "the local AWS ended while it was running" in steps["TrainClassifier"]["failure_reason"]
    failed = client(scones, "sagemaker").list_training_jobs(StatusEquals="Failed")["TrainingJobSummaries"]
    described = client(scones, "sagemaker").describe_training_job(TrainingJobName=failed[0]["TrainingJobName"])
    assert described["FailureReason"].startswith("InternalServerError: the server stopped while the job was running")
    assert succeeded(scones) == finished_before
    versions = json.loads(scones("models", "--json").stdout)
    assert [version["version"] for version in versions] == [1]
    bucket, _, key = versions[0]["model_data_url"].removeprefix("s3://").partition("/")
    assert client(scones, "s3").head_object(Bucket=bucket, Key=key)["ContentLength"] > 1000


def training_metrics(scones) -> dict[str, float]:
    sagemaker = client(scones, "sagemaker")
    name = sagemaker.list_training_jobs()["TrainingJobSummaries"][0]["TrainingJobName"]
    found = sagemaker.describe_training_job(TrainingJobName=name)["FinalMetricDataList"]
    return {metric["MetricName"]: metric["Value"] for metric in found}


def succeeded(scones) -> set[str]:
    listed = json.loads(scones("executions", "--json").stdout)
    return {item["PipelineExecutionArn"] for item in listed if item["PipelineExecutionStatus"] == "Succeeded"}


def read(scones, uri: str) -> str:
    """The text of an object in the local S3."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return client(scones, "s3").get_object(Bucket=bucket, Key=key)["Body"].read().decode()


def client(scones, service: str):
    url = json.loads(scones("status", "--json").stdout)["url"]
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    return boto3.client(service, endpoint_url=url, region_name="us-east-1", **keys)


def started(process: subprocess.Popen[str]) -> str:
    """The ARN in the first line that `scones run` prints."""
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith("Started arn:"), line
    return line.removeprefix("Started ").strip()
