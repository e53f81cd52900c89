"""run-pipeline within a build: what environment variables say to it, and what its exit code says back."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from pipelines import execution_start, get_pipeline_definition, retraining, run_pipeline
from pipelines.build_environment import (
    ARN_FILE,
    BUILD_ID,
    CODE_VERSION,
    COMMIT,
    REASON,
    REQUEST_ID,
    START,
    TRIGGER,
    WAIT,
    read_environment,
)
from pipelines.pipeline_module import BadArgument

ROLE = "arn:aws:iam::123456789012:role/SconesPipelineRole"
NOW = datetime(2026, 11, 21, tzinfo=timezone.utc)
WHYS = [{"Name": name, "Type": "String", "DefaultValue": "x"} for name in ("TrainingReason", "TrainingTrigger")]


def refusal(operation: str, code: str, message: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


class SageMaker:
    """One account's pipelines and executions, a request's token among them."""

    def __init__(self) -> None:
        self.parameters: list[dict[str, Any]] = []
        self.pipelines: dict[str, dict[str, Any]] = {}
        self.requests: list[dict[str, Any]] = []
        self.running: list[str] = []
        self.steps: list[dict[str, Any]] = []
        self.final = "Succeeded"
        self.cannot_update: ClientError | None = None
        self.meta = SimpleNamespace(endpoint_url="http://127.0.0.1:1")

    def create_pipeline(self, **request: Any) -> dict[str, str]:
        if self.cannot_update:
            raise self.cannot_update
        self.pipelines[request["PipelineName"]] = request
        return {"PipelineArn": f"arn:{request['PipelineName']}"}

    def start_pipeline_execution(self, **request: Any) -> dict[str, str]:
        tokens = [one.get("ClientRequestToken") for one in self.requests]
        token = request.get("ClientRequestToken")
        if token not in tokens or token is None:
            self.requests.append(request)
            tokens.append(token)
        return {"PipelineExecutionArn": f"arn:execution/{tokens.index(token) + 1}"}

    def describe_pipeline_execution(self, PipelineExecutionArn: str) -> dict[str, Any]:
        return {"PipelineExecutionStatus": self.final, "CreationTime": NOW, "LastModifiedTime": NOW}

    def get_paginator(self, operation: str) -> Any:
        running = [{"PipelineExecutionArn": arn, "PipelineExecutionStatus": "Executing"} for arn in self.running]
        over = [{"PipelineExecutionArn": "arn:over", "PipelineExecutionStatus": "Failed"}]
        page = {"PipelineExecutionSteps": self.steps, "PipelineExecutionSummaries": [*over, *running]}
        return SimpleNamespace(paginate=lambda **request: [page])


@pytest.fixture
def sagemaker(monkeypatch: pytest.MonkeyPatch) -> Iterator[SageMaker]:
    """A module `built_pipeline` over a fake SageMaker; no variable of a build is set."""
    fake = SageMaker()

    def get_pipeline(**kwargs: Any) -> Any:
        fake.kwargs = kwargs  # type: ignore[attr-defined]
        session = SimpleNamespace(sagemaker_client=fake, s3_client=None, _default_bucket_name_override="b")
        used = [{"Get": f"Parameters.{one['Name']}"} for one in fake.parameters]
        message = {"Std:Join": {"On": " ", "Values": ["no", *used]}}
        step = {"Name": "Reject", "Type": "Fail", "Arguments": {"ErrorMessage": message}}
        definition = {"Version": "2020-12-01", "Parameters": fake.parameters, "Steps": [step]}
        return SimpleNamespace(name="Built", definition=lambda: json.dumps(definition), sagemaker_session=session)

    module = SimpleNamespace(get_pipeline=get_pipeline, get_execution_parameters=lambda *clients, **kwargs: {"A": "1"})
    monkeypatch.setitem(sys.modules, "built_pipeline", module)
    for name in (WAIT, START, ARN_FILE, REASON, TRIGGER, REQUEST_ID, BUILD_ID, COMMIT, CODE_VERSION):
        monkeypatch.delenv(name, raising=False)
    yield fake


def run(kwargs: str = "{}", *more: str) -> int:
    with pytest.raises(SystemExit) as ended:
        run_pipeline.main(["-n", "built_pipeline", "-role-arn", ROLE, "-kwargs", kwargs, *more])
    assert isinstance(ended.value.code, int)
    return ended.value.code


def test_a_build_need_not_wait(sagemaker: SageMaker, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(WAIT, "false")
    monkeypatch.setenv(ARN_FILE, str(tmp_path / "arn.txt"))
    sagemaker.final = "Executing"
    assert run() == 0
    assert (tmp_path / "arn.txt").read_text() == "arn:execution/1\n"
    assert sagemaker.requests == [
        {"PipelineName": "Built", "PipelineParameters": [{"Name": "A", "Value": "1"}]},
    ]


def test_the_arn_is_there_before_the_waiting_ends_badly(
    sagemaker: SageMaker, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(WAIT, "true")
    monkeypatch.setenv(ARN_FILE, str(tmp_path / "arn.txt"))
    sagemaker.final = "Failed"
    sagemaker.steps = [{"StepName": "Train", "StepStatus": "Failed", "FailureReason": "no room"}]
    assert run() == 1
    assert (tmp_path / "arn.txt").read_text() == "arn:execution/1\n"


def test_a_model_that_the_gate_rejects_is_a_decision_and_no_error(
    sagemaker: SageMaker, capsys: pytest.CaptureFixture[str]
) -> None:
    sagemaker.final = "Failed"
    said = "accuracy 0.5 is\nbelow 0.85"
    sagemaker.steps = [
        {"StepName": "Reject", "StepStatus": "Failed", "FailureReason": said, "Metadata": {"Fail": {}}},
    ]
    assert run() == 3
    error = capsys.readouterr().err
    assert error == "rejected: the model was not registered: accuracy 0.5 is below 0.85 (arn:execution/1)\n"


def test_a_pipeline_may_be_brought_up_to_date_without_a_start(
    sagemaker: SageMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(START, "false")
    assert run() == 0
    assert set(sagemaker.pipelines) == {"Built"} and sagemaker.requests == []


def test_a_pipeline_that_cannot_be_updated_fails_the_build(
    sagemaker: SageMaker, capsys: pytest.CaptureFixture[str]
) -> None:
    sagemaker.cannot_update = refusal("CreatePipeline", "ValidationException", "the role cannot be assumed")
    assert run() == 1
    error = capsys.readouterr().err
    assert error == "error: CreatePipeline was refused: the role cannot be assumed (ValidationException)\n"
    assert sagemaker.requests == []


def test_a_retraining_says_why_on_the_execution(
    sagemaker: SageMaker, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: dict[str, Any] = {}

    def parameters(target: Any, reason: str, trigger: str, **more: Any) -> dict[str, str]:
        seen.update(more, bucket=target.bucket)
        return {"TrainingReason": reason, "TrainingTrigger": trigger, "Epochs": "7", "GoneMeanwhile": "1"}

    monkeypatch.setattr(retraining, "retraining_parameters", parameters)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv(WAIT, "false")
    monkeypatch.setenv(REASON, ' in alarm: "drift" $(reboot)\n')
    monkeypatch.setenv(TRIGGER, "scones-delivery-vehicles-drift")
    monkeypatch.setenv(REQUEST_ID, "11111111-2222-3333-4444-555555555555")
    sagemaker.parameters = [*WHYS, {"Name": "Epochs", "Type": "Integer", "DefaultValue": 1}]
    assert run("{'default_bucket': 'data', 'endpoint_name': 'e', 'model_package_group_name': 'g'}") == 0
    assert (seen["bucket"], seen["endpoint"], seen["group"]) == ("data", "e", "g")
    (request,) = sagemaker.requests
    values = {one["Name"]: one["Value"] for one in request["PipelineParameters"]}
    reason = "in alarm: -drift- --reboot-"
    assert values == {"TrainingReason": reason, "TrainingTrigger": "scones-delivery-vehicles-drift", "Epochs": "7"}
    assert request["PipelineExecutionDescription"] == reason
    assert 32 <= len(request["ClientRequestToken"]) <= 128 and request["ClientRequestToken"].isalnum()
    assert f"retraining asked for by scones-delivery-vehicles-drift: {reason}" in capsys.readouterr().out
    # the event came twice
    assert run("{'default_bucket': 'data'}") == 0
    assert len(sagemaker.requests) == 1


@pytest.mark.parametrize(
    ("variables", "reason"),
    [
        ({COMMIT: "0b5fe33"}, "push of 0b5fe33"),
        ({CODE_VERSION: "", COMMIT: "0b5fe33"}, "push of 0b5fe33"),
        ({CODE_VERSION: "scones/seed/abc.zip"}, "push of scones/seed/abc.zip"),
        ({}, "push"),
    ],
)
def test_a_push_says_what_was_pushed_on_the_execution(
    sagemaker: SageMaker, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], reason: str
) -> None:
    for name, value in {**variables, BUILD_ID: "scones-training:1", WAIT: "false", REASON: ""}.items():
        monkeypatch.setenv(name, value)
    sagemaker.parameters = WHYS
    assert run() == 0
    (request,) = sagemaker.requests
    values = {one["Name"]: one["Value"] for one in request["PipelineParameters"]}
    assert values == {"A": "1", "TrainingReason": reason, "TrainingTrigger": "codebuild"}
    assert request["PipelineExecutionDescription"] == reason and "ClientRequestToken" not in request


def test_outside_of_a_build_nothing_was_pushed(sagemaker: SageMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CODE_VERSION, "0b5fe33")
    sagemaker.parameters = WHYS
    assert run() == 0
    assert sagemaker.requests[0]["PipelineParameters"] == [{"Name": "A", "Value": "1"}]


def test_a_pipeline_without_reason_and_trigger_gets_the_description_alone(
    sagemaker: SageMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(REASON, "the schedule says so")
    assert run() == 0
    assert sagemaker.requests == [
        {"PipelineName": "Built", "PipelineExecutionDescription": "the schedule says so"},
    ]


def test_of_retrainings_there_is_one_at_a_time(
    sagemaker: SageMaker, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(REASON, "drift")
    sagemaker.running = ["arn:execution/9"]
    assert run() == 3
    assert capsys.readouterr().err == "refused: no retraining while arn:execution/9 is under way\n"
    assert sagemaker.requests == []
    # what somebody pushes is not held back by it
    monkeypatch.delenv(REASON)
    assert run() == 0


def test_an_empty_variable_is_one_that_is_not_set(sagemaker: SageMaker) -> None:
    assert (
        run("{'kms_key': '', 'pipeline_name': 'Built'}", "-tags", "[{'Key':'sagemaker:project-name','Value':''}]") == 0
    )
    assert sagemaker.kwargs == {"role": ROLE, "pipeline_name": "Built"}  # type: ignore[attr-defined]
    assert "Tags" not in sagemaker.pipelines["Built"]


def test_a_project_that_cannot_be_asked_for_its_tags_stops_nothing(
    sagemaker: SageMaker, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def tags(given: list[dict[str, str]], **project: str) -> list[dict[str, str]]:
        raise refusal("ListTags", "ResourceNotFound", f"no {project['sagemaker_project_arn']}")

    monkeypatch.setattr(sys.modules["built_pipeline"], "get_pipeline_custom_tags", tags, raising=False)
    assert run("{'sagemaker_project_arn': 'arn:p'}", "-tags", "[{'Key':'team','Value':'routing'}]") == 0
    assert sagemaker.pipelines["Built"]["Tags"] == [{"Key": "team", "Value": "routing"}]
    assert "the project's tags are left out: ListTags was refused: no arn:p" in capsys.readouterr().out


@pytest.mark.parametrize("name", [WAIT, START])
def test_what_is_neither_true_nor_false_is_one_line(
    sagemaker: SageMaker, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    monkeypatch.setenv(name, "yes")
    assert run() == 1
    assert capsys.readouterr().err == f"error: {name}: is 'yes': set it to true or false\n"
    assert sagemaker.pipelines == {}


def test_without_variables_it_is_awss_own_script() -> None:
    build = read_environment({WAIT: "", REASON: "  "})
    assert (build.start, build.wait, build.arn_file, build.retraining) == (True, True, None, None)
    with pytest.raises(BadArgument, match="True"):
        read_environment({WAIT: "True"})


def test_a_request_has_one_token_whatever_its_id_looks_like() -> None:
    made = read_environment({REASON: "r", REQUEST_ID: "événement 1"}).retraining
    assert made is not None and made.token is not None and len(made.token) == 64
    assert made == read_environment({REASON: "r ", REQUEST_ID: " événement 1"}).retraining
    without = read_environment({REASON: "r"}).retraining
    assert without is not None and without.token is None


def test_stopping_counts_as_under_way() -> None:
    assert {"Executing", "Stopping"} == execution_start.UNDER_WAY


@pytest.mark.parametrize("role", ["SconesPipelineRole", 7])
def test_a_role_among_the_kwargs_is_looked_at_too(
    sagemaker: SageMaker, capsys: pytest.CaptureFixture[str], role: object
) -> None:
    assert run(repr({"role": role})) == 1
    told = f"error: --kwargs: role: wants arn:aws:iam::ACCOUNT:role/NAME, not {role}\n"
    assert capsys.readouterr().err == told
    with pytest.raises(SystemExit) as ended:
        get_pipeline_definition.main(["-n", "built_pipeline", "-kwargs", repr({"role": role})])
    assert (ended.value.code, capsys.readouterr().err) == (1, told)
    assert sagemaker.pipelines == {}


def test_a_role_that_is_no_arn_is_one_line(sagemaker: SageMaker, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run_pipeline.main(["-n", "built_pipeline", "-role-arn", "SconesPipelineRole"])
    assert ended.value.code == 1
    told = "error: --role-arn: wants arn:aws:iam::ACCOUNT:role/NAME, not SconesPipelineRole\n"
    assert capsys.readouterr().err == told


def test_a_retraining_is_compiled_as_the_champion_was_trained(
    sagemaker: SageMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def as_the_champion(**kwargs: Any) -> dict[str, Any]:
        return {"algorithm": "image-classification", **kwargs}

    monkeypatch.setattr(sys.modules["built_pipeline"], "get_retraining_kwargs", as_the_champion, raising=False)
    monkeypatch.setenv(START, "false")
    assert run() == 0
    assert "algorithm" not in sagemaker.kwargs  # type: ignore[attr-defined]
    monkeypatch.setenv(REASON, "drift")
    assert run() == 0
    assert sagemaker.kwargs["algorithm"] == "image-classification"  # type: ignore[attr-defined]
    assert run("{'algorithm': 'pytorch'}") == 0
    assert sagemaker.kwargs["algorithm"] == "pytorch"  # type: ignore[attr-defined]
