"""The ways to train: how they are chosen, what a retraining takes, and what is refused."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from pipelines.console import explain
from pipelines.retraining.recipe import ChampionTraining
from pipelines.training import pipeline
from pipelines.training.algorithms import (
    ALGORITHMS,
    IMAGE_CLASSIFICATION,
    PYTORCH,
    PYTORCH_GPU,
    UnsupportedAlgorithm,
    algorithm_named,
)
from processing.prices import USD_PER_HOUR


def test_an_algorithm_is_found_by_its_name_and_another_refused_in_one_line() -> None:
    assert algorithm_named("image-classification") is IMAGE_CLASSIFICATION
    assert algorithm_named("pytorch") is PYTORCH
    with pytest.raises(UnsupportedAlgorithm) as refused:
        algorithm_named("Image Classification")
    told = explain(refused.value)
    assert (
        told
        == "algorithm 'Image Classification' is not supported: use one of pytorch, pytorch-gpu, image-classification"
    )


def test_the_code_of_training_runs_in_the_gpu_image_on_gpu_instances_and_nothing_else_is_another() -> None:
    here, there = PYTORCH.training_image("eu-west-1"), PYTORCH_GPU.training_image("eu-west-1")
    assert here.replace("-cpu-", "-gpu-") == there != here
    assert PYTORCH_GPU.serving_image("eu-west-1") == PYTORCH.serving_image("eu-west-1")
    assert not set(PYTORCH_GPU.training_instance_types) & set(PYTORCH.training_instance_types)
    families = {kind.split(".")[1] for kind in PYTORCH_GPU.training_instance_types}
    assert families == {"g4dn", "g5"}


@pytest.mark.parametrize("name", ALGORITHMS)
def test_its_instance_types_have_a_price_and_its_default_is_one_of_them(name: str) -> None:
    algorithm = ALGORITHMS[name]
    assert algorithm.training_instance_type in algorithm.training_instance_types
    assert set(algorithm.training_instance_types) <= set(USD_PER_HOUR)


def test_the_built_in_algorithm_trains_on_the_gpu_families_that_it_is_documented_for() -> None:
    families = {kind.split(".")[1] for kind in IMAGE_CLASSIFICATION.training_instance_types}
    assert families <= {"p2", "p3", "g4dn", "g5"}


def test_a_retraining_takes_the_champions_algorithm_unless_another_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def versions(sagemaker: Any, group: str) -> ChampionTraining:
        asked.append(group)
        return ChampionTraining("image-classification" if group == "trained" else None)

    monkeypatch.setattr(pipeline, "champion_training", versions)
    target = SimpleNamespace(client=lambda service: service)
    monkeypatch.setattr(pipeline, "target_from_environment", lambda **place: target)
    named = {"model_package_group_name": "trained", "algorithm": "pytorch"}
    assert pipeline.get_retraining_kwargs(**named) == named
    assert asked == []
    found = pipeline.get_retraining_kwargs(model_package_group_name="trained")
    assert found == {"model_package_group_name": "trained", "algorithm": "image-classification"}
    assert pipeline.get_retraining_kwargs(kms_key="k") == {"kms_key": "k"}
