"""Baselines: what a package carries, what a folder holds, and which of them belong to the model that serves."""

from __future__ import annotations

import io
import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from botocore.exceptions import ClientError

from model_monitor.baseline import BaselineMissing, BaselineUnusable, given_baseline, package_baseline, renewed_folder
from model_monitor.names import Places
from model_monitor.preprocessor import LOCAL_FILE, FeaturesUnknown, features_in
from model_monitor.record_preprocessor import FEATURES as OURS
from tests.unit.endpoint_safeguards_services import ENDPOINT, package_arn
from tests.unit.monitoring_services import FEATURES, PREPROCESSOR, MonitoredWorld

PLACES = Places("bucket")
RENEWED = f"s3://bucket/scones/monitoring/baselines/{ENDPOINT}/1/abc"


class Objects:
    """S3: objects by key of one bucket, each put a second after the one before."""

    def __init__(self) -> None:
        self.found: dict[str, bytes] = {}

    def put(self, key: str, value: Any) -> None:
        self.found[key] = value if isinstance(value, bytes) else json.dumps(value).encode()

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:
        if Key not in self.found:
            raise ClientError({"Error": {"Code": "NoSuchKey", "Message": "gone"}}, "GetObject")
        return {"ContentLength": len(self.found[Key]), "Body": io.BytesIO(self.found[Key])}

    def head_object(self, Bucket: str, Key: str) -> dict[str, Any]:
        if Key not in self.found:
            raise ClientError({"Error": {"Code": "404", "Message": "gone"}}, "HeadObject")
        return {}

    def put_object(self, Bucket: str, Key: str, Body: bytes) -> None:
        self.found[Key] = Body

    def get_paginator(self, operation: str) -> Objects:
        assert operation == "list_objects_v2"
        return self

    def paginate(self, Bucket: str, Prefix: str) -> list[dict[str, Any]]:
        start = datetime(2030, 1, 1, tzinfo=timezone.utc)
        keys = [key for key in self.found if key.startswith(Prefix)]
        return [
            {"Contents": [{"Key": key, "LastModified": start + timedelta(seconds=n)}]} for n, key in enumerate(keys)
        ]


def statistics(names: tuple[str, ...] = FEATURES) -> dict[str, Any]:
    return {"version": 0.0, "dataset": {"item_count": 200}, "features": [{"name": name} for name in names]}


@pytest.fixture
def s3() -> Objects:
    made = Objects()
    for place in ("baselines/1", f"scones/monitoring/baselines/{ENDPOINT}/1/abc/data-quality", "by-hand"):
        made.put(f"{place}/statistics.json", statistics())
        made.put(f"{place}/constraints.json", {"features": statistics()["features"]})
    made.put("baselines/1/quality/constraints.json", {})
    made.put(f"scones/monitoring/baselines/{ENDPOINT}/1/abc/model-quality/constraints.json", {})
    made.put("code/1/record_preprocessor.py", PREPROCESSOR)
    made.put(
        f"scones/monitoring/baselines/{ENDPOINT}/1/abc/baseline.json",
        {"model_package_arn": package_arn(1), "record_preprocessor": "s3://bucket/code/1/record_preprocessor.py"},
    )
    return made


@pytest.fixture
def world() -> MonitoredWorld:
    return MonitoredWorld()


def test_what_a_package_carries(world: MonitoredWorld, s3: Objects) -> None:
    found = package_baseline(world.sagemaker, s3, package_arn(1), PLACES)
    assert (found.features, found.items, found.origin) == (FEATURES, 200, "package")
    assert found.statistics == "s3://bucket/baselines/1/statistics.json"
    assert found.quality_constraints == "s3://bucket/baselines/1/quality/constraints.json"
    assert found.preprocessor == "s3://bucket/code/1/record_preprocessor.py"


def test_a_package_that_names_no_preprocessor_gets_ours(world: MonitoredWorld, s3: Objects) -> None:
    world.sagemaker._packages[package_arn(1)]["CustomerMetadataProperties"] = {}
    for file in ("statistics", "constraints"):
        s3.put(f"baselines/1/{file}.json", statistics(OURS))
    found = package_baseline(world.sagemaker, s3, package_arn(1), PLACES)
    key = found.preprocessor.removeprefix("s3://bucket/")
    assert s3.found[key] == LOCAL_FILE.read_bytes()
    assert found.features == OURS


def test_a_package_without_a_baseline(world: MonitoredWorld, s3: Objects) -> None:
    del world.sagemaker._packages[package_arn(1)]["DriftCheckBaselines"]
    with pytest.raises(BaselineMissing, match=r"carries no baseline .* --renew"):
        package_baseline(world.sagemaker, s3, package_arn(1), PLACES)


def test_a_baseline_that_is_not_there_any_more(world: MonitoredWorld, s3: Objects) -> None:
    del s3.found["baselines/1/constraints.json"]
    with pytest.raises(BaselineMissing, match=r"is not whole: there is nothing at s3://bucket/baselines/1/constraints"):
        package_baseline(world.sagemaker, s3, package_arn(1), PLACES)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"\x00\xff", "is not JSON"),
        (b"[1]", "holds no JSON object"),
        (b"[" * 100_000, "is not JSON"),
        (b"{}", "is not what Model Monitor writes"),
        (b'{"features": [{"type": 1}]}', "is not what Model Monitor writes"),
        (b'{"features": []}', "has no features"),
        (b'{"features": [{"name": "confidence"}, {"name": "brightness"}]}', "how many items"),
    ],
)
def test_damaged_statistics(world: MonitoredWorld, s3: Objects, content: bytes, told: str) -> None:
    s3.put("baselines/1/statistics.json", content)
    with pytest.raises(BaselineUnusable, match=told):
        package_baseline(world.sagemaker, s3, package_arn(1), PLACES)


def test_a_baseline_of_other_features_than_the_preprocessors_is_another_models(
    world: MonitoredWorld, s3: Objects
) -> None:
    for file in ("statistics", "constraints"):
        s3.put(f"baselines/1/{file}.json", statistics(("confidence", "petal_length")))
    with pytest.raises(BaselineUnusable, match="it lacks: brightness; only it has: petal_length"):
        package_baseline(world.sagemaker, s3, package_arn(1), PLACES)


def test_constraints_that_do_not_go_with_their_statistics(world: MonitoredWorld, s3: Objects) -> None:
    s3.put("baselines/1/constraints.json", statistics(("confidence",)))
    with pytest.raises(BaselineUnusable, match=r"constraints\.json is a baseline of other features than .*statistics"):
        package_baseline(world.sagemaker, s3, package_arn(1), PLACES)


def test_a_renewed_baseline_is_used_for_its_own_version_alone(s3: Objects) -> None:
    found = given_baseline(s3, f"{RENEWED}/", package_arn(1), PLACES)
    assert found.origin == RENEWED
    assert found.constraints == f"{RENEWED}/data-quality/constraints.json"
    assert found.quality_constraints == f"{RENEWED}/model-quality/constraints.json"
    with pytest.raises(BaselineUnusable, match=r"belongs to .*/1, and .*/2 is served"):
        given_baseline(s3, RENEWED, package_arn(2), PLACES)


def test_files_made_by_hand_are_held_to_our_preprocessor(s3: Objects) -> None:
    with pytest.raises(BaselineUnusable, match="other features"):
        given_baseline(s3, "s3://bucket/by-hand", package_arn(1), PLACES)
    for file in ("statistics", "constraints"):
        s3.put(f"by-hand/{file}.json", statistics(OURS))
    assert given_baseline(s3, "s3://bucket/by-hand", package_arn(1), PLACES).quality_constraints is None


@pytest.mark.parametrize("folder", ["bucket/by-hand", "s3://", ""])
def test_what_is_no_folder_in_s3(s3: Objects, folder: str) -> None:
    with pytest.raises(ValueError, match="s3://bucket/key is wanted"):
        given_baseline(s3, folder, package_arn(1), PLACES)


def test_the_latest_renewed_baseline(s3: Objects) -> None:
    assert renewed_folder(s3, PLACES, ENDPOINT, package_arn(1)) == RENEWED
    s3.put(f"scones/monitoring/baselines/{ENDPOINT}/1/def/baseline.json", {})
    # one without its document is not finished
    s3.put(f"scones/monitoring/baselines/{ENDPOINT}/1/xyz/data-quality/statistics.json", {})
    assert renewed_folder(s3, PLACES, ENDPOINT, package_arn(1)) == RENEWED.replace("abc", "def")
    with pytest.raises(BaselineMissing, match="no renewed baseline of version 2"):
        renewed_folder(s3, PLACES, ENDPOINT, package_arn(2))


def test_features_are_read_and_nothing_is_executed() -> None:
    assert features_in(LOCAL_FILE.read_bytes(), "ours") == OURS
    assert features_in(b"raise SystemExit\nFEATURES = ['a', 'b']\n", "theirs") == ("a", "b")


@pytest.mark.parametrize("source", [b"", b"FEATURES = sorted(x)", b"def (", b"\x00", b"FEATURES = 3"])
def test_a_preprocessor_that_does_not_say_its_features(source: bytes) -> None:
    with pytest.raises(FeaturesUnknown, match=r"record preprocessor its\.py"):
        features_in(source, "its.py")
