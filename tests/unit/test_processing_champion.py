"""The champion: found, matched by the digest of the pixels, and never ignored because it cannot be read."""

from pathlib import Path

import numpy as np
import pytest

from processing.champion import (
    COMPARED,
    NO_CHAMPION,
    NO_SHARED_IMAGES,
    ChampionUnusable,
    compare_with_champion,
    read_champion,
)
from processing.paired_comparison import PairedComparison
from processing.predictions_file import RecordedPredictions, write_predictions_file

CLASSES = ["bicycle", "motorcycle"]


def recorded(**answers: tuple[int, float]) -> RecordedPredictions:
    """Image name -> label and probability of a motorcycle; the name's first letter stands for the pixels."""
    digests = tuple(name[0] * 64 for name in answers)
    labels = np.array([label for label, _ in answers.values()])
    motorcycle = np.array([p for _, p in answers.values()])
    return RecordedPredictions(digests, tuple(answers), labels, np.stack([1 - motorcycle, motorcycle], axis=1))


def test_shared_images_are_compared_whatever_their_order_and_names() -> None:
    candidate = recorded(a=(0, 0.1), b=(1, 0.2), c=(1, 0.9), x=(0, 0.1))
    champion = recorded(c_renamed=(1, 0.3), b=(1, 0.8), a=(0, 0.4), y=(0, 0.1), z=(0, 0.1))
    found = compare_with_champion(candidate, champion)
    assert (found.status, found.champion_images) == (COMPARED, 5)
    assert found.rows.tolist() == [0, 1, 2]
    assert found.champion_probabilities[:, 1].tolist() == [0.4, 0.8, 0.3]
    assert found.paired == PairedComparison(both_right=1, only_candidate_right=1, only_champion_right=1, both_wrong=0)


def test_without_champion_and_without_shared_images_it_says_so() -> None:
    candidate = recorded(a=(0, 0.1))
    assert compare_with_champion(candidate, None).status == NO_CHAMPION
    found = compare_with_champion(candidate, recorded(b=(0, 0.1), c=(1, 0.9)))
    assert (found.status, found.paired, found.champion_images) == (NO_SHARED_IMAGES, None, 2)


def test_a_picture_that_stands_twice_counts_once() -> None:
    found = compare_with_champion(recorded(a=(0, 0.1), a_again=(0, 0.2), b=(1, 0.9)), recorded(a=(0, 0.1), b=(1, 0.9)))
    assert found.paired is not None
    assert (found.paired.images, found.rows.tolist()) == (2, [0, 2])


def test_another_label_for_a_shared_image_is_refused_by_name() -> None:
    with pytest.raises(ChampionUnusable, match=r"1 of 2 shared images .* the first is b: 0 there, 1 here"):
        compare_with_champion(recorded(a=(0, 0.1), b=(1, 0.9)), recorded(a=(0, 0.1), b=(0, 0.1)))


def test_the_one_csv_in_the_folder_is_read_and_one_without_rows_is_no_champion(tmp_path: Path) -> None:
    write_predictions_file(tmp_path / "predictions.csv", recorded(a=(0, 0.1)), CLASSES)
    champion = read_champion(tmp_path, CLASSES)
    assert champion is not None and champion.file_names == ("a",)
    (tmp_path / "predictions.csv").write_text("image_sha256,file_name,label,p_bicycle,p_motorcycle\n")
    assert read_champion(tmp_path, CLASSES) is None
    assert read_champion(None, CLASSES) is None


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({}, "no .csv file"),
        ({"a.csv": "", "b.csv": ""}, "2 .csv files"),
        ({"predictions.csv": ""}, "predictions.csv is empty"),
        ({"predictions.csv": "hello\n"}, "predictions.csv, line 1: 'hello' is not the header"),
    ],
)
def test_a_champion_that_cannot_be_read_is_refused_with_the_way_out(
    tmp_path: Path, files: dict[str, str], told: str
) -> None:
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    with pytest.raises(ChampionUnusable, match=f"{told}.*--param ChampionPredictionsUri="):
        read_champion(tmp_path, CLASSES)
