"""Permission and new images on the running local AWS: conditional writes, copies, and the answers of the queue."""

from __future__ import annotations

import io
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from PIL import Image

from model_monitor.request_retraining.decision import Limits, Trigger
from pipelines.retraining.new_images import Collected, collect_new_images
from pipelines.retraining.permission import Permission, RetrainingRefused
from pipelines.retraining.snapshot import take_snapshot
from pipelines.workflow.review_queue import GroundTruth, Review


@dataclass(frozen=True)
class Account:
    """The local AWS with a bucket of the test's own."""

    server: Any
    bucket: str

    def client(self, service: str) -> Any:
        return self.server.client(service)


@pytest.fixture
def account(local_aws: Any) -> Account:
    bucket = f"retraining-{uuid.uuid4()}"
    local_aws.client("s3").create_bucket(Bucket=bucket)
    return Account(local_aws, bucket)


def permission(account: Account, pipeline: str) -> Permission:
    now = datetime.now(timezone.utc)
    trigger = Trigger(str(uuid.uuid4()), "user", "arn:person", "e", "because", now)
    place: Any = account
    return Permission(place, trigger, Limits(timedelta(hours=1), 2), pipeline=pipeline)


def test_of_several_that_ask_at_once_one_retraining_starts(account: Account) -> None:
    pipeline = f"absent-{uuid.uuid4()}"
    started: list[int] = []

    def begin(number: int) -> str:
        started.append(number)
        return "started"

    def ask(number: int) -> str:
        try:
            return permission(account, pipeline).start(lambda: begin(number))
        except RetrainingRefused as refused:
            assert refused.until is not None
            return "refused"

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(ask, range(4)))
    assert sorted(answers) == ["refused"] * 3 + ["started"]
    assert len(started) == 1


def test_an_answer_from_the_queue_becomes_part_of_a_snapshot(account: Account) -> None:
    s3, bucket = account.client("s3"), account.bucket
    picture = io.BytesIO()
    Image.new("L", (50, 40), 77).save(picture, "JPEG")
    s3.put_object(Bucket=bucket, Key="incoming/ü +1.jpg", Body=picture.getvalue())
    review = Review("an-id", datetime.now(timezone.utc), 1, "receipt", bucket, "incoming/ü +1.jpg")
    GroundTruth(s3, bucket, "truth/e").write(review, "motorcycle", "Zoë", datetime.now(timezone.utc))
    assert collect_new_images(s3, bucket, "truth/e", "new") == Collected(added=1)
    assert collect_new_images(s3, bucket, "truth/e", "new") == Collected(kept=1)

    taken = take_snapshot(s3, bucket, "new", "snapshots")
    assert taken is not None and taken.counts == {"bicycle": 0, "motorcycle": 1}
    prefix = taken.uri.removeprefix(f"s3://{bucket}/")
    keys = [item["Key"] for item in s3.list_objects_v2(Bucket=bucket, Prefix=f"{prefix}/motorcycle/")["Contents"]]
    with Image.open(io.BytesIO(s3.get_object(Bucket=bucket, Key=keys[0])["Body"].read())) as copied:
        assert (copied.size, copied.mode, copied.getpixel((0, 0))) == ((32, 32), "RGB", (77, 77, 77))
    assert take_snapshot(s3, bucket, "new", "snapshots") == taken
