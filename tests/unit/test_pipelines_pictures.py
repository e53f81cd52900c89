"""Pictures found on the disk, sent to an endpoint that is played here, and what is made of its answers."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from pipelines.pictures import LARGEST_BYTES, PictureMissing, classify_all, find_pictures, read_answer

CLASSES = ("bicycle", "motorcycle")


class Runtime:
    """An endpoint that reads its answer out of the picture: JSON is the answer, anything else no picture."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []

    def invoke_endpoint(self, **request: Any) -> dict[str, Any]:
        self.requests.append(request)
        if request["EndpointName"] != "e":
            raise error("ValidationError", "Endpoint x of account 123456789012 not found.")
        if not request["Body"].startswith(b"["):
            said = "not a PNG or JPEG image: 4 bytes\nTraceback …"
            raise error("ModelError", "Received client error (400) from primary", OriginalMessage=said)
        return {"Body": io.BytesIO(request["Body"])}


def error(code: str, message: str, **members: Any) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}, **members}, "InvokeEndpoint")


def write(path: Path, content: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
    return path


def test_folders_are_searched_at_any_depth_and_other_files_left_out(tmp_path: Path) -> None:
    for name in ("b/2.JPG", "b/1.png", "b/deep/3.jpeg", "b/notes.txt", "a.png"):
        write(tmp_path / name, 1)
    found = find_pictures([tmp_path / "b", tmp_path / "a.png"])
    assert [str(path.relative_to(tmp_path)) for path in found] == ["b/1.png", "b/2.JPG", "b/deep/3.jpeg", "a.png"]


@pytest.mark.parametrize(
    ("name", "told"), [("absent.png", "no such file"), ("notes.txt", "does not end in .png"), ("empty", "no PNG or")]
)
def test_what_is_no_picture_is_refused_by_name(tmp_path: Path, name: str, told: str) -> None:
    (tmp_path / "empty").mkdir()
    write(tmp_path / "notes.txt", 1)
    with pytest.raises(PictureMissing, match=told) as refused:
        find_pictures([tmp_path / name])
    assert name in str(refused.value)


def test_answers_come_in_the_files_order_with_label_and_confidence(tmp_path: Path) -> None:
    files = [write(tmp_path / f"{number:02}.png", [number / 100, 1 - number / 100]) for number in range(100)]
    runtime = Runtime()
    done: list[tuple[int, int]] = []
    answers = list(classify_all(runtime, "e", files, CLASSES, lambda now, total: done.append((now, total))))
    assert [answer.path for answer in answers] == files
    assert (answers[10].label, answers[10].confidence) == ("motorcycle", 0.9)
    assert (answers[90].label, answers[90].confidence) == ("bicycle", 0.9)
    assert all(answer.problem is None and answer.milliseconds >= 0 for answer in answers)
    assert done == [(number, 100) for number in range(1, 101)]


def test_the_content_type_follows_the_name(tmp_path: Path) -> None:
    files = [write(tmp_path / name, [0.5, 0.5]) for name in ("a.png", "b.JPG", "c.jpeg")]
    runtime = Runtime()
    list(classify_all(runtime, "e", files, CLASSES))
    sent = {request["ContentType"] for request in runtime.requests}
    assert sent == {"image/png", "image/jpeg"}


def test_a_refused_picture_is_told_of_in_one_line_and_the_others_are_answered(tmp_path: Path) -> None:
    files = [write(tmp_path / "a.png", "text"), write(tmp_path / "b.png", [1.0, 0.0])]
    refused, answered = classify_all(Runtime(), "e", files, CLASSES)
    assert refused.problem == "not a PNG or JPEG image: 4 bytes"
    assert refused.label is None
    assert answered.label == "bicycle"


def test_a_file_that_no_endpoint_takes_is_not_sent(tmp_path: Path) -> None:
    large = tmp_path / "large.png"
    large.write_bytes(b"[" * (LARGEST_BYTES + 1))
    runtime = Runtime()
    (answer,) = classify_all(runtime, "e", [large], CLASSES)
    assert str(LARGEST_BYTES) in str(answer.problem)
    assert not runtime.requests


def test_an_endpoint_that_does_not_exist_ends_it(tmp_path: Path) -> None:
    with pytest.raises(ClientError, match="not found"):
        list(classify_all(Runtime(), "absent", [write(tmp_path / "a.png", [1])], CLASSES))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"not json", "not an array of probabilities"),
        (b'{"a": 1}', "not an array of probabilities"),
        (b"[0.2, 0.3, 0.5]", "3 probabilities for the 2 classes bicycle, motorcycle"),
        (b"3", "not an array of probabilities"),
    ],
)
def test_an_answer_of_another_form_is_a_problem(text: bytes, told: str) -> None:
    assert told in str(read_answer(Path("a.png"), 1.0, text, CLASSES).problem)
