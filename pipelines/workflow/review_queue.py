"""The queue of pictures that the model was not sure of: looked at, answered, and kept as ground truth. boto3 only.

Looking is receiving: messages are hidden from others for a moment, and given back.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from urllib.parse import quote

from botocore.exceptions import ClientError

from pipelines.names import CLASSES

# as long as a look at a long queue takes
HIDDEN_SECONDS = 60
BATCH = 10
# so that every server of the queue is asked: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-short-and-long-polling.html
WAIT_SECONDS = 1


class ReviewMissing(LookupError):
    """No picture of that id waits, or several do."""


class ReviewRefused(ValueError):
    """The answer cannot be kept; the message says why."""


@dataclass(frozen=True)
class Review:
    """A picture that waits for a human. `id` is the inference's, by which ground truth is joined.

    `confidence` and `threshold` are 0 to 1. `problem` says why the message cannot be read, its `id` is SQS's then.
    """

    id: str
    waiting_since: datetime
    looks: int
    receipt: str
    s3_bucket: str = ""
    s3_key: str = ""
    label: str = ""
    confidence: float = 0.0
    threshold: float = 0.0
    execution: str = ""
    problem: str | None = None


@dataclass(frozen=True)
class GroundTruth:
    """Where Model Monitor finds answers: PREFIX/yyyy/mm/dd/hh/ in a bucket, the hour being that of the answer."""

    s3: Any
    bucket: str
    prefix: str

    def write(self, review: Review, label: str, reviewer: str, now: datetime) -> str:
        """Write one record; its URI. The file of a review is the same within an hour, however often it is written.

        Format: https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-model-quality-merge.html
        """
        hour = now.astimezone(timezone.utc).strftime("%Y/%m/%d/%H")
        key = f"{self.prefix}/{hour}/{review.id}.jsonl"
        image = f"s3://{review.s3_bucket}/{review.s3_key}"
        self.s3.put_object(
            Bucket=self.bucket,
            Key=key,
            Body=(json.dumps(record(review.id, label)) + "\n").encode(),
            ContentType="application/jsonlines",
            # of a header, which is ASCII
            Metadata={"label": label, "image": quote(image, safe="/:"), "reviewer": quote(reviewer, safe="/:")},
        )
        return f"s3://{self.bucket}/{key}"


def record(inference_id: str, label: str) -> dict[str, Any]:
    """An answer in Model Monitor's format. The data is the label's place in the model's answer: 0 or 1."""
    return {
        "groundTruthData": {"data": str(CLASSES.index(label)), "encoding": "CSV"},
        "eventMetadata": {"eventId": inference_id},
        "eventVersion": "0",
    }


@dataclass(frozen=True)
class ReviewQueue:
    """The queue at this URL."""

    sqs: Any
    url: str

    def waiting(self, most: int) -> list[Review]:
        """Up to so many that wait, oldest first; they stay in the queue."""
        found: list[Review] = []
        try:
            for batch in self._received(known_to_be=self._count()):
                found += batch
                if len(found) >= most:
                    break
        finally:
            self._give_back(found)
        return sorted(found, key=lambda review: review.waiting_since)[:most]

    def take(self, id_or_beginning: str) -> Review:
        """The one of this id, hidden from others until it is removed or given back. Raises ReviewMissing."""
        matches: list[Review] = []
        others: list[Review] = []
        try:
            for batch in self._received():
                for review in batch:
                    (matches if review.id.startswith(id_or_beginning) else others).append(review)
                if id_or_beginning in [review.id for review in matches]:
                    break
        finally:
            self._give_back(others)
        if len({review.id for review in matches}) == 1:
            # SQS delivers at least once: the same picture may wait twice
            self._give_back(matches[1:])
            return matches[0]
        self._give_back(matches)
        if not matches:
            raise ReviewMissing(f"no picture {id_or_beginning} waits: `scones review-queue list` shows those that do")
        raise ReviewMissing(f"{len(matches)} pictures begin with {id_or_beginning}: give more of the id")

    def give_back(self, review: Review) -> None:
        """Let others see it again, at once."""
        self._give_back([review])

    def remove(self, review: Review) -> None:
        """Take it out of the queue."""
        self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=review.receipt)

    def resolve(self, id_or_beginning: str, label: str, truth: GroundTruth, reviewer: str, now: datetime) -> str:
        """Keep the label as ground truth, then take the picture out of the queue; the URI of what was kept.

        Raises ReviewMissing, ReviewRefused.
        """
        if label not in CLASSES:
            raise ReviewRefused(f"{label!r} is no label: {', '.join(CLASSES)} are; `discard` takes what is neither")
        review = self.take(id_or_beginning)
        if review.problem:
            self.give_back(review)
            raise ReviewRefused(f"{review.id} cannot be resolved: {review.problem}; `discard` takes it out")
        try:
            uri = truth.write(review, label, reviewer, now)
        except BaseException:
            self.give_back(review)
            raise
        self.remove(review)
        return uri

    def _count(self) -> int:
        name = "ApproximateNumberOfMessages"
        return int(self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=[name])["Attributes"][name])

    def _received(self, known_to_be: int | None = None) -> Iterator[list[Review]]:
        """Batches, each message once, until there are no more, or as many as are known to be."""
        seen: set[str] = set()
        while known_to_be is None or len(seen) < known_to_be:
            answer = self.sqs.receive_message(
                QueueUrl=self.url,
                MaxNumberOfMessages=BATCH,
                VisibilityTimeout=HIDDEN_SECONDS,
                WaitTimeSeconds=WAIT_SECONDS,
                AttributeNames=["SentTimestamp", "ApproximateReceiveCount"],
            )
            messages = answer.get("Messages", [])
            if not messages:
                return
            fresh = [message for message in messages if message["MessageId"] not in seen]
            seen.update(message["MessageId"] for message in fresh)
            yield [read_message(message) for message in fresh]

    def _give_back(self, reviews: Sequence[Review]) -> None:
        for start in range(0, len(reviews), BATCH):
            entries = [
                {"Id": str(number), "ReceiptHandle": review.receipt, "VisibilityTimeout": 0}
                for number, review in enumerate(reviews[start : start + BATCH])
            ]
            self.sqs.change_message_visibility_batch(QueueUrl=self.url, Entries=entries)


def read_message(message: Mapping[str, Any]) -> Review:
    """A message as the workflow sends it (contracts.ReviewRequest); one that is none has a problem."""
    attributes = message["Attributes"]
    known = {
        "waiting_since": datetime.fromtimestamp(int(attributes["SentTimestamp"]) / 1000, timezone.utc),
        "looks": int(attributes["ApproximateReceiveCount"]),
        "receipt": message["ReceiptHandle"],
    }
    try:
        request = json.loads(message["Body"])
        doubt = request["doubt"]
        if not request["inference_id"]:
            raise ValueError("no inference_id")
        return Review(
            id=str(request["inference_id"]),
            s3_bucket=str(request["s3_bucket"]),
            s3_key=str(request["s3_key"]),
            label=str(doubt["label"]),
            confidence=float(doubt["confidence"]),
            threshold=float(doubt["threshold"]),
            execution=str(request["execution"]),
            **known,
        )
    except (ValueError, KeyError, TypeError) as error:
        told = f"no {error}" if isinstance(error, KeyError) else str(error)
        return Review(id=message["MessageId"], problem=f"its message is not the workflow's: {told}", **known)


def fetch_picture(s3: Any, review: Review, path: Path) -> None:
    """Copy the picture to a file, whole or not at all. Raises ReviewRefused where it is there no more."""
    if review.problem:
        raise ReviewRefused(f"{review.id} names no picture: {review.problem}")
    part = path.with_name(path.name + ".part")
    try:
        s3.download_file(review.s3_bucket, review.s3_key, str(part))
    except ClientError as error:
        if error.response["Error"]["Code"] in ("404", "NoSuchKey", "NoSuchBucket"):
            raise ReviewRefused(f"s3://{review.s3_bucket}/{review.s3_key} is there no more") from error
        raise
    part.replace(path)
