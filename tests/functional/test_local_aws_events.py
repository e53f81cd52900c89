"""EventBridge on a running local AWS: events that reach every kind of target, with what becomes of faults."""

from __future__ import annotations

import io
import json
import time
import uuid
import zipfile
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.waiting import PATIENCE_SECONDS, wait_until

ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/events"
FUNCTION = """
import json, pathlib, time
def handler(event, context):
    if "begun" in event["detail"]:
        pathlib.Path(event["detail"]["begun"]).touch()
        while not pathlib.Path(event["detail"]["end"]).exists():
            time.sleep(0.01)
    print("got " + json.dumps(event))
"""


class Events:
    """Rules, queues and functions with names of their own, deleted afterwards; every test has a source of its own."""

    def __init__(self, server: Any) -> None:
        self.server = server
        self.source = f"tests.{uuid.uuid4().hex[:8]}"
        self._rules: list[dict[str, str]] = []
        self._queues: list[str] = []
        self._functions: list[str] = []

    @property
    def client(self) -> Any:
        return self.server.client("events")

    def rule(self, *targets: dict[str, Any], bus: str = "default", **settings: Any) -> str:
        """Make a rule for the events of this test; its ARN."""
        name = f"rule-{uuid.uuid4().hex[:8]}"
        given = {"EventPattern": json.dumps({"source": [self.source]}), **settings}
        arn = self.client.put_rule(Name=name, EventBusName=bus, **given)["RuleArn"]
        self._rules.append({"Rule": name, "EventBusName": bus})
        put = [{"Id": str(number), **target} for number, target in enumerate(targets)]
        assert self.client.put_targets(Rule=name, EventBusName=bus, Targets=put)["FailedEntryCount"] == 0
        return str(arn)

    def put(self, bus: str = "default", **detail: Any) -> str:
        """Put an event; its id."""
        entry = {"Source": self.source, "DetailType": "Test", "Detail": json.dumps(detail), "EventBusName": bus}
        answer = self.client.put_events(Entries=[entry])
        assert answer["FailedEntryCount"] == 0, answer
        return str(answer["Entries"][0]["EventId"])

    def queue(self, permitted: bool = True) -> tuple[str, str]:
        """Make a queue, which EventBridge may send to; its URL and ARN."""
        client, name = self.server.client("sqs"), f"queue-{uuid.uuid4().hex[:8]}"
        arn = f"arn:aws:sqs:us-east-1:{ACCOUNT}:{name}"
        statement = {
            **{"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage"},
            **{"Resource": arn, "Condition": {"ArnLike": {"aws:SourceArn": f"arn:aws:events:*:{ACCOUNT}:rule/*"}}},
        }
        policy = {"Policy": json.dumps({"Version": "2012-10-17", "Statement": [statement]})} if permitted else {}
        # what is received is not deleted, and shall not come again
        url = client.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "3600", **policy})["QueueUrl"]
        self._queues.append(url)
        return str(url), arn

    def receive(self, url: str) -> dict[str, Any]:
        """The next message of a queue, when there is one."""

        def received() -> Any:
            found = self.server.client("sqs").receive_message(QueueUrl=url, MessageAttributeNames=["All"])
            return found.get("Messages")

        (message,) = wait_until(received, f"a message in {url}")
        return dict(message)

    def function(self, permitted: bool = True) -> tuple[str, str]:
        """Make a function that prints what it gets, which EventBridge may invoke; its name and ARN."""
        name, content = f"function-{uuid.uuid4().hex[:8]}", io.BytesIO()
        with zipfile.ZipFile(content, "w") as archive:
            archive.writestr("app.py", FUNCTION)
        role = self.server.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument="{}")["Role"]["Arn"]
        made = self.server.client("lambda").create_function(
            **{"FunctionName": name, "Role": role, "Runtime": "python3.11", "Handler": "app.handler"},
            Code={"ZipFile": content.getvalue()},
            Timeout=int(PATIENCE_SECONDS),
        )
        self._functions.append(name)
        if permitted:
            self.permit(name)
        return name, str(made["FunctionArn"])

    def permit(self, function: str, **settings: str) -> None:
        """Let EventBridge invoke a function."""
        self.server.client("lambda").add_permission(
            **{"FunctionName": function, "StatementId": "events", "Action": "lambda:InvokeFunction"},
            **{"Principal": "events.amazonaws.com", **settings},
        )

    def printed(self, function: str) -> list[dict[str, Any]]:
        """What a function got so far."""
        logs = self.server.client("logs")
        try:
            found = logs.filter_log_events(logGroupName=f"/aws/lambda/{function}", filterPattern='"got"')["events"]
        except ClientError:
            return []
        return [json.loads(event["message"].split("got ", 1)[1]) for event in found]

    def counted(self, rule_arn: str, metric: str) -> float:
        """How often something happened to a rule, by CloudWatch."""
        now = datetime.now(timezone.utc)
        points = self.server.client("cloudwatch").get_metric_statistics(
            **{"Namespace": "AWS/Events", "MetricName": metric, "Period": 3600, "Statistics": ["Sum"]},
            Dimensions=[{"Name": "RuleName", "Value": rule_arn.rpartition("/")[2]}],
            StartTime=now - timedelta(hours=1),
            EndTime=now + timedelta(hours=1),
        )["Datapoints"]
        return float(sum(point["Sum"] for point in points))

    def delete(self) -> None:
        for rule in self._rules:
            targets = self.client.list_targets_by_rule(**rule)["Targets"]
            if targets:
                self.client.remove_targets(**rule, Ids=[target["Id"] for target in targets])
            self.client.delete_rule(Name=rule["Rule"], EventBusName=rule["EventBusName"])
        for url in self._queues:
            self.server.client("sqs").delete_queue(QueueUrl=url)
        for name in self._functions:
            self.server.client("lambda").delete_function(FunctionName=name)


@pytest.fixture
def events(local_aws):
    made = Events(local_aws)
    yield made
    made.delete()


def test_a_queue_gets_the_event_whole_in_part_or_transformed(events):
    url, arn = events.queue()
    template = {
        "InputPathsMap": {"n": "$.detail.n", "word": "$.detail.word"},
        "InputTemplate": '{"number": <n>, "text": "the <word>", "rule": <aws.events.rule-name>}',
    }
    rule = events.rule({"Arn": arn}, {"Arn": arn, "InputPath": "$.detail"}, {"Arn": arn, "InputTransformer": template})
    event_id = events.put(n=1, word="ü")
    bodies = [json.loads(events.receive(url)["Body"]) for _ in range(3)]
    (whole,) = (body for body in bodies if "source" in body)
    taken = datetime.strptime(whole.pop("time"), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
    assert abs(datetime.now(timezone.utc) - taken) < timedelta(minutes=30)
    assert whole == {
        **{"version": "0", "id": event_id, "detail-type": "Test", "source": events.source, "account": ACCOUNT},
        **{"region": "us-east-1", "resources": [], "detail": {"n": 1, "word": "ü"}},
    }
    assert {"n": 1, "word": "ü"} in bodies
    assert {"number": 1, "text": "the ü", "rule": rule.rpartition("/")[2]} in bodies


def test_a_function_gets_the_event_once_its_policy_names_the_rule_and_until_then_the_dead_letter_queue_does(events):
    name, arn = events.function(permitted=False)
    url, queue = events.queue()
    rule = events.rule({"Arn": arn, "DeadLetterConfig": {"Arn": queue}})
    event_id = events.put(n=1)
    dead = events.receive(url)
    assert json.loads(dead["Body"])["id"] == event_id
    said = {key: value["StringValue"] for key, value in dead["MessageAttributes"].items()}
    message = said.pop("ERROR_MESSAGE")
    assert said == {"RULE_ARN": rule, "TARGET_ARN": arn, "ERROR_CODE": "NO_PERMISSIONS", "RETRY_ATTEMPTS": "0"}
    assert "lambda:InvokeFunction" in message and arn in message and rule in message
    events.permit(name, SourceArn=rule)
    events.put(n=2)
    (got,) = wait_until(lambda: events.printed(name), f"{name} to get it")
    assert got["detail"] == {"n": 2} and got["source"] == events.source
    expected = {"TriggeredRules": 2, "Invocations": 2, "FailedInvocations": 1, "InvocationsSentToDlq": 1}

    def counted() -> dict[str, float]:
        return {metric: events.counted(rule, metric) for metric in expected}

    wait_until(lambda: counted() == expected, lambda: f"{expected}, not {counted()}")


def test_a_queue_without_a_policy_gets_nothing_and_the_server_says_why(events):
    url, arn = events.queue(permitted=False)
    dead_url, dead = events.queue()
    events.rule({"Arn": arn, "DeadLetterConfig": {"Arn": dead}})
    events.put(n=1)
    said = events.receive(dead_url)["MessageAttributes"]
    assert said["ERROR_CODE"]["StringValue"] == "NO_PERMISSIONS"
    assert "sqs:SendMessage" in said["ERROR_MESSAGE"]["StringValue"]
    assert "Messages" not in events.server.client("sqs").receive_message(QueueUrl=url)
    assert f"the resource policy of {arn} does not allow" in (events.server.state / "server.log").read_text()


def test_a_state_machine_is_started_with_the_event_as_its_input(events):
    client = events.server.client("stepfunctions")
    definition = {"StartAt": "End", "States": {"End": {"Type": "Pass", "OutputPath": "$.detail", "End": True}}}
    arn = client.create_state_machine(
        name=f"machine-{uuid.uuid4().hex[:8]}", definition=json.dumps(definition), roleArn=ROLE
    )["stateMachineArn"]
    events.rule({"Arn": arn, "RoleArn": ROLE})
    event_id = events.put(n=1)
    (execution,) = wait_until(lambda: client.list_executions(stateMachineArn=arn)["executions"], "an execution")
    assert execution["name"].startswith(event_id)
    wait_until(
        lambda: client.describe_execution(executionArn=execution["executionArn"])["status"] == "SUCCEEDED",
        "the execution to succeed",
    )
    described = client.describe_execution(executionArn=execution["executionArn"])
    assert json.loads(described["input"])["id"] == event_id
    assert json.loads(described["output"]) == {"n": 1}
    client.delete_state_machine(stateMachineArn=arn)


def test_a_pipeline_is_started_with_parameters_from_the_event(events):
    client, name = events.server.client("sagemaker"), f"pipeline-{uuid.uuid4().hex[:8]}"
    message = {"Std:Join": {"On": " ", "Values": ["approved", {"Get": "Parameters.Package"}]}}
    document = {
        "Version": "2020-12-01",
        "Parameters": [{"Name": "Package", "Type": "String"}],
        "Steps": [{"Name": "Say", "Type": "Fail", "Arguments": {"ErrorMessage": message}}],
    }
    arn = client.create_pipeline(PipelineName=name, RoleArn=ROLE, PipelineDefinition=json.dumps(document))[
        "PipelineArn"
    ]
    parameters = [{"Name": "Package", "Value": "$.detail.ModelPackageArn"}]
    target = {"Arn": arn, "RoleArn": ROLE, "SageMakerPipelineParameters": {"PipelineParameterList": parameters}}
    events.rule(target)
    events.put(ModelPackageArn="arn:package/7")

    def executions() -> Any:
        return client.list_pipeline_executions(PipelineName=name)["PipelineExecutionSummaries"]

    (execution,) = wait_until(executions, "an execution")
    found = client.list_pipeline_parameters_for_execution(PipelineExecutionArn=execution["PipelineExecutionArn"])
    assert found["PipelineParameters"] == [{"Name": "Package", "Value": "arn:package/7"}]
    wait_until(lambda: executions()[0]["PipelineExecutionStatus"] == "Failed", "the execution to fail")
    client.delete_pipeline(PipelineName=name)


def test_a_log_group_gets_a_line_for_each_event(events):
    logs, group = events.server.client("logs"), f"/aws/events/{uuid.uuid4().hex[:8]}"
    logs.create_log_group(logGroupName=group)
    statement = {
        **{"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}},
        **{
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": f"arn:aws:logs:*:*:log-group:{group}:*",
        },
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    logs.put_resource_policy(policyName=group.rpartition("/")[2], policyDocument=policy)
    events.rule({"Arn": f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:{group}"})
    events.put(n=1)
    (line,) = wait_until(lambda: logs.filter_log_events(logGroupName=group)["events"], "a line")
    assert json.loads(line["message"])["detail"] == {"n": 1}
    logs.delete_log_group(logGroupName=group)
    logs.delete_resource_policy(policyName=group.rpartition("/")[2])


def test_another_bus_gets_the_event_and_delivers_it_by_its_own_rules(events):
    bus = f"bus-{uuid.uuid4().hex[:8]}"
    arn = events.client.create_event_bus(Name=bus)["EventBusArn"]
    url, queue = events.queue()
    events.rule({"Arn": queue, "InputPath": "$.detail"}, bus=bus)
    events.rule({"Arn": arn, "RoleArn": ROLE})
    events.put(n=1)
    assert json.loads(events.receive(url)["Body"]) == {"n": 1}
    events.put(bus=arn, n=2)
    assert json.loads(events.receive(url)["Body"]) == {"n": 2}


def test_a_disabled_rule_does_nothing_until_it_is_enabled(events):
    url, queue = events.queue()
    arn = events.rule({"Arn": queue, "InputPath": "$.detail.n"}, State="DISABLED")
    name = arn.rpartition("/")[2]
    events.put(n=1)
    events.client.enable_rule(Name=name)
    events.put(n=2)
    assert events.receive(url)["Body"] == "2"
    events.client.disable_rule(Name=name)
    assert events.client.describe_rule(Name=name)["State"] == "DISABLED"
    events.put(n=3)
    events.client.enable_rule(Name=name)
    events.put(n=4)
    assert events.receive(url)["Body"] == "4"
    # those of 3 would be there before those of 4
    wait_until(lambda: events.counted(arn, "Invocations") == 2, "two invocations")
    assert events.counted(arn, "TriggeredRules") == 2


def test_a_throttled_function_gets_the_event_at_a_later_try(events):
    name, arn = events.function()
    client = events.server.client("lambda")
    client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    rule = events.rule({"Arn": arn}).rpartition("/")[2]
    events.put(n=1)
    log = events.server.state / "server.log"
    wait_until(lambda: f"to {arn}: Rate Exceeded.; trying again" in log.read_text(), "a first try")
    assert events.printed(name) == []
    client.delete_function_concurrency(FunctionName=name)
    (got,) = wait_until(lambda: events.printed(name), f"{name} to get it")
    assert got["detail"] == {"n": 1}
    assert rule not in [line for line in log.read_text().splitlines() if "did not deliver" in line]


def test_errors_have_the_names_that_boto3_knows(events):
    client = events.client
    with pytest.raises(client.exceptions.InvalidEventPatternException):
        client.put_rule(Name="never", EventPattern='{"source": []}')
    with pytest.raises(client.exceptions.ResourceNotFoundException, match="Rule never does not exist on EventBus"):
        client.describe_rule(Name="never")
    with pytest.raises(ClientError, match=r"ValidationException.*Parameter ScheduleExpression is not valid\."):
        client.put_rule(Name="never", ScheduleExpression="rate(1 minutes)")
    rule = events.rule({"Arn": events.queue()[1]}).rpartition("/")[2]
    machine = f"arn:aws:states:us-east-1:{ACCOUNT}:stateMachine:m"
    with pytest.raises(ClientError, match=r"ValidationException.*RoleArn is required for target"):
        client.put_targets(Rule=rule, Targets=[{"Id": "m", "Arn": machine}])
    with pytest.raises(ClientError, match="UnknownOperationException"):
        client.list_archives()


def test_an_event_that_is_not_delivered_yet_outlives_a_server_that_is_killed(own_local_aws, tmp_path):
    events = Events(own_local_aws)
    saved = own_local_aws.state / "moto" / "lambda.pickle"
    name, arn = events.function(permitted=False)
    before = time.time()
    events.permit(name)
    events.rule({"Arn": arn})
    begun, end = tmp_path / "begun", tmp_path / "end"
    event_id = events.put(begun=str(begun), end=str(end))
    wait_until(
        lambda: begun.exists() and saved.exists() and saved.stat().st_mtime > before,
        "the function to begin and be saved",
    )
    own_local_aws.kill()
    end.touch()
    own_local_aws.start()
    (got,) = wait_until(lambda: events.printed(name), f"{name} to get it")
    assert got["id"] == event_id
    # and what is delivered is not delivered again
    events.put(n=2)
    wait_until(lambda: len(events.printed(name)) == 2, f"{name} to get the next")
    assert [found["detail"].get("n") for found in events.printed(name)] == [None, 2]
