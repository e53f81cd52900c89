"""What a new baseline is made of: labelled pictures, found and sent, and why there may be none."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from model_monitor import renewal
from model_monitor.labelled_pictures import LabelledPicture, NotLabelled, TestSetMissing, from_folder, version_pictures
from model_monitor.names import Places
from model_monitor.record_preprocessor import FEATURES
from model_monitor.renewal import RenewalFailed, renew
from model_monitor.watched import NotMonitorable, watched_endpoint
from pipelines.live_endpoint import LiveEndpoint, Variant
from pipelines.names import CLASSES
from pipelines.pictures import PictureMissing
from pipelines.registry import ClassesUnknown, ModelVersion
from tests.unit.endpoint_safeguards_services import ENDPOINT, package_arn
from tests.unit.monitoring_services import MonitoredWorld

EXECUTION = "arn:aws:sagemaker:us-east-1:123456789012:pipeline/p/execution/1"
EARLIER = "arn:aws:sagemaker:us-east-1:123456789012:pipeline/p/execution/0"
JOB = "arn:aws:sagemaker:us-east-1:123456789012:processing-job/extract"
NOW = datetime(2030, 1, 1, tzinfo=timezone.utc)
PREDICTIONS = f"image_sha256,file_name,label,p_bicycle,p_motorcycle\n{'a' * 64},one.png,0,0.9,0.1\n"
VERSION = ModelVersion(
    version=3,
    arn=package_arn(3),
    status="Completed",
    approval_status="Approved",
    accuracy=0.9,
    created=NOW,
    description=None,
    model_data_url=None,
    metadata={
        "predictions": "s3://bucket/evaluation/predictions.csv",
        "classes": "bicycle motorcycle",
        "pipeline_execution_arn": EXECUTION,
    },
)
LIVE = LiveEndpoint(
    name=ENDPOINT,
    arn="arn",
    status="InService",
    failure_reason=None,
    config_name="config",
    variants=(Variant("AllTraffic", package_arn(3), "ml.m5.large", 1, 1, None, None, 1.0),),
    capture_uri="s3://bucket/capture",
    capture_percent=100,
    created=NOW,
    modified=NOW,
)


class Store:
    """S3, one bucket."""

    def __init__(self) -> None:
        self.found: dict[str, bytes] = {
            "evaluation/predictions.csv": PREDICTIONS.encode(),
            "images/test/one.png": b"picture",
        }

    def download_file(self, bucket: str, key: str, path: str) -> None:
        if key not in self.found:
            raise ClientError({"Error": {"Code": "404", "Message": "gone"}}, "HeadObject")
        Path(path).write_bytes(self.found[key])

    def head_object(self, Bucket: str, Key: str) -> None:
        if Key not in self.found:
            raise ClientError({"Error": {"Code": "404", "Message": "gone"}}, "HeadObject")

    def put_object(self, Bucket: str, Key: str, Body: bytes, **encryption: str) -> None:
        self.found[Key] = Body


class Executions:
    """Pipeline executions by ARN: the steps of each; and the extraction's job."""

    def __init__(self) -> None:
        self.steps: dict[str, list[dict[str, Any]]] = {
            EXECUTION: [{"StepName": "ExtractCifar", "Metadata": {"ProcessingJob": {"Arn": JOB}}}]
        }
        self.outputs = [{"OutputName": "test", "S3Output": {"S3Uri": "s3://bucket/images/test"}}]
        self.jobs: dict[str, str] = {}

    def get_paginator(self, operation: str) -> Executions:
        assert operation == "list_pipeline_execution_steps"
        return self

    def paginate(self, PipelineExecutionArn: str) -> list[dict[str, Any]]:
        if PipelineExecutionArn not in self.steps:
            raise ClientError({"Error": {"Code": "ResourceNotFound", "Message": "gone"}}, "List")
        return [{"PipelineExecutionSteps": self.steps[PipelineExecutionArn]}]

    def describe_processing_job(self, ProcessingJobName: str) -> dict[str, Any]:
        if ProcessingJobName in self.jobs:
            return {"ProcessingJobStatus": self.jobs[ProcessingJobName], "FailureReason": "no header"}
        assert ProcessingJobName == "extract"
        return {"ProcessingOutputConfig": {"Outputs": self.outputs}}


def test_the_version_pictures_a_version(tmp_path: Path) -> None:
    assert version_pictures(Executions(), Store(), VERSION, tmp_path) == [LabelledPicture(tmp_path / "one.png", 0)]
    assert (tmp_path / "one.png").read_bytes() == b"picture"


def test_pictures_that_the_cache_took_from_an_earlier_execution(tmp_path: Path) -> None:
    executions = Executions()
    executions.steps[EARLIER] = executions.steps[EXECUTION]
    executions.steps[EXECUTION] = [
        {"StepName": "ExtractCifar", "CacheHitResult": {"SourcePipelineExecutionArn": EARLIER}}
    ]
    assert len(version_pictures(executions, Store(), VERSION, tmp_path)) == 1


@pytest.mark.parametrize("missing", ["predictions", "execution", "step", "output", "metadata", "picture", "file"])
def test_where_the_way_to_the_pictures_ends(tmp_path: Path, missing: str) -> None:
    executions, store, metadata = Executions(), Store(), dict(VERSION.metadata)
    if missing == "predictions":
        del metadata["predictions"]
    elif missing == "file":
        del store.found["evaluation/predictions.csv"]
    elif missing == "metadata":
        del metadata["pipeline_execution_arn"]
    elif missing == "execution":
        executions.steps.clear()
    elif missing == "step":
        executions.steps[EXECUTION] = []
    elif missing == "output":
        executions.outputs = []
    else:
        del store.found["images/test/one.png"]
    with pytest.raises(TestSetMissing, match="--pictures FOLDER"):
        version_pictures(executions, store, replace(VERSION, metadata=metadata), tmp_path)


def test_names_that_lead_out_of_the_folder_are_not_followed(tmp_path: Path) -> None:
    store = Store()
    store.found["evaluation/predictions.csv"] = PREDICTIONS.replace("one.png", "../one.png").encode()
    with pytest.raises(TestSetMissing, match="which is no picture"):
        version_pictures(Executions(), store, VERSION, tmp_path)


def test_a_folder_for_each_class(tmp_path: Path) -> None:
    for name in CLASSES:
        (tmp_path / name / "inner").mkdir(parents=True)
        (tmp_path / name / "inner" / "1.png").write_bytes(b"x")
    (tmp_path / ".cache").mkdir()
    assert [(one.label, one.file.name) for one in from_folder(tmp_path, CLASSES)] == [(0, "1.png"), (1, "1.png")]
    (tmp_path / "car").mkdir()
    there = ", ".join(sorted((*CLASSES, "car")))
    with pytest.raises(NotLabelled, match=f"one folder for each class .* {there}"):
        from_folder(tmp_path, CLASSES)
    with pytest.raises(NotLabelled, match="no such folder"):
        from_folder(tmp_path / "nowhere", CLASSES)


def test_an_empty_folder_of_a_class(tmp_path: Path) -> None:
    for name in CLASSES:
        (tmp_path / name).mkdir()
    with pytest.raises(PictureMissing, match="no PNG or JPEG"):
        from_folder(tmp_path, CLASSES)


class Renewal:
    """A target whose endpoint says 0.8 for a motorcycle of every picture; baselining jobs end as told."""

    name = "local"
    bucket = "bucket"

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.store, self.executions = Store(), Executions()
        self.answer: Any = [0.2, 0.8]
        self.status = "Completed"
        self.pictures = []
        for label in (0, 1):
            (folder / f"{label}.png").write_bytes(b"no picture at all")
            self.pictures.append(LabelledPicture(folder / f"{label}.png", label))
        monkeypatch.setattr(renewal, "_suggest", self.suggest)

    def suggest(self, target: Any, endpoint: str, monitoring_type: str, *_more: Any) -> str:
        self.executions.jobs[f"job-{monitoring_type}"] = self.status
        return f"job-{monitoring_type}"

    def client(self, service: str) -> Any:
        return {"s3": self.store, "sagemaker": self.executions, "sagemaker-runtime": self}[service]

    def invoke_endpoint(self, **request: Any) -> dict[str, Any]:
        return {"Body": io.BytesIO(json.dumps(self.answer).encode())}

    def renew(self, pictures: list[LabelledPicture] | None = None) -> str:
        chosen = self.pictures if pictures is None else pictures
        return renew(self, LIVE, chosen, sleep=lambda _seconds: None)  # type: ignore[arg-type]

    def table(self, folder: str, name: str) -> list[dict[str, str]]:
        content = self.store.found[f"{folder.removeprefix('s3://bucket/')}/data/{name}.csv"].decode()
        return list(csv.DictReader(io.StringIO(content)))


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Renewal:
    return Renewal(tmp_path, monkeypatch)


def test_what_the_baseline_is_made_of(place: Renewal) -> None:
    folder = place.renew()
    assert folder.startswith(f"{Places('bucket').baselines}/{ENDPOINT}/3/")
    features = place.table(folder, "features")
    assert tuple(features[0]) == FEATURES and len(features) == 2
    assert (features[0]["confidence"], features[0]["width"], features[0]["readable"]) == ("0.8", "", "0")
    assert place.table(folder, "quality") == [
        {"probability": "0.8", "prediction": "1", "label": "0"},
        {"probability": "0.8", "prediction": "1", "label": "1"},
    ]
    document = json.loads(place.store.found[f"{folder.removeprefix('s3://bucket/')}/baseline.json"])
    assert (document["model_package_arn"], document["pictures"], document["endpoint"]) == (package_arn(3), 2, ENDPOINT)
    assert document["record_preprocessor"].removeprefix("s3://bucket/") in place.store.found


def test_the_same_answers_make_nothing_new_and_others_do(place: Renewal) -> None:
    folder = place.renew()
    place.executions.jobs.clear()
    assert place.renew() == folder
    assert place.executions.jobs == {}
    place.answer = [0.3, 0.7]
    assert place.renew() != folder


def test_a_job_that_fails_leaves_no_baseline(place: Renewal) -> None:
    place.status = "Failed"
    with pytest.raises(RenewalFailed, match="job-DataQuality is Failed: no header"):
        place.renew()
    assert not [key for key in place.store.found if key.endswith("baseline.json")]


def test_a_refused_picture_is_no_part_of_a_baseline(place: Renewal) -> None:
    place.answer = "what?"
    with pytest.raises(RenewalFailed, match=f"2 of 2 pictures were refused by endpoint {ENDPOINT}"):
        place.renew()


def test_pictures_of_one_class_alone(place: Renewal) -> None:
    with pytest.raises(RenewalFailed, match="1 pictures are not of both classes, bicycle and motorcycle"):
        place.renew(place.pictures[:1])


@pytest.fixture
def world() -> MonitoredWorld:
    made = MonitoredWorld()
    made.endpoint()
    endpoint = made.sagemaker._endpoints[ENDPOINT]
    endpoint.update({"CreationTime": NOW, "LastModifiedTime": NOW})
    capture = made.sagemaker._configs["config"]["DataCaptureConfig"]
    capture["CaptureOptions"] = [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}]
    for package in made.sagemaker._packages.values():
        package.setdefault("ModelPackageVersion", 1)
    return made


def test_an_endpoint_that_can_be_monitored(world: MonitoredWorld) -> None:
    assert watched_endpoint(world.sagemaker, ENDPOINT).package_arn == package_arn(2)


def test_an_endpoint_that_captures_nothing(world: MonitoredWorld) -> None:
    world.sagemaker._configs["config"]["DataCaptureConfig"]["EnableCapture"] = False
    with pytest.raises(NotMonitorable, match="captures no data"):
        watched_endpoint(world.sagemaker, ENDPOINT)


def test_an_endpoint_that_captures_one_side(world: MonitoredWorld) -> None:
    world.sagemaker._configs["config"]["DataCaptureConfig"]["CaptureOptions"].pop()
    with pytest.raises(NotMonitorable, match="does not capture its output"):
        watched_endpoint(world.sagemaker, ENDPOINT)


def test_an_endpoint_of_other_content(world: MonitoredWorld) -> None:
    metadata = world.sagemaker._packages[package_arn(2)]["CustomerMetadataProperties"]
    metadata["classes"] = "cat dog"
    with pytest.raises(NotMonitorable, match="answers with cat dog"):
        watched_endpoint(world.sagemaker, ENDPOINT)
    del metadata["classes"]
    with pytest.raises(ClassesUnknown):
        watched_endpoint(world.sagemaker, ENDPOINT)


def test_an_endpoint_of_no_package(world: MonitoredWorld) -> None:
    world.sagemaker._models["model"] = {"Containers": [{"Image": "image"}]}
    with pytest.raises(NotMonitorable, match="serves no model package"):
        watched_endpoint(world.sagemaker, ENDPOINT)
