"""run-pipeline and get-pipeline-definition: AWS's flags and exit codes, and one line for an expected
error."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pipelines import get_pipeline_definition, run_pipeline
from pipelines.build_environment import ARN_FILE, REASON, REQUEST_ID, START, TRIGGER, WAIT

ROLE = "arn:aws:iam::123456789012:role/SconesPipelineRole"
NOW = datetime(2026, 11, 21, tzinfo=timezone.utc)
DEFINITION = {
    "Version": "2020-12-01",
    "Parameters": [],
    "Steps": [{"Name": "Reject", "Type": "Fail", "Arguments": {"ErrorMessage": "no"}}],
}


class FakeSageMaker:
    """The calls that run-pipeline makes, with the state between them."""

    def __init__(self, final_status: str = "Succeeded", definition: dict[str, Any] | None = None) -> None:
        self.final_status = final_status
        self.definition = definition or DEFINITION
        self.pipelines: dict[str, dict[str, Any]] = {}
        self.started = 0
        self.meta = SimpleNamespace(endpoint_url="http://127.0.0.1:1")

    def create_pipeline(self, **request: Any) -> dict[str, str]:
        self.pipelines[request["PipelineName"]] = request
        return {"PipelineArn": f"arn:{request['PipelineName']}"}

    def start_pipeline_execution(self, PipelineName: str, PipelineParameters: Any = ()) -> dict[str, str]:
        assert PipelineName in self.pipelines
        self.started += 1
        self.parameters = {given["Name"]: given["Value"] for given in PipelineParameters}
        return {"PipelineExecutionArn": f"arn:{PipelineName}/execution/{self.started}"}

    def describe_pipeline_execution(self, PipelineExecutionArn: str) -> dict[str, Any]:
        return {"PipelineExecutionStatus": self.final_status, "CreationTime": NOW, "LastModifiedTime": NOW}

    def get_paginator(self, _name: str) -> Any:
        step = {"StepName": "Reject", "StepStatus": "Failed", "FailureReason": "accuracy 0.5 is below 0.85"}
        steps = [step] if self.final_status == "Failed" else []
        return SimpleNamespace(paginate=lambda **_request: [{"PipelineExecutionSteps": steps}])


@pytest.fixture
def sagemaker(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeSageMaker]:
    """A pipeline module `fake_pipeline` whose session is a fake SageMaker; kwargs are kept in `kwargs`."""
    fake = FakeSageMaker()
    module = SimpleNamespace(kwargs=None)

    def get_pipeline(**kwargs: Any) -> Any:
        module.kwargs = kwargs
        if kwargs.get("broken"):
            raise RuntimeError("nobody foresaw this")
        session = SimpleNamespace(sagemaker_client=fake, s3_client=None, _default_bucket_name_override="b")
        return SimpleNamespace(name="Fake", definition=lambda: json.dumps(fake.definition), sagemaker_session=session)

    module.get_pipeline = get_pipeline
    monkeypatch.setitem(__import__("sys").modules, "fake_pipeline", module)
    # a build runs these tests in an environment of its own
    for name in ("SAGEMAKER_PIPELINE_ROLE_ARN", WAIT, START, ARN_FILE, REASON, TRIGGER, REQUEST_ID):
        monkeypatch.delenv(name, raising=False)
    yield fake


def _exit_code(main: Any, *argv: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(list(argv))
    assert isinstance(ended.value.code, int)
    return ended.value.code


def test_run_pipeline_creates_starts_and_waits(sagemaker: FakeSageMaker, capsys: pytest.CaptureFixture[str]) -> None:
    tags = "[{'Key':'sagemaker:project-name', 'Value':'scones'}]"
    code = _exit_code(
        run_pipeline.main,
        "--module-name",
        "fake_pipeline",
        "--role-arn",
        ROLE,
        "--tags",
        tags,
        "-description",
        "d",
    )
    assert code == 0
    request = sagemaker.pipelines["Fake"]
    assert request["Tags"] == [{"Key": "sagemaker:project-name", "Value": "scones"}]
    assert (request["RoleArn"], request["PipelineDescription"]) == (ROLE, "d")
    assert "execution Succeeded" in capsys.readouterr().out


def test_run_pipeline_starts_with_what_the_module_says(
    sagemaker: FakeSageMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def get_execution_parameters(client: Any, _s3: Any, **kwargs: Any) -> dict[str, str]:
        assert client is sagemaker
        return {"ChampionPredictionsUri": f"s3://{kwargs['default_bucket']}/x.csv"}

    module = __import__("sys").modules["fake_pipeline"]
    monkeypatch.setattr(module, "get_execution_parameters", get_execution_parameters, raising=False)
    assert (
        _exit_code(run_pipeline.main, "-n", "fake_pipeline", "-role-arn", ROLE, "-kwargs", "{'default_bucket': 'b'}")
        == 0
    )
    assert sagemaker.parameters == {"ChampionPredictionsUri": "s3://b/x.csv"}


@pytest.mark.parametrize("status", ["Failed", "Stopped"])
def test_run_pipeline_fails_with_the_execution(
    sagemaker: FakeSageMaker, capsys: pytest.CaptureFixture[str], status: str
) -> None:
    sagemaker.final_status = status
    assert _exit_code(run_pipeline.main, "-n", "fake_pipeline", "-role-arn", ROLE) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"error: execution {status}: ") and error.count("\n") == 1
    assert status == "Stopped" or "Reject: accuracy 0.5 is below 0.85" in error


def test_run_pipeline_takes_the_role_from_the_environment(
    sagemaker: FakeSageMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAGEMAKER_PIPELINE_ROLE_ARN", ROLE)
    assert _exit_code(run_pipeline.main, "-n", "fake_pipeline") == 0


def test_run_pipeline_sends_no_definition_that_has_problems(
    sagemaker: FakeSageMaker, capsys: pytest.CaptureFixture[str]
) -> None:
    sagemaker.definition = {**DEFINITION, "Steps": []}
    assert _exit_code(run_pipeline.main, "-n", "fake_pipeline", "-role-arn", ROLE) == 1
    assert sagemaker.pipelines == {}
    assert "Steps: there are none" in capsys.readouterr().err


@pytest.mark.parametrize("argv", [[], ["--role-arn", ROLE], ["--module-name", "fake_pipeline"]])
def test_run_pipeline_without_module_or_role_is_wrong_usage(sagemaker: FakeSageMaker, argv: list[str]) -> None:
    assert _exit_code(run_pipeline.main, *argv) == 2


def test_get_pipeline_definition_without_module_is_wrong_usage() -> None:
    assert _exit_code(get_pipeline_definition.main) == 2


def test_get_pipeline_definition_prints_or_writes(
    sagemaker: FakeSageMaker, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert _exit_code(get_pipeline_definition.main, "-n", "fake_pipeline", "-kwargs", "{'region': 'eu-west-1'}") == 0
    printed = capsys.readouterr().out
    assert json.loads(printed) == DEFINITION
    file = tmp_path / "definition.json"
    assert _exit_code(get_pipeline_definition.main, "-n", "fake_pipeline", "-f", str(file)) == 0
    assert json.loads(file.read_text()) == DEFINITION
    assert [path.name for path in tmp_path.iterdir()] == ["definition.json"]


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (["-n", "no_such_module"], "no module no_such_module"),
        (["-n", "json"], "module json has no get_pipeline"),
        (["-n", "fake_pipeline", "-kwargs", "{'a': "], "--kwargs: not a Python literal"),
        (["-n", "fake_pipeline", "-kwargs", "['a']"], "--kwargs: wants a dict"),
        (["-n", "fake_pipeline", "-kwargs", "__import__('os')"], "--kwargs: not a Python literal"),
        (["-n", "fake_pipeline", "-f", "/no/such/folder/x.json"], "/no/such/folder"),
    ],
)
def test_a_wrong_argument_is_one_line(
    sagemaker: FakeSageMaker, capsys: pytest.CaptureFixture[str], argv: list[str], expected: str
) -> None:
    assert _exit_code(get_pipeline_definition.main, *argv) == 1
    error = capsys.readouterr().err
    assert expected in error and error.count("\n") == 1


def test_wrong_tags_are_one_line(sagemaker: FakeSageMaker, capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["-n", "fake_pipeline", "-role-arn", ROLE, "-tags", "[{'Name': 'x'}]"]
    assert _exit_code(run_pipeline.main, *argv) == 1
    assert "--tags: wants a list" in capsys.readouterr().err


def test_an_unsupported_algorithm_is_refused_before_the_sdk_is_loaded(
    capsys: pytest.CaptureFixture[str],
) -> None:
    argv = ["-n", "pipelines.training.pipeline", "-kwargs", "{'algorithm': 'xgboost'}"]
    assert _exit_code(get_pipeline_definition.main, *argv) == 1
    assert (
        capsys.readouterr().err
        == "error: algorithm 'xgboost' is not supported: use one of pytorch, pytorch-gpu, image-classification\n"
    )


def test_half_a_network_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["-n", "pipelines.training.pipeline", "-kwargs", "{'subnets': ['subnet-1']}"]
    assert _exit_code(get_pipeline_definition.main, *argv) == 1
    assert "subnets and security_group_ids belong together" in capsys.readouterr().err


def test_an_error_nobody_foresaw_keeps_its_traceback(sagemaker: FakeSageMaker) -> None:
    with pytest.raises(RuntimeError, match="nobody foresaw this"):
        get_pipeline_definition.main(["-n", "fake_pipeline", "-kwargs", "{'broken': True}"])
