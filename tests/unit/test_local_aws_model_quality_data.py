"""Where an analysis of model quality finds predictions and labels, in every form of data that it takes."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from local_aws.images.model_monitor.errors import AnalysisFailed
from local_aws.images.model_monitor.job import Job
from local_aws.images.model_monitor.lines import Damage
from local_aws.images.model_monitor.model_quality_attributes import Attributes, NotFound, csv_locator, json_locator
from local_aws.images.model_monitor.model_quality_rows import rows_of
from local_aws.images.model_monitor.model_quality_samples import Samples, samples_of

MERGED = '{"sagemakerMergeJson":{"captureIndexNames":["endpointOutput"]}}'
HEADED = '{"csv":{"header":true,"output_columns_position":"START"}}'


def read(tmp_path: Path, dataset_format: str, *lines: str | bytes, **variables: str) -> tuple[Samples, Damage]:
    """The samples of a file with these lines."""
    source = tmp_path / "data"
    source.mkdir(exist_ok=True)
    text = b"".join((line if isinstance(line, bytes) else line.encode()) + b"\n" for line in lines)
    (source / "a.jsonl").write_bytes(text)
    environment = {
        "dataset_format": dataset_format,
        "dataset_source": str(source),
        "output_path": str(tmp_path),
        "problem_type": "BinaryClassification",
        **variables,
    }
    attributes, damage = Attributes.of(environment), Damage()
    rows = rows_of(Job.of(environment, tmp_path), attributes, damage)
    return samples_of(rows, attributes, damage), damage


def merged(data: str, label: str, encoding: str = "JSON", content_type: str = "application/json") -> str:
    output = {"observedContentType": content_type, "mode": "OUTPUT", "data": data, "encoding": encoding}
    record = {
        "eventVersion": "0",
        "groundTruthData": {"data": label, "encoding": "CSV"},
        "captureData": {"endpointOutput": output},
        "eventMetadata": {"eventId": "e1", "inferenceTime": "2026-01-31T23:10:00Z"},
    }
    return json.dumps(record)


def columns(samples: Samples) -> tuple[list[Any], list[Any], list[Any] | None]:
    scores = None if samples.probabilities is None else samples.probabilities.tolist()
    return samples.labels.tolist(), samples.predictions.tolist(), scores


def test_a_baselines_csv_by_the_names_of_its_columns(tmp_path: Path) -> None:
    lines = ("probability, prediction ,label", "0.9,1,1", "0.2,0,1", "0.6,1.0,0")
    samples, damage = read(
        tmp_path,
        HEADED,
        *lines,
        inference_attribute="prediction",
        probability_attribute="probability",
        ground_truth_attribute="label",
    )
    assert columns(samples) == ([1, 1, 0], [1, 0, 1], [0.9, 0.2, 0.6])
    assert not damage.total


def test_a_csv_without_header_by_the_numbers_of_its_columns(tmp_path: Path) -> None:
    samples, _ = read(
        tmp_path, '{"csv":{"header":false}}', "0.9,1", "0.2,1", probability_attribute="0", ground_truth_attribute="1"
    )
    assert columns(samples) == ([1, 1], [1, 0], [0.9, 0.2])


def test_json_lines_by_key_and_path(tmp_path: Path) -> None:
    lines = ('{"said": {"p": [0.1, 0.9]}, "label": 1}', '{"said": {"p": [0.8, 0.2]}, "label": true}')
    samples, _ = read(
        tmp_path,
        '{"json":{"lines":true}}',
        *lines,
        probability_attribute="$.said.p[1]",
        ground_truth_attribute="label",
    )
    assert columns(samples) == ([1, 1], [1, 0], [0.9, 0.2])


@pytest.mark.parametrize(
    ("data", "encoding", "content_type", "attribute"),
    [
        ("[0.0612, 0.9388]", "JSON", "application/json", "[1]"),
        ("[[0.0612, 0.9388]]", "JSON", "application/json", "[1]"),
        ("[0.0612, 0.9388]", "JSON", "application/json; charset=utf-8", "1"),
        ('{"predictions": [{"score": 0.9388}]}', "JSON", "application/json", "predictions[0].score"),
        ('{"score": [0.9388]}', "JSON", "application/json", "$.score"),
        ("0.9388", "JSON", "application/json", "0"),
        ("0.0612,0.9388\n", "CSV", "text/csv", "1"),
        (base64.b64encode(b"[0.0612, 0.9388]").decode(), "BASE64", "application/json", "[1]"),
        (base64.b64encode(b"0.0612,0.9388").decode(), "BASE64", "text/csv; charset=utf-8", "1"),
    ],
)
def test_the_probability_in_an_endpoints_answer(
    tmp_path: Path, data: str, encoding: str, content_type: str, attribute: str
) -> None:
    line = merged(data, "1", encoding, content_type)
    samples, damage = read(tmp_path, MERGED, line, probability_attribute=attribute)
    assert damage.examples == []
    assert columns(samples) == ([1], [1], [0.9388])


@pytest.mark.parametrize(("threshold", "prediction"), [(None, 0), ("0.5", 0), ("0.4999", 1), ("0.93", 0)])
def test_a_probability_above_the_threshold_means_1(tmp_path: Path, threshold: str | None, prediction: int) -> None:
    given = {"probability_threshold_attribute": threshold} if threshold else {}
    samples, _ = read(tmp_path, MERGED, merged("[0.5, 0.5]", "1"), probability_attribute="[1]", **given)
    assert samples.predictions.tolist() == [prediction]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (merged("[0.9]", "1"), "no prediction"),
        (merged("[0.1, null]", "1"), "no prediction"),
        (merged('[0.1, "high"]', "1"), "no prediction"),
        (merged("[0.1, NaN]", "1"), "no prediction"),
        (merged("no JSON", "1"), "no prediction"),
        (merged("0.1,0.9\n0.2,0.8", "1", "CSV"), "no prediction"),
        (merged("iVBORw0KGgo=", "1", "BASE64", "image/png"), "no prediction"),
        (merged("[0.1, 0.9]", "2"), "no label"),
        (merged("[0.1, 0.9]", ""), "no label"),
        (merged("[0.1, 0.9]", "1").replace("groundTruthData", "somethingElse"), "no label"),
        (merged("[0.1, 0.9]", "1").replace("endpointOutput", "endpointInput"), "no prediction"),
        (merged("[0.1, 0.9]", "1")[:-30], "truncated"),
        (b"\x00\xff", "binary"),
    ],
)
def test_what_cannot_be_used_is_counted_and_shown(tmp_path: Path, line: str | bytes, told: str) -> None:
    good = merged("[0.3, 0.7]", "0")
    samples, damage = read(tmp_path, MERGED, good, line, good, probability_attribute="[1]")
    assert columns(samples) == ([0, 0], [1, 1], [0.7, 0.7])
    assert damage.total == 1 and f"a.jsonl line 2: {told}" in damage.examples[0]


def test_classes_are_names_in_order_and_1_and_1_point_0_are_the_same(tmp_path: Path) -> None:
    variables = {"problem_type": "MulticlassClassification", "inference_attribute": "label"}
    lines = [merged(json.dumps({"label": said}), true) for said, true in ((10, "2"), (2.0, "2"), ("2", "10.0"))]
    samples, _ = read(tmp_path, MERGED, *lines, **variables)
    assert samples.classes == ("2", "10")
    assert columns(samples) == ([0, 0, 1], [1, 0, 0], None)
    lines = [merged(json.dumps({"label": "tram"}), "bus"), merged(json.dumps({"label": "bus"}), "bus")]
    assert read(tmp_path, MERGED, *lines, **variables)[0].classes == ("bus", "tram")


def test_figures_taken_for_classes_are_refused(tmp_path: Path) -> None:
    lines = [merged(f"[{number}.5]", "1") for number in range(1000)]
    with pytest.raises(
        AnalysisFailed, match="more than 1000 classes: figures are analysed with problem_type Regression"
    ):
        read(tmp_path, MERGED, *lines, problem_type="MulticlassClassification", inference_attribute="0")


def test_regression_takes_numbers_in_any_spelling(tmp_path: Path) -> None:
    samples, damage = read(
        tmp_path,
        MERGED,
        merged("1e2", "99.5", "CSV"),
        merged("many", "1", "CSV"),
        problem_type="Regression",
        inference_attribute="0",
    )
    assert columns(samples) == ([99.5], [100.0], None)
    assert damage.counts == {"no_prediction": 1}


def test_a_record_preprocessor_makes_the_values(tmp_path: Path) -> None:
    script = tmp_path / "preprocess.py"
    script.write_text(
        "import json\n"
        "def preprocess_handler(inference_record):\n"
        "    low, high = json.loads(inference_record.endpoint_output.data)\n"
        "    return {'score': high / 100} if low is not None else []\n"
    )
    lines = (merged("[10, 90]", "1"), merged("[null, 5]", "1"))
    samples, _ = read(tmp_path, MERGED, *lines, probability_attribute="score", record_preprocessor_script=str(script))
    assert columns(samples) == ([1], [1], [0.9])


@pytest.mark.parametrize(
    ("dataset_format", "variables", "told"),
    [
        (MERGED, {"problem_type": "Ranking"}, "problem_type is 'Ranking': use BinaryClassification, Multi"),
        (MERGED, {}, "no inference_attribute or probability_attribute: BinaryClassification cannot do without"),
        (MERGED, {"problem_type": "Regression", "probability_attribute": "0"}, "no inference_attribute: Regression"),
        (
            MERGED,
            {"probability_attribute": "a[", "problem_type": "BinaryClassification"},
            "neither an index nor a JMES",
        ),
        (MERGED, {"probability_attribute": "0", "probability_threshold_attribute": "half"}, "'half': give a number"),
        (HEADED, {"inference_attribute": "said"}, "names no ground_truth_attribute"),
        (HEADED, {"inference_attribute": "said", "ground_truth_attribute": "y"}, "no column 'y' .* has label, p"),
        ('{"csv":{}}', {"inference_attribute": "p", "ground_truth_attribute": "1"}, "without a header give its index"),
        (
            '{"json":{"lines":false}}',
            {"inference_attribute": "p", "ground_truth_attribute": "y"},
            "use csv, json lines",
        ),
        (
            '{"sagemakerCaptureJson":{}}',
            {"inference_attribute": "p", "ground_truth_attribute": "y"},
            "not analysed from",
        ),
    ],
)
def test_what_the_data_cannot_answer_is_refused(
    tmp_path: Path, dataset_format: str, variables: dict[str, str], told: str
) -> None:
    with pytest.raises(AnalysisFailed, match=told):
        read(tmp_path, dataset_format, "label,p,said" if "csv" in dataset_format else merged("[1]", "1"), **variables)


def test_a_value_is_found_or_said_to_be_missing() -> None:
    assert json_locator("$")(0.25) == 0.25
    assert json_locator("0")({"0": 3}) == 3
    with pytest.raises(NotFound, match="score is missing"):
        json_locator("score")([1, 2])
    with pytest.raises(NotFound, match="a is no single value"):
        json_locator("a")({"a": [1, 2]})
    with pytest.raises(NotFound, match="no column 4"):
        csv_locator("4")(["1", "2"])
