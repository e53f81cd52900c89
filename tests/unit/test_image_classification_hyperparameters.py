"""Hyperparameters of the built-in image-classification algorithm."""

from __future__ import annotations

import pytest

from local_aws.images.image_classification.errors import CustomerError
from local_aws.images.image_classification.hyperparameters import Hyperparameters, read_hyperparameters
from local_aws.images.image_classification.values import ImageShape

REQUIRED = {"num_classes": "2", "num_training_samples": "640"}


def read(**given: str) -> Hyperparameters:
    return read_hyperparameters({**REQUIRED, **given})


def test_defaults_are_those_of_the_guide() -> None:
    found = read()

    assert (found.num_layers, found.image_shape, found.epochs, found.mini_batch_size) == (
        152,
        ImageShape(3, 224, 224),
        30,
        32,
    )
    assert (found.optimizer, found.learning_rate, found.lr_scheduler_factor) == ("sgd", 0.1, 0.1)
    assert (found.beta_1, found.beta_2, found.eps, found.gamma, found.weight_decay) == (0.9, 0.999, 1e-8, 0.9, 0.0001)
    assert (found.early_stopping, found.early_stopping_min_epochs, found.early_stopping_patience) == (False, 10, 5)
    assert found.augmentation_type is None and found.checkpoint_frequency is None and found.resize is None


def test_strings_become_values() -> None:
    found = read(
        image_shape="3, 32, 32",
        num_layers="20",
        lr_scheduler_step="10, 20",
        early_stopping="true",
        multi_label="1",
        resize="36",
        top_k="2",
        checkpoint_frequency="30",
        _tuning_objective_metric="validation:accuracy",
    )

    assert found.image_shape == ImageShape(3, 32, 32)
    assert found.lr_scheduler_step == (10, 20)
    assert found.early_stopping and found.multi_label


@pytest.mark.parametrize(("name", "good"), [("lr_scheduler_step", ""), ("top_k", " "), ("learning_rate", "0")])
def test_an_empty_value_is_not_set_and_zero_is_in_the_range(name: str, good: str) -> None:
    read(**{name: good})


@pytest.mark.parametrize("missing", ["num_classes", "num_training_samples"])
def test_what_is_required_is_named(missing: str) -> None:
    with pytest.raises(CustomerError, match=rf"^No value\(s\) were specified for '{missing}' which are required"):
        read_hyperparameters({name: value for name, value in REQUIRED.items() if name != missing})


def test_unknown_ones_are_refused_in_the_words_of_the_algorithm() -> None:
    with pytest.raises(CustomerError) as refused:
        read(**{"augmentation type": "crop"})

    assert str(refused.value) == "Additional hyperparameters are not allowed ('augmentation type' was unexpected)"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("num_classes", "0"),
        ("num_classes", "two"),
        ("num_training_samples", "-1"),
        ("num_layers", "19"),
        ("image_shape", "32,32"),
        ("image_shape", "4,32,32"),
        ("image_shape", "3,0,32"),
        ("learning_rate", "1.5"),
        ("learning_rate", "nan"),
        ("momentum", "-0.1"),
        ("optimizer", "adamw"),
        ("augmentation_type", "flip"),
        ("lr_scheduler_step", "20,10"),
        ("lr_scheduler_step", "10;20"),
        ("early_stopping", "1"),
        ("use_pretrained_model", "True"),
        ("top_k", "1"),
        ("top_k", "3"),
        ("checkpoint_frequency", "31"),
        ("precision_dtype", "float64"),
        ("kv_store", "device"),
        ("resize", "100"),
    ],
)
def test_values_out_of_range_are_refused_by_name(name: str, text: str) -> None:
    with pytest.raises(CustomerError, match=rf"^Hyperparameter {name}: '?{text}'? is "):
        read(**{name: text})


def test_what_cannot_be_had_here_is_refused_with_the_reason() -> None:
    with pytest.raises(CustomerError, match="no weights trained on ImageNet"):
        read(num_layers="18", use_pretrained_model="1")
    with pytest.raises(CustomerError, match="needs a GPU"):
        read(precision_dtype="float16")
    with pytest.raises(CustomerError, match="num_layers: 20 has no pretrained model"):
        read(num_layers="20", use_pretrained_model="1")


def test_a_model_channel_is_a_pretrained_model() -> None:
    given = {**REQUIRED, "num_layers": "18", "use_pretrained_model": "1"}

    assert read_hyperparameters(given, has_model_channel=True).use_pretrained_model
