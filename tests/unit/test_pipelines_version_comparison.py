"""Two versions beside each other, by the predictions that their registrations left in S3."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import boto3
import numpy as np
import pytest
from moto import mock_aws

from pipelines.registry import ClassesUnknown, ModelVersion
from pipelines.version_comparison import NotComparable, compare_versions
from processing.predictions_file import MalformedPredictionsFile, RecordedPredictions, write_predictions_file

CLASSES = ("bicycle", "motorcycle")
BUCKET = "versions-compared"


@pytest.fixture
def s3() -> Iterator[Any]:
    with mock_aws():
        client = boto3.client("s3", "us-east-1", aws_access_key_id="test", aws_secret_access_key="test")
        client.create_bucket(Bucket=BUCKET)
        yield client


def version(number: int, **metadata: str) -> ModelVersion:
    given = {"predictions": f"s3://{BUCKET}/{number}.csv", "classes": " ".join(CLASSES), **metadata}
    moment = datetime(2030, 1, 1, tzinfo=timezone.utc)
    return ModelVersion(number, f"arn/{number}", "Completed", "Approved", 0.9, moment, None, None, given)


def record(s3: Any, folder: Path, number: int, right: list[bool], first_image: int = 0) -> ModelVersion:
    """A version that answered so for images of all bicycles."""
    images = range(first_image, first_image + len(right))
    probabilities = np.array([[0.9, 0.1] if answer else [0.2, 0.8] for answer in right])
    recorded = RecordedPredictions(
        tuple(hashlib.sha256(str(image).encode()).hexdigest() for image in images),
        tuple(f"bicycle/{image}.png" for image in images),
        np.zeros(len(right), dtype=np.int64),
        probabilities,
    )
    file = folder / f"{number}.csv"
    write_predictions_file(file, recorded, CLASSES)
    s3.upload_file(str(file), BUCKET, file.name)
    return version(number)


def test_the_second_is_compared_with_the_first_on_the_images_of_both(s3, tmp_path):
    first = record(s3, tmp_path, 1, [True] * 6 + [False] * 4 + [True] * 5)
    second = record(s3, tmp_path, 2, [True] * 5 + [False] + [True] * 4)
    found = compare_versions(s3, first, second)
    assert (found.first, found.second, found.images) == (1, 2, 10)
    assert (found.first_accuracy, found.second_accuracy) == (0.6, 0.9)
    assert found.difference == pytest.approx(0.3)
    assert (found.only_first_right, found.only_second_right) == (1, 4)
    # of five tosses at most one, on either side: 2 * 6 / 32
    assert found.p_value == pytest.approx(0.375)
    low, high = found.interval
    assert low < 0.3 < high


def test_without_a_common_image_there_is_nothing_to_compare(s3, tmp_path):
    first, second = record(s3, tmp_path, 1, [True] * 3), record(s3, tmp_path, 2, [True] * 3, first_image=50)
    with pytest.raises(NotComparable, match="versions 1 and 2 were judged by no common image"):
        compare_versions(s3, first, second)


def test_what_is_missing_or_damaged_is_named(s3, tmp_path):
    first = record(s3, tmp_path, 1, [True])
    with pytest.raises(NotComparable, match=f"the predictions of version 9 are no more at s3://{BUCKET}/9.csv"):
        compare_versions(s3, first, version(9))
    with pytest.raises(NotComparable, match="version 9 was registered without its predictions"):
        compare_versions(s3, first, version(9, predictions=""))
    with pytest.raises(ClassesUnknown, match="arn/1 does not say what its classes are"):
        compare_versions(s3, first, version(1, classes=""))
    s3.put_object(Bucket=BUCKET, Key="2.csv", Body=b"<html>")
    with pytest.raises(MalformedPredictionsFile, match=r"version-2\.csv"):
        compare_versions(s3, first, version(2))
