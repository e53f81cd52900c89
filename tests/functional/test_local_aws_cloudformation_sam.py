"""The inference workflow's own template as a stack: packaged, made, changed, rolled back and deleted."""

from __future__ import annotations

import io
import json
import uuid
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_aws.cloudformation.template import load_document
from tests.waiting import wait_until

FOLDER = Path(__file__).resolve().parents[2] / "inference_workflow"
CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
FUNCTIONS = ("serialize-image-data", "classify-image", "filter-low-confidence", "summarize-bulk")
MACHINES = ("workflow", "bulk", "intake")


class WorkflowStack:
    """A stack of `inference_workflow/template.yaml`, by a name of its own, its files in the tests' bucket."""

    def __init__(self, server: Any) -> None:
        self.server, self.name = server, f"scones-{uuid.uuid4().hex[:8]}"
        self.s3, self.states = server.client("s3"), server.client("stepfunctions")
        self.api, self.functions = server.client("cloudformation"), server.client("lambda")
        self.template = packaged(server)

    def put(self, template: dict[str, Any]) -> str:
        key = f"templates/{uuid.uuid4().hex}.json"
        self.s3.put_object(Bucket=self.server.bucket, Key=key, Body=json.dumps(template).encode())
        return f"{self.server.url}/{self.server.bucket}/{key}"

    def request(self, template: dict[str, Any] | None = None, **values: str) -> dict[str, Any]:
        given = {"EndpointName": "vehicles", "PowertoolsLayerArn": "", "WorkflowName": self.name, **values}
        return {
            "StackName": self.name,
            "TemplateURL": self.put(template or self.template),
            "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in given.items()],
            "Capabilities": CAPABILITIES,
        }

    def create(self, **values: str) -> str:
        self.api.create_stack(**self.request(**values))
        return self.settled()

    def update(self, template: dict[str, Any] | None = None, **values: str) -> str:
        self.api.update_stack(**self.request(template, **values))
        return self.settled()

    def delete(self) -> None:
        self.api.delete_stack(StackName=self.name)
        self.settled()

    def settled(self) -> str:
        wait_until(lambda: not self.status().endswith("IN_PROGRESS"), f"{self.name} to settle")
        return self.status()

    def status(self) -> str:
        try:
            return str(self.api.describe_stacks(StackName=self.name)["Stacks"][0]["StackStatus"])
        except ClientError:
            return "GONE"

    def outputs(self) -> dict[str, str]:
        found = self.api.describe_stacks(StackName=self.name)["Stacks"][0]["Outputs"]
        return {one["OutputKey"]: one["OutputValue"] for one in found}

    def resources(self) -> dict[str, dict[str, Any]]:
        found = self.api.describe_stack_resources(StackName=self.name)["StackResources"]
        return {one["LogicalResourceId"]: one for one in found}

    def physical_id(self, name: str) -> str:
        return str(self.resources()[name]["PhysicalResourceId"])

    def function(self, name: str) -> dict[str, Any]:
        return dict(self.functions.get_function_configuration(FunctionName=f"{self.name}-{name}"))

    def events(self) -> list[dict[str, Any]]:
        return list(self.api.describe_stack_events(StackName=self.name)["StackEvents"])


def packaged(server: Any) -> dict[str, Any]:
    """The template with its code and definitions in S3, as packaging tools leave it."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for path in sorted(FOLDER.rglob("*.py")):
            archive.write(path, path.relative_to(FOLDER))
    files = {"code.zip": content.getvalue(), **{path.name: path.read_bytes() for path in FOLDER.glob("*.asl.json")}}
    for name, body in files.items():
        server.client("s3").put_object(Bucket=server.bucket, Key=f"workflow/{name}", Body=body)
    template = load_document((FOLDER / "template.yaml").read_text())
    template["Globals"]["Function"]["CodeUri"] = f"s3://{server.bucket}/workflow/code.zip"
    for resource in template["Resources"].values():
        if "DefinitionUri" in resource["Properties"]:
            place = {"Bucket": server.bucket, "Key": f"workflow/{resource['Properties']['DefinitionUri']}"}
            resource["Properties"]["DefinitionUri"] = place
    return template


@pytest.fixture(scope="module")
def stack(local_aws: Any) -> Iterator[WorkflowStack]:
    made = WorkflowStack(local_aws)
    assert made.create() == "CREATE_COMPLETE", made.events()
    yield made
    made.delete()


def test_everything_in_the_template_is_there(stack: WorkflowStack, local_aws: Any) -> None:
    made, outputs = stack.resources(), stack.outputs()
    assert Counter(one["ResourceType"] for one in made.values()) == {
        "AWS::S3::Bucket": 1,
        "AWS::S3::BucketPolicy": 1,
        "AWS::SQS::Queue": 3,
        "AWS::SQS::QueuePolicy": 1,
        "AWS::Lambda::Function": 4,
        "AWS::Logs::LogGroup": 7,
        "AWS::IAM::Role": 8,
        "AWS::StepFunctions::StateMachine": 3,
        "AWS::Events::Rule": 1,
        "AWS::CloudWatch::Alarm": 6,
    }
    assert {one["ResourceStatus"] for one in made.values()} == {"CREATE_COMPLETE"}
    for function in FUNCTIONS:
        found = stack.function(function)
        assert (found["Runtime"], found["TracingConfig"]) == ("python3.12", {"Mode": "Active"})
        assert found["LoggingConfig"]["LogGroup"] == f"/aws/lambda/{stack.name}-{function}"
    machines = {
        one["name"]: stack.states.describe_state_machine(stateMachineArn=one["stateMachineArn"])
        for one in stack.states.list_state_machines()["stateMachines"]
        if one["name"].startswith(f"{stack.name}-")
    }
    assert set(machines) == {f"{stack.name}-{machine}" for machine in MACHINES}
    definition = machines[f"{stack.name}-workflow"]["definition"]
    assert outputs["ReviewQueueUrl"] in definition and "${" not in definition
    assert machines[f"{stack.name}-workflow"]["loggingConfiguration"]["level"] == "ALL"
    queue = local_aws.client("sqs").get_queue_attributes(
        QueueUrl=outputs["ReviewQueueUrl"], AttributeNames=["RedrivePolicy", "VisibilityTimeout"]
    )["Attributes"]
    assert (json.loads(queue["RedrivePolicy"])["maxReceiveCount"], queue["VisibilityTimeout"]) == (100, "300")
    alarm = local_aws.client("cloudwatch").describe_alarms(
        AlarmNames=[made["FailedExecutionsAlarm"]["PhysicalResourceId"]]
    )
    assert [query["Id"] for query in alarm["MetricAlarms"][0]["Metrics"]] == ["faults", "failed", "doubts"]
    bucket = outputs["ImageBucketName"]
    assert stack.s3.get_bucket_notification_configuration(Bucket=bucket)["EventBridgeConfiguration"] == {}
    assert "OnlyOverTls" in stack.s3.get_bucket_policy(Bucket=bucket)["Policy"]
    assert stack.s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]["BlockPublicAcls"]


def test_the_rule_leads_from_the_bucket_to_the_intake_with_a_queue_behind_it(
    stack: WorkflowStack, local_aws: Any
) -> None:
    events, sqs, outputs = local_aws.client("events"), local_aws.client("sqs"), stack.outputs()
    rule = stack.physical_id("ImageArrivedRule")
    described = events.describe_rule(Name=rule)
    pattern = json.loads(described["EventPattern"])
    assert pattern["detail"]["bucket"]["name"] == [outputs["ImageBucketName"]]
    (target,) = events.list_targets_by_rule(Rule=rule)["Targets"]
    url = outputs["UndeliveredEventsQueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn", "Policy"])["Attributes"]
    assert target["Arn"] == outputs["IntakeStateMachineArn"]
    assert target["DeadLetterConfig"] == {"Arn": attributes["QueueArn"]}
    assert target["RetryPolicy"] == {"MaximumRetryAttempts": 60, "MaximumEventAgeInSeconds": 21600}
    assert described["Arn"] in attributes["Policy"]


def test_what_has_no_effect_here_is_told(stack: WorkflowStack) -> None:
    told = {
        event["LogicalResourceId"]: event.get("ResourceStatusReason")
        for event in stack.events()
        if event["ResourceStatus"] == "CREATE_COMPLETE"
    }
    said = "declared, without effect on this local AWS: "
    assert told["ImageBucket"] == f"{said}BucketEncryption, OwnershipControls, PublicAccessBlockConfiguration"
    assert told["ImageBucketPolicy"] == f"{said}PolicyDocument"
    assert told["ReviewQueue"] == f"{said}SqsManagedSseEnabled"
    assert told["StateMachine"] == f"{said}TracingConfiguration"
    assert told["WorkflowLogs"] == f"{said}RetentionInDays"
    assert told["ImageArrivedRule"] is None and told["FailedBulkAlarm"] is None


def test_the_template_is_answered_as_it_came_and_as_it_was_processed(stack: WorkflowStack) -> None:
    original = stack.api.get_template(StackName=stack.name)
    assert original["StagesAvailable"] == ["Original", "Processed"]
    assert original["TemplateBody"]["Resources"]["StateMachine"]["Type"] == "AWS::Serverless::StateMachine"
    processed = stack.api.get_template(StackName=stack.name, TemplateStage="Processed")["TemplateBody"]
    assert processed["Resources"]["StateMachine"]["Type"] == "AWS::StepFunctions::StateMachine"
    assert "Transform" not in processed and "Globals" not in processed


def test_a_parameter_that_changes_reaches_what_refers_to_it_alone(stack: WorkflowStack) -> None:
    with pytest.raises(ClientError, match="'Threshold' must be a number not greater than 1"):
        stack.update(Threshold="1.5")
    assert stack.function("filter-low-confidence")["Environment"]["Variables"]["THRESHOLD"] == "0.93"
    assert stack.update(Threshold="0.8") == "UPDATE_COMPLETE"
    assert stack.function("filter-low-confidence")["Environment"]["Variables"]["THRESHOLD"] == "0.8"
    changed = {
        event["LogicalResourceId"] for event in stack.events() if event["ResourceStatus"] == "UPDATE_IN_PROGRESS"
    }
    assert changed == {stack.name, "FilterLowConfidenceFunction"}


def test_a_change_that_fails_halfway_is_taken_back_whole(stack: WorkflowStack, local_aws: Any) -> None:
    before, queues = stack.resources(), local_aws.client("sqs").list_queues()["QueueUrls"]
    template = json.loads(json.dumps(stack.template))
    resources = template["Resources"]
    resources["ReviewQueue"]["Properties"]["VisibilityTimeout"] = 60
    resources["ExtraQueue"] = {"Type": "AWS::SQS::Queue", "Properties": {}}
    resources["StateMachine"]["Properties"]["Name"] = {"Fn::Sub": "${AWS::StackName}-renamed"}
    # the last of all to be made
    resources["UndeliveredEventsAlarm"]["DependsOn"] = [name for name in resources if name != "UndeliveredEventsAlarm"]
    resources["UndeliveredEventsAlarm"]["Properties"]["EvaluationPeriods"] = 0
    assert stack.update(template) == "UPDATE_ROLLBACK_COMPLETE"
    failed = [event for event in stack.events() if event["ResourceStatus"] == "UPDATE_FAILED"]
    assert failed[0]["LogicalResourceId"] == "UndeliveredEventsAlarm"
    after = stack.resources()
    assert {name: one["PhysicalResourceId"] for name, one in after.items()} == {
        name: one["PhysicalResourceId"] for name, one in before.items()
    }
    queue = local_aws.client("sqs").get_queue_attributes(
        QueueUrl=stack.outputs()["ReviewQueueUrl"], AttributeNames=["VisibilityTimeout"]
    )
    assert queue["Attributes"] == {"VisibilityTimeout": "300"}
    assert sorted(local_aws.client("sqs").list_queues()["QueueUrls"]) == sorted(queues)
    names = {one["name"] for one in stack.states.list_state_machines()["stateMachines"]}
    assert f"{stack.name}-workflow" in names and f"{stack.name}-renamed" not in names


def test_a_deleted_stack_leaves_its_bucket_with_what_is_in_it_and_nothing_else(local_aws: Any) -> None:
    stack = WorkflowStack(local_aws)
    assert stack.create() == "CREATE_COMPLETE"
    bucket, made = stack.outputs()["ImageBucketName"], stack.resources()
    stack.delete()
    assert stack.status() == "GONE"
    assert stack.s3.head_bucket(Bucket=bucket)
    with pytest.raises(ClientError, match="NoSuchBucketPolicy"):
        stack.s3.get_bucket_policy(Bucket=bucket)
    logs = local_aws.client("logs").describe_log_groups()["logGroups"]
    assert not [one for one in logs if stack.name in one["logGroupName"]]
    for lost in (
        *(one["FunctionName"] for one in stack.functions.list_functions()["Functions"]),
        *(one["name"] for one in stack.states.list_state_machines()["stateMachines"]),
        *(one["RoleName"] for one in local_aws.client("iam").list_roles()["Roles"]),
        *local_aws.client("sqs").list_queues().get("QueueUrls", []),
        *(one["AlarmName"] for one in local_aws.client("cloudwatch").describe_alarms()["MetricAlarms"]),
        *(one["Name"] for one in local_aws.client("events").list_rules()["Rules"]),
    ):
        assert stack.name not in lost
    assert "ImageBucket" in made


def test_what_sam_would_not_take_is_refused_before_anything_is_made(local_aws: Any) -> None:
    stack = WorkflowStack(local_aws)
    with pytest.raises(ClientError, match=r"Requires capabilities : \[CAPABILITY_AUTO_EXPAND\]"):
        stack.api.create_stack(**{**stack.request(), "Capabilities": ["CAPABILITY_IAM"]})
    with pytest.raises(ClientError, match=r"Requires capabilities : \[CAPABILITY_IAM\]"):
        stack.api.create_stack(**{**stack.request(), "Capabilities": ["CAPABILITY_AUTO_EXPAND"]})
    stack.template = load_document((FOLDER / "template.yaml").read_text())
    with pytest.raises(ClientError, match=r"Transform .* failed with: .*Resource with id \[\w+\] .*package it first"):
        stack.create()
    assert stack.status() == "GONE"
