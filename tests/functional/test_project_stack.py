"""A project made of seed_code/template.yml on the local AWS, whole: what is there, what happens in it, what stays."""

from __future__ import annotations

import io
import json
import time
import uuid
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from typer.testing import CliRunner

from model_monitor.request_retraining.decision import Limits
from pipelines.cli.application import app
from pipelines.retraining.permission import limits_in_force
from pipelines.session import Target, open_target
from pipelines.stacks import ParameterUnknown, StackFailed, StackMissing
from pipelines.training.pipeline import get_pipeline_custom_tags
from seed_code.packaging import ArchiveInS3
from seed_code.project import (
    Project,
    ProjectNameInvalid,
    delete_project,
    deploy_project,
    find_project,
    inert,
)
from tests.waiting import SLOW_PATIENCE_SECONDS, wait_until

pytestmark = pytest.mark.slow

BUILDSPEC = """
version: 0.2
phases:
  build:
    commands:
      - echo "built for $SAGEMAKER_PROJECT_NAME because $RETRAINING_REASON into $ARTIFACT_BUCKET" > report.txt
artifacts:
  files: [report.txt]
"""
# what a template may say and this local AWS does not act upon, by the kinds of resources of the whole project
INERT = {
    "AssumeRolePolicyDocument",
    "Policies",
    "PolicyDocument",
    *("Description", "EnableKeyRotation", "KeyPolicy", "AliasName", "TargetKeyId"),
    *("BucketEncryption", "LifecycleConfiguration", "OwnershipControls", "PublicAccessBlockConfiguration"),
    *("KmsMasterKeyId", "SqsManagedSseEnabled", "KmsKeyId", "RetentionInDays"),
    *("Architectures", "TracingConfig", "TracingConfiguration"),
}


@dataclass(frozen=True)
class Deployed:
    """Two projects side by side in one account, built from one archive."""

    target: Target
    source: ArchiveInS3
    one: Project
    other: Project


def often(_seconds: float) -> None:
    time.sleep(0.05)


@pytest.fixture(scope="module")
def deployed(local_aws: Any) -> Iterator[Deployed]:
    suffix = uuid.uuid4().hex[:6]
    target = open_target("local", endpoint_url=local_aws.url, bucket=f"templates-{suffix}", environ={})
    s3 = target.client("s3")
    for bucket in (target.bucket, f"seeds-{suffix}"):
        s3.create_bucket(Bucket=bucket)
    s3.put_bucket_notification_configuration(
        Bucket=f"seeds-{suffix}", NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    source = ArchiveInS3(f"seeds-{suffix}", "source/project.zip")
    one = deploy_project(target, f"one-{suffix}", source, {"DailyLimit": "3"}, sleep=often)
    other = deploy_project(target, f"other-{suffix}", source, {"RetrainingScheduleState": "ENABLED"}, sleep=often)
    yield Deployed(target, source, one, other)
    for project in (one, other):
        try:
            delete_project(target, project.name, sleep=often)
        except StackMissing:
            continue


def test_the_whole_project_is_there(deployed: Deployed) -> None:
    target, project = deployed.target, deployed.one
    assert project.status == "CREATE_COMPLETE"
    assert project == find_project(target, project.name)
    versioning = target.client("s3").get_bucket_versioning(Bucket=project.bucket)
    assert versioning["Status"] == "Enabled"
    encryption = target.client("s3").get_bucket_encryption(Bucket=project.bucket)
    (rule,) = encryption["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"] == project.key_arn
    group = target.client("sagemaker").describe_model_package_group(ModelPackageGroupName=project.model_package_group)
    tags = target.client("sagemaker").list_tags(ResourceArn=group["ModelPackageGroupArn"])["Tags"]
    assert {tag["Key"]: tag["Value"] for tag in tags} == {
        "sagemaker:project-id": project.id,
        "sagemaker:project-name": project.name,
    }
    functions = {one["FunctionName"] for one in target.client("lambda").list_functions()["Functions"]}
    assert {f"{project.name}-endpoint-safeguards", f"{project.name}-workflow-classify-image"} <= functions
    role = project.role_arn.rpartition("/")[2]
    assert target.client("iam").list_role_policies(RoleName=role)["PolicyNames"] == ["data", "pipelines"]


def test_what_has_no_effect_here_is_told_for_nested_resources_too(deployed: Deployed) -> None:
    remarks = inert(deployed.target, deployed.one.name)
    told = {one for text in remarks.values() for one in text.partition(": ")[2].split(", ")}
    assert told >= INERT
    assert remarks["Key"] == "declared, without effect on this local AWS: Description, EnableKeyRotation, KeyPolicy"
    assert "KmsKeyId" in remarks["Workflow/ClassifyImageLogs"]
    assert "Policies" in remarks["Monitor/Role"]
    # what works is not among it
    assert not {"FailedExecutionRule", "ScheduleRule", "ModelPackageGroup"} & set(remarks)


def test_deploying_the_same_again_changes_nothing_and_uploads_nothing(deployed: Deployed) -> None:
    cloudformation, s3 = deployed.target.client("cloudformation"), deployed.target.client("s3")

    def state() -> tuple[Any, ...]:
        stacks = cloudformation.list_stacks()["StackSummaries"]
        changed = {one["StackName"]: one.get("LastUpdatedTime") for one in stacks}
        builds = _builds(deployed.target.client("codebuild"), deployed.one)
        objects = s3.list_objects_v2(Bucket=deployed.target.bucket)["Contents"]
        return changed, builds, {one["Key"]: one["LastModified"] for one in objects}

    before = state()
    # without the value that it was given: it keeps it
    assert deploy_project(deployed.target, deployed.one.name, deployed.source, sleep=often) == deployed.one
    assert state() == before


def test_a_parameter_reaches_the_nested_stack_that_it_is_for(deployed: Deployed) -> None:
    functions = deployed.target.client("lambda").list_functions()["Functions"]

    def limits() -> dict[str, str]:
        found = [one["Environment"]["Variables"] for one in functions if "DAILY_LIMIT" in str(one.get("Environment"))]
        return {one["ENDPOINT_NAME"]: one["DAILY_LIMIT"] for one in found}

    assert (limits()[deployed.one.endpoint], limits()[deployed.other.endpoint]) == ("3", "2")


def test_a_retraining_by_hand_keeps_the_limits_of_the_projects_own_monitor(deployed: Deployed) -> None:
    """Its stack is nested, and has no name that one could know."""
    for project, daily in ((deployed.one, 3), (deployed.other, 2)):
        there = replace(deployed.target, bucket=project.bucket)
        assert limits_in_force(there, project.endpoint) == Limits(timedelta(minutes=360), daily)


def test_the_schedule_is_off_until_it_is_turned_on(deployed: Deployed) -> None:
    events = deployed.target.client("events")
    states = {}
    for project in (deployed.one, deployed.other):
        (monitor,) = _resource(deployed.target, project.stack, "Monitor")
        (rule,) = _resource(deployed.target, monitor, "ScheduleRule")
        states[project] = events.describe_rule(Name=rule)["State"]
    assert states == {deployed.one: "DISABLED", deployed.other: "ENABLED"}


def test_people_are_told_of_a_failed_execution_of_their_project_and_of_no_other(deployed: Deployed) -> None:
    sqs, sns, sagemaker = (deployed.target.client(name) for name in ("sqs", "sns", "sagemaker"))
    queues = {}
    for project in (deployed.one, deployed.other):
        queues[project] = sqs.create_queue(QueueName=f"mail-{project.name}")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=queues[project], AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        sns.subscribe(TopicArn=project.topic_arn, Protocol="sqs", Endpoint=arn)
    definition = {
        "Version": "2020-12-01",
        "Steps": [{"Name": "GiveUp", "Type": "Fail", "Arguments": {"ErrorMessage": "on purpose"}}],
    }
    pipeline = f"{deployed.one.name}-training"
    sagemaker.create_pipeline(
        PipelineName=pipeline,
        PipelineDefinition=json.dumps(definition),
        RoleArn=deployed.one.role_arn,
        ClientRequestToken=uuid.uuid4().hex,
    )
    execution = sagemaker.start_pipeline_execution(PipelineName=pipeline)["PipelineExecutionArn"]

    def mail(project: Project) -> list[Any]:
        return list(sqs.receive_message(QueueUrl=queues[project], MaxNumberOfMessages=10).get("Messages", []))

    (message,) = wait_until(lambda: mail(deployed.one), "the mail", SLOW_PATIENCE_SECONDS)
    assert execution in message["Body"]
    assert mail(deployed.other) == []


def test_a_new_archive_of_the_source_is_built_by_every_project_that_is_made_of_it(deployed: Deployed) -> None:
    codebuild = deployed.target.client("codebuild")
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("buildspec.yml", BUILDSPEC)
    deployed.target.client("s3").put_object(
        Bucket=deployed.source.bucket, Key=deployed.source.key, Body=content.getvalue()
    )
    for project in (deployed.one, deployed.other):
        build = _ended_build(deployed, codebuild, project)
        assert build["buildStatus"] == "SUCCEEDED"
        variables = {one["name"]: one["value"] for one in build["environment"]["environmentVariables"]}
        assert variables["SAGEMAKER_PROJECT_NAME"] == project.name
        assert variables["ARTIFACT_BUCKET"] == project.bucket
        assert variables["SAGEMAKER_PIPELINE_ROLE_ARN"] == project.role_arn


def test_pipelines_of_a_project_that_sagemaker_does_not_know_are_tagged_as_it_is(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", str(deployed.target.endpoint_url))
    tags = [{"Key": "sagemaker:project-name", "Value": deployed.one.name}]
    project = f"arn:aws:sagemaker:us-east-1:123456789012:project/{deployed.one.name}"
    assert get_pipeline_custom_tags(tags, sagemaker_project_arn=project) == tags
    # where SageMaker knows it, its tags are added
    arn = f"arn:aws:sagemaker:us-east-1:123456789012:model-package-group/{deployed.one.model_package_group}"
    added = {"Key": "sagemaker:project-id", "Value": deployed.one.id}
    assert get_pipeline_custom_tags(tags, sagemaker_project_arn=arn) == [*tags, added]


def test_a_request_for_its_endpoint_is_built_by_the_project_and_by_no_other(deployed: Deployed) -> None:
    codebuild, events = deployed.target.client("codebuild"), deployed.target.client("events")
    before = {project: _builds(codebuild, project) for project in (deployed.one, deployed.other)}
    detail = {
        "endpoint": deployed.one.endpoint,
        "reason": 'confidence "drifts"',
        "trigger": {"name": f"{deployed.one.endpoint}-drift"},
        "requestId": "r-1",
    }
    entry = {"Source": "scones.model-monitor", "DetailType": "Retraining Requested", "Detail": json.dumps(detail)}
    assert events.put_events(Entries=[entry])["FailedEntryCount"] == 0
    (started,) = wait_until(
        lambda: set(_builds(codebuild, deployed.one)) - set(before[deployed.one]), "a build", SLOW_PATIENCE_SECONDS
    )
    (build,) = codebuild.batch_get_builds(ids=[started])["builds"]
    variables = {one["name"]: one["value"] for one in build["environment"]["environmentVariables"]}
    assert variables["RETRAINING_REASON"] == 'confidence "drifts"'
    assert variables["RETRAINING_REQUEST_ID"] == "r-1"
    assert _builds(codebuild, deployed.other) == before[deployed.other]


def test_names_and_values_that_cannot_be_are_told(deployed: Deployed) -> None:
    with pytest.raises(ParameterUnknown, match="no parameter Dayly; there are: BranchName, "):
        deploy_project(deployed.target, deployed.one.name, deployed.source, {"Dayly": "1"})
    with pytest.raises(ParameterUnknown, match="no parameter SageMakerProjectId"):
        deploy_project(deployed.target, deployed.one.name, deployed.source, {"SageMakerProjectId": "p-1"})
    with pytest.raises(ProjectNameInvalid, match="at most 32"):
        deploy_project(deployed.target, "n" * 33, deployed.source)
    with pytest.raises(StackMissing, match="no project nobody"):
        find_project(deployed.target, "nobody")


def test_a_failure_in_a_nested_stack_takes_the_project_back_but_keeps_what_was_there_before(
    deployed: Deployed,
) -> None:
    """A log group of the workflow's stack is there already."""
    name = f"taken-{uuid.uuid4().hex[:6]}"
    taken = f"/aws/lambda/{name}-workflow-serialize-image-data"
    deployed.target.client("logs").create_log_group(logGroupName=taken)
    buckets = {one["Name"] for one in deployed.target.client("s3").list_buckets()["Buckets"]}
    with pytest.raises(
        StackFailed, match=r"Workflow: Embedded stack .* was not successfully created: SerializeImageDataLogs: "
    ):
        deploy_project(deployed.target, name, deployed.source, sleep=often)
    # RetainExceptOnCreate: the creation failed, so that nothing of the project stays
    now = {one["Name"] for one in deployed.target.client("s3").list_buckets()["Buckets"]}
    ours = {one for one in now - buckets if one.startswith("sagemaker-project-")}
    assert ours == set()
    assert [one for one in _stacks(deployed.target) if one.startswith(f"project-{name}-")] == []
    with pytest.raises(StackMissing, match=f"stack project-{name} is ROLLBACK_COMPLETE"):
        find_project(deployed.target, name)
    assert delete_project(deployed.target, name, sleep=often) == []
    groups = deployed.target.client("logs").describe_log_groups(logGroupNamePrefix=taken)["logGroups"]
    assert [one["logGroupName"] for one in groups] == [taken]


def test_another_archive_is_built_as_a_push_is(deployed: Deployed) -> None:
    """It comes last of those that build: from then on the project is made of another archive."""
    codebuild, s3 = deployed.target.client("codebuild"), deployed.target.client("s3")
    place = {"Bucket": deployed.source.bucket, "Key": deployed.source.key}
    s3.copy_object(Bucket=deployed.source.bucket, Key="source/another.zip", CopySource=place)
    before = _builds(codebuild, deployed.one)
    other = ArchiveInS3(deployed.source.bucket, "source/another.zip")
    # ConcurrentBuildLimit 1: those before it have ended
    wait_until(
        lambda: all(one["buildStatus"] != "IN_PROGRESS" for one in _described(codebuild, before)),
        "the builds before it to end",
        SLOW_PATIENCE_SECONDS,
    )
    assert deploy_project(deployed.target, deployed.one.name, other, sleep=often).status == "UPDATE_COMPLETE"
    (started,) = set(_builds(codebuild, deployed.one)) - set(before)
    (build,) = codebuild.batch_get_builds(ids=[started])["builds"]
    assert build["source"]["location"] == f"{other.bucket}/{other.key}"


def test_deleted_it_leaves_what_it_keeps_and_nothing_else(deployed: Deployed) -> None:
    target, project = deployed.target, deployed.other
    target.client("s3").put_object(Bucket=project.bucket, Key="models/model.tar.gz", Body=b"a model")
    kept = delete_project(target, project.name, sleep=often)
    assert kept[:3] == [project.bucket, project.key_arn, project.model_package_group]
    assert [one for one in _stacks(target) if project.name in one] == []
    left = {one["Name"] for one in target.client("s3").list_buckets()["Buckets"]}
    assert {kept[0], kept[3]} <= left
    target.client("sagemaker").describe_model_package_group(ModelPackageGroupName=project.model_package_group)
    named = [one["FunctionName"] for one in target.client("lambda").list_functions()["Functions"]]
    assert [one for one in named if project.name in one] == []
    rules = [one["Name"] for one in target.client("events").list_rules()["Rules"]]
    assert [one for one in rules if project.stack in one] == []
    roles = [one["RoleName"] for one in target.client("iam").list_roles()["Roles"]]
    assert [one for one in roles if project.stack in one] == []
    with pytest.raises(ClientError, match=r"NotFound|does not exist"):
        target.client("sns").get_topic_attributes(TopicArn=project.topic_arn)
    # the other project stands
    assert find_project(target, deployed.one.name).status == "UPDATE_COMPLETE"


def test_teardown_takes_all_that_a_project_made_and_leaves_the_other_alone(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, project = deployed.target, deployed.one
    sagemaker, s3 = target.client("sagemaker"), target.client("s3")
    monkeypatch.setenv("SCONES_LOCAL_ENDPOINT", str(target.endpoint_url))
    for content in (b"first", b"second"):
        s3.put_object(Bucket=project.bucket, Key="models/model.tar.gz", Body=content)
    s3.delete_object(Bucket=project.bucket, Key="models/model.tar.gz")
    sagemaker.create_model_package(ModelPackageGroupName=project.model_package_group)
    target.client("cloudwatch").put_metric_alarm(**_alarm(f"{project.endpoint}-5xx-errors"))
    target.client("cloudwatch").put_metric_alarm(**_alarm(f"{deployed.other.endpoint}-5xx-errors"))

    kept = CliRunner().invoke(app, ["teardown", "--project", project.name, "--keep-data", "--yes", "--json"])
    gone = [(one["kind"], one["name"]) for one in json.loads(kept.stdout)["removed"]]
    assert kept.exit_code == 0 and json.loads(kept.stdout)["left"] == []
    assert gone == [
        ("stack", project.stack),
        ("alarm", f"{project.endpoint}-5xx-errors"),
        ("pipeline", f"{project.name}-training"),
        # the stack has taken it
        ("log group", f"/aws/codebuild/{project.build_project}"),
        ("model package group", project.model_package_group),
    ]
    versions = s3.list_object_versions(Bucket=project.bucket, Prefix="models/")
    assert len(versions["Versions"]) == 2 and len(versions["DeleteMarkers"]) == 1
    left = target.client("cloudwatch").describe_alarms(AlarmNamePrefix=deployed.other.endpoint)["MetricAlarms"]
    assert [one["AlarmName"] for one in left] == [f"{deployed.other.endpoint}-5xx-errors"]
    # nothing is left that knows it
    again = CliRunner().invoke(app, ["teardown", "--project", project.name, "--yes"])
    assert isinstance(again.exception, StackMissing) and f"no project {project.name}: " in str(again.exception)


def test_teardown_takes_up_a_project_whose_stack_is_gone_already(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, project = deployed.target, deployed.other
    monkeypatch.setenv("SCONES_LOCAL_ENDPOINT", str(target.endpoint_url))
    buckets = {one["Name"] for one in target.client("s3").list_buckets()["Buckets"]}
    done = CliRunner().invoke(app, ["teardown", "--project", project.name, "--buckets", "--yes", "--json"])
    assert done.exit_code == 0, done.output
    gone = [(one["kind"], one["name"]) for one in json.loads(done.stdout)["removed"]]
    now = {one["Name"] for one in target.client("s3").list_buckets()["Buckets"]}
    (pictures,) = buckets - now - {project.bucket}
    assert project.name.lower() in pictures or "imagebucket" in pictures
    assert gone == [
        ("alarm", f"{project.endpoint}-5xx-errors"),
        ("bucket", project.bucket),
        ("bucket", pictures),
        ("model package group", project.model_package_group),
    ]


def _alarm(name: str) -> dict[str, Any]:
    return {
        "AlarmName": name,
        "Namespace": "AWS/SageMaker",
        "MetricName": "Invocation5XXErrors",
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 1,
        "ComparisonOperator": "GreaterThanThreshold",
    }


def _resource(target: Target, stack: str, logical_id: str) -> list[str]:
    found = target.client("cloudformation").describe_stack_resources(StackName=stack, LogicalResourceId=logical_id)
    return [one["PhysicalResourceId"] for one in found["StackResources"]]


def _stacks(target: Target) -> list[str]:
    return [one["StackName"] for one in target.client("cloudformation").list_stacks()["StackSummaries"]]


def _builds(codebuild: Any, project: Project) -> list[str]:
    return list(codebuild.list_builds_for_project(projectName=project.build_project)["ids"])


def _described(codebuild: Any, ids: list[str]) -> list[dict[str, Any]]:
    return list(codebuild.batch_get_builds(ids=ids)["builds"]) if ids else []


def _ended_build(deployed: Deployed, codebuild: Any, project: Project) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        ids = codebuild.list_builds_for_project(projectName=project.build_project)["ids"]
        builds = codebuild.batch_get_builds(ids=ids)["builds"] if ids else []
        return next((dict(one) for one in builds if one["buildStatus"] != "IN_PROGRESS"), None)

    return wait_until(look, f"a build of {project.name} to end", SLOW_PATIENCE_SECONDS)
