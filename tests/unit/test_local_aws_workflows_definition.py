"""What is refused when a state machine is created, and how parameters and answers of services are spelt."""

from __future__ import annotations

import io
import json
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from botocore.response import StreamingBody

from local_aws.workflows.definition import check
from local_aws.workflows.errors import InvalidDefinition, InvalidToken
from local_aws.workflows.integrations import from_boto, operation_model, to_boto
from local_aws.workflows.paging import page

FOLDER = Path(__file__).resolve().parents[2] / "inference_workflow"
END = {"Type": "Pass", "End": True}


def machine(state: dict[str, Any], **top: Any) -> str:
    return json.dumps({"StartAt": "S", "States": {"S": state}, **top})


def task(resource: str) -> dict[str, Any]:
    return {"Type": "Task", "Resource": resource, "End": True}


def map_of(mode: str, **more: Any) -> dict[str, Any]:
    processor = {"ProcessorConfig": {"Mode": mode}, "StartAt": "P", "States": {"P": END}}
    return {"Type": "Map", "ItemProcessor": processor, "End": True, **more}


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.asl.json")), ids=lambda path: path.name)
def test_the_workflows_own_definitions_are_taken(file):
    text = file.read_text()
    while "${" in text:
        start, end = text.index("${"), text.index("}", text.index("${"))
        text = text.replace(text[start : end + 1], "arn:aws:lambda:us-east-1:123456789012:function:f")
    check(text)


@pytest.mark.parametrize(
    "resource",
    [
        "arn:aws:lambda:us-east-1:123456789012:function:f",
        "arn:aws:lambda:us-east-1:123456789012:function:f:$LATEST",
        "arn:aws:states:::lambda:invoke",
        "arn:aws:states:::lambda:invoke.waitForTaskToken",
        "arn:aws:states:::sqs:sendMessage",
        "arn:aws:states:::states:startExecution.sync:2",
        "arn:aws:states:::aws-sdk:sagemakerruntime:invokeEndpoint",
        "arn:aws:states:::aws-sdk:sfn:startExecution",
    ],
)
def test_resources_that_are_executed(resource):
    check(machine(task(resource)))


@pytest.mark.parametrize(
    "resource",
    [
        "arn:aws:states:::sagemaker:createTrainingJob.sync",
        "arn:aws:states:::sagemaker:createTransformJob",
        "arn:aws:states:::lambda:invoke.sync",
        "arn:aws:states:::aws-sdk:ec2:describeInstances",
        "arn:aws:states:::aws-sdk:s3:getObject.sync",
        "arn:aws:states:::http:invoke",
        "arn:aws:states:us-east-1:123456789012:activity:a",
        "nonsense",
    ],
)
def test_resources_that_nobody_executes_are_refused_by_name_and_place(resource):
    with pytest.raises(InvalidDefinition) as caught:
        check(machine({"Type": "Parallel", "End": True, "Branches": [json.loads(machine(task(resource)))]}))
    assert f"does not execute the resource {resource} at /States/S/Branches[0]/States/S/Resource" in str(caught.value)


@pytest.mark.parametrize(
    ("definition", "says"),
    [
        ("{", "INVALID_JSON_DESCRIPTION"),
        ("[]", "not a JSON object"),
        ("{}", "States must be an object of at least one state"),
        (machine(END, StartAt="Q"), "StartAt names no state: Q at /StartAt"),
        (machine({"Type": "Pass", "Next": "Q"}), "Missing 'Next' target: Q at /States/S/Next"),
        (machine({"Type": "Pass"}), "a state has either Next or End at /States/S"),
        (machine({**END, "Next": "S"}), "a state has either Next or End"),
        (machine({"Type": "Choice", "Choices": [{"Next": "Q"}], "Default": "R"}), "target: R at /States/S/Default"),
        (machine({**task("arn:aws:states:::lambda:invoke"), "Catch": [{"Next": "Q"}]}), "at /States/S/Catch[0]/Next"),
        (machine(END, QueryLanguage="JSONata"), "JSONPath alone, not JSONata at /QueryLanguage"),
        (machine({**END, "QueryLanguage": "JSONata"}), "at /States/S/QueryLanguage"),
        (machine({"Type": "Map", "End": True}), "a Map state has an ItemProcessor"),
        (machine(map_of("INLINE", ToleratedFailurePercentage=5)), "is for Map states in DISTRIBUTED mode"),
        (machine(map_of("DISTRIBUTED", ItemBatcher={})), "does not support ItemBatcher"),
        (machine(map_of("DISTRIBUTED", ItemReader={"Resource": "arn:aws:states:::s3:listBuckets"})), "read items by"),
        (machine(map_of("DISTRIBUTED", ResultWriter={"WriterConfig": {}})), "does not support WriterConfig"),
        (machine(map_of("DISTRIBUTED", ResultWriter={})), "writes results by s3:putObject"),
    ],
)
def test_a_definition_that_cannot_work_is_refused_with_what_and_where(definition, says):
    with pytest.raises(InvalidDefinition) as caught:
        check(definition)
    assert says in str(caught.value)


def test_distributed_maps_are_for_standard_state_machines():
    check(machine(map_of("DISTRIBUTED")))
    with pytest.raises(InvalidDefinition, match="for STANDARD state machines"):
        check(machine(map_of("DISTRIBUTED")), "EXPRESS")


def test_parameters_are_spelt_as_each_service_spells_them():
    start = operation_model("stepfunctions", "startExecution").input_shape
    given = {"StateMachineArn": "arn", "Name": "n", "Input": {"a": 1}}
    assert to_boto(start, given) == {"stateMachineArn": "arn", "name": "n", "input": '{"a":1}'}
    send = operation_model("sqs", "sendMessage").input_shape
    attributes = {"A": {"DataType": "Number", "StringValue": 5}}
    assert to_boto(send, {"QueueUrl": "q", "MessageBody": [1], "MessageAttributes": attributes}) == {
        "QueueUrl": "q",
        "MessageBody": "[1]",
        "MessageAttributes": {"A": {"DataType": "Number", "StringValue": "5"}},
    }
    invoke = operation_model("sagemaker-runtime", "invokeEndpoint").input_shape
    assert to_boto(invoke, {"EndpointName": "e", "Body": {"a": 1}})["Body"] == b'{"a":1}'
    with pytest.raises(ValueError, match='The field "Nonsense" is not supported'):
        to_boto(start, {"Nonsense": 1})


def test_answers_are_json_in_pascal_case():
    moment = datetime(2030, 1, 1, 1, 2, 3, 456789, tzinfo=timezone(timedelta(hours=1)))
    start = operation_model("stepfunctions", "startExecution").output_shape
    answered = from_boto(start, {"executionArn": "arn", "startDate": moment})
    assert answered == {"ExecutionArn": "arn", "StartDate": "2030-01-01T00:02:03.456Z"}
    get = operation_model("s3", "getObject").output_shape
    body = StreamingBody(io.BytesIO("ü".encode()), 2)
    assert from_boto(get, {"Body": body, "Metadata": {"lower-case": "x"}}) == {
        "Body": "ü",
        "Metadata": {"lower-case": "x"},
    }
    json.dumps(answered)


def test_a_page_follows_the_one_before_and_its_token_is_for_that_list_alone():
    items = list(range(5))
    first, token = page(items, {"maxResults": 2}, "numbers")
    second, token = page(items, {"maxResults": 2, "nextToken": token}, "numbers")
    third, last = page(items, {"maxResults": 2, "nextToken": token}, "numbers")
    assert [*first, *second, *third] == items
    assert last is None
    for scope, wrong in (("letters", token), ("numbers", "nonsense"), ("numbers", "W10=")):
        with pytest.raises(InvalidToken):
            page(items, {"nextToken": wrong}, scope)
