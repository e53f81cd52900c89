"""Two registered versions on the test images that both were judged by: their predictions, fetched and compared."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from pipelines.registry import ModelVersion, classes_in

if TYPE_CHECKING:
    from processing.predictions_file import RecordedPredictions

PREDICTIONS = "predictions"


class NotComparable(ValueError):
    """Two versions that cannot be compared; the message says why."""


@dataclass(frozen=True)
class VersionComparison:
    """`second` beside `first`, by version numbers. Accuracies are 0 to 1, on the `images` that both have seen.

    `difference` is that of the accuracies, second less first, with its 95 % interval (Newcombe, method 10); `p_value`
    McNemar's, exact and two-sided. `only_first_right` and `only_second_right` count the images that one got right.
    """

    first: int
    second: int
    images: int
    first_accuracy: float
    second_accuracy: float
    difference: float
    interval: tuple[float, float]
    p_value: float
    only_first_right: int
    only_second_right: int


def compare_versions(s3: Any, first: ModelVersion, second: ModelVersion) -> VersionComparison:
    """Raises NotComparable; a damaged file raises processing's own errors, which name file and line."""
    from processing.champion import compare_with_champion
    from processing.paired_comparison import difference_interval, p_differ

    found = compare_with_champion(_predictions(s3, second), _predictions(s3, first))
    if found.paired is None:
        raise NotComparable(f"versions {first.version} and {second.version} were judged by no common image")
    paired = found.paired
    return VersionComparison(
        first=first.version,
        second=second.version,
        images=paired.images,
        first_accuracy=paired.champion_accuracy,
        second_accuracy=paired.candidate_accuracy,
        difference=paired.difference,
        interval=difference_interval(paired),
        p_value=p_differ(paired),
        only_first_right=paired.only_champion_right,
        only_second_right=paired.only_candidate_right,
    )


def _predictions(s3: Any, version: ModelVersion) -> RecordedPredictions:
    from processing.predictions_file import read_predictions_file

    uri = version.metadata.get(PREDICTIONS, "")
    if not uri.startswith("s3://"):
        raise NotComparable(f"version {version.version} was registered without its predictions")
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"version-{version.version}.csv"
        try:
            s3.download_file(bucket, key, str(file))
        except ClientError as error:
            if error.response["Error"]["Code"] in ("404", "NoSuchKey", "NoSuchBucket"):
                raise NotComparable(f"the predictions of version {version.version} are no more at {uri}") from error
            raise
        return read_predictions_file(file, classes_in(version))
