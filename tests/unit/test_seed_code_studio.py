"""Which project templates Studio lists: the one that was packaged last, by its object's tag."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from pipelines.session import Target
from seed_code import package
from seed_code.packaging import PREFIX, TEMPLATE
from seed_code.studio import show_in_studio

BUCKET = "packages"
VISIBLE = {"Key": "sagemaker:studio-visibility", "Value": "true"}
OWNER = {"Key": "team", "Value": "routing"}


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket=BUCKET)
        yield client


def template(s3: Any, digest: str, **more: str) -> str:
    key = f"{PREFIX}/{digest}/{TEMPLATE.name}"
    s3.put_object(Bucket=BUCKET, Key=key, Body=b"{}", **more)
    return key


def tags(s3: Any, key: str) -> list[dict[str, str]]:
    found: list[dict[str, str]] = s3.get_object_tagging(Bucket=BUCKET, Key=key)["TagSet"]
    return found


def test_the_last_one_is_shown_and_no_other_and_tags_of_others_stay(s3: Any) -> None:
    first, nested = template(s3, "1"), f"{PREFIX}/2/template.json"
    s3.put_object(Bucket=BUCKET, Key=nested, Body=b"{}")
    assert show_in_studio(s3, BUCKET, first) == []
    assert tags(s3, first) == [VISIBLE]
    s3.put_object_tagging(Bucket=BUCKET, Key=first, Tagging={"TagSet": [VISIBLE, OWNER]})
    second = template(s3, "3", Tagging="team=routing")
    assert show_in_studio(s3, BUCKET, second) == [first]
    assert (tags(s3, first), tags(s3, second), tags(s3, nested)) == ([OWNER], [OWNER, VISIBLE], [])
    # the older one again
    assert show_in_studio(s3, BUCKET, first) == [second]
    assert (tags(s3, first), tags(s3, second)) == ([OWNER, VISIBLE], [OWNER])


def test_a_tag_that_says_no_is_turned_round(s3: Any) -> None:
    key = template(s3, "1", Tagging="sagemaker:studio-visibility=false")
    show_in_studio(s3, BUCKET, key)
    assert tags(s3, key) == [VISIBLE]


def test_packaging_shows_the_template_and_says_what_to_tag_the_domain_with(
    s3: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    place = Target("aws", "us-east-1", "arn:aws:iam::123456789012:role/r", BUCKET)
    monkeypatch.setattr(package, "target_from_environment", lambda bucket: place if bucket == BUCKET else None)
    for name in ("buildspec.yml", "requirements.txt", "setup.py", ".gitignore"):
        (tmp_path / name).write_text("")
    for _ in range(2):
        with pytest.raises(SystemExit) as ended:
            package.main(["--bucket", BUCKET, "--root", str(tmp_path)])
        said = json.loads(capsys.readouterr().out)
        assert ended.value.code == 0
        key = said["template"].partition(f"/{BUCKET}/")[2]
        assert tags(s3, key) == [VISIBLE]
        name, _, where = said["domain_tag"].partition("=")
        assert name == "sagemaker:projectS3TemplatesLocation" and f"s3://{BUCKET}/{key}".startswith(where)
