"""Stacks as boto3 sees them: functions, roles and log groups made, changed, rolled back and deleted."""

from __future__ import annotations

import io
import json
import uuid
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.waiting import PATIENCE_SECONDS, wait_until

TEMPLATE = """
AWSTemplateFormatVersion: "2010-09-09"
Description: A function with its role and its log
Parameters:
  Bucket: {Type: String}
  Key: {Type: String}
  Greeting: {Type: String, Default: hello, AllowedValues: [hello, goodbye, "no"]}
  Retention: {Type: Number, Default: 7}
Conditions:
  Polite: !Not [!Equals [!Ref Greeting, "no"]]
Resources:
  Greet:
    Type: AWS::Lambda::Function
    Properties:
      FunctionName: !Sub "${AWS::StackName}-greet"
      Runtime: python3.13
      Handler: app.handler
      Role: !GetAtt Role.Arn
      Timeout: 240
      Code: {S3Bucket: !Ref Bucket, S3Key: !Ref Key}
      Environment:
        Variables:
          GREETING: !If [Polite, !Ref Greeting, !Ref "AWS::NoValue"]
  Log:
    Type: AWS::Logs::LogGroup
    Properties:
      LogGroupName: !Sub "/stacks/${AWS::StackName}"
      RetentionInDays: !Ref Retention
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: "sts:AssumeRole"}]
      Policies:
        - PolicyName: logs
          PolicyDocument:
            Version: "2012-10-17"
            Statement: [{Effect: Allow, Action: "logs:PutLogEvents", Resource: !GetAtt Log.Arn}]
Outputs:
  Arn: {Value: !GetAtt Greet.Arn, Description: of the function}
  Role: {Value: !Ref Role}
"""


class Stack:
    """One stack, by a name of its own."""

    def __init__(self, server: Any) -> None:
        self.server = server
        self.api = server.client("cloudformation")
        self.name = f"stack-{uuid.uuid4().hex[:8]}"

    def code(self, text: str) -> str:
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as archive:
            archive.writestr("app.py", text)
        key = f"code/{uuid.uuid4().hex}.zip"
        self.server.client("s3").put_object(Bucket=self.server.bucket, Key=key, Body=content.getvalue())
        return key

    def greeter(self, sign: str) -> str:
        return self.code(
            f"import os\ndef handler(event, context):\n    return os.environ.get('GREETING', '') + '{sign}'"
        )

    def request(self, template: str = TEMPLATE, **values: str) -> dict[str, Any]:
        parameters = [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()]
        return {
            "StackName": self.name,
            "TemplateBody": template,
            "Parameters": parameters,
            "Capabilities": ["CAPABILITY_IAM"],
        }

    def create(self, template: str = TEMPLATE, **values: str) -> str:
        self.api.create_stack(**self.request(template, **values))
        return self.settled()

    def update(self, template: str = TEMPLATE, **values: str) -> str:
        self.api.update_stack(**self.request(template, **values))
        return self.settled()

    def settled(self) -> str:
        wait_until(lambda: not self.status().endswith("IN_PROGRESS"), f"{self.name} to settle")
        return self.status()

    def status(self) -> str:
        return str(self.describe()["StackStatus"])

    def describe(self) -> dict[str, Any]:
        (found,) = self.api.describe_stacks(StackName=self.name)["Stacks"]
        return dict(found)

    def says(self) -> Any:
        answer = self.server.client("lambda").invoke(FunctionName=f"{self.name}-greet")
        return json.loads(answer["Payload"].read())

    def reasons(self) -> list[str]:
        events = self.api.describe_stack_events(StackName=self.name)["StackEvents"]
        return [event["ResourceStatusReason"] for event in events if "FAILED" in event["ResourceStatus"]]


@pytest.fixture
def stack(local_aws: Any) -> Iterator[Stack]:
    made = Stack(local_aws)
    yield made
    made.api.delete_stack(StackName=made.name)
    made.api.get_waiter("stack_delete_complete").wait(
        StackName=made.name, WaiterConfig={"Delay": 1, "MaxAttempts": int(PATIENCE_SECONDS)}
    )


def test_a_stack_is_created_updated_and_deleted_with_what_is_in_it(stack: Stack, local_aws: Any) -> None:
    values = {"Bucket": local_aws.bucket, "Key": stack.greeter("!")}
    assert stack.create(**values) == "CREATE_COMPLETE"
    found = stack.describe()
    outputs = {one["OutputKey"]: one["OutputValue"] for one in found["Outputs"]}
    assert outputs["Arn"].endswith(f":function:{stack.name}-greet")
    assert stack.says() == "hello!"
    group = local_aws.client("logs").describe_log_groups(logGroupNamePrefix=f"/stacks/{stack.name}")["logGroups"][0]
    assert group["retentionInDays"] == 7
    policy = local_aws.client("iam").get_role_policy(RoleName=outputs["Role"], PolicyName="logs")["PolicyDocument"]
    assert policy["Statement"][0]["Resource"] == group["arn"]

    with pytest.raises(ClientError, match="No updates are to be performed"):
        stack.update(**values)
    assert stack.update(**{**values, "Key": stack.greeter("?")}, Greeting="goodbye") == "UPDATE_COMPLETE"
    assert stack.says() == "goodbye?"
    changed = [
        event["LogicalResourceId"]
        for event in stack.api.describe_stack_events(StackName=stack.name)["StackEvents"]
        if event["ResourceStatus"] == "UPDATE_COMPLETE" and event["LogicalResourceId"] != stack.name
    ]
    assert changed == ["Greet"]
    assert stack.update(**{**values, "Key": stack.greeter("")}, Greeting="no") == "UPDATE_COMPLETE"
    assert stack.says() == ""

    stack.api.delete_stack(StackName=stack.name)
    stack.api.get_waiter("stack_delete_complete").wait(
        StackName=stack.name, WaiterConfig={"Delay": 1, "MaxAttempts": int(PATIENCE_SECONDS)}
    )
    with pytest.raises(ClientError, match=f"Stack with id {stack.name} does not exist"):
        stack.describe()
    with pytest.raises(ClientError, match="not found"):
        stack.says()
    with pytest.raises(ClientError, match="NoSuchEntity"):
        local_aws.client("iam").get_role(RoleName=outputs["Role"])


def test_a_create_that_fails_is_rolled_back_and_says_why(stack: Stack, local_aws: Any) -> None:
    assert stack.create(Bucket=local_aws.bucket, Key="code/absent.zip") == "ROLLBACK_COMPLETE"
    assert any("Greet" in reason or "absent" in reason or "key" in reason.lower() for reason in stack.reasons())
    assert stack.api.list_stack_resources(StackName=stack.name)["StackResourceSummaries"] == []
    assert not local_aws.client("logs").describe_log_groups(logGroupNamePrefix=f"/stacks/{stack.name}")["logGroups"]


def test_an_update_that_fails_goes_back_to_what_was(stack: Stack, local_aws: Any) -> None:
    values = {"Bucket": local_aws.bucket, "Key": stack.greeter("!")}
    stack.create(**values)
    assert stack.update(**{**values, "Key": "code/absent.zip"}, Retention="14") == "UPDATE_ROLLBACK_COMPLETE"
    assert stack.says() == "hello!"
    group = local_aws.client("logs").describe_log_groups(logGroupNamePrefix=f"/stacks/{stack.name}")["logGroups"][0]
    assert group["retentionInDays"] == 7
    assert stack.update(**values, Retention="14") == "UPDATE_COMPLETE"


@pytest.mark.parametrize(
    ("template", "values", "told"),
    [
        (TEMPLATE, {"Bucket": "b"}, r"Parameters: \[Key\] must have values"),
        (TEMPLATE, {"Bucket": "b", "Key": "k", "Other": "x"}, r"\[Other\] do not exist in the template"),
        (TEMPLATE, {"Bucket": "b", "Key": "k", "Greeting": "hi"}, "must be one of AllowedValues"),
        ("Resources: {}", {}, "At least one Resources member"),
        ("Resources: [", {}, "Template format error"),
        ("!!python/object/apply:os.system ['true']", {}, "Template format error"),
        ("Resources: {A: {Type: 'AWS::Logs::LogGroup', DependsOn: B}}", {}, r"Unresolved resource dependencies \[B\]"),
        (
            "Resources: {A: {Type: X, DependsOn: B}, B: {Type: X, DependsOn: A}}",
            {},
            "Circular dependency",
        ),
        ("Resources: {A: {Type: 'AWS::DynamoDB::Table'}}", {}, "Resource A: the type AWS::DynamoDB::Table is not"),
        (
            "Resources: {A: {Type: 'AWS::SQS::Queue', Properties: {Colour: red}}, B: {Type: 'AWS::S3::BucketPolicy'}}",
            {},
            "Resource A: of AWS::SQS::Queue this local AWS does not support Colour. .*resource B .*key .Bucket. not",
        ),
        (
            "Resources: {A: {Type: 'AWS::SQS::Queue', DeletionPolicy: Snapshot}}",
            {},
            "DeletionPolicy Snapshot of resource A is not supported",
        ),
        (
            "Resources: {A: {Type: 'AWS::SQS::Queue'}}\nOutputs: {Q: {Value: !Ref A, Export: {Name: q}}}",
            {},
            "Export of output Q is not supported",
        ),
        ("Resources: {A: {Type: 'AWS::SQS::Queue', Properties: {QueueName: !ImportValue q}}}", {}, "Fn::ImportValue"),
        ("Transform: AWS::Include\nResources: {A: {Type: X}}", {}, "transform AWS::Include is not supported"),
        ("# " + "long " * 10_300 + "\nResources: {A: {Type: X}}", {}, "may not exceed 51200 bytes"),
    ],
)
def test_what_cannot_be_a_stack_is_refused(local_aws: Any, template: str, values: dict[str, str], told: str) -> None:
    stack = Stack(local_aws)
    with pytest.raises(ClientError, match=told):
        stack.create(template, **values)
    with pytest.raises(ClientError, match="does not exist"):
        stack.describe()


def test_roles_have_to_be_acknowledged(local_aws: Any) -> None:
    stack = Stack(local_aws)
    with pytest.raises(ClientError, match=r"Requires capabilities : \[CAPABILITY_IAM\]"):
        stack.api.create_stack(**{**stack.request(Bucket="b", Key="k"), "Capabilities": []})
    validated = stack.api.validate_template(TemplateBody=TEMPLATE)
    assert validated["Capabilities"] == ["CAPABILITY_IAM"]
    assert {one["ParameterKey"] for one in validated["Parameters"]} == {"Bucket", "Key", "Greeting", "Retention"}


def test_an_operation_that_is_not_there_is_refused(local_aws: Any) -> None:
    with pytest.raises(ClientError, match="DescribeStackSet is not supported"):
        local_aws.client("cloudformation").describe_stack_set(StackSetName="s")
