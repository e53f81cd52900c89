"""Stacks within stacks, and the types of a project: outputs, updates, rollbacks and deletions go through them all."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.waiting import wait_until

INNER = """
Parameters:
  Retention: {Type: Number, Default: 7}
  Names: {Type: CommaDelimitedList}
  Broken: {Type: String, Default: "no"}
Conditions:
  IsBroken: !Equals [!Ref Broken, "yes"]
Resources:
  Log:
    Type: AWS::Logs::LogGroup
    Properties: {LogGroupName: !Sub "/nested/${AWS::StackName}", RetentionInDays: !Ref Retention}
  Fault:
    Type: AWS::SQS::Queue
    Condition: IsBroken
    DependsOn: Log
    Properties: {QueueName: "not a name of a queue"}
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: {Version: "2012-10-17", Statement: []}
Outputs:
  Log: {Value: !Ref Log}
  Arn: {Value: !GetAtt Log.Arn}
  Said: {Value: !Join ["+", !Ref Names]}
"""
OUTER = """
Parameters:
  Url: {Type: String}
  Retention: {Type: Number, Default: 7}
  Broken: {Type: String, Default: "no"}
  BrokenAfter: {Type: String, Default: "no"}
Conditions:
  FailsAfter: !Equals [!Ref BrokenAfter, "yes"]
Resources:
  Inner:
    Type: AWS::CloudFormation::Stack
    Properties:
      TemplateURL: !Ref Url
      Parameters: {Retention: !Ref Retention, Names: [a, b], Broken: !Ref Broken}
  After:
    Type: AWS::SQS::Queue
    Condition: FailsAfter
    Properties: {QueueName: !Sub "not a name ${Inner.Outputs.Said}"}
Outputs:
  Log: {Value: !GetAtt Inner.Outputs.Log}
  Said: {Value: !Sub "${Inner.Outputs.Said}!"}
  Inner: {Value: !Ref Inner}
"""
PROJECT = """
Parameters:
  Name: {Type: String}
  Described: {Type: String, Default: a project}
  Owner: {Type: String, Default: one}
  Allowed: {Type: String, Default: "s3:GetObject"}
Resources:
  Key: {Type: AWS::KMS::Key, Properties: {EnableKeyRotation: true}}
  Alias: {Type: AWS::KMS::Alias, Properties: {AliasName: !Sub "alias/${Name}", TargetKeyId: !Ref Key}}
  Group:
    Type: AWS::SageMaker::ModelPackageGroup
    Properties:
      ModelPackageGroupName: !Ref Name
      ModelPackageGroupDescription: !Ref Described
      Tags: [{Key: owner, Value: !Ref Owner}]
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: {Version: "2012-10-17", Statement: []}
  Policy:
    Type: AWS::IAM::Policy
    Properties:
      PolicyName: itself
      Roles: [!Ref Role]
      PolicyDocument:
        Version: "2012-10-17"
        Statement: [{Effect: Allow, Action: !Ref Allowed, Resource: !GetAtt Role.Arn}]
Outputs:
  Alias: {Value: !Ref Alias}
  Group: {Value: !Ref Group}
  SameGroup: {Value: !GetAtt Group.ModelPackageGroupArn}
  Role: {Value: !Ref Role}
"""


class Stack:
    """One stack, by a name of its own."""

    def __init__(self, server: Any) -> None:
        self.server, self.api = server, server.client("cloudformation")
        self.name = f"outer-{uuid.uuid4().hex[:8]}"

    def put(self, template: str) -> str:
        key = f"nested/{uuid.uuid4().hex}.yaml"
        self.server.client("s3").put_object(Bucket=self.server.bucket, Key=key, Body=template.encode())
        return f"{self.server.url}/{self.server.bucket}/{key}"

    def request(self, template: str, capabilities: list[str], values: dict[str, str]) -> dict[str, Any]:
        return {
            "StackName": self.name,
            "TemplateBody": template,
            "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()],
            "Capabilities": capabilities,
            "Tags": [{"Key": "project", "Value": self.name}],
        }

    def create(self, template: str, capabilities: tuple[str, ...] = ("CAPABILITY_IAM",), **values: str) -> str:
        self.api.create_stack(**self.request(template, list(capabilities), values))
        return self.settled()

    def update(self, template: str, **values: str) -> str:
        self.api.update_stack(**self.request(template, ["CAPABILITY_IAM"], values))
        return self.settled()

    def delete(self) -> str:
        self.api.delete_stack(StackName=self.name)
        return self.settled()

    def settled(self) -> str:
        wait_until(lambda: not self.status(self.name).endswith("IN_PROGRESS"), f"{self.name} to settle")
        return self.status(self.name)

    def status(self, name: str) -> str:
        try:
            return str(self.api.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"])
        except ClientError as error:
            assert "does not exist" in str(error)
            return "GONE"

    def outputs(self) -> dict[str, str]:
        found = self.api.describe_stacks(StackName=self.name)["Stacks"][0]["Outputs"]
        return {one["OutputKey"]: one["OutputValue"] for one in found}

    def reasons(self) -> str:
        events = self.api.describe_stack_events(StackName=self.name)["StackEvents"]
        return " ".join(event.get("ResourceStatusReason", "") for event in events)

    def remark(self, logical_id: str) -> str:
        (found,) = self.api.describe_stack_resources(StackName=self.name, LogicalResourceId=logical_id)[
            "StackResources"
        ]
        return str(found.get("ResourceStatusReason"))

    def logs(self, prefix: str = "/nested/") -> dict[str, int]:
        found = self.server.client("logs").describe_log_groups(logGroupNamePrefix=f"{prefix}{self.name}")["logGroups"]
        return {one["logGroupName"]: one["retentionInDays"] for one in found}

    def nested(self) -> list[str]:
        found = self.api.list_stacks()["StackSummaries"]
        return [one["StackName"] for one in found if one["StackName"].startswith(f"{self.name}-")]


@pytest.fixture
def stack(local_aws: Any) -> Iterator[Stack]:
    made = Stack(local_aws)
    yield made
    made.delete()


def test_a_nested_stack_gives_its_outputs_and_goes_with_its_parent(stack: Stack) -> None:
    assert stack.create(OUTER, Url=stack.put(INNER)) == "CREATE_COMPLETE"
    found = stack.outputs()
    assert found["Said"] == "a+b!"
    assert list(stack.logs()) == [found["Log"]]
    inner = stack.api.describe_stacks(StackName=found["Inner"])["Stacks"][0]
    assert stack.nested() == [inner["StackName"]]
    assert inner["Tags"] == [{"Key": "project", "Value": stack.name}]
    assert inner["Capabilities"] == ["CAPABILITY_IAM"]

    assert stack.delete() == "GONE"
    assert stack.nested() == []
    assert stack.logs() == {}


def test_an_update_reaches_the_nested_stack_and_nothing_else_does(stack: Stack) -> None:
    url = stack.put(INNER)
    stack.create(OUTER, Url=url)
    inner = stack.outputs()["Inner"]

    assert stack.update(OUTER, Url=url, Retention="30") == "UPDATE_COMPLETE"
    assert stack.outputs()["Inner"] == inner
    assert list(stack.logs().values()) == [30]

    # another address of the same text: nothing to do inside, and no failure
    assert stack.update(OUTER, Url=stack.put(INNER), Retention="30") == "UPDATE_COMPLETE"
    events = stack.api.describe_stack_events(StackName=inner)["StackEvents"]
    assert sum(one["ResourceStatus"] == "UPDATE_COMPLETE" and one["StackId"] == inner for one in events) == 2


def test_a_failure_inside_fails_the_parent_which_leaves_nothing(stack: Stack) -> None:
    assert stack.create(OUTER, Url=stack.put(INNER), Broken="yes") == "ROLLBACK_COMPLETE"
    assert "was not successfully created: Fault:" in stack.reasons()
    assert stack.nested() == []
    assert stack.logs() == {}


def test_a_failure_after_it_takes_the_nested_stack_back(stack: Stack) -> None:
    assert stack.create(OUTER, Url=stack.put(INNER), BrokenAfter="yes") == "ROLLBACK_COMPLETE"
    assert stack.nested() == []
    assert stack.logs() == {}


@pytest.mark.parametrize("fault", ["Broken", "BrokenAfter"])
def test_an_update_that_fails_inside_or_after_it_is_undone_inside_too(stack: Stack, fault: str) -> None:
    url = stack.put(INNER)
    stack.create(OUTER, Url=url)
    inner = stack.outputs()["Inner"]
    assert stack.update(OUTER, Url=url, Retention="30", **{fault: "yes"}) == "UPDATE_ROLLBACK_COMPLETE"
    assert list(stack.logs().values()) == [7]
    assert stack.status(inner) in {"UPDATE_ROLLBACK_COMPLETE", "UPDATE_COMPLETE"}
    # and can be updated again
    assert stack.update(OUTER, Url=url, Retention="14") == "UPDATE_COMPLETE"
    assert list(stack.logs().values()) == [14]


def test_what_the_parents_request_does_not_acknowledge_a_nested_stack_may_not_make(stack: Stack) -> None:
    assert stack.create(OUTER, (), Url=stack.put(INNER)) == "ROLLBACK_COMPLETE"
    assert "Requires capabilities : [CAPABILITY_IAM]" in stack.reasons()


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("inner.yaml", "package the template first"),
        ("http://127.0.0.1/no-such-bucket/inner.yaml", "S3 error: http://127.0.0.1/no-such-bucket/inner.yaml"),
    ],
)
def test_a_template_that_cannot_be_had_is_told(stack: Stack, url: str, reason: str) -> None:
    assert stack.create(OUTER, Url=url) == "ROLLBACK_COMPLETE"
    assert reason in stack.reasons()


def test_a_nested_stack_that_cannot_be_deleted_keeps_its_parent(stack: Stack) -> None:
    inner = "Resources: {Bucket: {Type: AWS::S3::Bucket}}\nOutputs: {Log: {Value: !Ref Bucket}, Said: {Value: x}}"
    outer = OUTER.replace("{Retention: !Ref Retention, Names: [a, b], Broken: !Ref Broken}", "{}")
    assert stack.create(outer, Url=stack.put(inner)) == "CREATE_COMPLETE"
    bucket = stack.outputs()["Log"]
    stack.server.client("s3").put_object(Bucket=bucket, Key="in-the-way", Body=b"")
    assert stack.delete() == "DELETE_FAILED"
    assert "was not successfully deleted: Bucket:" in stack.reasons()
    stack.server.client("s3").delete_object(Bucket=bucket, Key="in-the-way")
    assert stack.delete() == "GONE"


def test_key_alias_group_and_policy_are_made_changed_and_deleted(stack: Stack) -> None:
    sagemaker, iam = stack.server.client("sagemaker"), stack.server.client("iam")
    assert stack.create(PROJECT, Name=stack.name) == "CREATE_COMPLETE"
    found = stack.outputs()
    assert found["Alias"] == f"alias/{stack.name}"
    assert found["Group"] == found["SameGroup"]
    group = sagemaker.describe_model_package_group(ModelPackageGroupName=stack.name)
    assert group["ModelPackageGroupDescription"] == "a project"
    assert _statement(iam, found["Role"])["Action"] == "s3:GetObject"
    assert "without effect on this local AWS: AliasName, TargetKeyId" in stack.remark("Alias")
    assert "without effect on this local AWS: PolicyDocument" in stack.remark("Policy")

    assert stack.update(PROJECT, Name=stack.name, Owner="two", Allowed="s3:PutObject") == "UPDATE_COMPLETE"
    tags = sagemaker.list_tags(ResourceArn=found["Group"])["Tags"]
    assert tags == [{"Key": "owner", "Value": "two"}]
    assert _statement(iam, found["Role"])["Action"] == "s3:PutObject"

    # its description is part of what it is: the name is taken by the group itself
    assert stack.update(PROJECT, Name=stack.name, Described="other") == "UPDATE_ROLLBACK_COMPLETE"
    assert f"Rename {stack.name}" in stack.reasons()
    assert stack.delete() == "GONE"
    with pytest.raises(ClientError, match="does not exist"):
        sagemaker.describe_model_package_group(ModelPackageGroupName=stack.name)
    with pytest.raises(ClientError, match="NoSuchEntity"):
        iam.get_role(RoleName=found["Role"])


def test_a_group_with_models_in_it_is_not_deleted(stack: Stack) -> None:
    sagemaker = stack.server.client("sagemaker")
    stack.create(PROJECT, Name=stack.name)
    package = sagemaker.create_model_package(
        ModelPackageGroupName=stack.name,
        InferenceSpecification={
            "Containers": [{"Image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/pytorch-inference:2.6.0"}],
            "SupportedContentTypes": ["image/png"],
            "SupportedResponseMIMETypes": ["application/json"],
        },
    )["ModelPackageArn"]
    assert stack.delete() == "DELETE_FAILED"
    assert "holds 1 model packages" in stack.reasons()
    sagemaker.delete_model_package(ModelPackageName=package)
    assert stack.delete() == "GONE"


def test_an_alias_of_awss_own_is_refused(stack: Stack) -> None:
    template = PROJECT.replace("alias/${Name}", "alias/aws/${Name}")
    assert stack.create(template, Name=stack.name) == "ROLLBACK_COMPLETE"
    assert "AWS's own" in stack.reasons()


def _statement(iam: Any, role: str) -> dict[str, Any]:
    found = iam.get_role_policy(RoleName=role, PolicyName="itself")["PolicyDocument"]
    document = json.loads(found) if isinstance(found, str) else found
    (statement,) = document["Statement"]
    return dict(statement)
