"""Packaging: the workflow's template leaves this machine with everything that it refers to, under names by content."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from moto import mock_aws

from pipelines.workflow.packaging import Packager, TemplateUnusable
from pipelines.workflow.stack import TEMPLATE


@pytest.fixture
def s3() -> Iterator[Any]:
    with mock_aws():
        client = boto3.client("s3", "us-east-1", aws_access_key_id="test", aws_secret_access_key="test")
        client.create_bucket(Bucket="packages")
        yield client


def read(s3: Any, place: str) -> bytes:
    bucket, _, key = place.partition("/")
    content: bytes = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    return content


def packaged(s3: Any, template: Path) -> dict[str, Any]:
    url = Packager(s3, "packages").package(template).url
    document: dict[str, Any] = json.loads(read(s3, urlsplit(url).path.lstrip("/")))
    return document


def keys(s3: Any) -> set[str]:
    return {item["Key"] for item in s3.list_objects_v2(Bucket="packages").get("Contents", [])}


def write(folder: Path, text: str) -> Path:
    (folder / "template.yaml").write_text(text)
    return folder / "template.yaml"


def test_the_workflows_template_refers_to_nothing_on_this_machine(s3):
    document = packaged(s3, TEMPLATE)
    code = document["Globals"]["Function"]["CodeUri"].removeprefix("s3://")
    with zipfile.ZipFile(io.BytesIO(read(s3, code))) as archive:
        names = archive.namelist()
    assert {"contracts.py", "classify_image/app.py"} <= set(names)
    assert not [name for name in names if "__pycache__" in name or not name.endswith(".py")]
    machines = [one for one in document["Resources"].values() if one["Type"] == "AWS::Serverless::StateMachine"]
    assert len(machines) == 3
    for machine in machines:
        assert "StartAt" in json.loads(read(s3, machine["Properties"]["DefinitionUri"].removeprefix("s3://")))
    assert document["Resources"]["ImageBucketPolicy"]["Properties"]["Bucket"] == {"Ref": "ImageBucket"}


def test_its_parameters_are_known(s3):
    assert {"EndpointName", "Threshold"} <= Packager(s3, "packages").package(TEMPLATE).parameters


def test_packaging_again_uploads_nothing_and_gives_the_same(s3):
    first = Packager(s3, "packages").package(TEMPLATE)
    there = keys(s3)
    assert Packager(s3, "packages").package(TEMPLATE) == first
    assert keys(s3) == there


def test_another_content_is_another_name(s3, tmp_path):
    text = "Resources: {M: {Type: AWS::Serverless::StateMachine, Properties: {DefinitionUri: m.json}}}"
    template = write(tmp_path, text)
    uris = set()
    for content in ("{}", "[]"):
        (tmp_path / "m.json").write_text(content)
        uris.add(packaged(s3, template)["Resources"]["M"]["Properties"]["DefinitionUri"])
    assert len(uris) == 2


def test_what_is_in_s3_already_stays_there(s3, tmp_path):
    text = "Resources: {F: {Type: AWS::Serverless::Function, Properties: {CodeUri: 's3://other/code.zip'}}}"
    assert packaged(s3, write(tmp_path, text))["Resources"]["F"]["Properties"]["CodeUri"] == "s3://other/code.zip"


def test_a_file_that_is_not_there_is_told_with_who_wants_it(s3, tmp_path):
    text = "Resources: {M: {Type: AWS::Serverless::StateMachine, Properties: {DefinitionUri: absent.json}}}"
    with pytest.raises(TemplateUnusable, match=r"DefinitionUri of M is absent.json: no such file"):
        Packager(s3, "packages").package(write(tmp_path, text))
    assert keys(s3) == set()
