"""The data of the monitor's baselines: the record preprocessor run on test images, and how it may fail."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from processing.captured_record import captured
from processing.exit_message import ProcessingFailure
from processing.judged_images import JudgedImages
from processing.monitoring_baseline import feature_rows, load_preprocessor, write_baseline_data

PROJECT_PREPROCESSOR = Path(__file__).resolve().parents[2] / "model_monitor" / "record_preprocessor.py"
SAYING = (
    "import base64, json\n"
    "def preprocess_handler(inference_record, logger):\n"
    "    logger.info('one')\n"
    "    picture = base64.b64decode(inference_record.endpoint_input.data)\n"
    "    said = json.loads(inference_record.endpoint_output.data)\n"
    "    kinds = [inference_record.endpoint_input.encoding, inference_record.endpoint_output.observed_content_type]\n"
    "    return {'bytes': len(picture), 'first': said[0], 'kinds': ' '.join(kinds), 'unknown': None,\n"
    "            'event': inference_record.event_metadata.event_id}\n"
)


@pytest.fixture
def answers(tmp_path: Path) -> dict[str, Path]:
    """Two pictures in tmp_path/test, and what the model said of them."""
    made = {}
    (tmp_path / "test").mkdir()
    for row, probabilities in enumerate(([0.9, 0.1], [0.25, 0.75])):
        name = f"test_{row}.png"
        Image.new("RGB", (4, 3), (200, 100 * row, 0)).save(tmp_path / "test" / name)
        made[name] = tmp_path / f"{name}.out"
        made[name].write_text(json.dumps(probabilities))
    return made


def handler(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "handler.py"
    file.write_text(text)
    return file


def test_a_preprocessor_is_given_what_data_capture_would_and_its_rows_are_kept(
    tmp_path: Path, answers: dict[str, Path]
) -> None:
    rows = feature_rows(load_preprocessor(handler(tmp_path, SAYING)), tmp_path / "test", answers)
    assert [row["first"] for row in rows] == [0.9, 0.25]
    assert {row["kinds"] for row in rows} == {"BASE64 application/json"}
    assert [row["event"] for row in rows] == ["test_0.png", "test_1.png"]
    assert rows[0]["bytes"] == (tmp_path / "test" / "test_0.png").stat().st_size

    probabilities = np.array([[0.9, 0.1], [0.25, 0.75]])
    judged = JudgedImages(
        np.zeros((2, 3, 4, 3), np.uint8), tuple(answers), ("a", "b"), np.array([0, 0]), probabilities, ["x", "y"]
    )
    write_baseline_data(tmp_path, rows, judged)
    with (tmp_path / "features.csv").open(newline="") as file:
        assert list(csv.DictReader(file))[1]["unknown"] == ""
    assert (tmp_path / "quality.csv").read_text() == "probability,prediction,label\n0.1,0,0\n0.75,1,0\n"


def test_the_projects_own_preprocessor_makes_its_features_of_test_images(
    tmp_path: Path, answers: dict[str, Path]
) -> None:
    rows = feature_rows(load_preprocessor(PROJECT_PREPROCESSOR), tmp_path / "test", answers)
    assert [(row["width"], row["height"], row["readable"]) for row in rows] == [(4, 3, 1), (4, 3, 1)]
    assert [row["predicted_class"] for row in rows] == ["bicycle", "motorcycle"]
    assert rows[0]["confidence"] == 0.9 and rows[0]["brightness"] < rows[1]["brightness"]


def test_a_record_says_which_test_image_it_is() -> None:
    record = captured("test_1.png", b"\x89PNG", "[0.5, 0.5]")
    assert (record.event_metadata.event_id, record.endpoint_input.data) == ("test_1.png", "iVBORw==")


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        ("def other(record): ...", "PreprocessorUnusable", "has no attribute 'preprocess_handler'"),
        ("def (", "PreprocessorUnusable", "SyntaxError"),
        ("preprocess_handler = 3", "PreprocessorUnusable", "3 is not a callable"),
        ("def preprocess_handler(r): raise KeyError('x')", "PreprocessorFailed", "raised KeyError on test_0.png: 'x'"),
        ("def preprocess_handler(r): return []", "PreprocessorFailed", "made [] of test_0.png"),
        ("def preprocess_handler(r): return {'a': [1]}", "PreprocessorFailed", "made {'a': [1]} of test_0.png"),
        (
            "def preprocess_handler(r): return {r.event_metadata.event_id: 1}",
            "PreprocessorFailed",
            "other features of test_1.png (test_1.png) than of the images before it (test_0.png)",
        ),
    ],
)
def test_a_preprocessor_that_fails_is_named_with_the_image(
    tmp_path: Path, answers: dict[str, Path], text: str, error: str, words: str
) -> None:
    with pytest.raises(ProcessingFailure) as refused:
        feature_rows(load_preprocessor(handler(tmp_path, text)), tmp_path / "test", answers)
    assert type(refused.value).__name__ == error and words in str(refused.value)


def test_a_preprocessor_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProcessingFailure, match="FileNotFoundError"):
        load_preprocessor(tmp_path / "missing.py")


def test_a_test_image_that_the_preprocessor_cannot_read_is_refused_by_name(
    tmp_path: Path, answers: dict[str, Path]
) -> None:
    file = tmp_path / "test" / "test_1.png"
    file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(ProcessingFailure, match=r"cannot read test_1\.png or its answer"):
        feature_rows(load_preprocessor(PROJECT_PREPROCESSOR), tmp_path / "test", answers)
