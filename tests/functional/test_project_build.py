"""The repository's own buildspec.yml within a project made of seed_code/template.yml, as a push starts it.

All four phases run as they stand. What they run over is less than the repository, for the time: of the tests three
modules are in the seed, and mypy looks at one file.
"""

from __future__ import annotations

import re
import shutil
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pipelines.session import Target, open_target
from seed_code.package import upload_seed
from seed_code.packaging import ArchiveInS3
from seed_code.project import Project, delete_project, deploy_project
from seed_code.seed import read_files
from tests.waiting import SLOW_PATIENCE_SECONDS, wait_until

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
TESTS = (
    *("tests/conftest.py", "tests/waiting.py"),
    *("tests/unit/test_pipelines_retraining_reason.py", "tests/contract/test_package_data.py"),
)
LEFT_OUT = ("tests/", "docs/", "benchmarks/")


@dataclass(frozen=True)
class Built:
    """A project, and the build of its seed that was started by hand through CodeBuild's API, ended."""

    target: Target
    source: ArchiveInS3
    project: Project
    build: dict[str, Any]
    log: list[str]


@pytest.fixture(scope="module")
def built(local_aws: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    tree = tmp_path_factory.mktemp("seeded")
    for name in read_files(ROOT):
        if name in TESTS or not name.startswith(LEFT_OUT):
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, tree / name)
    _check_types_of_one_file(tree / "pyproject.toml")
    suffix = uuid.uuid4().hex[:6]
    target = open_target("local", endpoint_url=local_aws.url, bucket=f"seeds-{suffix}", environ={})
    target.client("s3").create_bucket(Bucket=target.bucket)
    source = upload_seed(target.client("s3"), target.bucket, tree)
    project = deploy_project(target, f"push-{suffix}", source, sleep=lambda seconds: time.sleep(0.05))
    codebuild = target.client("codebuild")
    build_id = codebuild.start_build(projectName=project.build_project)["build"]["id"]
    build = wait_until(
        lambda: next((one for one in _described(codebuild, build_id) if one["buildComplete"]), None),
        f"{build_id} to end",
        SLOW_PATIENCE_SECONDS,
    )
    yield Built(target, source, project, build, _log(target, build))
    delete_project(target, project.name, sleep=lambda seconds: time.sleep(0.05))


def _check_types_of_one_file(pyproject: Path) -> None:
    text, count = re.subn(r"(?m)^files = \[[^\]]*\]", 'files = ["pipelines/names.py"]', pyproject.read_text())
    assert count == 1
    pyproject.write_text(text)


def _described(codebuild: Any, build_id: str) -> list[dict[str, Any]]:
    return list(codebuild.batch_get_builds(ids=[build_id])["builds"])


def _log(target: Target, build: dict[str, Any]) -> list[str]:
    found = target.client("logs").get_log_events(
        logGroupName=build["logs"]["groupName"], logStreamName=build["logs"]["streamName"], startFromHead=True
    )
    return [event["message"] for event in found["events"]]


def test_a_push_is_linted_tested_and_trained(built: Built) -> None:
    assert built.build["buildStatus"] == "SUCCEEDED", built.log[-40:]
    phases = {one["phaseType"]: one["phaseStatus"] for one in built.build["phases"] if "phaseStatus" in one}
    assert [phases[name] for name in ("INSTALL", "PRE_BUILD", "BUILD", "POST_BUILD")] == ["SUCCEEDED"] * 4
    (report,) = built.target.client("codebuild").batch_get_reports(reportArns=built.build["reportArns"])["reports"]
    # the tests', and beside them those of the definition
    assert report["status"] == "SUCCEEDED" and report["testSummary"]["total"] > 20
    said = "\n".join(built.log)
    assert "All checks passed!" in said and "Success: no issues found in 1 source file" in said
    assert re.search(r"\b\d+ passed\b", said)


def test_both_pipelines_are_the_projects_own(built: Built) -> None:
    sagemaker, project = built.target.client("sagemaker"), built.project
    for kind in ("training", "deployment"):
        found = sagemaker.describe_pipeline(PipelineName=f"{project.name}-{kind}")
        assert found["RoleArn"] == project.role_arn
        tags = sagemaker.list_tags(ResourceArn=found["PipelineArn"])["Tags"]
        assert {"Key": "sagemaker:project-name", "Value": project.name} in tags
        assert project.bucket in found["PipelineDefinition"]
    # deploying is an approval's to start
    listed = sagemaker.list_pipeline_executions(PipelineName=f"{project.name}-deployment")
    assert listed["PipelineExecutionSummaries"] == []


def test_the_execution_says_which_push_it_is_of(built: Built) -> None:
    sagemaker = built.target.client("sagemaker")
    pipeline = f"{built.project.name}-training"
    (execution,) = sagemaker.list_pipeline_executions(PipelineName=pipeline)["PipelineExecutionSummaries"]
    arn = execution["PipelineExecutionArn"]
    assert built.build["exportedEnvironmentVariables"] == [{"name": "PIPELINE_EXECUTION_ARN", "value": arn}]
    found = sagemaker.list_pipeline_parameters_for_execution(PipelineExecutionArn=arn, MaxResults=100)
    values = {one["Name"]: one["Value"] for one in found["PipelineParameters"]}
    reason = f"push of {built.source.key}"
    assert (values["TrainingReason"], values["TrainingTrigger"]) == (reason, "codebuild")
    described = sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
    assert described["PipelineExecutionDescription"] == reason
