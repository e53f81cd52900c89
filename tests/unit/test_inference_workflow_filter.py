"""FilterLowConfidence: sure enough, or a doubt that says how much."""

from __future__ import annotations

import json
from typing import Any

import pytest

from contracts import ConfidentImage, Doubt
from events import EventNotUnderstood
from filter_low_confidence.app import lambda_handler
from filter_low_confidence.decision import ThresholdNotMet, decide
from settings import SettingInvalid
from tests.unit.inference_workflow_services import LambdaContext, from_state, metrics_in


def classified(inferences: Any, **members: Any) -> dict[str, Any]:
    return {"s3_bucket": "images", "s3_key": "a.png", "inferences": inferences, "inference_id": "id", **members}


def keep(event: Any) -> ConfidentImage:
    return ConfidentImage.model_validate(json.loads(json.dumps(lambda_handler(event, LambdaContext()))))


@pytest.fixture(autouse=True)
def _default_threshold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("THRESHOLD", raising=False)


@pytest.mark.parametrize(
    "event",
    [
        classified([0.04, 0.96]),
        {"body": classified([0.04, 0.96])},
        {"statusCode": 200, "body": json.dumps(classified([0.04, 0.96]))},
        {"image_data": "", "inferences": "[0.04, 0.96]"},
        from_state(classified([0.04, 0.96])),
    ],
)
def test_a_sure_answer_becomes_a_label_in_every_shape_of_event(event: Any) -> None:
    kept = keep(event)
    assert (kept.label, kept.confidence, kept.threshold) == ("motorcycle", 0.96, 0.93)


def test_the_first_probability_is_that_of_the_bicycle() -> None:
    assert keep(classified([0.99, 0.01])).label == "bicycle"


def test_the_threshold_itself_is_enough() -> None:
    assert decide((0.93, 0.07), 0.93).label == "bicycle"
    with pytest.raises(ThresholdNotMet):
        decide((0.9299, 0.0701), 0.93)


def test_a_doubt_says_label_confidence_and_threshold_as_json() -> None:
    with pytest.raises(ThresholdNotMet) as caught:
        keep(classified([0.3, 0.7]))
    assert (caught.value.confidence, caught.value.threshold) == (0.7, 0.93)
    doubt = Doubt.model_validate_json(str(caught.value))
    assert doubt == Doubt(
        message="motorcycle with confidence 0.7, below the threshold 0.93",
        label="motorcycle",
        confidence=0.7,
        threshold=0.93,
    )


def test_the_environments_threshold_gives_way_to_the_events(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THRESHOLD", "0.6")
    assert keep(classified([0.3, 0.7])).threshold == 0.6
    with pytest.raises(ThresholdNotMet):
        keep(classified([0.3, 0.7], threshold=0.8))
    assert keep(classified([0.5, 0.5], threshold=0)).label == "bicycle"


@pytest.mark.parametrize("text", ["high", "1.5", "-0.1", "nan"])
def test_a_threshold_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("THRESHOLD", text)
    with pytest.raises(SettingInvalid, match=f"THRESHOLD is '{text}'"):
        keep(classified([0.3, 0.7]))


@pytest.mark.parametrize(
    "event",
    [
        {},
        classified([]),
        classified([0.5, 0.2]),
        classified("[0.5"),
        classified([float("nan"), 0.5]),
        classified([0.04, 0.96], threshold="0.9"),
    ],
)
def test_events_without_two_probabilities_are_refused(event: Any) -> None:
    with pytest.raises(EventNotUnderstood):
        keep(event)


def test_doubts_are_counted_by_state_machine(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ThresholdNotMet):
        keep(from_state(classified([0.3, 0.7])))
    output = capsys.readouterr().out
    assert metrics_in(output).items() >= {"Confidence": [0.7], "LowConfidence": [1.0]}.items()
    records = [json.loads(line) for line in output.splitlines() if '"LowConfidence"' in line]
    assert records[0]["state_machine"] == "workflow"
    keep(from_state(classified([0.01, 0.99])))
    assert metrics_in(capsys.readouterr().out)["LowConfidence"] == [0.0]
