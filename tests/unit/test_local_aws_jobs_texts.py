"""Payloads, metrics, failure reasons, images: text in, text out."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

import pytest

from local_aws.images import known_images, require_image
from local_aws.images.requirements_check import missing_requirements
from local_aws.sagemaker.errors import ValidationException
from local_aws.sagemaker.jobs.metrics import MetricScanner
from local_aws.sagemaker.jobs.payloads import PayloadTooLarge, assembled, payloads
from local_aws.sagemaker.jobs.reasons import LogTail, algorithm_error, shorten
from local_aws.sagemaker.jobs.transitions import ended, entered

NOW = datetime(2026, 1, 2, tzinfo=timezone.utc)


def test_an_object_that_is_not_split_is_one_payload() -> None:
    assert list(payloads(b"a\nb", "None", "MultiRecord", 6)) == [b"a\nb"]


def test_single_records_are_lines_without_their_ends() -> None:
    assert list(payloads(b"a\r\n\nb\nc", "Line", "SingleRecord", 6)) == [b"a", b"b", b"c"]


def test_many_records_fill_a_payload_but_are_never_cut() -> None:
    line = b"x" * (400 * 1024)
    batches = list(payloads(b"\n".join([line] * 5), "Line", "MultiRecord", 1))
    assert [batch.count(b"\n") + 1 for batch in batches] == [2, 2, 1]


@pytest.mark.parametrize("split", ["None", "Line"])
def test_a_record_larger_than_a_payload_is_refused(split: str) -> None:
    with pytest.raises(PayloadTooLarge):
        list(payloads(b"x" * ((1 << 20) + 1), split, "MultiRecord", 1))
    assert len(list(payloads(b"x" * ((1 << 20) + 1), split, "MultiRecord", 0))) == 1


def test_answers_are_assembled_with_one_line_end_or_none() -> None:
    assert (assembled(b"1", "Line"), assembled(b"1\n", "Line"), assembled(b"1", "None")) == (
        b"1\n",
        b"1\n",
        b"1",
    )


def test_a_metric_is_the_last_finite_number_in_the_log() -> None:
    definitions = [{"Name": "a", "Regex": "a=([^ ]+)"}, {"Name": "b", "Regex": "b=([0-9]+)"}]
    scanner = MetricScanner(definitions, lambda: NOW)
    scanner.scan(["a=1 b=x", "a=2.5", "a=nan", "a=later"])
    assert scanner.final() == [{"MetricName": "a", "Value": 2.5, "Timestamp": NOW}]


def tail_of(text: str) -> LogTail:
    tail = LogTail()
    tail.add(text.splitlines())
    return tail


TRACEBACK = """starting
Traceback (most recent call last):
  File "run.py", line 3, in <module>
    Model(x)
pandas.errors.EmptyDataError: No columns to parse from file
"""


def test_the_last_error_is_the_exception_even_with_words_after_it() -> None:
    told = "pandas.errors.EmptyDataError: No columns to parse from file"
    assert tail_of(TRACEBACK).last_error() == told
    assert tail_of(TRACEBACK + "cleaning up\n").last_error() == told


def test_an_exception_that_was_caught_long_ago_is_not_the_last_error() -> None:
    assert tail_of(TRACEBACK + "step\n" * 50 + "no rows left\n").last_error() == "no rows left"


def test_a_wrappers_own_traceback_does_not_hide_the_error() -> None:
    stripped = "\n".join(line.strip() for line in TRACEBACK.splitlines())
    wrapper = (
        "\nCommand failed. Traceback: Traceback (most recent call last):\n"
        "subprocess.CalledProcessError: Command 'x' returned non-zero exit status 1.\n"
    )
    told = "pandas.errors.EmptyDataError: No columns to parse from file"
    assert tail_of(stripped + wrapper).last_error() == told


@pytest.mark.parametrize(
    ("message", "last_error", "reason"),
    [
        ("no rows", "ValueError: x", "AlgorithmError: no rows, exit code: 1"),
        ("", "ValueError: x", "AlgorithmError: ValueError: x, exit code: 1"),
        ("", "", "AlgorithmError: See job logs for more information, exit code: 1"),
        ("CalledProcessError: Command", "KeyError: 1", "AlgorithmError: KeyError: 1, exit code: 1"),
    ],
)
def test_a_reason_is_the_containers_message_or_its_last_error(message: str, last_error: str, reason: str) -> None:
    assert algorithm_error(message, last_error, 1) == reason


def test_a_long_reason_keeps_its_beginning_and_its_end() -> None:
    reason = algorithm_error("start " + "x" * 5000 + " end", "", 1)
    assert len(reason) <= 1024 and reason.startswith("AlgorithmError: start") and reason.endswith("end, exit code: 1")
    assert shorten("short") == "short"


def test_a_secondary_status_ends_when_the_next_begins() -> None:
    body = ended(entered(entered({}, "Starting", NOW), "Training", NOW), "Failed", NOW)
    assert [step["Status"] for step in body["SecondaryStatusTransitions"]] == [
        "Starting",
        "Training",
        "Failed",
    ]
    assert all(step["EndTime"] == NOW for step in body["SecondaryStatusTransitions"])
    assert body["SecondaryStatus"] == "Failed"


@pytest.mark.parametrize(
    "uri",
    [
        "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.10.0-cpu-py313-ubuntu22.04-sagemaker",
        "pytorch-training",
        "localhost:5000/team/pytorch-training@sha256:0123abcd",
    ],
)
def test_an_image_is_chosen_by_its_repository_name(uri: str) -> None:
    assert require_image(uri, "train").script.name == "pytorch_training.py"


@pytest.mark.parametrize("uri", ["a/tensorflow-training:2", "pytorch-trainings", "", "..", "pytorch_training"])
def test_an_unknown_image_is_refused_with_those_that_are_known(uri: str) -> None:
    with pytest.raises(ValidationException) as refused:
        require_image(uri)
    assert all(name in refused.value.message for name in known_images())


@pytest.mark.parametrize("command", ["train", "serve"])
def test_a_built_in_algorithm_trains_and_serves_and_says_what_the_service_knows_of_it(command: str) -> None:
    image = require_image("811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1", command)

    assert image.script.parts[-2:] == ("image_classification", "__main__.py")
    assert image.algorithm is not None and image.algorithm.needs_gpu
    assert [name for name, _ in image.algorithm.metric_definitions] == ["train:accuracy", "validation:accuracy"]


def test_a_built_in_algorithm_has_an_exit_code_for_mistakes_of_the_customer() -> None:
    assert algorithm_error("no images", "", 2, 2) == "ClientError: no images, exit code: 2"
    assert algorithm_error("a bug", "", 1, 2) == "AlgorithmError: a bug, exit code: 1"


def test_an_image_that_cannot_do_it_is_refused_with_those_that_can() -> None:
    with pytest.raises(
        ValidationException, match=r"does not serve here.*Use one of: image-classification, pytorch-inference\."
    ):
        require_image("pytorch-training:2", "serve")


def test_requirements_are_checked_as_pip_reads_them(tmp_path: Path) -> None:
    path = tmp_path / "requirements.txt"
    assert missing_requirements(path) == ""
    lines = ["# a comment", "--no-cache-dir", "pytest>=1  # fine", 'no-such; python_version < "3"']
    path.write_text("\n".join([*lines, "no-such[x]>=2", "-r other"]))
    told = missing_requirements(path)
    assert "no-such[x]>=2, -r other," in told and "pytest" not in told
