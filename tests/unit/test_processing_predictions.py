"""Transform output: found at any depth, refused unless it is one probability a class for each picture."""

from pathlib import Path

import pytest

from processing.predictions import (
    MalformedPrediction,
    PredictionDuplicated,
    PredictionMissing,
    PredictionUnexpected,
    parse_prediction,
    read_predictions,
)


def answer(folder: Path, name: str, text: str = "[0.25, 0.75]") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.out").write_text(text)


def test_answers_come_in_the_order_asked_for_from_any_depth(tmp_path: Path) -> None:
    answer(tmp_path / "a" / "b", "x.png", "[0.25, 0.75]")
    answer(tmp_path, "y.png", '{"prediction": [1, 0]}\n')
    assert read_predictions(tmp_path, ["y.png", "x.png"], 2).tolist() == [[1.0, 0.0], [0.25, 0.75]]


def test_missing_answer_is_refused_by_name(tmp_path: Path) -> None:
    answer(tmp_path, "x.png")
    with pytest.raises(PredictionMissing, match=r"lacks y\.png\.out \(1 of 2 missing\)"):
        read_predictions(tmp_path, ["x.png", "y.png"], 2)


def test_answer_to_an_unlisted_picture_is_refused(tmp_path: Path) -> None:
    answer(tmp_path, "x.png")
    answer(tmp_path, "z.png")
    with pytest.raises(PredictionUnexpected, match=r"z\.png\.out"):
        read_predictions(tmp_path, ["x.png"], 2)


def test_picture_answered_twice_is_refused(tmp_path: Path) -> None:
    answer(tmp_path / "a", "x.png")
    answer(tmp_path / "b", "x.png")
    with pytest.raises(PredictionDuplicated, match=r"x\.png is answered twice"):
        read_predictions(tmp_path, ["x.png"], 2)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0.5, 0.5",
        "[0.5]",
        "[0.2, 0.3, 0.5]",
        "[0.9, 0.9]",
        "[NaN, 1.0]",
        "[Infinity, 0]",
        "[-0.5, 1.5]",
        '["0.5", "0.5"]',
        "[true, false]",
        "[null, 1]",
        '{"predictions": [0.5, 0.5]}',
        "[[0.5, 0.5]]",
        "0.5",
    ],
)
def test_text_that_is_no_probability_for_each_class_is_refused(text: str) -> None:
    with pytest.raises(MalformedPrediction, match="here"):
        parse_prediction(text, 2, "here")


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "x.png.out").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(MalformedPrediction, match="cannot be read"):
        read_predictions(tmp_path, ["x.png"], 2)
