"""The model card: SageMaker's schema, as the SDK has it, and the API's limits on Content."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.session import get_session

from processing.lineage import Lineage
from processing.model_card import model_card
from tests.unit.processing_evidence import made_up_evaluation

LINEAGE = Lineage(
    {"algorithm": "pytorch", "training_job_arn": "arn:x", "training_image": "image:1", "code_version": "abc"},
    {"Epochs": "60", "EndpointName": "x"},
)


def card_of(lineage: Lineage = LINEAGE, **choices: Any) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(model_card(made_up_evaluation(**choices), lineage))
    return content


@pytest.mark.parametrize("champion_mistakes", [None, 2])
def test_the_card_is_of_sagemakers_schema(champion_mistakes: int | None) -> None:
    from sagemaker.core.shapes.model_card_shapes import ModelCardContent

    card = card_of(champion_mistakes=champion_mistakes)
    read = ModelCardContent(**card).model_dump(exclude_unset=True, mode="json")
    # the schema allows no other properties: what the SDK's classes drop is none of it
    assert _paths(read) == _paths(card)


def test_the_content_keeps_the_apis_limits() -> None:
    text = model_card(made_up_evaluation(champion_mistakes=2), LINEAGE)
    shape = get_session().get_service_model("sagemaker").operation_model("CreateModelCard").input_shape
    assert shape is not None
    assert len(text) <= shape.members["Content"].metadata["max"]
    assert "\n" not in text


def test_figures_are_those_of_the_evaluation() -> None:
    (details,) = card_of(mistakes=4, champion_mistakes=5)["evaluation_details"]
    figures = {metric["name"]: metric["value"] for group in details["metric_groups"] for metric in group["metric_data"]}
    assert figures["accuracy"] == 0.9
    assert figures["Confusion matrix, rows what it is"] == [[18, 2], [2, 18]]
    assert figures["greyscale"] == 0.2
    assert figures["Accuracy difference"] == pytest.approx(0.025)
    assert figures["ROC curve"][0] == [0.0, 0.0] and figures["ROC curve"][-1] == [1.0, 1.0]


def test_only_what_trained_the_model_is_a_hyperparameter() -> None:
    job = card_of()["training_details"]["training_job_details"]
    assert job["user_provided_hyper_parameters"] == [{"name": "Epochs", "value": "60"}]
    assert job["training_arn"] == "arn:x"
    assert "training_arn" not in card_of(Lineage())["training_details"]["training_job_details"]


def _paths(value: Any, at: str = "") -> set[str]:
    if isinstance(value, dict):
        return {path for key, member in value.items() for path in _paths(member, f"{at}.{key}")}
    if isinstance(value, list):
        return {path for member in value for path in _paths(member, f"{at}[]")} or {at}
    return {at}
