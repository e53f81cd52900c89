"""A new baseline for a version that serves: labelled pictures sent through the live endpoint, then analysed.

The endpoint captures these requests as it captures any other: they are ordinary traffic to its schedules.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from model_monitor.baseline import DATA_QUALITY_FOLDER, DOCUMENT, MODEL_QUALITY_FOLDER
from model_monitor.job_definition import PROBLEM_TYPE, Resources
from model_monitor.labelled_pictures import LabelledPicture
from model_monitor.names import DATA_QUALITY, MODEL_QUALITY, MonitoringType, Places
from model_monitor.preprocessor import LOCAL_FILE, upload_local
from model_monitor.stored import split_uri, write_bytes, write_object
from pipelines.live_endpoint import LiveEndpoint
from pipelines.names import CLASSES
from pipelines.pictures import Answer, classify_all
from pipelines.source_code import object_exists

if TYPE_CHECKING:
    from pipelines.session import Target

QUALITY_COLUMNS = ("probability", "prediction", "label")
POSITIVE = 1
ENDED = frozenset({"Completed", "Failed", "Stopped"})
POLL_SECONDS = {"local": 0.5, "aws": 15.0}


class RenewalFailed(RuntimeError):
    """No baseline could be made; the message says what was in the way."""


def renew(
    target: Target,
    live: LiveEndpoint,
    pictures: Sequence[LabelledPicture],
    *,
    threshold: float = 0.5,
    resources: Resources | None = None,
    on_answer: Callable[[int, int], None] = lambda done, total: None,
    sleep: Callable[[float], None] = time.sleep,
) -> str:
    """The folder in S3 of the served version's new baseline. The same answers lead to the same folder, made once.

    `on_answer` is told how many pictures are answered, of how many. Raises RenewalFailed.
    """
    answers = _ask(target, live.name, pictures, on_answer)
    features = _features_csv(pictures, answers)
    quality = _quality_csv(pictures, answers, threshold)
    folder = f"{Places(target.bucket).baselines}/{live.name}/{_version(live)}/{_digest(features, quality)}"
    s3 = target.client("s3")
    if object_exists(s3, *split_uri(f"{folder}/{DOCUMENT}")):
        return folder
    chosen = resources or Resources()
    write_bytes(s3, f"{folder}/data/features.csv", features, chosen.kms_key)
    write_bytes(s3, f"{folder}/data/quality.csv", quality, chosen.kms_key)
    jobs = [
        _suggest(target, live.name, monitoring_type, folder, chosen, threshold)
        for monitoring_type in (DATA_QUALITY, MODEL_QUALITY)
    ]
    for job in jobs:
        _follow(target, job, sleep)
    # last, so that a folder with this document is a whole baseline
    write_object(s3, f"{folder}/{DOCUMENT}", _document(target, live, len(pictures), chosen), chosen.kms_key)
    return folder


def _ask(
    target: Target, endpoint: str, pictures: Sequence[LabelledPicture], on_answer: Callable[[int, int], None]
) -> list[Answer]:
    if {picture.label for picture in pictures} != set(range(len(CLASSES))):
        raise RenewalFailed(f"{len(pictures)} pictures are not of both classes, {' and '.join(CLASSES)}")
    files = [picture.file for picture in pictures]
    answers = list(classify_all(target.client("sagemaker-runtime"), endpoint, files, CLASSES, on_answer))
    refused = [answer for answer in answers if answer.problem]
    if refused:
        first = refused[0]
        raise RenewalFailed(
            f"{len(refused)} of {len(files)} pictures were refused by endpoint {endpoint}, "
            f"and a baseline is of answers: {first.path}: {first.problem}"
        )
    return answers


def _features_csv(pictures: Sequence[LabelledPicture], answers: Sequence[Answer]) -> bytes:
    from model_monitor.record_preprocessor import preprocess_handler

    rows = [preprocess_handler(_record(one, said)) for one, said in zip(pictures, answers, strict=True)]
    return _csv(list(rows[0]), [list(row.values()) for row in rows])


def _record(picture: LabelledPicture, answer: Answer) -> SimpleNamespace:
    """What the analyzer would hand to the preprocessor, had it read this request from captured data."""
    sent = base64.b64encode(picture.file.read_bytes()).decode()
    said = json.dumps(list(answer.probabilities))
    return SimpleNamespace(
        endpoint_input=SimpleNamespace(data=sent, encoding="BASE64"),
        endpoint_output=SimpleNamespace(data=said, encoding="JSON"),
        event_metadata={},
    )


def _quality_csv(pictures: Sequence[LabelledPicture], answers: Sequence[Answer], threshold: float) -> bytes:
    positive = [answer.probabilities[POSITIVE] for answer in answers]
    rows = [[value, int(value >= threshold), picture.label] for value, picture in zip(positive, pictures, strict=True)]
    return _csv(QUALITY_COLUMNS, rows)


def _csv(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)  # None is written as an empty field, which is a missing value
    return text.getvalue().encode()


def _digest(*contents: bytes) -> str:
    digest = hashlib.sha256(LOCAL_FILE.read_bytes())
    for content in contents:
        digest.update(content)
    return digest.hexdigest()[:16]


def _version(live: LiveEndpoint) -> str:
    return (live.package_arn or "").rsplit("/", 1)[-1]


def _suggest(
    target: Target, endpoint: str, monitoring_type: MonitoringType, folder: str, resources: Resources, threshold: float
) -> str:
    """Start the baselining job; its name."""
    from model_monitor.sdk_monitor import open_monitor

    monitor = open_monitor(target, monitoring_type, resources, target.role_arn, f"{endpoint}-baseline")
    csv_with_header = {"csv": {"header": True}}
    if monitoring_type == DATA_QUALITY:
        monitor.suggest_baseline(
            baseline_dataset=f"{folder}/data/features.csv",
            dataset_format=csv_with_header,
            output_s3_uri=f"{folder}/{DATA_QUALITY_FOLDER}",
            wait=False,
            logs=False,
        )
    else:
        probability, prediction, label = QUALITY_COLUMNS
        monitor.suggest_baseline(
            baseline_dataset=f"{folder}/data/quality.csv",
            dataset_format=csv_with_header,
            problem_type=PROBLEM_TYPE,
            inference_attribute=prediction,
            probability_attribute=probability,
            ground_truth_attribute=label,
            # into the environment as it is, where only text may be
            probability_threshold_attribute=str(threshold),
            output_s3_uri=f"{folder}/{MODEL_QUALITY_FOLDER}",
            wait=False,
            logs=False,
        )
    name: str = monitor.latest_baselining_job_name
    return name


def _follow(target: Target, job: str, sleep: Callable[[float], None]) -> None:
    """The job's own time limit ends the waiting."""
    while True:
        found = target.client("sagemaker").describe_processing_job(ProcessingJobName=job)
        if found["ProcessingJobStatus"] in ENDED:
            break
        sleep(POLL_SECONDS[target.name])
    if found["ProcessingJobStatus"] != "Completed":
        reason = found.get("FailureReason") or found.get("ExitMessage") or "no reason given"
        raise RenewalFailed(f"the baselining job {job} is {found['ProcessingJobStatus']}: {reason}")


def _document(target: Target, live: LiveEndpoint, pictures: int, resources: Resources) -> dict[str, Any]:
    return {
        "endpoint": live.name,
        "model_package_arn": live.package_arn,
        "record_preprocessor": upload_local(target.client("s3"), Places(target.bucket), resources.kms_key),
        "pictures": pictures,
        "made": datetime.now(timezone.utc).isoformat(timespec="seconds"),
    }
