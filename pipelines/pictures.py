"""Pictures on this machine, as an endpoint takes them: found, read, sent, and what came back."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

CONTENT_TYPES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg"}
AT_A_TIME = 8
# InvokeEndpoint's limit for a real-time endpoint (sagemaker-runtime API reference)
LARGEST_BYTES = 6 * 1024 * 1024


class PictureMissing(LookupError):
    """A path that is neither a PNG or JPEG file nor a folder with such files."""


@dataclass(frozen=True)
class Answer:
    """What the endpoint said of one picture: the label with its confidence (0 to 1), or why it said nothing.

    `probabilities` has one value for each class. `milliseconds` is the time until the answer was here,
    with whatever else was asked meanwhile.
    """

    path: Path
    milliseconds: float
    label: str | None = None
    confidence: float | None = None
    probabilities: tuple[float, ...] = ()
    problem: str | None = None


def find_pictures(paths: Iterable[Path]) -> list[Path]:
    """The files among the paths and in the folders among them, at any depth, in the order of their names.

    Raises PictureMissing.
    """
    return [file for path in paths for file in _files_of(path)]


def classify_all(
    runtime: Any,
    endpoint: str,
    files: Sequence[Path],
    classes: Sequence[str],
    on_answer: Callable[[int, int], None] = lambda done, total: None,
    at_a_time: int = AT_A_TIME,
) -> Iterator[Answer]:
    """Send the files, several at a time; the answers come in the files' order.

    `on_answer` is told how many are done, of how many. A picture that is refused gives an answer with its problem;
    an endpoint that cannot be used at all raises botocore's ClientError.
    """
    with ThreadPoolExecutor(at_a_time) as pool:
        answers = pool.map(lambda file: classify(runtime, endpoint, file, classes), files)
        for done, answer in enumerate(answers, start=1):
            on_answer(done, len(files))
            yield answer


def classify(runtime: Any, endpoint: str, file: Path, classes: Sequence[str]) -> Answer:
    """Send one file. Raises ClientError for anything but the model's own refusal of the picture."""
    body = file.read_bytes()
    if len(body) > LARGEST_BYTES:
        return Answer(file, 0.0, problem=f"{len(body)} bytes: an endpoint takes {LARGEST_BYTES} at most")
    began = time.perf_counter()
    try:
        response = runtime.invoke_endpoint(
            EndpointName=endpoint,
            Body=body,
            ContentType=CONTENT_TYPES[file.suffix.lower()],
            Accept="application/json",
        )
        text = response["Body"].read()
    except ClientError as error:
        if error.response["Error"]["Code"] != "ModelError":
            raise
        said = str(error.response.get("OriginalMessage") or error.response["Error"].get("Message", ""))
        return Answer(file, _since(began), problem=said.strip().partition("\n")[0] or "the model gave no reason")
    return read_answer(file, _since(began), text, classes)


def read_answer(file: Path, milliseconds: float, text: bytes, classes: Sequence[str]) -> Answer:
    """The answer in a response's body: a JSON array with one probability for each class."""
    try:
        probabilities = tuple(float(value) for value in json.loads(text))
    except (ValueError, TypeError) as error:
        return Answer(file, milliseconds, problem=f"the answer is not an array of probabilities: {error}")
    if len(probabilities) != len(classes):
        told = f"the answer has {len(probabilities)} probabilities for the {len(classes)} classes {', '.join(classes)}"
        return Answer(file, milliseconds, problem=told)
    best = max(range(len(classes)), key=probabilities.__getitem__)
    return Answer(file, milliseconds, classes[best], probabilities[best], probabilities)


def _files_of(path: Path) -> list[Path]:
    if path.is_dir():
        found = sorted(file for file in path.rglob("*") if file.suffix.lower() in CONTENT_TYPES and file.is_file())
        if not found:
            raise PictureMissing(f"{path}: no PNG or JPEG file in this folder")
        return found
    if not path.is_file():
        raise PictureMissing(f"{path}: no such file or folder")
    if path.suffix.lower() not in CONTENT_TYPES:
        raise PictureMissing(f"{path}: the name does not end in {', '.join(CONTENT_TYPES)}")
    return [path]


def _since(began: float) -> float:
    return (time.perf_counter() - began) * 1000
