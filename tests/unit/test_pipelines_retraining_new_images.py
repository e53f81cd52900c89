"""Human answers become new images, and new images a snapshot: over moto's S3."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import boto3
import numpy as np
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from PIL import Image

from pipelines.retraining.new_images import Answer, Collected, _latest, collect_new_images
from pipelines.retraining.snapshot import MANIFEST, NewImagesRefused, take_snapshot
from pipelines.workflow.review_queue import GroundTruth, Review
from processing.image_digest import pixel_sha256

NOW = datetime(2030, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
TRUTH, NEW, SNAPSHOTS = "scones/ground-truth/e", "scones/new-images", "scones/retraining/new-images"


@pytest.fixture
def s3() -> Iterator[Any]:
    with mock_aws():
        client = boto3.client("s3", "us-east-1", aws_access_key_id="test", aws_secret_access_key="test")
        for bucket in ("project", "images"):
            client.create_bucket(Bucket=bucket)
        yield client


def encoded(seed: int, kind: str = "PNG", size: int = 32) -> bytes:
    content = io.BytesIO()
    pixels = np.random.default_rng(seed).integers(0, 256, (size, size, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(content, kind)
    return content.getvalue()


def digest(seed: int) -> str:
    return pixel_sha256(np.random.default_rng(seed).integers(0, 256, (32, 32, 3), dtype=np.uint8))


def answered(s3: Any, key: str, label: str, review_id: str | None = None) -> None:
    """As `scones review-queue resolve` keeps it."""
    review = Review(
        id=review_id or key.replace("/", "-"), waiting_since=NOW, looks=1, receipt="", s3_bucket="images", s3_key=key
    )
    GroundTruth(s3, "project", TRUTH).write(review, label, "a person", NOW)


def keys(s3: Any, prefix: str) -> list[str]:
    return [item["Key"] for item in s3.list_objects_v2(Bucket="project", Prefix=prefix).get("Contents", [])]


def collect(s3: Any) -> Collected:
    return collect_new_images(s3, "project", TRUTH, NEW)


def test_pictures_that_humans_answered_for_become_new_images_once(s3: Any) -> None:
    s3.put_object(Bucket="images", Key="incoming/ü 1.png", Body=encoded(1))
    s3.put_object(Bucket="images", Key="incoming/2.jpg", Body=encoded(2, "JPEG", size=300))
    answered(s3, "incoming/ü 1.png", "bicycle")
    answered(s3, "incoming/2.jpg", "motorcycle")
    assert collect(s3) == Collected(added=2)
    first, second = sorted(keys(s3, NEW), key=lambda key: "/motorcycle/" in key)
    assert first == f"{NEW}/bicycle/{digest(1)}.png"
    assert second.startswith(f"{NEW}/motorcycle/")
    with Image.open(io.BytesIO(s3.get_object(Bucket="project", Key=second)["Body"].read())) as picture:
        assert (picture.format, picture.size, picture.mode) == ("PNG", (32, 32), "RGB")
    assert collect(s3) == Collected(kept=2)
    assert set(keys(s3, NEW)) == {first, second}


def test_of_contradicting_answers_the_latest_counts_and_the_image_moves(s3: Any) -> None:
    s3.put_object(Bucket="images", Key="a.png", Body=encoded(1))
    answered(s3, "a.png", "bicycle", "first")
    assert collect(s3) == Collected(added=1)
    # moto's times have whole seconds here: the same review again is the same object with a later answer
    answered(s3, "a.png", "motorcycle", "first")
    assert collect(s3) == Collected(moved=1)
    assert keys(s3, NEW) == [f"{NEW}/motorcycle/{digest(1)}.png"]


def test_the_latest_is_that_of_the_latest_time() -> None:
    answers = [Answer("s3://i/a", label, NOW + timedelta(seconds=at)) for label, at in (("m", 1), ("b", 9), ("m", 4))]
    assert _latest(answers, key=lambda answer: answer.image) == [answers[1]]


def test_the_same_picture_under_two_names_is_one_image(s3: Any) -> None:
    for name in ("a.png", "b.png"):
        s3.put_object(Bucket="images", Key=name, Body=encoded(1))
        answered(s3, name, "bicycle")
    assert collect(s3) == Collected(added=1)


def test_pictures_that_are_gone_or_none_are_counted_and_foreign_ground_truth_is_passed_over(s3: Any) -> None:
    answered(s3, "gone.png", "bicycle")
    s3.put_object(Bucket="images", Key="page.png", Body=b"<html>")
    answered(s3, "page.png", "bicycle")
    s3.put_object(Bucket="project", Key=f"{TRUTH}/2030/01/01/00/monitor.jsonl", Body=b"{}\n")
    s3.put_object(
        Bucket="project", Key=f"{TRUTH}/x.jsonl", Body=b"{}", Metadata={"label": "car", "image": "s3://images/x"}
    )
    found = collect(s3)
    assert found == Collected(gone=1, unreadable=1)
    assert "1 gone, 0 not ours to read, 1 unreadable" in found.told
    assert keys(s3, NEW) == []


def test_a_picture_that_was_replaced_after_the_answer_is_not_the_one_that_was_looked_at(s3: Any) -> None:
    class Later:
        """S3 whose pictures were written an hour after they were answered for."""

        def __getattr__(self, name: str) -> Any:
            return getattr(s3, name)

        def get_object(self, **request: Any) -> Any:
            answer = s3.get_object(**request)
            return {**answer, "LastModified": answer["LastModified"] + timedelta(hours=1)}

    s3.put_object(Bucket="images", Key="a.png", Body=encoded(1))
    answered(s3, "a.png", "bicycle")
    assert collect(Later()) == Collected(gone=1)


@pytest.mark.parametrize(("code", "counted"), [("AccessDenied", Collected(forbidden=1)), ("SlowDown", None)])
def test_a_picture_that_may_not_be_read_is_counted_and_any_other_refusal_is_one(
    s3: Any, code: str, counted: Collected | None
) -> None:
    class Closed:
        def __getattr__(self, name: str) -> Any:
            return getattr(s3, name)

        def get_object(self, **request: Any) -> Any:
            raise ClientError({"Error": {"Code": code, "Message": code}}, "GetObject")

    answered(s3, "a.png", "bicycle")
    if counted is not None:
        assert collect(Closed()) == counted
        return
    with pytest.raises(ClientError, match=code):
        collect(Closed())


def test_what_people_put_there_is_left_alone(s3: Any) -> None:
    s3.put_object(Bucket="project", Key=f"{NEW}/bicycle/mine.png", Body=encoded(1))
    s3.put_object(Bucket="images", Key="a.png", Body=encoded(1))
    answered(s3, "a.png", "motorcycle")
    assert collect(s3) == Collected(added=1)
    assert f"{NEW}/bicycle/mine.png" in keys(s3, NEW), "ExtractCifar refuses both, and says so"


def put_new(s3: Any, bodies: dict[str, bytes]) -> None:
    for name, body in bodies.items():
        s3.put_object(Bucket="project", Key=f"{NEW}/{name}.png", Body=body)


def test_a_snapshot_stays_when_the_new_images_change(s3: Any) -> None:
    put_new(s3, {"bicycle/a": b"1", "bicycle/deep/b": b"2", "motorcycle/c": b"3"})
    s3.put_object(Bucket="project", Key=f"{NEW}/bicycle/notes.txt", Body=b"x")
    s3.put_object(Bucket="project", Key=f"{NEW}/bicycle/", Body=b"")
    taken = take_snapshot(s3, "project", NEW, SNAPSHOTS)
    assert taken is not None
    assert taken.counts == {"bicycle": 2, "motorcycle": 1}
    assert taken.uri.rpartition("/")[0] == f"s3://project/{SNAPSHOTS}"
    place = taken.uri.removeprefix("s3://project/")
    there = keys(s3, place)
    assert sorted(there) == sorted(
        f"{place}/{name}" for name in ("bicycle/a.png", "bicycle/deep/b.png", MANIFEST, "motorcycle/c.png")
    )
    manifest = json.loads(s3.get_object(Bucket="project", Key=f"{place}/{MANIFEST}")["Body"].read())
    assert [picture["file"] for picture in manifest["pictures"]] == sorted(
        ("bicycle/a.png", "bicycle/deep/b.png", "motorcycle/c.png")
    )
    assert take_snapshot(s3, "project", NEW, SNAPSHOTS) == taken, "nothing changed"

    put_new(s3, {"bicycle/a": b"other"})
    later = take_snapshot(s3, "project", NEW, SNAPSHOTS)
    assert later is not None and later.uri != taken.uri
    assert s3.get_object(Bucket="project", Key=f"{place}/bicycle/a.png")["Body"].read() == b"1"


def test_a_snapshot_that_broke_off_is_finished(s3: Any) -> None:
    put_new(s3, {"bicycle/a": b"1"})
    taken = take_snapshot(s3, "project", NEW, SNAPSHOTS)
    assert taken is not None
    place = taken.uri.removeprefix("s3://project/")
    for key in keys(s3, place):
        s3.delete_object(Bucket="project", Key=key)
    assert take_snapshot(s3, "project", NEW, SNAPSHOTS) == taken
    assert len(keys(s3, place)) == 2


def test_without_pictures_there_is_no_snapshot(s3: Any) -> None:
    assert take_snapshot(s3, "project", NEW, SNAPSHOTS) is None
    s3.put_object(Bucket="project", Key=f"{NEW}-of-others/bicycle/a.png", Body=b"1")
    assert take_snapshot(s3, "project", NEW, SNAPSHOTS) is None


class Busy:
    """S3 in which a picture is written over while it is copied, so many times."""

    def __init__(self, s3: Any, times: int) -> None:
        self.s3, self.times = s3, times

    def __getattr__(self, name: str) -> Any:
        return getattr(self.s3, name)

    def copy_object(self, **request: Any) -> Any:
        if self.times:
            self.times -= 1
            put_new(self.s3, {"bicycle/a": f"{self.times} more".encode()})
        there = self.s3.head_object(**request["CopySource"])["ETag"]
        if there != request["CopySourceIfMatch"]:
            raise ClientError({"Error": {"Code": "PreconditionFailed", "Message": ""}}, "CopyObject")
        return self.s3.copy_object(**request)


def test_pictures_that_change_meanwhile_are_listed_again(s3: Any) -> None:
    put_new(s3, {"bicycle/a": b"1"})
    taken = take_snapshot(Busy(s3, times=1), "project", NEW, SNAPSHOTS)
    assert taken is not None
    key = f"{taken.uri.removeprefix('s3://project/')}/bicycle/a.png"
    assert s3.get_object(Bucket="project", Key=key)["Body"].read() == b"0 more"
    put_new(s3, {"bicycle/a": b"at rest"})
    with pytest.raises(NewImagesRefused, match="was changed while it was copied, 3 times"):
        take_snapshot(Busy(s3, times=100), "project", NEW, SNAPSHOTS)


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("a.png", "lies in no class's folder: move it to bicycle or motorcycle"),
        ("scooter/a.png", "there is no class 'scooter', only bicycle and motorcycle"),
        ("bicycle/../a.png", "cannot be the name of a file"),
        ("bicycle//a.png", "cannot be the name of a file"),
    ],
)
def test_pictures_in_the_wrong_place_are_refused_before_anything_starts(s3: Any, key: str, said: str) -> None:
    s3.put_object(Bucket="project", Key=f"{NEW}/{key}", Body=b"1")
    with pytest.raises(NewImagesRefused, match=said):
        take_snapshot(s3, "project", NEW, SNAPSHOTS)
    assert keys(s3, SNAPSHOTS) == []
