"""The candidate beside the champion, the model that was approved last, on the test images that both have seen."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from processing.exit_message import ProcessingFailure
from processing.paired_comparison import PairedComparison, compare_answers
from processing.predictions_file import RecordedPredictions, read_predictions_file

NO_CHAMPION, NO_SHARED_IMAGES, COMPARED = "no champion", "no shared images", "compared"
_WAY_OUT = (
    "ChampionPredictionsUri must name the predictions.csv of an approved version; to compare with none, start "
    "with --param ChampionPredictionsUri= (nothing after the equals sign)"
)


class ChampionUnusable(ProcessingFailure):
    """There should be a champion to compare with, and its predictions cannot be used."""


@dataclass(frozen=True)
class ChampionComparison:
    """What came of the comparison: status is NO_CHAMPION, NO_SHARED_IMAGES or COMPARED.

    `champion_images` counts the champion's rows. With COMPARED, `rows` are the candidate's rows of the shared
    images, each picture once, `champion_probabilities` (len(rows), classes) what the champion said of them,
    and `paired` the count of who was right.
    """

    status: str
    champion_images: int
    rows: NDArray[np.intp]
    champion_probabilities: NDArray[np.float64]
    paired: PairedComparison | None


def read_champion(folder: Path | None, classes: Sequence[str]) -> RecordedPredictions | None:
    """The champion's predictions: the one .csv in a folder; None for no folder, or a file without rows.

    Raises ChampionUnusable, saying what is wrong, in which line, and how to go on: a champion that cannot be
    read must not let a worse model through as if there were none.
    """
    if folder is None:
        return None
    files = sorted(path for path in folder.rglob("*.csv") if path.is_file())
    if len(files) != 1:
        found = f"{len(files)} .csv files" if files else "no .csv file"
        raise ChampionUnusable(f"{folder} holds {found}; {_WAY_OUT}")
    try:
        recorded = read_predictions_file(files[0], classes)
    except ProcessingFailure as failure:
        raise ChampionUnusable(f"{failure}; {_WAY_OUT}") from failure
    return recorded if recorded.image_sha256 else None


def compare_with_champion(candidate: RecordedPredictions, champion: RecordedPredictions | None) -> ChampionComparison:
    """Match the two by the digest of the pixels and count. A picture that stands twice in a test set counts once.

    Raises ChampionUnusable where a shared image has another label there: accuracies on differing truths cannot
    be compared.
    """
    nothing = np.array([], dtype=np.intp), np.empty((0, candidate.probabilities.shape[1])), None
    if champion is None:
        return ChampionComparison(NO_CHAMPION, 0, *nothing)
    theirs = _first_rows(champion.image_sha256)
    ours = _first_rows(candidate.image_sha256)
    shared = [digest for digest in ours if digest in theirs]
    if not shared:
        return ChampionComparison(NO_SHARED_IMAGES, len(theirs), *nothing)
    rows = np.array([ours[digest] for digest in shared], dtype=np.intp)
    champion_rows = np.array([theirs[digest] for digest in shared], dtype=np.intp)
    _require_same_labels(candidate, champion, rows, champion_rows)
    paired = compare_answers(candidate.right[rows], champion.right[champion_rows])
    return ChampionComparison(COMPARED, len(theirs), rows, champion.probabilities[champion_rows], paired)


def _first_rows(digests: Sequence[str]) -> dict[str, int]:
    first: dict[str, int] = {}
    for row, digest in enumerate(digests):
        first.setdefault(digest, row)
    return first


def _require_same_labels(
    candidate: RecordedPredictions,
    champion: RecordedPredictions,
    rows: NDArray[np.intp],
    champion_rows: NDArray[np.intp],
) -> None:
    ours, theirs = candidate.labels[rows], champion.labels[champion_rows]
    differing = np.flatnonzero(ours != theirs)
    if len(differing):
        at = differing[0]
        name = candidate.file_names[rows[at]]
        raise ChampionUnusable(
            f"{len(differing)} of {len(rows)} shared images have another label in the champion's predictions, the "
            f"first is {name}: {theirs[at]} there, {ours[at]} here; {_WAY_OUT}"
        )
