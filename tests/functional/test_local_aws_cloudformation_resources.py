"""Every resource type on the running local AWS: made, changed in place, replaced and deleted, as boto3 sees it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.waiting import wait_until

ROLE = "arn:aws:iam::123456789012:role/any"


class Resources:
    """One stack, by a name of its own, from templates as data."""

    def __init__(self, server: Any) -> None:
        self.server, self.name = server, f"types-{uuid.uuid4().hex[:8]}"
        self.api = server.client("cloudformation")

    def apply(self, **resources: Any) -> str:
        """Make the stack of these resources, or make it one of them."""
        request = {
            "StackName": self.name,
            "TemplateBody": json.dumps({"Resources": resources}),
            "Capabilities": ["CAPABILITY_NAMED_IAM"],
        }
        if self.status() == "GONE":
            self.api.create_stack(**request)
        else:
            self.api.update_stack(**request)
        return self.settled()

    def delete(self, **request: Any) -> str:
        self.api.delete_stack(StackName=self.name, **request)
        return self.settled()

    def settled(self) -> str:
        wait_until(lambda: not self.status().endswith("IN_PROGRESS"), f"{self.name} to settle")
        return self.status()

    def status(self) -> str:
        try:
            return str(self.api.describe_stacks(StackName=self.name)["Stacks"][0]["StackStatus"])
        except ClientError:
            return "GONE"

    def id_of(self, name: str) -> str:
        (found,) = self.api.describe_stack_resources(StackName=self.name, LogicalResourceId=name)["StackResources"]
        return str(found["PhysicalResourceId"])

    def failures(self) -> list[str]:
        events = self.api.describe_stack_events(StackName=self.name)["StackEvents"]
        failed = [one for one in events if one["ResourceStatus"].endswith("_FAILED")]
        return [one["ResourceStatusReason"] for one in failed if one["LogicalResourceId"] != self.name]


@pytest.fixture
def stack(local_aws: Any) -> Iterator[Resources]:
    made = Resources(local_aws)
    yield made
    assert made.delete() == "GONE"


def queue(**properties: Any) -> dict[str, Any]:
    return {"Type": "AWS::SQS::Queue", "Properties": properties}


def bucket(**properties: Any) -> dict[str, Any]:
    return {"Type": "AWS::S3::Bucket", "Properties": properties}


def test_queues_with_their_policies(stack: Resources, local_aws: Any) -> None:
    sqs = local_aws.client("sqs")
    allow = {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"}]}
    policy = {"Type": "AWS::SQS::QueuePolicy", "Properties": {"Queues": [{"Ref": "Q"}], "PolicyDocument": allow}}

    def attributes() -> dict[str, str]:
        found = sqs.get_queue_attributes(QueueUrl=stack.id_of("Q"), AttributeNames=["All"])
        return dict(found["Attributes"])

    dead = {"Dead": queue()}
    redrive = {"deadLetterTargetArn": {"Fn::GetAtt": "Dead.Arn"}, "maxReceiveCount": 3}
    tags = [{"Key": "team", "Value": "a"}, {"Key": "old", "Value": "b"}]
    assert stack.apply(Q=queue(DelaySeconds=5, RedrivePolicy=redrive, Tags=tags), P=policy, **dead) == "CREATE_COMPLETE"
    assert attributes()["DelaySeconds"] == "5" and json.loads(attributes()["RedrivePolicy"])["maxReceiveCount"] == 3
    first = stack.id_of("Q")
    assert stack.apply(Q=queue(VisibilityTimeout="40", Tags=tags[:1]), P=policy, **dead) == "UPDATE_COMPLETE"
    assert stack.id_of("Q") == first
    assert (attributes()["DelaySeconds"], attributes()["VisibilityTimeout"]) == ("0", "40")
    assert "RedrivePolicy" not in attributes() and json.loads(attributes()["Policy"]) == allow
    assert sqs.list_queue_tags(QueueUrl=first)["Tags"] == {"team": "a"}
    fifo = queue(FifoQueue=True, ContentBasedDeduplication=True)
    assert stack.apply(Q=fifo, P=policy, **dead) == "UPDATE_COMPLETE"
    assert stack.id_of("Q").endswith(".fifo") and json.loads(attributes()["Policy"]) == allow
    with pytest.raises(sqs.exceptions.QueueDoesNotExist):
        sqs.get_queue_attributes(QueueUrl=first)
    assert stack.apply(Q=fifo, **dead) == "UPDATE_COMPLETE"
    assert not attributes().get("Policy")


def test_a_bucket_with_its_policy_is_deleted_when_it_is_empty(local_aws: Any) -> None:
    stack, s3 = Resources(local_aws), local_aws.client("s3")
    rule = {"Id": "old", "Status": "Enabled", "Prefix": "tmp/", "ExpirationInDays": 7}
    everything = bucket(
        VersioningConfiguration={"Status": "Enabled"},
        LifecycleConfiguration={"Rules": [rule]},
        OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
        PublicAccessBlockConfiguration={"BlockPublicAcls": "true"},
        BucketEncryption={
            "ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
        },
        NotificationConfiguration={"EventBridgeConfiguration": {}},
        Tags=[{"Key": "team", "Value": "a"}],
    )
    assert stack.apply(B=everything) == "CREATE_COMPLETE", stack.failures()
    name = stack.id_of("B")
    assert name == name.lower()
    assert s3.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"
    (found,) = s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"]
    assert (found["ID"], found["Expiration"], found["Filter"]) == ("old", {"Days": 7}, {"Prefix": "tmp/"})
    assert s3.get_bucket_tagging(Bucket=name)["TagSet"] == [{"Key": "team", "Value": "a"}]
    assert "EventBridgeConfiguration" in s3.get_bucket_notification_configuration(Bucket=name)

    assert stack.apply(B=bucket()) == "UPDATE_COMPLETE", stack.failures()
    assert stack.id_of("B") == name
    assert s3.get_bucket_versioning(Bucket=name)["Status"] == "Suspended"
    assert "EventBridgeConfiguration" not in s3.get_bucket_notification_configuration(Bucket=name)
    for gone in (s3.get_bucket_lifecycle_configuration, s3.get_bucket_tagging, s3.get_public_access_block):
        with pytest.raises(ClientError):
            gone(Bucket=name)

    s3.put_object(Bucket=name, Key="kept", Body=b"x")
    assert stack.delete() == "DELETE_FAILED"
    assert "not empty" in stack.failures()[0]
    with pytest.raises(ClientError, match=r"\[Other\] are not resources"):
        stack.delete(RetainResources=["Other"])
    assert stack.delete(RetainResources=["B"]) == "GONE"
    assert s3.get_object(Bucket=name, Key="kept")["Body"].read() == b"x"


def test_what_is_half_done_is_taken_back(stack: Resources, local_aws: Any) -> None:
    s3 = local_aws.client("s3")
    versioned = {"VersioningConfiguration": {"Status": "Enabled"}}
    # is only noticed after the bucket is made, and after it is versioned
    unusable = {
        "LifecycleConfiguration": {"Rules": [{"Status": "Enabled", "Transitions": [{"StorageClass": "GLACIER"}]}]}
    }
    assert stack.apply(B=bucket(**versioned, **unusable)) == "ROLLBACK_COMPLETE"
    assert not [one for one in s3.list_buckets()["Buckets"] if one["Name"].startswith(stack.name)]
    assert stack.delete() == "GONE"
    assert stack.apply(B=bucket(Tags=[{"Key": "team", "Value": "a"}])) == "CREATE_COMPLETE"
    assert stack.apply(B=bucket(**versioned, **unusable)) == "UPDATE_ROLLBACK_COMPLETE", stack.failures()
    name = stack.id_of("B")
    assert s3.get_bucket_versioning(Bucket=name)["Status"] == "Suspended"
    assert s3.get_bucket_tagging(Bucket=name)["TagSet"] == [{"Key": "team", "Value": "a"}]
    assert stack.apply(B=bucket(**versioned)) == "UPDATE_COMPLETE"


def test_a_rule_with_its_targets(stack: Resources, local_aws: Any) -> None:
    events = local_aws.client("events")

    def rule(*ids: str, **properties: Any) -> dict[str, Any]:
        arn = {"Fn::GetAtt": "Q.Arn"}
        target = {
            "Arn": arn,
            "RetryPolicy": {"MaximumRetryAttempts": "2", "MaximumEventAgeInSeconds": 60},
            "InputTransformer": {"InputPathsMap": {"who": "$.source"}, "InputTemplate": '{"from": <who>}'},
        }
        return {
            "Type": "AWS::Events::Rule",
            "Properties": {"Targets": [{"Id": one, **target} for one in ids], **properties},
        }

    pattern = {"EventPattern": {"source": ["aws.s3"]}}
    assert stack.apply(Q=queue(), R=rule("a", "b", **pattern)) == "CREATE_COMPLETE", stack.failures()
    name = stack.id_of("R")
    found = events.list_targets_by_rule(Rule=name)["Targets"]
    assert {one["Id"] for one in found} == {"a", "b"} and found[0]["RetryPolicy"]["MaximumRetryAttempts"] == 2
    every = {"ScheduleExpression": "rate(5 minutes)", "State": "DISABLED", "Description": "five"}
    assert stack.apply(Q=queue(), R=rule("b", "c", **every)) == "UPDATE_COMPLETE", stack.failures()
    described = events.describe_rule(Name=name)
    assert (described["ScheduleExpression"], described["State"]) == ("rate(5 minutes)", "DISABLED")
    assert "EventPattern" not in described
    assert {one["Id"] for one in events.list_targets_by_rule(Rule=name)["Targets"]} == {"b", "c"}
    assert stack.apply(Q=queue(), R=rule("b", Name=f"{stack.name}-named", **every)) == "UPDATE_COMPLETE"
    assert stack.id_of("R") == f"{stack.name}-named"
    with pytest.raises(events.exceptions.ResourceNotFoundException):
        events.describe_rule(Name=name)


def test_a_state_machine_from_text_from_an_object_and_from_s3(stack: Resources, local_aws: Any) -> None:
    states, s3 = local_aws.client("stepfunctions"), local_aws.client("s3")
    definition = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": "${word}", "End": True}}}
    given = {"RoleArn": ROLE, "DefinitionSubstitutions": {"word": "hello"}}

    def machine(**properties: Any) -> dict[str, Any]:
        return {"Type": "AWS::StepFunctions::StateMachine", "Properties": {**given, **properties}}

    def says() -> str:
        arn = stack.id_of("M")
        return str(
            json.loads(states.describe_state_machine(stateMachineArn=arn)["definition"])["States"]["A"]["Result"]
        )

    text = json.dumps(definition)
    assert stack.apply(M=machine(DefinitionString=text)) == "CREATE_COMPLETE", stack.failures()
    first = stack.id_of("M")
    assert says() == "hello"
    given["DefinitionSubstitutions"] = {"word": "again"}
    assert stack.apply(M=machine(Definition=definition, Tags=[{"Key": "k", "Value": "v"}])) == "UPDATE_COMPLETE"
    assert (says(), stack.id_of("M")) == ("again", first)
    assert states.list_tags_for_resource(resourceArn=first)["tags"] == [{"key": "k", "value": "v"}]
    s3.put_object(
        Bucket=local_aws.bucket,
        Key="definition.yaml",
        Body=b"StartAt: A\nStates: {A: {Type: Pass, Result: yaml, End: true}}",
    )
    place = {"Bucket": local_aws.bucket, "Key": "definition.yaml"}
    express = machine(DefinitionS3Location=place, StateMachineType="EXPRESS")
    assert stack.apply(M=express) == "UPDATE_COMPLETE", stack.failures()
    assert says() == "yaml" and stack.id_of("M") != first
    assert stack.apply(M=machine(DefinitionString="{", StateMachineType="EXPRESS")) == "UPDATE_ROLLBACK_COMPLETE"
    assert says() == "yaml"


def test_topics_with_subscriptions_and_a_policy(stack: Resources, local_aws: Any) -> None:
    sns = local_aws.client("sns")
    endpoint = {"Protocol": "sqs", "Endpoint": {"Fn::GetAtt": "Q.Arn"}}
    statement = {"Effect": "Allow", "Principal": "*", "Action": "sns:Publish", "Resource": "*"}

    def topic(**properties: Any) -> dict[str, Any]:
        return {"Type": "AWS::SNS::Topic", "Properties": properties}

    def subscription(**properties: Any) -> dict[str, Any]:
        return {
            "Type": "AWS::SNS::Subscription",
            "Properties": {
                "TopicArn": {"Ref": "T"},
                "Protocol": "sqs",
                "Endpoint": {"Fn::GetAtt": "Other.Arn"},
                **properties,
            },
        }

    policy = {
        "Type": "AWS::SNS::TopicPolicy",
        "Properties": {"Topics": [{"Ref": "T"}], "PolicyDocument": {"Statement": [statement]}},
    }
    rest = {"Q": queue(), "Other": queue()}
    first = topic(DisplayName="first", Subscription=[endpoint])
    made = stack.apply(T=first, S=subscription(RawMessageDelivery=True), P=policy, **rest)
    assert made == "CREATE_COMPLETE", stack.failures()
    arn, subscribed = stack.id_of("T"), stack.id_of("S")
    assert sns.get_topic_attributes(TopicArn=arn)["Attributes"]["DisplayName"] == "first"
    assert len(sns.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"]) == 2
    assert sns.get_subscription_attributes(SubscriptionArn=subscribed)["Attributes"]["RawMessageDelivery"] == "true"
    assert json.loads(sns.get_topic_attributes(TopicArn=arn)["Attributes"]["Policy"])["Statement"] == [statement]

    filtered = subscription(FilterPolicy={"kind": ["a"]})
    assert stack.apply(T=topic(DisplayName="second"), S=filtered, **rest) == "UPDATE_COMPLETE", stack.failures()
    assert (stack.id_of("T"), stack.id_of("S")) == (arn, subscribed)
    assert sns.get_topic_attributes(TopicArn=arn)["Attributes"]["DisplayName"] == "second"
    (left,) = sns.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"]
    assert left["SubscriptionArn"] == subscribed
    attributes = sns.get_subscription_attributes(SubscriptionArn=subscribed)["Attributes"]
    assert (attributes["RawMessageDelivery"], json.loads(attributes["FilterPolicy"])) == ("false", {"kind": ["a"]})
    assert "SourceOwner" in sns.get_topic_attributes(TopicArn=arn)["Attributes"]["Policy"]
    assert stack.apply(T=topic(TopicName=f"{stack.name}-named"), S=filtered, **rest) == "UPDATE_COMPLETE"
    assert stack.id_of("T") != arn and stack.id_of("S") != subscribed


def test_alarms_log_groups_roles_and_functions_are_changed_in_place(stack: Resources, local_aws: Any) -> None:
    cloudwatch, iam, functions = (local_aws.client(name) for name in ("cloudwatch", "iam", "lambda"))

    def alarm(**properties: Any) -> dict[str, Any]:
        one = {"Namespace": "N", "MetricName": "M", "Statistic": "Sum", "Period": "60", "EvaluationPeriods": 1}
        compared = {"ComparisonOperator": "GreaterThanThreshold", "Threshold": "0.5"}
        return {"Type": "AWS::CloudWatch::Alarm", "Properties": {**one, **compared, **properties}}

    def function(**properties: Any) -> dict[str, Any]:
        code = {"ZipFile": "def handler(event, context):\n    return event"}
        common = {"Handler": "index.handler", "Runtime": "python3.12", "Role": {"Fn::GetAtt": "R.Arn"}, "Code": code}
        return {"Type": "AWS::Lambda::Function", "Properties": {**common, **properties}}

    def role(**properties: Any) -> dict[str, Any]:
        statement = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        document = {"Version": "2012-10-17", "Statement": [statement]}
        return {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": document, **properties}}

    aws = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    tags = [{"Key": "team", "Value": "a"}]
    logs = {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": 1, "Tags": tags}}
    made = stack.apply(
        A=alarm(ActionsEnabled="false", Tags=tags),
        F=function(Timeout=9, Environment={"Variables": {"ON": True}}, Tags=tags, Description="first"),
        R=role(ManagedPolicyArns=[aws], Tags=tags),
        L=logs,
    )
    assert made == "CREATE_COMPLETE", stack.failures()
    names = {name: stack.id_of(name) for name in "AFRL"}
    found = functions.get_function_configuration(FunctionName=names["F"])
    assert (found["Timeout"], found["Environment"]["Variables"], found["Description"]) == (9, {"ON": "true"}, "first")
    assert cloudwatch.describe_alarms(AlarmNames=[names["A"]])["MetricAlarms"][0]["ActionsEnabled"] is False

    plain = {"Type": "AWS::Logs::LogGroup", "Properties": {}}
    made = stack.apply(A=alarm(Threshold=2), F=function(Tags=[]), R=role(Description="second"), L=plain)
    assert made == "UPDATE_COMPLETE", stack.failures()
    assert {name: stack.id_of(name) for name in "AFRL"} == names
    found = functions.get_function(FunctionName=names["F"])
    assert (found["Configuration"]["Timeout"], found["Configuration"]["Description"]) == (3, "")
    assert not found["Configuration"].get("Environment", {}).get("Variables") and not found.get("Tags")
    (one,) = cloudwatch.describe_alarms(AlarmNames=[names["A"]])["MetricAlarms"]
    assert (one["Threshold"], one["ActionsEnabled"]) == (2.0, True)
    assert cloudwatch.list_tags_for_resource(ResourceARN=one["AlarmArn"])["Tags"] == []
    found = iam.get_role(RoleName=names["R"])["Role"]
    assert found["Description"] == "second" and not found.get("Tags")
    group = local_aws.client("logs").describe_log_groups(logGroupNamePrefix=names["L"])["logGroups"][0]
    assert "retentionInDays" not in group


def test_what_has_a_name_is_not_taken_from_others_and_not_replaced_by_its_own(stack: Resources, local_aws: Any) -> None:
    sqs = local_aws.client("sqs")
    name = f"{stack.name}-theirs"
    theirs = sqs.create_queue(QueueName=name)["QueueUrl"]
    assert stack.apply(Q=queue(QueueName=name)) == "ROLLBACK_COMPLETE"
    assert "already exists" in stack.failures()[0]
    assert sqs.get_queue_attributes(QueueUrl=theirs)
    assert stack.delete() == "GONE"
    sqs.delete_queue(QueueUrl=theirs)
    assert stack.apply(Q=queue(QueueName=f"{name}.fifo", FifoQueue=True)) == "CREATE_COMPLETE"
    assert stack.apply(Q=queue(QueueName=f"{name}.fifo", FifoQueue=False)) == "UPDATE_ROLLBACK_COMPLETE"
    assert f"custom-named resource requires replacing. Rename {name}.fifo" in stack.failures()[0]


def test_policies_of_deletion_and_replacement(local_aws: Any) -> None:
    stack, sqs = Resources(local_aws), local_aws.client("sqs")
    kept = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
    assert (
        stack.apply(Q={**queue(), **kept}, R={**queue(), "DeletionPolicy": "RetainExceptOnCreate"}) == "CREATE_COMPLETE"
    )
    first, other = stack.id_of("Q"), stack.id_of("R")
    assert stack.apply(Q={**queue(FifoQueue=True), **kept}, R=queue()) == "UPDATE_COMPLETE"
    second = stack.id_of("Q")
    assert stack.delete() == "GONE"
    for url in (first, second):
        assert sqs.get_queue_attributes(QueueUrl=url)
        sqs.delete_queue(QueueUrl=url)
    with pytest.raises(sqs.exceptions.QueueDoesNotExist):
        sqs.get_queue_attributes(QueueUrl=other)
    bad = {"Type": "AWS::Events::Rule", "Properties": {"Description": "of nothing"}, "DependsOn": ["Q", "R"]}
    made = stack.apply(Q={**queue(), **kept}, R={**queue(), "DeletionPolicy": "RetainExceptOnCreate"}, Bad=bad)
    assert made == "ROLLBACK_COMPLETE"
    ended = {
        one["LogicalResourceId"]: (one["ResourceStatus"], one["PhysicalResourceId"])
        for one in reversed(stack.api.describe_stack_events(StackName=stack.name)["StackEvents"])
    }
    assert (ended["Q"][0], ended["R"][0]) == ("DELETE_SKIPPED", "DELETE_COMPLETE")
    sqs.delete_queue(QueueUrl=ended["Q"][1])
    assert stack.delete() == "GONE"


def test_dashboards_composite_alarms_and_keys(stack: Resources, local_aws: Any) -> None:
    cloudwatch = local_aws.client("cloudwatch")

    def alarm() -> dict[str, Any]:
        metric = {"Namespace": "N", "MetricName": "M", "Statistic": "Sum", "Period": 60}
        compared = {"EvaluationPeriods": 1, "Threshold": 1, "ComparisonOperator": "GreaterThanThreshold"}
        return {"Type": "AWS::CloudWatch::Alarm", "Properties": {**metric, **compared}}

    def over(rule: str, **properties: Any) -> dict[str, Any]:
        return {"Type": "AWS::CloudWatch::CompositeAlarm", "Properties": {"AlarmRule": {"Fn::Sub": rule}, **properties}}

    def dashboard(body: str, **properties: Any) -> dict[str, Any]:
        return {"Type": "AWS::CloudWatch::Dashboard", "Properties": {"DashboardBody": {"Fn::Sub": body}, **properties}}

    def found() -> dict[str, Any]:
        request = {"AlarmNames": [stack.id_of("C")], "AlarmTypes": ["CompositeAlarm"]}
        (alarm_found,) = cloudwatch.describe_alarms(**request)["CompositeAlarms"]
        return dict(alarm_found)

    key = {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": {"Statement": []}, "EnableKeyRotation": True}}
    topic = {"Type": "AWS::SNS::Topic", "Properties": {"KmsMasterKeyId": {"Fn::GetAtt": "K.Arn"}}}
    tags = [{"Key": "team", "Value": "a"}]
    shown = dashboard('{"widgets": [{"type": "alarm", "properties": {"alarms": ["${C.Arn}"]}}]}')
    first = {"A": alarm(), "B": alarm(), "K": key, "T": topic}
    name = f"{stack.name}-any"
    assert stack.apply(**first, C=over('ALARM("${A}")', AlarmName=name, Tags=tags), D=shown) == "CREATE_COMPLETE", (
        stack.failures()
    )
    assert stack.id_of("C") == name and found()["AlarmRule"] == f'ALARM("{stack.id_of("A")}")'
    assert cloudwatch.list_tags_for_resource(ResourceARN=found()["AlarmArn"])["Tags"] == tags
    (widget,) = json.loads(cloudwatch.get_dashboard(DashboardName=stack.id_of("D"))["DashboardBody"])["widgets"]
    assert widget["properties"]["alarms"] == [found()["AlarmArn"]]
    attributes = local_aws.client("sns").get_topic_attributes(TopicArn=stack.id_of("T"))["Attributes"]
    assert attributes["KmsMasterKeyId"] == f"arn:aws:kms:us-east-1:123456789012:key/{stack.id_of('K')}"
    (made,) = stack.api.describe_stack_resources(StackName=stack.name, LogicalResourceId="K")["StackResources"]
    assert made["ResourceStatusReason"].endswith("without effect on this local AWS: EnableKeyRotation, KeyPolicy")

    both = over("ALARM(${A}) OR ALARM(${B})", AlarmName=name, ActionsEnabled="false", AlarmDescription="either")
    assert stack.apply(**first, C=both, D=dashboard('{"widgets": []}')) == "UPDATE_COMPLETE", stack.failures()
    assert (found()["ActionsEnabled"], found()["AlarmDescription"]) == (False, "either")
    assert cloudwatch.list_tags_for_resource(ResourceARN=found()["AlarmArn"])["Tags"] == []
    old = stack.id_of("D")
    assert json.loads(cloudwatch.get_dashboard(DashboardName=old)["DashboardBody"]) == {"widgets": []}
    renamed = dashboard("{}", DashboardName=f"{stack.name}-shown")
    assert stack.apply(**first, C=both, D=renamed) == "UPDATE_COMPLETE", stack.failures()
    assert stack.id_of("D") == f"{stack.name}-shown"
    with pytest.raises(ClientError):
        cloudwatch.get_dashboard(DashboardName=old)

    broken = dashboard("{", DashboardName=f"{stack.name}-shown")
    assert stack.apply(**first, C=both, D=broken) == "UPDATE_ROLLBACK_COMPLETE"
    assert "invalid JSON" in stack.failures()[0]
    nobody = over("ALARM(${A}) OR ALARM(nobody)", AlarmName=name)
    assert stack.apply(**first, C=nobody, D=renamed) == "UPDATE_ROLLBACK_COMPLETE"
    assert "['nobody'] in the alarm rule do not exist" in stack.failures()[0]
    assert found()["AlarmDescription"] == "either"
