"""`scones up | down | status | env`, and every command when nothing is running."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import boto3
import pytest

from tests.waiting import PATIENCE_SECONDS

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def scones(tmp_path):
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SCONES_"))}
    environment = {**kept, "SCONES_STATE": str(tmp_path / "state"), "PYTHONPATH": str(ROOT)}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", "from pipelines.cli import main; main()", *arguments]
        return subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=PATIENCE_SECONDS
        )

    yield run
    run("down")


def test_up_status_env_down_and_up_again_with_the_same_state(scones):
    assert scones("up").returncode == 0
    assert "already running" in scones("up").stdout
    status = json.loads(scones("status", "--json").stdout)

    exports = dict(line.removeprefix("export ").split("=", 1) for line in scones("env").stdout.splitlines())
    assert exports["AWS_ENDPOINT_URL"] == status["url"]
    s3 = boto3.client(
        "s3",
        endpoint_url=exports["AWS_ENDPOINT_URL"],
        region_name=exports["AWS_REGION"],
        aws_access_key_id=exports["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=exports["AWS_SECRET_ACCESS_KEY"],
    )
    s3.put_object(Bucket=exports["ARTIFACT_BUCKET"], Key="kept", Body=b"over a restart")

    assert scones("down").returncode == 0
    assert scones("status").returncode == 1
    assert scones("up", "--json", "--port", str(status["port"])).returncode == 0
    assert s3.get_object(Bucket=exports["ARTIFACT_BUCKET"], Key="kept")["Body"].read() == b"over a restart"


@pytest.mark.parametrize("command", ["status", "down", "env", "executions", "models", "stop", "logs", "run"])
def test_without_a_running_server_every_command_says_how_to_start_one(scones, command):
    refused = scones(command)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr == "scones: the local AWS is not running: start it with `scones up`\n"


def test_up_on_a_port_in_use_says_so_in_one_line(scones):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        refused = scones("up", "--port", str(port))
    assert refused.returncode == 1
    (line,) = refused.stderr.splitlines()
    assert line.startswith(f"scones: port {port} of 127.0.0.1 cannot be used")


def test_aws_as_a_target_without_settings_names_all_that_is_missing(scones):
    refused = scones("executions", "--target", "aws")
    assert refused.returncode == 1
    (line,) = refused.stderr.splitlines()
    for name in ("AWS_REGION", "SAGEMAKER_PIPELINE_ROLE_ARN", "ARTIFACT_BUCKET"):
        assert name in line


def test_wrong_usage_has_exit_code_2(scones):
    assert scones("up", "--port", "http").returncode == 2
    assert scones("no-such-command").returncode == 2


def test_an_endpoint_where_nothing_listens_is_one_line(tmp_path):
    environment = {**os.environ, "AWS_ENDPOINT_URL": "http://127.0.0.1:9", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", "from pipelines.cli import main; main()", "executions"]
    refused = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=PATIENCE_SECONDS
    )
    assert refused.returncode == 1
    (line,) = refused.stderr.splitlines()
    assert "127.0.0.1:9" in line
    assert "scones up" in line
