"""Human answers about pictures become labelled images to train on. boto3, and Pillow to look at the pictures.

An image's name is the SHA-256 of the pixels that the model sees: the same picture, however often it was asked about and
however it is encoded, is one image, and collecting again changes nothing.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from urllib.parse import unquote

from botocore.exceptions import ClientError

from pipelines.names import CLASSES

AT_A_TIME = 8
ABSENT = frozenset({"404", "NoSuchKey", "NoSuchBucket", "NotFound", "NoSuchVersion"})
# also the answer to who may not list a bucket and asks for an object that is not there
FORBIDDEN = frozenset({"403", "AccessDenied"})
# the workflow's own limit for a picture is smaller
LARGEST_BYTES = 32 * 1024 * 1024
IMAGE_SIZE = 32


@dataclass(frozen=True)
class Answer:
    """What a human said of the picture at this URI, and when."""

    image: str
    label: str
    at: datetime


@dataclass(frozen=True)
class LabelledImage:
    """A picture as the model sees it: `digest` is that of its pixels, `png` the file."""

    digest: str
    label: str
    at: datetime
    png: bytes


@dataclass(frozen=True)
class Collected:
    """What became of the pictures that humans answered for.

    `added` are new, `moved` were there under another class, `kept` are as they were. `gone` are no more in S3, or are
    other pictures than those that were looked at; `forbidden` may not be read by who collects; `unreadable` are none.
    """

    added: int = 0
    moved: int = 0
    kept: int = 0
    gone: int = 0
    forbidden: int = 0
    unreadable: int = 0

    @property
    def told(self) -> str:
        """In one line."""
        counted = f"{self.added} added, {self.moved} under another class now, {self.kept} known"
        lost = f"{self.gone} gone, {self.forbidden} not ours to read, {self.unreadable} unreadable"
        return f"pictures that humans answered for: {counted}, {lost}"


def collect_new_images(s3: Any, bucket: str, truth_prefix: str, images_prefix: str) -> Collected:
    """Copy the pictures that ground truth names to IMAGES_PREFIX/CLASS/DIGEST.png, 32x32 RGB.

    Ground truth is what `pipelines.workflow.review_queue` writes below `truth_prefix`: an object whose metadata have
    `label` and `image`; what has none is not ours. Of answers that contradict each other, about one URI or about the
    same pixels, the latest counts, and the image moves to its class. What people put there under other names is left
    alone. Raises ClientError.
    """
    answers = _latest(_answers(s3, bucket, truth_prefix), key=lambda answer: answer.image)
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        looked_at = list(pool.map(partial(_look, s3), answers))
    problems = Counter(found for found in looked_at if isinstance(found, str))
    images = _latest((found for found in looked_at if not isinstance(found, str)), key=lambda image: image.digest)
    there = set(_keys(s3, bucket, f"{images_prefix}/"))
    outcomes = Counter(_put(s3, bucket, images_prefix, there, image) for image in images)
    return Collected(**{**outcomes, **problems})


def _answers(s3: Any, bucket: str, prefix: str) -> list[Answer]:
    keys = [key for key in _keys(s3, bucket, f"{prefix}/") if key.endswith(".jsonl")]
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        return [answer for answer in pool.map(partial(_answer, s3, bucket), keys) if answer is not None]


def _answer(s3: Any, bucket: str, key: str) -> Answer | None:
    found = s3.head_object(Bucket=bucket, Key=key)
    metadata: Mapping[str, str] = found["Metadata"]
    image, label = unquote(metadata.get("image", "")), metadata.get("label")
    if not image.startswith("s3://") or label not in CLASSES:
        return None
    return Answer(image, label, found["LastModified"])


def _latest(found: Iterable[Any], key: Any) -> list[Any]:
    """Of those with the same key the one of the latest time, in the order of their keys."""
    newest = {key(one): one for one in sorted(found, key=lambda one: (one.at, one.label))}
    return [newest[name] for name in sorted(newest)]


def _look(s3: Any, answer: Answer) -> LabelledImage | str:
    """The picture as the model sees it, or what is wrong with it, in a word of `Collected`."""
    from PIL import Image

    from processing.image_decoding import ImageUnreadable, decode_image
    from processing.image_digest import pixel_sha256

    bucket, _, key = answer.image.removeprefix("s3://").partition("/")
    try:
        found = s3.get_object(Bucket=bucket, Key=key)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in ABSENT or code in FORBIDDEN:
            return "gone" if code in ABSENT else "forbidden"
        raise
    if found["LastModified"] > answer.at:
        return "gone"
    if found["ContentLength"] > LARGEST_BYTES:
        return "unreadable"
    try:
        pixels = decode_image(found["Body"].read(), IMAGE_SIZE)
    except ImageUnreadable:
        return "unreadable"
    png = io.BytesIO()
    Image.fromarray(pixels).save(png, "PNG")
    return LabelledImage(pixel_sha256(pixels), answer.label, answer.at, png.getvalue())


def _put(s3: Any, bucket: str, prefix: str, there: set[str], image: LabelledImage) -> str:
    """Have the image under its class alone; what was done, in a word of `Collected`."""
    places = {label: f"{prefix}/{label}/{image.digest}.png" for label in CLASSES}
    wrong = [place for label, place in places.items() if label != image.label and place in there]
    known = places[image.label] in there
    if not known:
        s3.put_object(Bucket=bucket, Key=places[image.label], Body=image.png, ContentType="image/png")
    for place in wrong:
        s3.delete_object(Bucket=bucket, Key=place)
    return "moved" if wrong else "kept" if known else "added"


def _keys(s3: Any, bucket: str, prefix: str) -> Iterator[str]:
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        yield from (item["Key"] for item in page.get("Contents", []))
