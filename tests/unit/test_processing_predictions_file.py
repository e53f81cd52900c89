"""predictions.csv: written and read back, and refused with its line where it is damaged."""

from pathlib import Path

import numpy as np
import pytest

from processing.predictions_file import (
    MalformedPredictionsFile,
    OtherClasses,
    RecordedPredictions,
    read_predictions_file,
    write_predictions_file,
)

CLASSES = ["bicycle", "motorcycle"]
HEADER = "image_sha256,file_name,label,p_bicycle,p_motorcycle"
A, B = "a" * 64, "b" * 64


def written(folder: Path, *lines: str) -> Path:
    file = folder / "predictions.csv"
    file.write_text("".join(f"{line}\n" for line in lines))
    return file


def test_what_is_written_is_read_back_to_the_last_digit(tmp_path: Path) -> None:
    file = tmp_path / "predictions.csv"
    probabilities = np.array([[0.1, 0.9], [1 / 3, 2 / 3]])
    given = RecordedPredictions((A, B), ('x "quoted", 1.png', "y.png"), np.array([1, 0]), probabilities)
    write_predictions_file(file, given, CLASSES)
    read = read_predictions_file(file, CLASSES)
    assert (read.image_sha256, read.file_names) == (given.image_sha256, given.file_names)
    assert (read.labels == given.labels).all() and (read.probabilities == probabilities).all()
    assert read.right.tolist() == [True, False]


def test_header_without_rows_is_no_prediction_and_no_error(tmp_path: Path) -> None:
    assert read_predictions_file(written(tmp_path, HEADER), CLASSES).image_sha256 == ()


def test_same_picture_under_two_names_is_kept(tmp_path: Path) -> None:
    file = written(tmp_path, HEADER, f"{A},x.png,0,0.5,0.5", f"{A},y.png,0,0.5,0.5")
    assert read_predictions_file(file, CLASSES).image_sha256 == (A, A)


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ([], "is empty"),
        ([f"{A},x.png,0,0.5,0.5"], "line 1: .* is not the header"),
        ([HEADER, f"{A},x.png,0,0.5,0.5", f"{B},y.png,0,abc,0.5"], "line 3: 'abc' is no probability"),
        ([HEADER, f"{A},x.png,0,nan,0.5"], "line 2: 'nan' is no probability"),
        ([HEADER, f"{A},x.png,0,inf,0.5"], "line 2: 'inf' is no probability"),
        ([HEADER, f"{A},x.png,0,1.5,-0.5"], "line 2: '1.5' is no probability"),
        ([HEADER, f"{A},x.png,0,,1"], "line 2: '' is no probability"),
        ([HEADER, f"{A},x.png,0,0.9,0.9"], "line 2: the probabilities sum to 1.8000, not to 1"),
        ([HEADER, f"{A},x.png,2,0.5,0.5"], "line 2: '2' is no label from 0 to 1"),
        ([HEADER, f"{A},x.png,-1,0.5,0.5"], "line 2: '-1' is no label"),
        ([HEADER, f"{A},x.png,{'9' * 5000},0.5,0.5"], "line 2: '9999.*…' is no label"),
        ([HEADER, f"{A},x.png,bicycle,0.5,0.5"], "line 2: 'bicycle' is no label"),
        ([HEADER, "no digest,x.png,0,0.5,0.5"], "line 2: 'no digest' is no SHA-256"),
        ([HEADER, f"{A},x.png,0,1"], "line 2: 4 fields where there should be 5"),
        ([HEADER, f"{A},x.png,0,0.5,0.5", "", f"{A},x.png,0,0.5,0.5"], r"line 4: repeats line 2 \('x.png'\)"),
        ([HEADER, f'{A},"x.png,0,0.5,0.5'], "cannot be read as CSV"),
    ],
)
def test_damage_is_refused_in_one_line_with_file_and_line(tmp_path: Path, lines: list[str], told: str) -> None:
    file = written(tmp_path, *lines)
    with pytest.raises(MalformedPredictionsFile, match=f"predictions.csv.*{told}") as refused:
        read_predictions_file(file, CLASSES)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "classes", ["p_motorcycle,p_bicycle", "p_bicycle,p_car", "p_bicycle", "p_a,p_b,p_c", "p_<script>"]
)
def test_another_class_map_is_refused(tmp_path: Path, classes: str) -> None:
    file = written(tmp_path, f"image_sha256,file_name,label,{classes}")
    with pytest.raises(OtherClasses, match=r"line 1: its classes are .* not bicycle, motorcycle"):
        read_predictions_file(file, CLASSES)


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"\x00\x00\x00\x00", b"\x89PNG\r\n\x1a\n"])
def test_bytes_that_are_no_csv_are_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "predictions.csv"
    file.write_bytes(content)
    with pytest.raises(MalformedPredictionsFile):
        read_predictions_file(file, CLASSES)
