"""The project's template leaves this machine with all that it nests, so that any account can make a stack of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from moto import mock_aws

import seed_code.packaging
from pipelines.session import Target
from pipelines.workflow.packaging import TemplateUnusable
from seed_code.packaging import ArchiveInS3, PackagedProject, package_project

BUCKET, SOURCE = "packages", ArchiveInS3("seeds", "source/project.zip")
# a path that CloudFormation cannot follow
LOCAL = ("./", "../")


@pytest.fixture
def target(monkeypatch: pytest.MonkeyPatch) -> Iterator[Target]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with mock_aws():
        made = Target("aws", "us-east-1", "arn:aws:iam::123456789012:role/r", BUCKET)
        made.client("s3").create_bucket(Bucket=BUCKET)
        yield made


def document(target: Target, url: str) -> dict[str, Any]:
    key = urlsplit(url).path.removeprefix(f"/{BUCKET}/")
    found: dict[str, Any] = json.loads(target.client("s3").get_object(Bucket=BUCKET, Key=key)["Body"].read())
    return found


def nested(target: Target, packaged: PackagedProject) -> dict[str, dict[str, Any]]:
    resources = document(target, packaged.url)["Resources"]
    stacks = {name: one for name, one in resources.items() if one["Type"] == "AWS::CloudFormation::Stack"}
    return {name: document(target, one["Properties"]["TemplateURL"]) for name, one in stacks.items()}


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for member in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from texts(member)


def test_the_copy_names_nothing_on_this_machine_and_needs_no_transform(target: Target) -> None:
    packaged = package_project(target, SOURCE)
    assert packaged.url == f"https://s3.amazonaws.com/{BUCKET}/{packaged.key}"
    assert packaged.key.endswith("/template.yml")
    inside = nested(target, packaged)
    assert set(inside) == {"Deployment", "Monitor", "Retraining", "Workflow"}
    for one in (document(target, packaged.url), *inside.values()):
        assert "Transform" not in one
        assert [text for text in texts(one) if text.startswith(LOCAL)] == []
    functions = [one for one in inside["Workflow"]["Resources"].values() if one["Type"] == "AWS::Lambda::Function"]
    assert len(functions) == 4
    for one in functions:
        code = one["Properties"]["Code"]
        target.client("s3").head_object(Bucket=code["S3Bucket"], Key=code["S3Key"])


def test_whoever_makes_a_stack_of_it_gives_the_projects_name_and_id_and_no_more(target: Target) -> None:
    packaged = package_project(target, SOURCE)
    parameters = document(target, packaged.url)["Parameters"]
    asked = {name for name, rules in parameters.items() if "Default" not in rules}
    assert asked == {"SageMakerProjectName", "SageMakerProjectId"}
    assert (parameters["SourceBucket"]["Default"], parameters["SourceKey"]["Default"]) == (SOURCE.bucket, SOURCE.key)
    for name in ("SafeguardsCodeKey", "RetrainingRequestCodeKey"):
        target.client("s3").head_object(Bucket=parameters["CodeBucket"]["Default"], Key=parameters[name]["Default"])


def test_packaging_twice_uploads_nothing_and_other_sources_make_another_copy(target: Target) -> None:
    def keys() -> set[str]:
        return {one["Key"] for one in target.client("s3").list_objects_v2(Bucket=BUCKET)["Contents"]}

    first = package_project(target, SOURCE)
    before = keys()
    assert package_project(target, SOURCE) == first
    assert keys() == before
    other = package_project(target, ArchiveInS3("seeds", "another.zip"))
    assert other.url != first.url
    assert keys() - before == {other.key}


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            "../model_monitor/template.yaml",
            "../nowhere.yaml",
            "TemplateURL of Monitor is ../nowhere.yaml: no such file",
        ),
        ("SourceKey, PowertoolsLayerArn]", "SourceKey]", "Metadata.Packaged lists"),
    ],
)
def test_a_template_that_cannot_be_packaged_is_told(
    target: Target, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, old: str, new: str, told: str
) -> None:
    real = seed_code.packaging.TEMPLATE
    for name in ("inference_workflow", "model_monitor", "pipelines"):
        (tmp_path / name).symlink_to(real.parents[1] / name)
    changed = tmp_path / "seed_code" / real.name
    changed.parent.mkdir()
    text = real.read_text(encoding="utf-8")
    assert text.count(old) == 1
    changed.write_text(text.replace(old, new), encoding="utf-8")
    monkeypatch.setattr(seed_code.packaging, "TEMPLATE", changed)
    with pytest.raises(TemplateUnusable, match=told):
        package_project(target, SOURCE)
