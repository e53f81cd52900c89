"""Pretraining as it is asked for: by kwargs and by option, refused in one line, and taken over by a retraining."""

from __future__ import annotations

from datetime import datetime, timezone
from types import SimpleNamespace
from typing import Any

import pytest

from pipelines.cli.compile import Variant
from pipelines.console import explain
from pipelines.pipeline_module import BadArgument, read_kwargs
from pipelines.retraining.recipe import champion_training
from pipelines.training import pipeline
from pipelines.training.algorithms import UnsupportedPretraining
from processing.lineage import Lineage, reproduction


@pytest.mark.parametrize("asked", [lambda **kwargs: pipeline.get_pipeline(**kwargs), Variant])
def test_the_built_in_algorithm_is_not_pretrained(asked: Any) -> None:
    with pytest.raises(UnsupportedPretraining) as refused:
        asked(algorithm="image-classification", pretrain=True)
    told = "pretraining is not supported with algorithm 'image-classification': use pytorch, or leave pretrain out"
    assert explain(refused.value) == told


def test_a_text_is_neither_yes_nor_no() -> None:
    with pytest.raises(UnsupportedPretraining, match="pretrain is True or False, not 'False'"):
        pipeline.get_pipeline(pretrain="False")  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["{'pretrain': True}", '{"pretrain": true}'])
def test_kwargs_are_read_as_python_or_as_json(text: str) -> None:
    assert read_kwargs(text) == {"pretrain": True}


@pytest.mark.parametrize("text", ["{'pretrain': true}", '{"pretrain": True', "pretrain"])
def test_what_is_neither_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(BadArgument, match="--kwargs: not a Python literal, nor JSON"):
        read_kwargs(text)


class SageMaker:
    """A registry with one version of this metadata."""

    def __init__(self, metadata: dict[str, str]) -> None:
        self.metadata = metadata

    def get_paginator(self, name: str) -> Any:
        assert name == "list_model_packages"
        version = {"ModelPackageArn": "arn:1", "ModelPackageVersion": 1, "ModelApprovalStatus": "Approved"}
        return SimpleNamespace(paginate=lambda **_asked: [{"ModelPackageSummaryList": [version]}])

    def describe_model_package(self, ModelPackageName: str) -> dict[str, Any]:
        return {
            "ModelPackageArn": ModelPackageName,
            "ModelPackageVersion": 1,
            "ModelApprovalStatus": "Approved",
            "ModelPackageStatus": "Completed",
            "CreationTime": datetime(2026, 11, 21, tzinfo=timezone.utc),
            "CustomerMetadataProperties": self.metadata,
        }


@pytest.mark.parametrize(
    ("metadata", "kwargs"),
    [
        ({"algorithm": "pytorch", "pretrain": "true"}, {"algorithm": "pytorch", "pretrain": True}),
        ({"algorithm": "pytorch"}, {"algorithm": "pytorch"}),
        ({"algorithm": "image-classification"}, {"algorithm": "image-classification"}),
    ],
)
def test_a_retraining_pretrains_where_the_champion_was(
    metadata: dict[str, str], kwargs: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = SageMaker(metadata)
    target = SimpleNamespace(client=lambda _service: registry)
    monkeypatch.setattr(pipeline, "target_from_environment", lambda **_place: target)
    assert champion_training(registry).pretrained == ("pretrain" in metadata)
    assert pipeline.get_retraining_kwargs() == kwargs
    if "pretrain" in metadata:
        assert pipeline.get_retraining_kwargs(pretrain=False)["pretrain"] is False


def test_the_report_says_how_to_pretrain_again() -> None:
    (command,) = reproduction(Lineage(facts={"algorithm": "pytorch", "pretrain": "true"}))
    assert command.split() == ["scones", "run", "--wait", "\\", "--algorithm", "pytorch", "\\", "--pretrain"]
