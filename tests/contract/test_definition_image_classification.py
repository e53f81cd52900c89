"""The training pipeline by SageMaker's built-in algorithm: what of it differs, and that nothing else does.

The golden copy is read: that it is what compiles, and that the service would take it, is test_definition_golden's.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from local_aws.images.image_classification.hyperparameters import READERS, read_hyperparameters
from pipelines.definition.document import all_steps

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
IMAGE = "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1"
CHANNELS = ("train", "validation", "train_lst", "validation_lst")
DIFFERENT = {"TrainClassifier", "CreateModel", "ScoreTestSet", "EvaluateModel", "RegisterModel"}


def _steps(name: str) -> dict[str, dict[str, Any]]:
    definition = json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))
    return {step.name: {**step.step, "Arguments": step.own_arguments} for step in all_steps(definition)}


@pytest.fixture(scope="module")
def steps() -> dict[str, dict[str, Any]]:
    return _steps("training_pipeline_image_classification")


@pytest.fixture(scope="module")
def training(steps: dict[str, dict[str, Any]]) -> dict[str, Any]:
    arguments: dict[str, Any] = steps["TrainClassifier"]["Arguments"]
    return arguments


def test_the_other_steps_are_those_of_the_own_algorithm(steps: dict[str, dict[str, Any]]) -> None:
    own = _steps("training_pipeline")
    assert list(steps) == list(own)
    assert {name for name in own if steps[name] != own[name]} == DIFFERENT


def test_one_image_trains_and_serves(steps: dict[str, dict[str, Any]], training: dict[str, Any]) -> None:
    # no entry point, no code and no metric definitions: all are the algorithm's own
    assert training["AlgorithmSpecification"] == {"TrainingImage": IMAGE, "TrainingInputMode": "File"}
    assert steps["CreateModel"]["Arguments"]["PrimaryContainer"]["Image"] == IMAGE
    (container,) = steps["RegisterModel"]["Arguments"]["InferenceSpecification"]["Containers"]
    assert container["Image"] == IMAGE
    for step in ("TrainClassifier", "CreateModel", "RegisterModel"):
        assert "sagemaker_submit_directory" not in json.dumps(steps[step]).lower()
        assert "/code/training/" not in json.dumps(steps[step])


def test_the_four_channels_are_of_what_the_extraction_writes(training: dict[str, Any]) -> None:
    assert [channel["ChannelName"] for channel in training["InputDataConfig"]] == list(CHANNELS)
    for channel in training["InputDataConfig"]:
        place = f"Steps.ExtractCifar.ProcessingOutputConfig.Outputs['{channel['ChannelName']}'].S3Output.S3Uri"
        source = {"S3DataType": "S3Prefix", "S3DataDistributionType": "FullyReplicated", "S3Uri": {"Get": place}}
        assert channel == {
            "DataSource": {"S3DataSource": source},
            "ChannelName": channel["ChannelName"],
            "ContentType": "application/x-image",
            "CompressionType": "None",
            "RecordWrapperType": "None",
            "InputMode": "File",
        }


def test_the_hyperparameters_are_the_algorithms_as_text(training: dict[str, Any]) -> None:
    given = training["HyperParameters"]
    assert set(given) <= set(READERS)
    known_later = {name: value for name, value in given.items() if not isinstance(value, str)}
    assert {name: _only(value) for name, value in known_later.items()} == {
        "epochs": {"Get": "Parameters.Epochs"},
        "learning_rate": {"Get": "Parameters.LearningRate"},
        "num_training_samples": {
            "Std:JsonGet": {
                "Path": "counts.train.total",
                "PropertyFile": {"Get": "Steps.ExtractCifar.PropertyFiles.DatasetReport"},
            }
        },
    }
    values = {"epochs": "60", "learning_rate": "0.1", "num_training_samples": "719"}
    read = read_hyperparameters({**given, **values})
    assert (read.num_classes, read.num_layers, str(read.image_shape)) == (2, 20, "3,32,32")
    assert read.early_stopping_min_epochs >= max(read.lr_scheduler_step)


def _only(value: dict[str, Any]) -> dict[str, Any]:
    (found,) = value["Std:Join"]["Values"]
    assert value["Std:Join"]["On"] == ""
    return dict(found)


def test_what_scores_the_test_set_is_asked_as_the_algorithm_is_documented(steps: dict[str, dict[str, Any]]) -> None:
    transform = steps["ScoreTestSet"]["Arguments"]
    assert transform["TransformInput"]["ContentType"] == "application/x-image"
    assert transform["TransformOutput"]["Accept"] == "application/json"
    specification = steps["RegisterModel"]["Arguments"]["InferenceSpecification"]
    assert set(specification["SupportedContentTypes"]) == {"image/png", "image/jpeg", "application/x-image"}
    assert specification["SupportedResponseMIMETypes"] == ["application/json", "application/jsonlines"]


def test_the_package_says_what_trained_it_and_of_no_code_that_did_not(steps: dict[str, dict[str, Any]]) -> None:
    metadata = steps["RegisterModel"]["Arguments"]["CustomerMetadataProperties"]
    assert metadata["algorithm"] == "image-classification"
    assert "training_code_sha256" not in metadata
    told = steps["EvaluateModel"]["Arguments"]["AppSpecification"]["ContainerArguments"]
    assert {"algorithm=image-classification", f"training_image={IMAGE}", f"serving_image={IMAGE}"} <= {
        fact for fact in told if isinstance(fact, str)
    }


def test_a_parameter_that_would_change_nothing_is_not_declared() -> None:
    golden = GOLDEN / "training_pipeline_image_classification.json"
    definition = json.loads(golden.read_text(encoding="utf-8"))
    parameters = {parameter["Name"]: parameter for parameter in definition["Parameters"]}
    assert not {"Seed", "UsePretrainedModel"} & set(parameters)
    assert parameters["TrainingInstanceType"]["DefaultValue"] == "ml.g4dn.xlarge"


def test_the_training_is_found_in_the_cache(steps: dict[str, dict[str, Any]], training: dict[str, Any]) -> None:
    """Of what the service compares, nothing is the execution's own."""
    key = [training.get(name) for name in ("AlgorithmSpecification", "HyperParameters", "InputDataConfig")]
    assert steps["TrainClassifier"]["CacheConfig"]["Enabled"] is True
    assert "Execution." not in json.dumps(key)
