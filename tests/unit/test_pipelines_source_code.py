"""Container code on its way to S3: named by its content, uploaded once."""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from pipelines.source_code import (
    SourceCode,
    SourceCodeMissing,
    deterministic_tar_gz,
    read_source_code,
    read_tree,
    stage,
    tree_digest,
)

BUCKET = "code-bucket"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, text in {
        "processing/__init__.py": "",
        "processing/extract_cifar.py": "print('extract')\n",
        "training/train.py": "print('train')\n",
        "training/model.py": "print('model')\n",
        "model_monitor/record_preprocessor.py": "def preprocess_handler(record): ...\n",
        "model_monitor/report.py": "print('not for containers')\n",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return tmp_path


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket=BUCKET)
        yield client


def _read(root: Path) -> SourceCode:
    return read_source_code(BUCKET, "scones/SconesTraining", root)


def test_processing_code_keeps_its_folder_under_the_mounted_prefix(root: Path) -> None:
    bundle = _read(root).processing
    prefix = bundle.uri.removeprefix(f"s3://{BUCKET}/")
    assert {key.removeprefix(f"{prefix}/") for key in bundle.objects} == {
        "processing/__init__.py",
        "processing/extract_cifar.py",
    }


def test_training_code_lies_at_the_root_of_its_archive(root: Path) -> None:
    bundle = _read(root).training
    (archive,) = bundle.objects.values()
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        assert tar.getnames() == ["model.py", "train.py"]
        assert {(member.mtime, member.uid, member.mode) for member in tar} == {(0, 0, 0o644)}
    assert bundle.uri.endswith("/sourcedir.tar.gz")


def test_the_record_preprocessor_is_one_file_under_its_digest(root: Path) -> None:
    bundle = _read(root).record_preprocessor
    ((key, content),) = bundle.objects.items()
    assert content == (root / "model_monitor" / "record_preprocessor.py").read_bytes()
    assert key == f"scones/SconesTraining/code/record-preprocessor/{bundle.digest}/record_preprocessor.py"
    assert bundle.uri == f"s3://{BUCKET}/{key}" and bundle.digest == hashlib.sha256(content).hexdigest()


def test_a_tree_without_the_record_preprocessor_is_refused(root: Path) -> None:
    (root / "model_monitor" / "record_preprocessor.py").unlink()
    with pytest.raises(SourceCodeMissing, match=r"record_preprocessor\.py cannot be read"):
        _read(root)


def test_times_caches_and_hidden_files_do_not_count(root: Path) -> None:
    before = _read(root)
    os.utime(root / "training" / "train.py", (1, 1))
    (root / "training" / "__pycache__").mkdir()
    (root / "training" / "__pycache__" / "train.py").write_text("cached")
    (root / "training" / ".scratch.py").write_text("hidden")
    (root / "training" / "README.md").write_text("prose")
    assert _read(root) == before


def test_another_line_of_code_is_another_address(root: Path) -> None:
    before = _read(root)
    (root / "training" / "train.py").write_text("print('trained')\n")
    after = _read(root)
    assert after.training.uri != before.training.uri
    assert after.processing.uri == before.processing.uri


def test_moving_content_from_one_file_to_another_changes_the_digest() -> None:
    assert tree_digest({"a.py": b"xy", "b.py": b""}) != tree_digest({"a.py": b"x", "b.py": b"y"})
    assert tree_digest({"a.py": b"", "b.py": b"x"}) == tree_digest({"b.py": b"x", "a.py": b""})


def test_the_archive_is_the_same_bytes_in_any_order() -> None:
    assert deterministic_tar_gz({"b": b"2", "a": b"1"}) == deterministic_tar_gz({"a": b"1", "b": b"2"})


def test_a_folder_without_code_is_refused(root: Path) -> None:
    (root / "empty").mkdir()
    with pytest.raises(SourceCodeMissing, match="no Python files in"):
        read_tree(root / "empty")


def test_staging_uploads_everything_once(root: Path, s3: Any) -> None:
    code = _read(root)
    uploaded = stage(s3, code)
    assert len(uploaded) == 4
    keys = {item["Key"] for item in s3.list_objects_v2(Bucket=BUCKET)["Contents"]}
    assert keys == {*code.processing.objects, *code.training.objects, *code.record_preprocessor.objects}
    assert stage(s3, code) == []


def test_staging_completes_an_upload_that_was_cut_short(root: Path, s3: Any) -> None:
    code = _read(root)
    stage(s3, code)
    lost = next(iter(code.processing.objects))
    s3.delete_object(Bucket=BUCKET, Key=lost)
    assert stage(s3, code) == [f"s3://{BUCKET}/{lost}"]


def test_staged_code_is_encrypted_with_the_given_key(root: Path, s3: Any) -> None:
    code = _read(root)
    stage(s3, code, kms_key="alias/scones")
    head = s3.head_object(Bucket=BUCKET, Key=next(iter(code.training.objects)))
    assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", "alias/scones")
