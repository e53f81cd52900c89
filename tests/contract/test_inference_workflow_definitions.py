"""The state machines and the template: consistent in themselves, with each other, with the code, and with botocore."""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import botocore.session
import pytest
import yaml

import draw
import settings
from contracts import CLASSES, Doubt, ReviewRequest

HERE = Path(__file__).resolve().parents[2] / "inference_workflow"
FILES = ("state_machine.asl.json", "bulk_state_machine.asl.json", "intake_state_machine.asl.json")
# A Fail state's error and these of Step Functions and Lambda: https://states-language.net, "Error names"
SERVICE_ERRORS = re.compile(r"^(Lambda|StepFunctions|States)\.\w+$")
ENDS = ("Succeed", "Fail")


def definition(file: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((HERE / file).read_text(encoding="utf-8"))
    return found


class _Loader(yaml.SafeLoader):
    """Reads CloudFormation's short forms: !Ref X as {"Ref": X}, !Sub X as {"Fn::Sub": X}, and so on."""


def _short_form(loader: _Loader, suffix: str, node: yaml.Node) -> Any:
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
        return {name: value.split(".") if suffix == "GetAtt" else value}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    return {name: loader.construct_mapping(node, deep=True)}


_Loader.add_multi_constructor("!", _short_form)
TEMPLATE: dict[str, Any] = yaml.load((HERE / "template.yaml").read_text(encoding="utf-8"), _Loader)  # noqa: S506
RESOURCES: dict[str, dict[str, Any]] = TEMPLATE["Resources"]


def of_type(resource_type: str) -> dict[str, dict[str, Any]]:
    return {name: one["Properties"] for name, one in RESOURCES.items() if one["Type"] == resource_type}


def machines(machine: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The machine and those inside its Map states."""
    yield machine
    for state in machine["States"].values():
        if "ItemProcessor" in state:
            yield from machines(state["ItemProcessor"])


def targets(state: Mapping[str, Any]) -> list[str]:
    branches = [*state.get("Choices", []), *state.get("Catch", [])]
    return [one["Next"] for one in (state, *branches) if "Next" in one] + [
        state[key] for key in state if key == "Default"
    ]


@pytest.mark.parametrize("file", FILES)
def test_every_state_is_reached_and_leads_to_an_end(file: str) -> None:
    for machine in machines(definition(file)):
        states = machine["States"]
        reached, waiting = set(), [machine["StartAt"]]
        while waiting:
            name = waiting.pop()
            if name not in reached:
                reached.add(name)
                waiting += targets(states[name])  # KeyError: a Next that leads nowhere
        assert reached == set(states)
        for name, state in states.items():
            ends = state["Type"] in ENDS or state.get("End", False)
            assert ends != ("Next" in state or state["Type"] == "Choice"), name


def tasks() -> Iterator[tuple[str, Mapping[str, Any]]]:
    for file in FILES:
        for machine in machines(definition(file)):
            yield from ((f"{file}: {name}", one) for name, one in machine["States"].items() if one["Type"] == "Task")


TASKS = dict(tasks())


@pytest.mark.parametrize("name", TASKS)
def test_every_task_has_a_time_limit_and_bounded_retries_with_jitter(name: str) -> None:
    task = TASKS[name]
    assert 0 < task["TimeoutSeconds"] <= 320
    for retrier in task["Retry"]:
        if retrier["MaxAttempts"]:
            assert (
                retrier["MaxAttempts"] <= 5 and retrier["JitterStrategy"] == "FULL" and retrier["MaxDelaySeconds"] <= 20
            )


@pytest.mark.parametrize("name", [name for name in TASKS if "lambda:invoke" in TASKS[name]["Resource"]])
def test_lambda_tasks_retry_the_services_own_errors_and_outlast_their_function(name: str) -> None:
    task = TASKS[name]
    transient = {error for retrier in task["Retry"] for error in retrier["ErrorEquals"]}
    assert transient >= {"Lambda.ServiceException", "Lambda.TooManyRequestsException", "Lambda.SdkClientException"}
    logical_id = task["Parameters"]["FunctionName"].removeprefix("${").removesuffix("Arn}")
    assert task["TimeoutSeconds"] > RESOURCES[logical_id]["Properties"]["Timeout"]
    assert task["Parameters"]["Payload"]["body.$"] == "$"


def raised_errors() -> set[str]:
    """The names of all error classes that the functions' modules define."""
    modules = [".".join(file.relative_to(HERE).with_suffix("").parts) for file in HERE.rglob("*.py")]
    found = [importlib.import_module(name) for name in modules if name != "draw" and not name.endswith("__init__")]
    return {
        name
        for module in found
        for name, value in vars(module).items()
        if isinstance(value, type) and issubclass(value, Exception) and value.__module__ == module.__name__
    }


def test_errors_are_retried_and_caught_by_names_that_are_raised() -> None:
    named = {
        error
        for task in TASKS.values()
        for clause in (*task["Retry"], *task.get("Catch", []))
        for error in clause["ErrorEquals"]
        if not SERVICE_ERRORS.match(error)
    }
    assert named == {"ThresholdNotMet", "StorageUnavailable", "EndpointThrottled", "EndpointUnavailable"}
    assert named <= raised_errors()


def test_both_workflows_treat_an_image_alike() -> None:
    one = definition("state_machine.asl.json")["States"]
    each = definition("bulk_state_machine.asl.json")["States"]["ClassifyEach"]["ItemProcessor"]["States"]
    assert {name: one[name] for name in one if name not in ("AskHuman", "ThresholdNotMet")} == {
        name: each[name] for name in each if name not in ("IsFolder", "SkipFolder", "AskHuman", "AwaitReview")
    }
    assert {**one["AskHuman"], "Next": ""} == {**each["AskHuman"], "Next": ""}


def test_every_class_has_its_route() -> None:
    states = definition("state_machine.asl.json")["States"]
    routes = {choice["StringEquals"]: choice["Next"] for choice in states["RouteDelivery"]["Choices"]}
    assert routes == dict(zip(CLASSES, ("AssignNearbyOrders", "AssignFartherOrders"), strict=True))
    assert states["AssignNearbyOrders"]["Parameters"]["assignment"] == "nearby"
    assert states["AssignFartherOrders"]["Parameters"]["assignment"] == "farther"


def test_a_reviewers_message_has_the_members_of_its_contract() -> None:
    body = definition("state_machine.asl.json")["States"]["AskHuman"]["Parameters"]["MessageBody"]
    assert {key.removesuffix(".$") for key in body} == set(ReviewRequest.model_fields)
    assert ReviewRequest.model_fields["doubt"].annotation is Doubt


@pytest.mark.parametrize("name", [name for name in TASKS if "lambda:invoke" not in TASKS[name]["Resource"]])
def test_service_tasks_send_what_the_api_takes(name: str) -> None:
    service, _, action = TASKS[name]["Resource"].rpartition(":::")[2].partition(":")
    model = botocore.session.get_session().get_service_model({"states": "stepfunctions"}.get(service, service))
    operation = model.operation_model(action[0].upper() + action[1:])
    members = {member.lower() for member in operation.input_shape.members}
    assert {key.removesuffix(".$").lower() for key in TASKS[name]["Parameters"]} <= members


@pytest.mark.parametrize("logical_id", of_type("AWS::Serverless::StateMachine"))
def test_substitutions_are_those_of_the_definition(logical_id: str) -> None:
    properties = RESOURCES[logical_id]["Properties"]
    text = (HERE / properties["DefinitionUri"]).read_text(encoding="utf-8")
    assert set(re.findall(r"\$\{(\w+)\}", text)) == set(properties["DefinitionSubstitutions"])
    assert properties["Tracing"] == {"Enabled": True}
    assert properties["Logging"]["IncludeExecutionData"] is False


@pytest.mark.parametrize("logical_id", of_type("AWS::Serverless::Function"))
def test_handlers_are_where_the_template_says_and_log_where_it_says(logical_id: str) -> None:
    properties = RESOURCES[logical_id]["Properties"]
    module, _, name = properties["Handler"].rpartition(".")
    assert callable(getattr(importlib.import_module(module), name))
    group = RESOURCES[properties["LoggingConfig"]["LogGroup"]["Ref"]]["Properties"]
    assert group["LogGroupName"]["Fn::Sub"] == "/aws/lambda/" + properties["FunctionName"]["Fn::Sub"]


def test_each_function_and_state_machine_has_a_role_of_its_own() -> None:
    users = of_type("AWS::Serverless::Function") | of_type("AWS::Serverless::StateMachine")
    roles = [properties["Role"]["Fn::GetAtt"][0] for properties in users.values()]
    assert len(set(roles)) == len(roles) == 7


def test_a_wildcard_resource_has_its_reason_beside_it() -> None:
    lines = (HERE / "template.yaml").read_text(encoding="utf-8").splitlines()
    wildcards = [line for line in lines if re.search(r'Resource: *["\']?\*', line)]
    assert wildcards and all("# " in line for line in wildcards)
    # and no action is one, but in the bucket policy, which denies
    actions = [line for line in lines if re.search(r"Action: .*\*", line)]
    assert [line.strip() for line in actions] == ["Action: s3:*"]


def test_everything_at_rest_is_encrypted_and_every_log_ends() -> None:
    for name, queue in of_type("AWS::SQS::Queue").items():
        assert {"SqsManagedSseEnabled", "KmsMasterKeyId"} <= set(queue), name
    for name, group in of_type("AWS::Logs::LogGroup").items():
        assert "RetentionInDays" in group, name
    assert len(of_type("AWS::Logs::LogGroup")) == 7


def test_alarms_watch_metrics_that_exist() -> None:
    alarms = of_type("AWS::CloudWatch::Alarm")
    doubts = next(one for one in alarms["FailedExecutionsAlarm"]["Metrics"] if one["Id"] == "doubts")["MetricStat"][
        "Metric"
    ]
    assert (doubts["Namespace"], doubts["MetricName"]) == (settings.METRICS_NAMESPACE, "LowConfidence")
    service = RESOURCES["FilterLowConfidenceFunction"]["Properties"]["Environment"]["Variables"][
        "POWERTOOLS_SERVICE_NAME"
    ]
    assert {one["Name"]: one["Value"] for one in doubts["Dimensions"]} == {
        "service": service,
        "state_machine": {"Fn::GetAtt": ["StateMachine", "Name"]},
    }
    assert {alarm.get("MetricName") for alarm in alarms.values()} == {
        None,
        "ExecutionsFailed",
        "ApproximateAgeOfOldestMessage",
        "ApproximateNumberOfMessagesVisible",
    }


def test_an_arriving_object_starts_the_intake_and_an_undelivered_event_is_kept() -> None:
    (rule,) = of_type("AWS::Events::Rule").values()
    assert rule["EventPattern"]["detail"]["object"]["key"] == [{"prefix": "incoming/"}]
    (target,) = rule["Targets"]
    assert target["Arn"] == {"Ref": "IntakeStateMachine"}
    assert target["DeadLetterConfig"]["Arn"] == {"Fn::GetAtt": ["UndeliveredEventsQueue", "Arn"]}
    assert RESOURCES["ImageBucket"]["Properties"]["NotificationConfiguration"]["EventBridgeConfiguration"] == {
        "EventBridgeEnabled": True
    }


def test_a_duplicate_event_is_no_failure() -> None:
    states = definition("intake_state_machine.asl.json")["States"]
    task = states["StartClassification"]
    name = task["Parameters"]["Name.$"]
    assert all(part in name for part in ("bucket.name", "object.key", "object.etag", "object.sequencer"))
    already = "StepFunctions.ExecutionAlreadyExistsException"
    assert task["Retry"][0] == {"ErrorEquals": [already], "MaxAttempts": 0}
    assert task["Catch"] == [{"ErrorEquals": [already], "Next": "AlreadyStarted"}]
    assert states["AlreadyStarted"]["Type"] == "Succeed"


def test_the_picture_is_that_of_the_definitions() -> None:
    assert draw.PICTURE.read_text(encoding="utf-8") == draw.page(), "run: python inference_workflow/draw.py"
