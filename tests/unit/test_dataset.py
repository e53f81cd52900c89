"""Where the archive comes from, and where it goes."""

from __future__ import annotations

import hashlib
import io
from types import MappingProxyType

import boto3
import pytest
from moto import mock_aws

from pipelines import dataset
from pipelines.dataset import ARCHIVE_NAME, Dataset, DatasetUnavailable, find_dataset, stage_dataset


@pytest.fixture(autouse=True)
def no_network_and_no_archive_of_its_own(monkeypatch, tmp_path):
    def refuse(*_args, **_kwargs):
        raise OSError("no route to host")

    monkeypatch.setattr(dataset, "urlopen", refuse)
    monkeypatch.setattr(dataset, "OWN_ARCHIVE", tmp_path / "absent" / ARCHIVE_NAME)
    monkeypatch.delenv("SCONES_CIFAR_ARCHIVE", raising=False)


class Response(io.BytesIO):
    headers = MappingProxyType({"Content-Length": "7"})


def test_the_given_archive_comes_before_everything_else(tmp_path, monkeypatch):
    given = tmp_path / "mine.tar.gz"
    given.write_bytes(b"x")
    (tmp_path / ARCHIVE_NAME).write_bytes(b"cached")
    monkeypatch.setenv("SCONES_CIFAR_ARCHIVE", str(given))
    assert find_dataset("auto", tmp_path) == Dataset("archive", given)


def test_a_given_archive_that_is_not_there_is_an_error_and_no_fall_back(tmp_path, monkeypatch):
    monkeypatch.setenv("SCONES_CIFAR_ARCHIVE", str(tmp_path / "missing.tar.gz"))
    with pytest.raises(DatasetUnavailable, match=r"SCONES_CIFAR_ARCHIVE names .*missing"):
        find_dataset("auto", tmp_path)


def test_without_archive_and_network_a_sample_is_generated_once(tmp_path):
    found = find_dataset("auto", tmp_path)
    assert found.source == "generated"
    stamp = found.path.stat().st_mtime_ns
    assert find_dataset("auto", tmp_path) == found
    assert found.path.stat().st_mtime_ns == stamp


def test_a_project_with_pictures_of_its_own_takes_those_and_no_download(tmp_path, monkeypatch):
    own = tmp_path / "data" / ARCHIVE_NAME
    own.parent.mkdir()
    own.write_bytes(b"own")
    (tmp_path / ARCHIVE_NAME).write_bytes(b"CIFAR-100, as another project has left it")
    monkeypatch.setattr(dataset, "OWN_ARCHIVE", own)
    assert find_dataset("auto", tmp_path) == find_dataset("archive", tmp_path) == Dataset("archive", own)
    with pytest.raises(DatasetUnavailable, match="has not this project's classes"):
        find_dataset("download", tmp_path)


def test_samples_of_other_classes_do_not_meet_in_the_cache(tmp_path, monkeypatch):
    first = find_dataset("generated", tmp_path)
    monkeypatch.setattr(dataset, "CLASSES", ("apple", "worm"))
    second = find_dataset("generated", tmp_path)
    assert first.path != second.path and first.path.read_bytes() != second.path.read_bytes()


def test_a_download_of_another_content_is_refused_and_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(dataset, "urlopen", lambda *_args, **_kwargs: Response(b"changed"))
    with pytest.raises(DatasetUnavailable, match="gave a file of MD5"):
        find_dataset("download", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_download_with_the_right_digest_is_kept_and_reports_progress(tmp_path, monkeypatch):
    monkeypatch.setattr(dataset, "urlopen", lambda *_args, **_kwargs: Response(b"archive"))
    monkeypatch.setattr(dataset, "ARCHIVE_MD5", hashlib.md5(b"archive", usedforsecurity=False).hexdigest())
    seen: list[tuple[int, int]] = []
    found = find_dataset("download", tmp_path, lambda done, total: seen.append((done, total)))
    assert (found.source, found.path.read_bytes(), seen) == ("download", b"archive", [(7, 7)])
    assert find_dataset("auto", tmp_path).source == "archive", "the next time it is at hand"


def test_asking_for_an_archive_without_naming_one_says_how(tmp_path):
    with pytest.raises(DatasetUnavailable, match="set SCONES_CIFAR_ARCHIVE"):
        find_dataset("archive", tmp_path)


@mock_aws
def test_the_same_archive_is_staged_once_under_its_digest(tmp_path):
    s3 = boto3.client("s3", region_name="us-east-1", aws_access_key_id="t", aws_secret_access_key="t")
    s3.create_bucket(Bucket="staged-datasets")
    path = tmp_path / "any name.tar.gz"
    path.write_bytes(b"archive")
    first = stage_dataset(Dataset("archive", path), s3, "staged-datasets")
    modified = s3.list_objects_v2(Bucket="staged-datasets")["Contents"][0]["LastModified"]
    assert stage_dataset(Dataset("archive", path), s3, "staged-datasets") == first
    listed = s3.list_objects_v2(Bucket="staged-datasets")["Contents"]
    assert [(item["Key"], item["LastModified"]) for item in listed] == [
        (f"{first.removeprefix('s3://staged-datasets/')}/{ARCHIVE_NAME}", modified)
    ]
    path.write_bytes(b"another archive")
    assert stage_dataset(Dataset("archive", path), s3, "staged-datasets") != first
