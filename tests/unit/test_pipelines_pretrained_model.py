"""The pretrained weights on their way to S3: where they go, once, and what is refused."""

from __future__ import annotations

from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from pipelines.training import pretrained_model
from pipelines.training.pretrained_model import FILE, SHA256, PretrainedModel, PretrainedModelMissing, installed_weights

BUCKET = "scones"
KEY = f"scones/SconesTraining/pretrained-model/{SHA256}/{FILE}"


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket=BUCKET)
        yield client


def test_the_weights_are_uploaded_once_under_their_digest(s3, monkeypatch):
    model = PretrainedModel(BUCKET, "scones/SconesTraining")
    assert f"{model.uri}/{FILE}" == f"s3://{BUCKET}/{KEY}"
    model.stage(s3)
    assert s3.get_object(Bucket=BUCKET, Key=KEY)["Body"].read() == installed_weights().read_bytes()
    monkeypatch.setattr(pretrained_model, "read_weights", lambda _file: pytest.fail("read again"))
    model.stage(s3)


def test_with_a_key_they_are_encrypted_with_it(s3):
    PretrainedModel(BUCKET, "scones/SconesTraining").stage(s3, "arn:aws:kms:us-east-1:111122223333:key/one")
    stored = s3.head_object(Bucket=BUCKET, Key=KEY)
    assert stored["SSEKMSKeyId"] == "arn:aws:kms:us-east-1:111122223333:key/one"


def test_another_file_in_the_package_is_not_uploaded(s3, tmp_path: Path, monkeypatch):
    other = tmp_path / FILE
    other.write_bytes(b"other weights")
    monkeypatch.setattr(pretrained_model, "installed_weights", lambda: other)
    with pytest.raises(PretrainedModelMissing, match=f"and not {SHA256}: install the version of requirements.txt"):
        PretrainedModel(BUCKET, "scones/SconesTraining").stage(s3)
    assert "Contents" not in s3.list_objects_v2(Bucket=BUCKET)


def test_a_package_that_is_not_installed_is_named_with_the_cure(monkeypatch):
    monkeypatch.setattr(pretrained_model, "PACKAGE", "no-such-package-of-weights")
    with pytest.raises(PretrainedModelMissing, match=r"^no-such-package-of-weights is not installed: python -m pip"):
        installed_weights()


def test_a_file_that_is_gone_is_named(tmp_path: Path):
    with pytest.raises(PretrainedModelMissing, match=r"cannot be read .*install efficientnet-lite0"):
        pretrained_model.read_weights(tmp_path / FILE)
