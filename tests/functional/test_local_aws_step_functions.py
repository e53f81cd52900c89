"""State machines on a running local AWS: the API with boto3, and what the states really do."""

from __future__ import annotations

import io
import json
import time
import uuid
import zipfile
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.waiting import PATIENCE_SECONDS, wait_until

ROLE = "arn:aws:iam::123456789012:role/workflow"
FUNCTION = """
import json, time
class Doubtful(Exception):
    pass
def handler(event, context):
    if event.get("do") == "doubt":
        raise Doubtful(json.dumps({"confidence": 0.5}))
    if event.get("do") == "sleep":
        time.sleep(event["seconds"])
    return {"got": event}
"""


class Machines:
    """Makes state machines with names of their own, runs them, and deletes them afterwards."""

    def __init__(self, server: Any) -> None:
        self.server = server
        self.client = server.client("stepfunctions")
        self.arns: list[str] = []

    def create(self, states: dict[str, Any], start: str | None = None, **settings: Any) -> str:
        document = {"StartAt": start or next(iter(states)), "States": states}
        made = self.client.create_state_machine(
            **{
                "name": f"machine-{uuid.uuid4().hex[:8]}",
                "definition": json.dumps(document | settings.pop("top", {})),
                "roleArn": ROLE,
                **settings,
            }
        )
        self.arns.append(made["stateMachineArn"])
        return str(made["stateMachineArn"])

    def run(self, arn: str, given: Any = None, **settings: Any) -> dict[str, Any]:
        """Execute and wait for the end; what DescribeExecution says then."""
        started = self.client.start_execution(stateMachineArn=arn, input=json.dumps(given or {}), **settings)
        return self.ended(started["executionArn"])

    def ended(self, execution: str) -> dict[str, Any]:
        wait_until(lambda: self.client.describe_execution(executionArn=execution)["status"] != "RUNNING", "the end")
        return dict(self.client.describe_execution(executionArn=execution))

    def once(self, states: dict[str, Any], given: Any = None, **settings: Any) -> dict[str, Any]:
        return self.run(self.create(states, **settings), given)

    def output(self, states: dict[str, Any], given: Any = None, **settings: Any) -> Any:
        described = self.once(states, given, **settings)
        assert described["status"] == "SUCCEEDED", described
        return json.loads(described["output"])


@pytest.fixture(scope="module")
def machines(local_aws):
    made = Machines(local_aws)
    yield made
    for arn in made.arns:
        made.client.delete_state_machine(stateMachineArn=arn)


@pytest.fixture(scope="module")
def function(local_aws):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("app.py", FUNCTION)
    client, name = local_aws.client("lambda"), f"task-{uuid.uuid4().hex[:8]}"
    role = local_aws.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    made = client.create_function(
        **{"FunctionName": name, "Role": role, "Runtime": "python3.12", "Handler": "app.handler"},
        Code={"ZipFile": content.getvalue()},
        Timeout=int(PATIENCE_SECONDS),
    )
    yield made["FunctionArn"]
    client.delete_function(FunctionName=name)


def test_states_pass_choose_map_and_run_in_parallel(machines):
    one = {"StartAt": "One", "States": {"One": {"Type": "Pass", "End": True}}}
    each = {"Type": "Map", "ItemsPath": "$.range", "ItemProcessor": one, "End": True}
    rest = {"Rest": {"Type": "Wait", "Seconds": 0, "Next": "P"}, "P": {"Type": "Pass", "Result": "rested", "End": True}}
    arn = machines.create(
        {
            "Begin": {
                "Type": "Pass",
                "Parameters": {"n.$": "$.n", "range.$": "States.ArrayRange(1, $.n, 1)"},
                "Next": "Which",
            },
            "Which": {
                "Type": "Choice",
                "Choices": [{"Variable": "$.n", "NumericGreaterThan": 1, "Next": "Both"}],
                "Default": "Few",
            },
            "Few": {"Type": "Fail", "Error": "TooFew", "CausePath": "States.Format('{} is few', $.n)"},
            "Both": {
                "Type": "Parallel",
                "Branches": [{"StartAt": "Each", "States": {"Each": each}}, {"StartAt": "Rest", "States": rest}],
                "End": True,
            },
        }
    )
    done = machines.run(arn, {"n": 3})
    assert done["status"] == "SUCCEEDED", done
    assert json.loads(done["output"]) == [[1, 2, 3], "rested"]
    failed = machines.run(arn, {"n": 1})
    assert (failed["status"], failed["error"], failed["cause"]) == ("FAILED", "TooFew", "1 is few")


def test_functions_are_tasks_by_both_ways_and_their_errors_keep_their_names(machines, function):
    invoke = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": function, "Payload.$": "$"},
    }
    by_arn = {"Type": "Task", "Resource": function, "End": True}
    output = machines.output({"One": {**invoke, "OutputPath": "$.Payload", "Next": "Two"}, "Two": by_arn}, {"n": "ü"})
    assert output == {"got": {"got": {"n": "ü"}}}
    for task in ({**invoke, "End": True}, by_arn):
        failed = machines.once({"Task": task}, {"do": "doubt"})
        assert (failed["status"], failed["error"]) == ("FAILED", "Doubtful")
        assert json.loads(json.loads(failed["cause"])["errorMessage"]) == {"confidence": 0.5}
        caught = machines.output(
            {
                "Task": {**task, "Catch": [{"ErrorEquals": ["Doubtful"], "ResultPath": "$.error", "Next": "Done"}]},
                "Done": {"Type": "Pass", "OutputPath": "$.error.Error", "End": True},
            },
            {"do": "doubt"},
        )
        assert caught == "Doubtful"


PASS = {"P": {"Type": "Pass", "End": True}}
WAIT = {"W": {"Type": "Wait", "Seconds": 600, "End": True}}


def test_a_state_machine_is_made_once_changed_described_tagged_and_deleted(machines):
    client = machines.client
    tags = [{"key": "team", "value": "a"}]
    arn = machines.create(PASS, name=f"life-{uuid.uuid4().hex[:8]}", tags=tags)
    described = client.describe_state_machine(stateMachineArn=arn)
    assert (described["status"], described["type"], described["roleArn"]) == ("ACTIVE", "STANDARD", ROLE)
    same = {name: described[name] for name in ("name", "definition", "roleArn")}
    assert client.create_state_machine(**same)["stateMachineArn"] == arn
    with pytest.raises(client.exceptions.StateMachineAlreadyExists):
        client.create_state_machine(**{**same, "roleArn": ROLE + "2"})
    with pytest.raises(client.exceptions.MissingRequiredParameter):
        client.update_state_machine(stateMachineArn=arn)
    before = machines.run(arn)["executionArn"]
    client.update_state_machine(stateMachineArn=arn, definition=json.dumps({"StartAt": "W", "States": WAIT}))
    assert '"W"' in client.describe_state_machine(stateMachineArn=arn)["definition"]
    assert '"P"' in client.describe_state_machine_for_execution(executionArn=before)["definition"]
    client.tag_resource(resourceArn=arn, tags=[{"key": "team", "value": "b"}, {"key": "x", "value": "y"}])
    client.untag_resource(resourceArn=arn, tagKeys=["x"])
    assert client.list_tags_for_resource(resourceArn=arn)["tags"] == [{"key": "team", "value": "b"}]
    pages = client.get_paginator("list_state_machines").paginate(PaginationConfig={"PageSize": 1})
    assert arn in [machine["stateMachineArn"] for page in pages for machine in page["stateMachines"]]
    client.delete_state_machine(stateMachineArn=arn)
    client.delete_state_machine(stateMachineArn=arn)
    for missing in (client.describe_state_machine, client.start_execution):
        with pytest.raises(client.exceptions.StateMachineDoesNotExist):
            missing(stateMachineArn=arn)
    with pytest.raises(client.exceptions.ExecutionDoesNotExist):
        client.describe_execution(executionArn=before)


def test_what_cannot_be_executed_is_refused_when_it_is_made(machines):
    client = machines.client
    training = {"Type": "Task", "Resource": "arn:aws:states:::sagemaker:createTrainingJob.sync", "End": True}
    for states in (
        {"T": training},
        {"P": {"Type": "Pass", "QueryLanguage": "JSONata", "End": True}},
        {"P": {"Type": "Fly"}},
    ):
        definition = json.dumps({"StartAt": next(iter(states)), "States": states})
        with pytest.raises(client.exceptions.InvalidDefinition):
            client.create_state_machine(name="refused", definition=definition, roleArn=ROLE)
        checked = client.validate_state_machine_definition(definition=definition)
        assert (checked["result"], len(checked["diagnostics"])) == ("FAIL", 1)
    with pytest.raises(ClientError, match="no versions and aliases"):
        machines.create(PASS, publish=True)
    with pytest.raises(ClientError, match="not supported by this local AWS"):
        client.create_activity(name="activity")


def test_a_history_has_pages_both_orders_and_no_data_if_none_is_wanted(machines):
    client = machines.client
    arn = machines.run(machines.create(PASS), {"secret": 1})["executionArn"]
    history = client.get_execution_history(executionArn=arn)["events"]
    assert [event["type"] for event in history] == [
        "ExecutionStarted",
        "PassStateEntered",
        "PassStateExited",
        "ExecutionSucceeded",
    ]
    paginator = client.get_paginator("get_execution_history")
    for backwards in (False, True):
        pages = list(paginator.paginate(executionArn=arn, reverseOrder=backwards, PaginationConfig={"PageSize": 3}))
        assert [len(page["events"]) for page in pages] == [3, 1]
        events = [event for page in pages for event in page["events"]]
        assert events == (history[::-1] if backwards else history)
    assert "secret" in str(history)
    assert "secret" not in str(client.get_execution_history(executionArn=arn, includeExecutionData=False)["events"])
    with pytest.raises(client.exceptions.InvalidToken):
        client.get_execution_history(executionArn=arn, nextToken="nonsense")


def test_executions_are_listed_by_status_in_pages_latest_first(machines):
    machine = machines.create(
        {
            "C": {"Type": "Choice", "Choices": [{"Variable": "$.ok", "IsPresent": True, "Next": "S"}], "Default": "F"},
            "S": {"Type": "Succeed"},
            "F": {"Type": "Fail"},
        }
    )
    names = [machines.run(machine, {"ok": 1} if n % 2 else {}, name=f"n{n}")["name"] for n in range(5)]
    paginator = machines.client.get_paginator("list_executions")
    pages = list(paginator.paginate(stateMachineArn=machine, PaginationConfig={"PageSize": 2}))
    assert [len(page["executions"]) for page in pages] == [2, 2, 1]
    assert [execution["name"] for page in pages for execution in page["executions"]] == names[::-1]
    failed = machines.client.list_executions(stateMachineArn=machine, statusFilter="FAILED")["executions"]
    assert [execution["name"] for execution in failed] == ["n4", "n2", "n0"]


def test_executions_start_executions_by_both_integrations(machines):
    client = machines.client
    inner = machines.create(
        {
            "C": {
                "Type": "Choice",
                "Choices": [{"Variable": "$.fail", "IsPresent": True, "Next": "F"}],
                "Default": "P",
            },
            "F": {"Type": "Fail", "Error": "Inner"},
            **PASS,
        }
    )
    start = {"Type": "Task", "Parameters": {"StateMachineArn": inner, "Name.$": "$.name", "Input.$": "$"}, "End": True}
    by_states = machines.create({"T": {**start, "Resource": "arn:aws:states:::states:startExecution"}})
    name = uuid.uuid4().hex
    output = json.loads(machines.run(by_states, {"name": name})["output"])
    assert output["ExecutionArn"].endswith(name)
    assert output["StartDate"].endswith("Z")
    again = machines.run(by_states, {"name": name})
    assert (again["status"], again["error"]) == ("FAILED", "StepFunctions.ExecutionAlreadyExistsException")
    by_sdk = {**start, "Resource": "arn:aws:states:::aws-sdk:sfn:startExecution"}
    by_sdk["Parameters"] = {"StateMachineArn": inner, "Name.$": "$.name", "Input": "{}"}
    failed = machines.once({"T": by_sdk}, {"name": name})
    assert (failed["status"], failed["error"]) == ("FAILED", "Sfn.ExecutionAlreadyExistsException")
    waits = machines.create({"T": {**start, "Resource": "arn:aws:states:::states:startExecution.sync:2"}})
    output = json.loads(machines.run(waits, {"name": uuid.uuid4().hex, "x": 1})["output"])
    assert (output["Status"], output["Output"]["x"]) == ("SUCCEEDED", 1)
    failed = machines.run(waits, {"name": uuid.uuid4().hex, "fail": 1})
    assert (failed["status"], failed["error"]) == ("FAILED", "States.TaskFailed")
    assert json.loads(failed["cause"])["Error"] == "Inner"
    assert client.describe_execution(executionArn=again["executionArn"])["status"] == "FAILED"


def test_states_call_other_services_and_times_in_answers_are_text(machines, local_aws):
    bucket, key = local_aws.bucket, f"sdk/{uuid.uuid4().hex}"
    where = {"Bucket": bucket, "Key": key}
    states = {
        "Put": {
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:s3:putObject",
            "Parameters": {**where, "Body": {"a": 1}},
            "Next": "Get",
        },
        "Get": {
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:s3:getObject",
            "Parameters": where,
            "End": True,
        },
    }
    output = machines.output(states)
    assert json.loads(output["Body"]) == {"a": 1}
    assert output["LastModified"].endswith("Z")
    states["Get"]["Parameters"] = {**where, "Key": key + "no"}
    failed = machines.once(states)
    assert (failed["status"], failed["error"]) == ("FAILED", "S3.NoSuchKeyException")


def test_a_message_waits_for_its_answer(machines, local_aws):
    sqs, client = local_aws.client("sqs"), machines.client
    # what is received is not deleted, and shall not come again
    held = {"VisibilityTimeout": "3600"}
    queue = sqs.create_queue(QueueName=f"asked-{uuid.uuid4().hex[:8]}", Attributes=held)["QueueUrl"]
    ask = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Parameters": {"QueueUrl": queue, "MessageBody": {"token.$": "$$.Task.Token", "n.$": "$.n"}},
        "End": True,
    }
    machine = machines.create({"Ask": ask})

    def asked(n: int) -> tuple[str, str]:
        arn = client.start_execution(stateMachineArn=machine, input=json.dumps({"n": n}))["executionArn"]
        (message,) = wait_until(
            lambda: sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=10).get("Messages"), "the question"
        )
        body = json.loads(message["Body"])
        assert body["n"] == n
        return arn, body["token"]

    arn, token = asked(1)
    client.send_task_heartbeat(taskToken=token)
    client.send_task_success(taskToken=token, output='{"label": "bicycle"}')
    assert json.loads(machines.ended(arn)["output"]) == {"label": "bicycle"}
    arn, token = asked(2)
    client.send_task_failure(taskToken=token, error="Refused", cause="no")
    assert (machines.ended(arn)["error"], machines.ended(arn)["cause"]) == ("Refused", "no")
    with pytest.raises(client.exceptions.InvalidToken):
        client.send_task_success(taskToken=token, output="{}")


def test_waiting_executions_hold_up_nobody_and_are_stopped_at_once(machines):
    machine = machines.create(WAIT)
    client = machines.client
    arns = [client.start_execution(stateMachineArn=machine)["executionArn"] for _ in range(150)]
    assert machines.output(PASS, {"n": 1}) == {"n": 1}
    for arn in arns:
        client.stop_execution(executionArn=arn, error="Mine", cause="over")
    described = client.describe_execution(executionArn=arns[0])
    assert (described["status"], described["error"], described["cause"]) == ("ABORTED", "Mine", "over")
    assert client.list_executions(stateMachineArn=machine, statusFilter="RUNNING")["executions"] == []


def test_an_express_state_machine_answers_its_caller(machines, local_aws):
    # boto3 would put "sync-" before the address of a server that has no name
    config = Config(inject_host_prefix=False)
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    client = boto3.client("stepfunctions", endpoint_url=local_aws.url, region_name="us-east-1", config=config, **keys)
    machine = machines.create(PASS, type="EXPRESS")
    answer = client.start_sync_execution(stateMachineArn=machine, input='{"n": 1}', name="one")
    assert (answer["status"], json.loads(answer["output"])) == ("SUCCEEDED", {"n": 1})
    assert ":express:" in answer["executionArn"]
    failing = machines.create({"F": {"Type": "Fail", "Error": "E", "Cause": "c"}}, type="EXPRESS")
    answer = client.start_sync_execution(stateMachineArn=failing)
    assert (answer["status"], answer["error"], answer["cause"]) == ("FAILED", "E", "c")
    assert client.start_execution(stateMachineArn=machine, name="one")["executionArn"] != answer["executionArn"]
    with pytest.raises(client.exceptions.StateMachineTypeNotSupported):
        client.list_executions(stateMachineArn=machine)
    with pytest.raises(client.exceptions.StateMachineTypeNotSupported):
        client.start_sync_execution(stateMachineArn=machines.create(PASS))


def test_events_go_to_the_log_group_and_ends_are_counted(machines, local_aws):
    logs, group = local_aws.client("logs"), f"/workflows/{uuid.uuid4().hex[:8]}"
    logs.create_log_group(logGroupName=group)
    arn = f"arn:aws:logs:us-east-1:123456789012:log-group:{group}:*"
    logging = {
        "level": "ALL",
        "includeExecutionData": False,
        "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": arn}}],
    }
    machine = machines.create(PASS, loggingConfiguration=logging)
    machines.run(machine, {"secret": 1})
    wait_until(lambda: logs.filter_log_events(logGroupName=group)["events"], "the log")
    lines = [json.loads(event["message"]) for event in logs.filter_log_events(logGroupName=group)["events"]]
    assert [line["type"] for line in lines][0::3] == ["ExecutionStarted", "ExecutionSucceeded"]
    assert "secret" not in str(lines)

    def succeeded() -> float:
        found = local_aws.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/States",
            MetricName="ExecutionsSucceeded",
            Dimensions=[{"Name": "StateMachineArn", "Value": machine}],
            StartTime=time.time() - 600,
            EndTime=time.time() + 60,
            Period=60,
            Statistics=["Sum"],
        )
        return float(sum(point["Sum"] for point in found["Datapoints"]))

    wait_until(lambda: succeeded() == 1, lambda: f"one success, not {succeeded()}")
    with pytest.raises(machines.client.exceptions.InvalidLoggingConfiguration):
        machines.create(PASS, loggingConfiguration={"level": "ALL"})


def test_after_a_kill_what_ended_is_there_and_what_ran_is_aborted_with_a_reason(own_local_aws):
    machines = Machines(own_local_aws)
    sqs = own_local_aws.client("sqs")
    queue = sqs.create_queue(QueueName="kept", Attributes={"VisibilityTimeout": "0"})["QueueUrl"]
    sqs.send_message(QueueUrl=queue, MessageBody="hello")
    done = machines.run(machines.create(PASS, name="done"), {"n": 1})
    waiting = machines.create(WAIT, name="waiting", tags=[{"key": "a", "value": "b"}])
    arn = machines.client.start_execution(stateMachineArn=waiting, name="one")["executionArn"]
    snapshot = own_local_aws.state / "moto" / "sqs.pickle"
    wait_until(lambda: snapshot.exists() and b"hello" in snapshot.read_bytes(), "the message to be saved")
    own_local_aws.kill()
    own_local_aws.start()
    client = own_local_aws.client("stepfunctions")
    assert client.describe_execution(executionArn=done["executionArn"])["output"] == done["output"]
    assert len(client.get_execution_history(executionArn=done["executionArn"])["events"]) == 4
    (found,) = client.list_executions(stateMachineArn=waiting)["executions"]
    assert (found["executionArn"], found["status"]) == (arn, "ABORTED")
    assert "ended while this execution ran" in client.describe_execution(executionArn=arn)["cause"]
    assert client.list_tags_for_resource(resourceArn=waiting)["tags"] == [{"key": "a", "value": "b"}]
    with pytest.raises(client.exceptions.ExecutionAlreadyExists):
        client.start_execution(stateMachineArn=waiting, name="one")
    two = client.start_execution(stateMachineArn=waiting, name="two")["executionArn"]
    own_local_aws.stop()
    own_local_aws.start()
    assert own_local_aws.client("stepfunctions").describe_execution(executionArn=two)["status"] == "ABORTED"
    (message,) = own_local_aws.client("sqs").receive_message(QueueUrl=queue)["Messages"]
    assert message["Body"] == "hello"


def distributed(reader: dict[str, Any], **more: Any) -> dict[str, Any]:
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "One",
        "States": {"One": {"Type": "Pass", "End": True}},
    }
    return {"Each": {"Type": "Map", "ItemReader": reader, "ItemProcessor": processor, "End": True, **more}}


def test_items_are_objects_in_any_number_of_pages_or_lines_of_one_object(machines, local_aws):
    s3, bucket, prefix = local_aws.client("s3"), local_aws.bucket, f"items-{uuid.uuid4().hex[:8]}"
    for number in range(5):
        s3.put_object(Bucket=bucket, Key=f"{prefix}/{number}", Body=b"x" * number)
    listing = {
        "Resource": "arn:aws:states:::s3:listObjectsV2",
        "Parameters": {"Bucket": bucket, "Prefix.$": "$.prefix", "MaxKeys": 2},
    }
    items = machines.output(distributed(listing), {"prefix": f"{prefix}/"})
    assert [(item["Key"], item["Size"]) for item in items] == [(f"{prefix}/{n}", n) for n in range(5)]
    assert set(items[0]) == {"Etag", "Key", "LastModified", "Size", "StorageClass"}
    assert machines.output(distributed(listing), {"prefix": f"{prefix}/no"}) == []
    first = machines.output(distributed({**listing, "ReaderConfig": {"MaxItems": 3}}), {"prefix": f"{prefix}/"})
    assert len(first) == 3
    s3.put_object(Bucket=bucket, Key=f"{prefix}.json", Body=json.dumps([{"n": 1}, {"n": 2}, {"n": 3}]))
    s3.put_object(Bucket=bucket, Key=f"{prefix}.csv", Body=b"name,label\na,bicycle\nb,motorcycle\n")

    def reader(key: str, **config: Any) -> dict[str, Any]:
        parameters = {"Bucket": bucket, "Key": key}
        return {"Resource": "arn:aws:states:::s3:getObject", "Parameters": parameters, "ReaderConfig": config}

    read = machines.output(distributed(reader(f"{prefix}.json", InputType="JSON", MaxItems=2)))
    assert read == [{"n": 1}, {"n": 2}]
    read = machines.output(distributed(reader(f"{prefix}.csv", InputType="CSV", CSVHeaderLocation="FIRST_ROW")))
    assert read == [{"name": "a", "label": "bicycle"}, {"name": "b", "label": "motorcycle"}]
    failed = machines.once(distributed(reader(f"{prefix}.no", InputType="JSON")))
    assert (failed["status"], failed["error"]) == ("FAILED", "States.ItemReaderFailed")


def test_results_that_cannot_be_written_fail_the_execution_by_that_name(machines):
    writer = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "nobody-has-this", "Prefix": "p"}}
    states = distributed({}, ResultWriter=writer, ItemsPath="$.items")
    del states["Each"]["ItemReader"]
    failed = machines.once(states, {"items": [1]})
    assert (failed["status"], failed["error"]) == ("FAILED", "States.ResultWriterFailed")
