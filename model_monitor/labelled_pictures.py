"""Pictures whose class is known, on this machine: from a folder, or the test set that a version was judged by."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from model_monitor.stored import ABSENT, split_uri
from pipelines.champion import PREDICTIONS
from pipelines.pictures import CONTENT_TYPES, find_pictures
from pipelines.registry import ModelVersion, classes_in

EXECUTION = "pipeline_execution_arn"
EXTRACTION_STEP = "ExtractCifar"
TEST_OUTPUT = "test"
AT_A_TIME = 8
GIVE_A_FOLDER = "give labelled pictures with --pictures FOLDER"


class TestSetMissing(LookupError):
    """The pictures that a version was judged by cannot be found; the message says how to go on."""

    __test__ = False  # for pytest, which takes it for a class of tests


class NotLabelled(ValueError):
    """A folder that does not say what its pictures show."""


@dataclass(frozen=True)
class LabelledPicture:
    """`label` is the place of its class in the model's answer."""

    file: Path
    label: int


def from_folder(folder: Path, classes: Sequence[str]) -> list[LabelledPicture]:
    """The pictures in FOLDER/<class>, at any depth. Raises NotLabelled, PictureMissing."""
    if not folder.is_dir():
        raise NotLabelled(f"{folder}: no such folder")
    found = sorted(entry.name for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    if set(found) != set(classes):
        raise NotLabelled(
            f"{folder}: one folder for each class is wanted ({', '.join(classes)}), "
            f"and there are: {', '.join(found) or 'none'}"
        )
    return [
        LabelledPicture(file, label) for label, name in enumerate(classes) for file in find_pictures([folder / name])
    ]


def version_pictures(sagemaker: Any, s3: Any, version: ModelVersion, folder: Path) -> list[LabelledPicture]:
    """The version's test pictures, copied into the folder.

    Labels are those of the predictions that its metadata names, pictures those that its pipeline execution extracted.
    Raises TestSetMissing; a damaged predictions.csv raises processing's own errors.
    """
    rows = _predictions(s3, version)
    bucket, prefix = split_uri(_pictures_uri(sagemaker, version).rstrip("/") + "/")
    for name, _ in rows:
        if Path(name).name != name or Path(name).suffix.lower() not in CONTENT_TYPES:
            raise TestSetMissing(f"the predictions of version {version.version} name {name!r}, which is no picture")

    def fetch(row: tuple[str, int]) -> LabelledPicture:
        name, label = row
        try:
            s3.download_file(bucket, prefix + name, str(folder / name))
        except ClientError as error:
            if error.response["Error"]["Code"] in ABSENT:
                gone = f"the test picture {name} of version {version.version} is no more at s3://{bucket}/{prefix}"
                raise TestSetMissing(f"{gone}: {GIVE_A_FOLDER}") from error
            raise
        return LabelledPicture(folder / name, label)

    with ThreadPoolExecutor(AT_A_TIME) as pool:
        return list(pool.map(fetch, rows))


def _predictions(s3: Any, version: ModelVersion) -> list[tuple[str, int]]:
    """File name and label of each test picture."""
    from processing.predictions_file import read_predictions_file

    uri = version.metadata.get(PREDICTIONS, "")
    if not uri.startswith("s3://"):
        raise TestSetMissing(f"version {version.version} was registered without its predictions: {GIVE_A_FOLDER}")
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "predictions.csv"
        try:
            s3.download_file(*split_uri(uri), str(file))
        except ClientError as error:
            if error.response["Error"]["Code"] in ABSENT:
                gone = f"the predictions of version {version.version} are no more at {uri}"
                raise TestSetMissing(f"{gone}: {GIVE_A_FOLDER}") from error
            raise
        recorded = read_predictions_file(file, classes_in(version))
    return list(zip(recorded.file_names, recorded.labels.tolist(), strict=True))


def _pictures_uri(sagemaker: Any, version: ModelVersion) -> str:
    """Where the extraction of the version's pipeline execution wrote the test pictures."""
    job = _extraction_job(sagemaker, version.metadata.get(EXECUTION, ""))
    if job is None:
        raise TestSetMissing(
            f"version {version.version} does not lead to the pictures that it was judged by: {GIVE_A_FOLDER}"
        )
    described = sagemaker.describe_processing_job(ProcessingJobName=job.rsplit("/", 1)[-1])
    outputs = {one["OutputName"]: one for one in described.get("ProcessingOutputConfig", {}).get("Outputs", [])}
    if TEST_OUTPUT not in outputs:
        raise TestSetMissing(f"the processing job {job} wrote no test pictures: {GIVE_A_FOLDER}")
    uri: str = outputs[TEST_OUTPUT]["S3Output"]["S3Uri"]
    return uri


def _extraction_job(sagemaker: Any, execution_arn: str) -> str | None:
    """The processing job of the extraction step, in this execution or the one that its cache hit came from."""
    if not execution_arn:
        return None
    try:
        pages = sagemaker.get_paginator("list_pipeline_execution_steps").paginate(PipelineExecutionArn=execution_arn)
        steps = {step["StepName"]: step for page in pages for step in page["PipelineExecutionSteps"]}
    except ClientError as error:
        if error.response["Error"]["Code"] in ("ResourceNotFound", "ValidationException"):
            return None
        raise
    step = steps.get(EXTRACTION_STEP, {})
    arn = step.get("Metadata", {}).get("ProcessingJob", {}).get("Arn")
    source = step.get("CacheHitResult", {}).get("SourcePipelineExecutionArn")
    if arn is None and source and source != execution_arn:
        return _extraction_job(sagemaker, source)
    return str(arn) if arn else None
