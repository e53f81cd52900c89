"""Who hears of what happens, on a running local AWS: objects, alarms, executions, topics, and what functions print."""

from __future__ import annotations

import io
import json
import urllib.parse
import urllib.request
import uuid
import zipfile
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.waiting import PATIENCE_SECONDS, wait_until

ACCOUNT = "arn:aws:{}:us-east-1:123456789012:{}"
# keeps each event as an object, named by the request
KEEPER = """
import json, os, boto3
s3 = boto3.client("s3")
def handler(event, context):
    key = os.environ["PREFIX"] + context.aws_request_id
    s3.put_object(Bucket=os.environ["BUCKET"], Key=key, Body=json.dumps(event))
"""
MEASURER = """
import json, time
def handler(event, context):
    print(json.dumps({"_aws": {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [
        {"Namespace": "Scones", "Dimensions": [["service"]], "Metrics": [{"Name": "Seen", "Unit": "Count"}]}]},
        "service": event["service"], "Seen": [1, 2]}))
    print('{"_aws": no metric')
    if event.get("fail"):
        raise ValueError("on purpose")
"""


class Inbox:
    """A queue that anyone may send to, and what came into it."""

    def __init__(self, server: Any) -> None:
        self._sqs = server.client("sqs")
        name = f"inbox-{uuid.uuid4().hex[:8]}"
        self.arn = ACCOUNT.format("sqs", name)
        anyone = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": self.arn}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [anyone]})
        self.url = self._sqs.create_queue(QueueName=name, Attributes={"Policy": policy})["QueueUrl"]
        self._got: list[dict[str, Any]] = []

    def messages(self, count: int) -> list[dict[str, Any]]:
        """The first so many messages, once they are there."""
        wait_until(lambda: self._receive() or len(self._got) >= count, lambda: f"{count} messages, has {self._got}")
        found, self._got = self._got[:count], self._got[count:]
        return found

    def bodies(self, count: int) -> list[Any]:
        """What the first so many messages say."""
        return [json.loads(message["Body"]) for message in self.messages(count)]

    def is_empty(self) -> bool:
        self._receive()
        return not self._got

    def delete(self) -> None:
        self._sqs.delete_queue(QueueUrl=self.url)

    def _receive(self) -> None:
        answer = self._sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10, MessageAttributeNames=["All"])
        for message in answer.get("Messages", []):
            self._sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
            self._got.append(message)


@pytest.fixture
def inbox(local_aws) -> Iterator[Inbox]:
    made = Inbox(local_aws)
    yield made
    made.delete()


@pytest.fixture
def bucket(local_aws) -> Iterator[str]:
    s3, name = local_aws.client("s3"), f"bucket-{uuid.uuid4().hex[:8]}"
    s3.create_bucket(Bucket=name)
    yield name
    # who is told no more is not told of this
    s3.put_bucket_notification_configuration(Bucket=name, NotificationConfiguration={})


@pytest.fixture
def topic(local_aws) -> Iterator[str]:
    sns = local_aws.client("sns")
    arn = sns.create_topic(Name=f"topic-{uuid.uuid4().hex[:8]}")["TopicArn"]
    yield arn
    sns.delete_topic(TopicArn=arn)


@pytest.fixture(scope="module")
def function(local_aws) -> Iterator[Callable[..., str]]:
    """Makes functions of a module `app`: their names."""
    client, names = local_aws.client("lambda"), []
    role = local_aws.client("iam").create_role(RoleName="notified", AssumeRolePolicyDocument="{}")["Role"]["Arn"]

    def make(source: str, **variables: str) -> str:
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as archive:
            archive.writestr("app.py", source)
        name = f"notified-{uuid.uuid4().hex[:8]}"
        client.create_function(
            FunctionName=name,
            Role=role,
            Handler="app.handler",
            Runtime="python3.11",
            Timeout=int(PATIENCE_SECONDS),
            Code={"ZipFile": content.getvalue()},
            Environment={"Variables": variables},
        )
        names.append(name)
        return name

    yield make
    for name in names:
        client.delete_function(FunctionName=name)


@pytest.fixture(scope="module")
def keeper(local_aws, function) -> tuple[str, Callable[[int], list[Any]]]:
    """The ARN of a function, and what gives the events that it got since, once they are so many."""
    s3, seen = local_aws.client("s3"), set()
    name = function(KEEPER, BUCKET=local_aws.bucket, PREFIX="kept/")

    def keys() -> list[str]:
        found = s3.list_objects_v2(Bucket=local_aws.bucket, Prefix="kept/").get("Contents", [])
        return [one["Key"] for one in found if one["Key"] not in seen]

    def events(count: int) -> list[Any]:
        wait_until(lambda: len(keys()) >= count, f"{count} events")
        new = keys()
        seen.update(new)
        return [json.loads(s3.get_object(Bucket=local_aws.bucket, Key=key)["Body"].read()) for key in new]

    return ACCOUNT.format("lambda", f"function:{name}"), events


def rule(local_aws: Any, pattern: dict[str, Any], inbox: Inbox) -> None:
    """Events that match go to the inbox."""
    events, name = local_aws.client("events"), f"rule-{uuid.uuid4().hex[:8]}"
    events.put_rule(Name=name, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=name, Targets=[{"Id": "inbox", "Arn": inbox.arn}])


def post_object(local_aws: Any, bucket: str, key: str, content: bytes) -> None:
    form = local_aws.client("s3").generate_presigned_post(bucket, key)
    parts = [
        f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in form["fields"].items()
    ]
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n'
    body = b"".join([*parts, head, content, b"\r\n--x--\r\n"])
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    urllib.request.urlopen(urllib.request.Request(form["url"], body, headers)).close()


def complete_upload(s3: Any, bucket: str, key: str) -> None:
    upload = s3.create_multipart_upload(Bucket=bucket, Key=key, Tagging="a=1")["UploadId"]
    part = s3.upload_part(Bucket=bucket, Key=key, UploadId=upload, PartNumber=1, Body=b"part")
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    s3.complete_multipart_upload(Bucket=bucket, Key=key, UploadId=upload, MultipartUpload=parts)


KEY = "incoming/rød cykel+1 (kopi).png"


def test_eventbridge_is_told_of_objects_once_each_and_in_the_documented_shape(local_aws, bucket, inbox):
    s3 = local_aws.client("s3")
    s3.put_object(Bucket=bucket, Key="before", Body=b"not told")
    configuration = {"EventBridgeConfiguration": {}}
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=configuration)
    assert "EventBridgeConfiguration" in s3.get_bucket_notification_configuration(Bucket=bucket)
    rule(local_aws, {"source": ["aws.s3"], "detail": {"bucket": {"name": [bucket]}}}, inbox)
    etag = s3.put_object(Bucket=bucket, Key=KEY, Body=b"12345", Tagging="a=1")["ETag"].strip('"')
    post_object(local_aws, bucket, "posted", b"1")
    s3.copy_object(Bucket=bucket, Key="copied", CopySource={"Bucket": bucket, "Key": KEY})
    complete_upload(s3, bucket, "large")
    s3.put_object_tagging(Bucket=bucket, Key=KEY, Tagging={"TagSet": [{"Key": "b", "Value": "2"}]})
    s3.delete_object_tagging(Bucket=bucket, Key=KEY)
    s3.delete_object(Bucket=bucket, Key=KEY)
    s3.delete_object(Bucket=bucket, Key=KEY)
    s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "copied"}]})
    events = sorted(inbox.bodies(8), key=lambda event: event["detail"]["object"]["sequencer"])
    assert [(event["detail-type"], event["detail"]["object"]["key"]) for event in events] == [
        ("Object Created", KEY),
        ("Object Created", "posted"),
        ("Object Created", "copied"),
        ("Object Created", "large"),
        ("Object Tags Added", KEY),
        ("Object Tags Deleted", KEY),
        ("Object Deleted", KEY),
        ("Object Deleted", "copied"),
    ]
    reasons = [event["detail"].get("reason") for event in events]
    assert reasons[:4] == ["PutObject", "POST Object", "CopyObject", "CompleteMultipartUpload"]
    assert reasons[6:] == ["DeleteObject", "DeleteObject"]
    created, deleted = events[0], events[6]
    assert (created["source"], created["resources"]) == ("aws.s3", [f"arn:aws:s3:::{bucket}"])
    detail = created["detail"]
    assert len(detail["object"].pop("sequencer")) == 16 and len(detail.pop("request-id")) == 16
    assert detail == {
        "version": "0",
        "bucket": {"name": bucket},
        "object": {"key": KEY, "size": 5, "etag": etag},
        "requester": "123456789012",
        "source-ip-address": "127.0.0.1",
        "reason": "PutObject",
    }
    assert deleted["detail"]["deletion-type"] == "Permanently Deleted"
    assert set(deleted["detail"]["object"]) == {"key", "etag", "sequencer"}
    assert inbox.is_empty()


def test_where_there_are_versions_they_and_delete_markers_are_told_of(local_aws, bucket, inbox):
    s3 = local_aws.client("s3")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={"EventBridgeConfiguration": {}})
    rule(local_aws, {"source": ["aws.s3"], "detail": {"bucket": {"name": [bucket]}}}, inbox)
    version = s3.put_object(Bucket=bucket, Key="k", Body=b"1")["VersionId"]
    marker = s3.delete_object(Bucket=bucket, Key="k")["VersionId"]
    s3.delete_object(Bucket=bucket, Key="k", VersionId=version)
    s3.delete_object(Bucket=bucket, Key="k", VersionId=version)
    s3.delete_object(Bucket=bucket, Key="k", VersionId=marker)
    details = [event["detail"] for event in inbox.bodies(4)]
    details.sort(key=lambda detail: detail["object"]["sequencer"])
    assert [(one["object"]["version-id"], one.get("deletion-type")) for one in details] == [
        (version, None),
        (marker, "Delete Marker Created"),
        (version, "Permanently Deleted"),
        (marker, "Permanently Deleted"),
    ]
    assert inbox.is_empty()


def test_s3_itself_notifies_a_function_a_queue_and_a_topic(local_aws, bucket, inbox, topic, keeper):
    s3, (function_arn, events) = local_aws.client("s3"), keeper
    behind = Inbox(local_aws)
    local_aws.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=behind.arn)
    created, images = ["s3:ObjectCreated:*"], {"Key": {"FilterRules": [{"Name": "suffix", "Value": ".png"}]}}
    configuration = {
        "LambdaFunctionConfigurations": [
            {"Id": "fn", "LambdaFunctionArn": function_arn, "Events": created, "Filter": images}
        ],
        "QueueConfigurations": [{"QueueArn": inbox.arn, "Events": ["s3:ObjectCreated:Put", "s3:ObjectRemoved:*"]}],
        "TopicConfigurations": [{"TopicArn": topic, "Events": created, "Filter": images}],
    }
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=configuration)
    (trial,), (published_trial,) = inbox.bodies(1), behind.bodies(1)
    assert (trial["Event"], trial["Bucket"]) == ("s3:TestEvent", bucket)
    assert json.loads(published_trial["Message"])["Event"] == "s3:TestEvent"
    s3.put_object(Bucket=bucket, Key="notes.txt", Body=b"1")
    s3.put_object(Bucket=bucket, Key=KEY, Body=b"12345")
    s3.delete_object(Bucket=bucket, Key=KEY)
    (event,) = events(1)
    (record,) = event["Records"]
    assert (record["eventSource"], record["eventName"]) == ("aws:s3", "ObjectCreated:Put")
    assert record["s3"]["configurationId"] == "fn"
    assert record["s3"]["bucket"]["arn"] == f"arn:aws:s3:::{bucket}"
    assert record["s3"]["object"]["key"] == "incoming/r%C3%B8d+cykel%2B1+%28kopi%29.png"
    assert urllib.parse.unquote_plus(record["s3"]["object"]["key"]) == KEY
    queued = [body["Records"][0] for body in inbox.bodies(3)]
    assert sorted((one["eventName"], "size" in one["s3"]["object"]) for one in queued) == [
        ("ObjectCreated:Put", True),
        ("ObjectCreated:Put", True),
        ("ObjectRemoved:Delete", False),
    ]
    (published,) = behind.bodies(1)
    assert published["Subject"] == "Amazon S3 Notification"
    assert json.loads(published["Message"])["Records"][0]["s3"]["object"]["size"] == 5
    behind.delete()


@pytest.mark.parametrize(
    ("kind", "arn", "event", "message"),
    [
        ("Queue", ACCOUNT.format("sqs", "nowhere"), "s3:ObjectCreated:*", "Unable to validate the following dest"),
        ("Topic", ACCOUNT.format("sns", "nowhere"), "s3:ObjectCreated:*", "Topic does not exist"),
        ("LambdaFunction", ACCOUNT.format("lambda", "function:no"), "s3:ObjectCreated:*", "Unable to validate"),
        ("Queue", "arn:aws:sqs:us-east-1:1:other", "s3:ObjectCreated:*", "not of account 123456789012"),
        ("Queue", ACCOUNT.format("sqs", "nowhere"), "s3:Replication:*", "has no events s3:Replication"),
    ],
)
def test_a_notification_that_would_reach_nobody_is_refused(local_aws, bucket, kind, arn, event, message):
    s3 = local_aws.client("s3")
    configuration = {f"{kind}Configurations": [{f"{kind}Arn": arn, "Events": [event]}]}
    with pytest.raises(ClientError, match=message) as refused:
        s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=configuration)
    assert refused.value.response["Error"]["Code"] == "InvalidArgument"
    assert f"{kind}Configurations" not in s3.get_bucket_notification_configuration(Bucket=bucket)


def alarm(local_aws: Any, **more: Any) -> str:
    name = f"alarm-{uuid.uuid4().hex[:8]}"
    settings = {"Namespace": "N", "MetricName": name, "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1}
    rest = {"Threshold": 1.0, "ComparisonOperator": "GreaterThanThreshold"}
    local_aws.client("cloudwatch").put_metric_alarm(AlarmName=name, **settings, **rest, **more)
    return name


def test_an_alarm_tells_its_topic_its_function_and_eventbridge(local_aws, inbox, topic, keeper):
    function_arn, events = keeper
    by_event, cloudwatch = Inbox(local_aws), local_aws.client("cloudwatch")
    subscription = {"RawMessageDelivery": "true"}
    local_aws.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=inbox.arn, Attributes=subscription)
    gone = ACCOUNT.format("sns", "gone")
    name = alarm(local_aws, AlarmActions=[gone, topic, function_arn])
    pattern = {"detail-type": ["CloudWatch Alarm State Change"], "detail": {"alarmName": [name]}}
    rule(local_aws, pattern, by_event)
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="a drill")
    ((message,), (event,), (told,)) = inbox.bodies(1), events(1), by_event.bodies(1)
    assert (message["AlarmName"], message["NewStateValue"], message["NewStateReason"]) == (name, "ALARM", "a drill")
    assert (event["source"], event["alarmData"]["state"]["value"]) == ("aws.cloudwatch", "ALARM")
    assert told["detail"]["state"]["value"] == "ALARM"
    assert told["resources"] == [ACCOUNT.format("cloudwatch", f"alarm:{name}")]
    history = cloudwatch.describe_alarm_history(AlarmName=name, HistoryItemType="Action")["AlarmHistoryItems"]
    assert sorted(item["HistorySummary"] for item in history) == [
        f"Failed to execute action {gone}",
        f"Successfully executed action {function_arn}",
        f"Successfully executed action {topic}",
    ]
    by_event.delete()
    cloudwatch.delete_alarms(AlarmNames=[name])


def test_an_action_that_nobody_performs_is_refused(local_aws):
    with pytest.raises(ClientError, match="is no action that this local AWS performs") as refused:
        alarm(local_aws, AlarmActions=["arn:aws:automate:us-east-1:ec2:stop"])
    assert refused.value.response["Error"]["Code"] == "ValidationError"


def test_subscribers_get_what_they_asked_for_and_one_that_is_away_stops_nobody(local_aws, inbox, topic, keeper):
    sns, (function_arn, events) = local_aws.client("sns"), keeper
    filtered, dead = Inbox(local_aws), Inbox(local_aws)
    away = {"RedrivePolicy": json.dumps({"deadLetterTargetArn": dead.arn})}
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=ACCOUNT.format("sqs", "away"), Attributes=away)
    wrapped = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=inbox.arn)["SubscriptionArn"]
    policy = {"FilterPolicy": json.dumps({"kind": ["bicycle"]}), "RawMessageDelivery": "true"}
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=filtered.arn, Attributes=policy)
    by_function = sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=function_arn)["SubscriptionArn"]
    for kind in ("bicycle", "motorcycle"):
        attributes = {"kind": {"DataType": "String", "StringValue": kind}}
        text = f"one ü {kind}"
        sent = sns.publish(TopicArn=topic, Message=text, Subject="new", MessageAttributes=attributes)
    first, second = sorted(inbox.bodies(2), key=lambda body: body["Message"])
    assert (first["Type"], first["Message"], first["Subject"]) == ("Notification", "one ü bicycle", "new")
    assert first["MessageAttributes"] == {"kind": {"Type": "String", "Value": "bicycle"}}
    assert (second["MessageId"], second["TopicArn"]) == (sent["MessageId"], topic)
    assert wrapped in second["UnsubscribeURL"]
    (raw,) = filtered.messages(1)
    assert raw["Body"] == "one ü bicycle"
    assert raw["MessageAttributes"]["kind"]["StringValue"] == "bicycle"
    records = [event["Records"][0] for event in events(2)]
    messages = {record["Sns"]["Message"] for record in records}
    assert messages == {"one ü bicycle", "one ü motorcycle"}
    assert {record["EventSubscriptionArn"] for record in records} == {by_function}
    assert records[0]["EventSource"] == "aws:sns" and records[0]["Sns"]["TopicArn"] == topic
    assert {body["Message"] for body in dead.bodies(2)} == messages
    assert filtered.is_empty()
    sns.set_subscription_attributes(
        SubscriptionArn=wrapped, AttributeName="FilterPolicy", AttributeValue='{"n": [{"numeric": [">", 2]}]}'
    )
    sns.set_subscription_attributes(
        SubscriptionArn=wrapped, AttributeName="FilterPolicyScope", AttributeValue="MessageBody"
    )
    for text in ('{"n": 1}', '{"n": "x"}', '{"n": 3}', "no json"):
        sns.publish(TopicArn=topic, Message=text)
    assert [body["Message"] for body in inbox.bodies(1)] == ['{"n": 3}']
    for one in (filtered, dead):
        one.delete()


def test_a_message_may_be_another_for_each_protocol(local_aws, inbox, topic):
    sns = local_aws.client("sns")
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=inbox.arn, Attributes={"RawMessageDelivery": "true"})
    sns.publish(TopicArn=topic, Message='{"default": "all", "sqs": "queues"}', MessageStructure="json")
    sns.publish(TopicArn=topic, Message='{"default": "all"}', MessageStructure="json")
    assert sorted(message["Body"] for message in inbox.messages(2)) == ["all", "queues"]
    for wrong in ("no json", '{"sqs": "queues"}'):
        with pytest.raises(ClientError, match="Message Structure"):
            sns.publish(TopicArn=topic, Message=wrong, MessageStructure="json")


def test_nothing_leaves_the_machine_and_no_delivery_is_claimed(local_aws, topic):
    sns = local_aws.client("sns")
    refused = {
        "sms": lambda: sns.subscribe(TopicArn=topic, Protocol="sms", Endpoint="+4512345678"),
        "firehose": lambda: sns.subscribe(TopicArn=topic, Protocol="firehose", Endpoint="arn:aws:firehose:::x"),
        "text messages": lambda: sns.publish(PhoneNumber="+4512345678", Message="x"),
        "mobile push": lambda: sns.create_platform_application(Name="a", Platform="GCM", Attributes={}),
        "Invalid token": lambda: sns.confirm_subscription(TopicArn=topic, Token="x"),
        "Topic does not exist": lambda: sns.publish(TopicArn=topic + "x", Message="x"),
        "failed to parse JSON": lambda: sns.subscribe(
            TopicArn=topic, Protocol="email", Endpoint="b@example.com", Attributes={"FilterPolicy": "{"}
        ),
    }
    for message, call in refused.items():
        with pytest.raises(ClientError, match=message):
            call()
    answer = sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="a@example.com")
    assert answer["SubscriptionArn"] == "pending confirmation"
    shown = sns.subscribe(TopicArn=topic, Protocol="https", Endpoint="https://example.com", ReturnSubscriptionArn=True)[
        "SubscriptionArn"
    ]
    sns.publish(TopicArn=topic, Message="x")
    assert sns.get_subscription_attributes(SubscriptionArn=shown)["Attributes"]["PendingConfirmation"] == "true"
    listed = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert [one["SubscriptionArn"] for one in listed] == ["PendingConfirmation"] * 2
    attributes = sns.get_topic_attributes(TopicArn=topic)["Attributes"]
    assert (attributes["SubscriptionsPending"], attributes["SubscriptionsConfirmed"]) == ("2", "0")


def test_executions_and_model_packages_are_told_to_eventbridge(local_aws, inbox):
    states, sagemaker = local_aws.client("stepfunctions"), local_aws.client("sagemaker")
    name = f"told-{uuid.uuid4().hex[:8]}"
    definition = {"StartAt": "Fail", "States": {"Fail": {"Type": "Fail", "Error": "Doubt", "Cause": "0.5"}}}
    role = "arn:aws:iam::123456789012:role/any"
    machine = states.create_state_machine(name=name, definition=json.dumps(definition), roleArn=role)
    machine_arn = machine["stateMachineArn"]
    rule(local_aws, {"source": ["aws.states"], "detail": {"stateMachineArn": [machine_arn]}}, inbox)
    states.start_execution(stateMachineArn=machine_arn, name="one", input='{"n": 1}')
    begun, ended = sorted(inbox.bodies(2), key=lambda event: event["detail"]["stopDate"] or 0)
    assert (begun["detail"]["status"], begun["detail"]["input"]) == ("RUNNING", '{"n": 1}')
    assert (ended["detail"]["status"], ended["detail"]["error"]) == ("FAILED", "Doubt")
    states.delete_state_machine(stateMachineArn=machine_arn)

    rule(local_aws, {"source": ["aws.sagemaker"], "detail": {"ModelPackageGroupName": [name]}}, inbox)
    sagemaker.create_model_package_group(ModelPackageGroupName=name)
    package = sagemaker.create_model_package(ModelPackageGroupName=name)["ModelPackageArn"]
    sagemaker.update_model_package(ModelPackageArn=package, ModelApprovalStatus="Approved")
    events = inbox.bodies(2)
    assert {event["detail-type"] for event in events} == {"SageMaker Model Package State Change"}
    assert {event["detail"]["ModelApprovalStatus"] for event in events} == {"PendingManualApproval", "Approved"}
    assert all(event["resources"] == [package] for event in events)


def test_what_functions_print_in_the_embedded_metric_format_becomes_metrics(local_aws, function):
    client, name = local_aws.client("lambda"), function(MEASURER)
    service = f"service-{uuid.uuid4().hex[:8]}"
    for event in ({"service": service}, {"service": service, "fail": True}):
        client.invoke(FunctionName=name, Payload=json.dumps(event))

    def metric(number: int, namespace: str, metric_name: str, dimensions: dict[str, str]) -> dict[str, Any]:
        named = [{"Name": key, "Value": value} for key, value in dimensions.items()]
        of = {"Namespace": namespace, "MetricName": metric_name, "Dimensions": named}
        return {"Id": f"m{number}", "MetricStat": {"Metric": of, "Period": 60, "Stat": "Sum"}}

    of_function = {"FunctionName": name}
    queries = [
        metric(0, "Scones", "Seen", {"service": service}),
        metric(1, "AWS/Lambda", "Invocations", of_function),
        metric(2, "AWS/Lambda", "Errors", of_function),
        metric(3, "AWS/Lambda", "Duration", of_function),
    ]

    def sums() -> list[float]:
        now = datetime.now(timezone.utc)
        answer = local_aws.client("cloudwatch").get_metric_data(
            MetricDataQueries=queries, StartTime=now - timedelta(minutes=5), EndTime=now + timedelta(minutes=1)
        )
        by_id = {one["Id"]: sum(one["Values"]) for one in answer["MetricDataResults"]}
        return [by_id[query["Id"]] for query in queries]

    seen, invocations, errors, duration = wait_until(
        lambda: found if (found := sums())[0] >= 6 and found[1] >= 2 else None, lambda: f"both invocations: {sums()}"
    )
    assert (seen, invocations, errors) == (6.0, 2.0, 1.0)
    assert duration > 0


def test_topics_subscriptions_and_notifications_are_there_after_a_restart(own_local_aws):
    server = own_local_aws
    sns, s3, inbox = server.client("sns"), server.client("s3"), Inbox(server)
    topic = sns.create_topic(Name="kept")["TopicArn"]
    attributes = {"FilterPolicy": '{"kind": ["bicycle"]}', "RawMessageDelivery": "true"}
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=inbox.arn, Attributes=attributes)
    configuration = {"TopicConfigurations": [{"TopicArn": topic, "Events": ["s3:ObjectCreated:*"]}]}
    s3.put_bucket_notification_configuration(Bucket=server.bucket, NotificationConfiguration=configuration)
    wanted = {"kind": {"DataType": "String", "StringValue": "bicycle"}}
    sns.publish(TopicArn=topic, Message="before", MessageAttributes=wanted)
    server.stop()
    server.start()
    sns, inbox._sqs = server.client("sns"), server.client("sqs")
    inbox.url = inbox._sqs.get_queue_url(QueueName=inbox.arn.rpartition(":")[2])["QueueUrl"]
    sns.publish(TopicArn=topic, Message="after", MessageAttributes=wanted)
    sns.publish(TopicArn=topic, Message="not asked for")
    assert [message["Body"] for message in inbox.messages(2)] == ["before", "after"]
    found = server.client("s3").get_bucket_notification_configuration(Bucket=server.bucket)
    assert found["TopicConfigurations"][0]["TopicArn"] == topic
