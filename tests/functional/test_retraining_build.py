"""A requested retraining: event, build of this repository's own buildspec, execution."""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from model_monitor.request_retraining import app
from pipelines.names import PIPELINE_NAME
from pipelines.retraining.stack import (
    RetrainingStack,
    delete_retraining_stack,
    deploy_retraining_stack,
    ensure_retraining_stack,
    find_retraining_stack,
)
from pipelines.session import Target, open_target
from pipelines.source_code import read_source_code
from pipelines.stacks import ParameterUnknown, StackMissing
from seed_code.seed import read_files
from tests.waiting import SLOW_PATIENCE_SECONDS, wait_until

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
REASON = 'in alarm: "warmth" <of> $(hostname), `it`'
KEPT_REASON = "in alarm: -warmth- -of- --hostname-- -it-"


class Place:
    """A stack, with names of its own, whose seed is this repository with a change that nobody else has."""

    def __init__(self, server: Any, tree: Path) -> None:
        self.server, self.tree, self.id = server, tree, uuid.uuid4().hex[:8]
        self.bucket, self.endpoint = f"retraining-{self.id}", f"retrained-{self.id}"
        server.client("s3").create_bucket(Bucket=self.bucket)
        self.target: Target = open_target("local", endpoint_url=server.url, bucket=self.bucket, environ={})
        self.values = {
            "ProjectName": f"build-{self.id}",
            "EndpointName": self.endpoint,
            "TrainingPipelineName": f"Training-{self.id}",
            "ModelPackageGroupName": f"Group-{self.id}",
        }
        self.name = f"retraining-{self.id}"

    def deploy(self, **values: str) -> RetrainingStack:
        return deploy_retraining_stack(self.target, {**self.values, **values}, name=self.name, root=self.tree)

    def builds(self, project: str) -> list[dict[str, Any]]:
        codebuild = self.server.client("codebuild")
        ids = codebuild.list_builds_for_project(projectName=project)["ids"]
        return list(codebuild.batch_get_builds(ids=ids)["builds"]) if ids else []

    def log(self, build: dict[str, Any]) -> list[str]:
        where = build["logs"]
        found = self.server.client("logs").get_log_events(
            logGroupName=where["groupName"], logStreamName=where["streamName"], startFromHead=True
        )
        return [event["message"] for event in found["events"]]

    def object(self, key: str) -> str:
        return str(self.server.client("s3").get_object(Bucket=self.bucket, Key=key)["Body"].read().decode())


@pytest.fixture(scope="module")
def place(local_aws: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    tree = tmp_path_factory.mktemp("seeded")
    for name in read_files(ROOT):
        # the tests and documents of the seed are not what is tried here
        if not name.startswith(("tests/", "docs/", "benchmarks/")):
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, tree / name)
    with open(tree / "processing" / "gates.py", "a") as gates:
        gates.write("# a change that nobody else has\n")
    made = Place(local_aws, tree)
    yield made
    delete_retraining_stack(made.target, made.name)
    with pytest.raises(StackMissing, match=f"no stack {made.name}"):
        find_retraining_stack(made.target, made.name)


def test_the_stack_is_made_once_and_keeps_its_parameters(place: Place, local_aws: Any) -> None:
    made = place.deploy(NotificationEmail="someone@example.org")
    assert made.build_project == f"build-{place.id}"
    assert find_retraining_stack(place.target, place.name) == made
    events = local_aws.client("cloudformation").describe_stack_events(StackName=place.name)["StackEvents"]
    assert deploy_retraining_stack(place.target, name=place.name, root=place.tree) == made
    assert ensure_retraining_stack(place.target, {"WaitForExecution": "true"}, name=place.name, root=place.tree) == made
    assert len(local_aws.client("cloudformation").describe_stack_events(StackName=place.name)["StackEvents"]) == len(
        events
    )
    (project,) = local_aws.client("codebuild").batch_get_projects(names=[made.build_project])["projects"]
    assert project["source"]["location"] == f"{place.bucket}/{made.source_key}"
    assert project["concurrentBuildLimit"] == 1
    rules = local_aws.client("events").list_rules(NamePrefix=place.name)["Rules"]
    assert len(rules) == 3 and not [rule for rule in rules if "ScheduleExpression" in rule]


@pytest.mark.parametrize("name", ["WaitForIt", "SourceKey", "SageMakerProjectId"])
def test_a_parameter_that_is_not_the_operators_is_refused(place: Place, name: str) -> None:
    with pytest.raises(ParameterUnknown, match=f"no parameter {name}; there are: BranchName, BuildTimeoutMinutes"):
        place.deploy(**{name: "x"})


def test_a_request_becomes_a_build_of_the_seed_and_an_execution_that_says_why(place: Place, local_aws: Any) -> None:
    made = find_retraining_stack(place.target, place.name)
    detail = {
        "reason": REASON,
        "trigger": {"name": f"{place.endpoint}-drift", "arn": "arn:aws:cloudwatch:us-east-1:123456789012:alarm:x"},
        "endpoint": place.endpoint,
        "requestId": str(uuid.uuid4()),
        "requestedAt": "2026-11-21T12:00:00Z",
    }
    # of another endpoint: nobody builds
    for endpoint in (f"other-{place.id}", place.endpoint):
        event = {
            "Source": app.SOURCE,
            "DetailType": app.DETAIL_TYPE,
            "Detail": json.dumps({**detail, "endpoint": endpoint}),
        }
        assert local_aws.client("events").put_events(Entries=[event])["FailedEntryCount"] == 0
    (build,) = wait_until(
        lambda: [one for one in place.builds(made.build_project) if one["buildComplete"]],
        "the build to end",
        SLOW_PATIENCE_SECONDS,
    )
    lines = place.log(build)
    assert build["buildStatus"] == "SUCCEEDED", lines
    _the_execution_says_why(place, build, lines)
    _the_seeds_own_code_was_built(place)
    _the_reports_are_kept(place, build)


def _the_execution_says_why(place: Place, build: dict[str, Any], lines: list[str]) -> None:
    sagemaker, pipeline = place.server.client("sagemaker"), place.values["TrainingPipelineName"]
    (execution,) = sagemaker.list_pipeline_executions(PipelineName=pipeline)["PipelineExecutionSummaries"]
    arn = execution["PipelineExecutionArn"]
    assert build["exportedEnvironmentVariables"] == [{"name": "PIPELINE_EXECUTION_ARN", "value": arn}]
    assert f"started execution {arn}" in lines
    told = sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
    assert told["PipelineExecutionDescription"] == KEPT_REASON
    found = sagemaker.list_pipeline_parameters_for_execution(PipelineExecutionArn=arn, MaxResults=100)
    values = {one["Name"]: one["Value"] for one in found["PipelineParameters"]}
    assert values["TrainingReason"] == KEPT_REASON
    assert values["TrainingTrigger"] == f"{place.endpoint}-drift"
    # there is no data in this bucket: it ends at once, and trains nothing
    wait_until(
        lambda: sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)["PipelineExecutionStatus"] == "Failed",
        "the execution to fail",
        SLOW_PATIENCE_SECONDS,
    )


def _the_seeds_own_code_was_built(place: Place) -> None:
    """Not that of the Python that the server runs from, where this project is installed too."""
    name = place.values["TrainingPipelineName"]
    live = place.server.client("sagemaker").describe_pipeline(PipelineName=name)["PipelineDefinition"]
    seeded = read_source_code(place.bucket, f"scones/{name}", place.tree).processing
    assert seeded.digest != read_source_code(place.bucket, f"scones/{name}", ROOT).processing.digest
    assert seeded.uri in live and "scones/seed/" in live


def _the_reports_are_kept(place: Place, build: dict[str, Any]) -> None:
    uuid_ = build["id"].partition(":")[2]
    prefix = f"scones/builds/{uuid_}/reports"
    assert place.object(f"{prefix}/definition.diff") == (
        f"+ pipeline {place.values['TrainingPipelineName']}: there is none yet\n"
    )
    definition = json.loads(place.object(f"{prefix}/definition.json"))
    (report,) = place.server.client("codebuild").batch_get_reports(reportArns=build["reportArns"])["reports"]
    assert report["status"] == "SUCCEEDED"
    assert report["testSummary"]["total"] == len(definition["Steps"]) + 1
    assert PIPELINE_NAME not in definition


def test_a_build_that_fails_is_told_to_whoever_subscribed(place: Place, local_aws: Any) -> None:
    made, sqs = find_retraining_stack(place.target, place.name), local_aws.client("sqs")
    url = sqs.create_queue(QueueName=f"told-{place.id}")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    allow = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage"}
    policy = json.dumps({"Statement": [{**allow, "Resource": arn}]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    local_aws.client("sns").subscribe(TopicArn=made.topic_arn, Protocol="sqs", Endpoint=arn)
    fails = "version: 0.2\nphases: {install: {commands: ['false']}}"
    started = local_aws.client("codebuild").start_build(projectName=made.build_project, buildspecOverride=fails)
    (message,) = wait_until(
        lambda: sqs.receive_message(QueueUrl=url).get("Messages"), "the message", SLOW_PATIENCE_SECONDS
    )
    told = json.loads(message["Body"])["Message"]
    assert told.startswith(f'"The build {started["build"]["arn"]} ended FAILED. Its log: http')
