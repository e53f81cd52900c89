"""The training pipeline with pretraining: what of its definition differs from that without, and that nothing else does.

That without it the definition is the golden one is test_definition_golden's.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pipelines.definition import check_definition
from pipelines.definition.document import all_steps
from tests.waiting import PATIENCE_SECONDS

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "golden"
DIFFERENT = {"ExtractCifar", "TrainClassifier", "EvaluateModel", "RegisterModel"}
COMPILE = f"""
import sys; sys.path.insert(0, {str(GOLDEN)!r})
from compile_pipelines import LOCKED_DOWN, compile_training
import json
print(json.dumps([compile_training(pretrain=True), compile_training(pretrain=True, **LOCKED_DOWN), compile_training()]))
"""
Steps = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def compiled() -> list[str]:
    """With pretraining, plain and locked down, and without."""
    done = subprocess.run(
        [sys.executable, "-c", COMPILE], cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False
    )
    assert done.returncode == 0, done.stderr
    definitions: list[str] = json.loads(done.stdout)
    return definitions


@pytest.fixture(scope="module")
def steps(compiled: list[str]) -> Steps:
    return _steps(json.loads(compiled[0]))


@pytest.fixture(scope="module")
def without(compiled: list[str]) -> Steps:
    return _steps(json.loads(compiled[2]))


def _steps(definition: dict[str, Any]) -> Steps:
    return {step.name: {**step.step, "Arguments": step.own_arguments} for step in all_steps(definition)}


def test_the_service_would_take_it(compiled: list[str]) -> None:
    assert [str(problem) for definition in compiled for problem in check_definition(definition)] == []


def test_other_steps_are_as_without(steps: Steps, without: Steps) -> None:
    assert list(steps) == list(without)
    assert {name for name in steps if steps[name] != without[name]} == DIFFERENT


def test_the_extraction_gets_a_flag_and_an_output_more(steps: Steps, without: Steps) -> None:
    told, before = (each["ExtractCifar"]["Arguments"] for each in (steps, without))
    arguments = told["AppSpecification"]["ContainerArguments"]
    assert arguments == [*before["AppSpecification"]["ContainerArguments"], "--pretrain"]
    outputs = told["ProcessingOutputConfig"]["Outputs"]
    assert len(outputs) == len(before["ProcessingOutputConfig"]["Outputs"]) + 1 <= 10, "the service takes no more"
    added = {output["OutputName"]: output["S3Output"] for output in outputs}["pretrain"]
    assert added["LocalPath"] == "/opt/ml/processing/output/pretrain"
    assert added["S3Uri"]["Std:Join"]["Values"][-2:] == ["ExtractCifar", "pretrain"]


def test_no_output_of_the_extraction_is_a_prefix_of_another(steps: Steps) -> None:
    outputs = steps["ExtractCifar"]["Arguments"]["ProcessingOutputConfig"]["Outputs"]
    places = [json.dumps(output["S3Output"]["S3Uri"]["Std:Join"]["Values"])[:-2] for output in outputs]
    assert not [(one, two) for one in places for two in places if one != two and two.startswith(one)]


def test_the_training_gets_the_output_as_a_channel_and_is_told_to_read_it(steps: Steps, without: Steps) -> None:
    told, before = (each["TrainClassifier"]["Arguments"] for each in (steps, without))
    channels = {channel["ChannelName"]: channel["DataSource"] for channel in told["InputDataConfig"]}
    assert set(channels) - {channel["ChannelName"] for channel in before["InputDataConfig"]} == {"pretrain"}
    assert channels["pretrain"]["S3DataSource"]["S3Uri"] == {
        "Get": "Steps.ExtractCifar.ProcessingOutputConfig.Outputs['pretrain'].S3Output.S3Uri"
    }
    added = {name: text for name, text in told["HyperParameters"].items() if name not in before["HyperParameters"]}
    assert added == {"pretrain": "true", "pretrain-epochs": "10"}
    assert {name for name in before["HyperParameters"] if name not in told["HyperParameters"]} == set()


def test_checkpoints_are_apart_from_those_without(steps: Steps, without: Steps) -> None:
    """The digest in their place is that of code, image and settled hyperparameters."""
    one, other = (
        re.findall(r"[0-9a-f]{64}", json.dumps(each["TrainClassifier"]["Arguments"]["CheckpointConfig"]))
        for each in (steps, without)
    )
    assert len(one) == len(other) == 1
    assert one != other


def test_each_metric_is_found_in_its_own_lines_alone(steps: Steps) -> None:
    lines = {
        "pretraining": "pretraining-epoch=1 pretraining:loss=4.1000 pretraining:accuracy=0.1000 seconds=3",
        "fine-tuning": "epoch=1 train:loss=0.7 train:accuracy=0.6 validation:loss=0.5 validation:accuracy=0.8",
    }
    definitions = steps["TrainClassifier"]["Arguments"]["AlgorithmSpecification"]["MetricDefinitions"]
    found = {
        each["Name"]: {kind: match[1] for kind, line in lines.items() if (match := re.search(each["Regex"], line))}
        for each in definitions
    }
    assert found == {
        "pretraining:loss": {"pretraining": "4.1000"},
        "pretraining:accuracy": {"pretraining": "0.1000"},
        "train:loss": {"fine-tuning": "0.7"},
        "train:accuracy": {"fine-tuning": "0.6"},
        "validation:loss": {"fine-tuning": "0.5"},
        "validation:accuracy": {"fine-tuning": "0.8"},
    }


def test_an_isolated_training_gets_both_further_channels(compiled: list[str]) -> None:
    training = _steps(json.loads(compiled[1]))["TrainClassifier"]["Arguments"]
    assert {"pretrain", "code"} <= {channel["ChannelName"] for channel in training["InputDataConfig"]}


def test_report_and_package_say_that_the_model_was_pretrained(steps: Steps, without: Steps) -> None:
    told = steps["EvaluateModel"]["Arguments"]["AppSpecification"]["ContainerArguments"]
    assert "pretrain=true" in told and len(told) <= 100, "the service takes no more"
    metadata, before = (each["RegisterModel"]["Arguments"]["CustomerMetadataProperties"] for each in (steps, without))
    assert set(metadata) - set(before) == {"pretrain"}
    assert metadata["pretrain"] == "true" and len(metadata) <= 50
