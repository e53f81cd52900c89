"""The API of EventBridge, with neighbours that only note what they are asked: records, errors, limits."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.validate import ParamValidator
from moto.logs.models import logs_backends
from moto.sqs.models import sqs_backends

from local_aws.cloudwatch.series import SeriesStore
from local_aws.events.api import EVENTS, OPERATIONS
from local_aws.events.event_bridge import EventBridge
from local_aws.metrics import Metrics
from local_aws.sagemaker.errors import InternalFailure, ResourceLimitExceeded, ResourceNotFound, ServiceError
from local_aws.service_shapes import service_model
from local_aws.workflows.errors import ExecutionAlreadyExists, StateMachineDoesNotExist
from tests.unit.local_aws_events_service import ACCOUNT, REGION, ROLE, Clock
from tests.waiting import wait_until

PATTERN = '{"source": ["tests"]}'
PREFIX = f"{REGION}:{ACCOUNT}"
QUEUE = f"arn:aws:sqs:{PREFIX}:queue"
MACHINE = f"arn:aws:states:{PREFIX}:stateMachine:machine"
PIPELINE = f"arn:aws:sagemaker:{PREFIX}:pipeline/retrain"
GROUP = f"arn:aws:logs:{PREFIX}:log-group:/aws/events/all"
ENTRY = {"Source": "tests", "DetailType": "Something Happened", "Detail": '{"n": 1}'}


class Neighbours:
    """What EventBridge calls; `raised` is what the next call ends with."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.raised: list[Exception] = []

    def note(self, *call: Any) -> dict[str, Any]:
        self.calls.append(call)
        if self.raised:
            raise self.raised.pop(0)
        return {}


class Api:
    """An EventBridge at work, in threads of its own."""

    def __init__(self, folder: Any) -> None:
        self.clock, self.neighbours = Clock(), Neighbours()
        note = self.neighbours.note
        self.changed: list[str] = []
        self.metrics = Metrics(SeriesStore(folder / "metrics.sqlite"), self.clock)
        context: Any = SimpleNamespace(
            **{"region": REGION, "account_id": ACCOUNT, "state_dir": folder, "now": self.clock, "call": note},
            metrics=self.metrics,
            functions=SimpleNamespace(invoke=note),
            workers={"workflows": SimpleNamespace(start_execution=note)},
        )
        self.bridge = EventBridge(context, self.changed.append)
        self.bridge.recover()

    def __call__(self, operation: str, **request: Any) -> dict[str, Any]:
        answered = EVENTS.answer(self.bridge, operation, request)
        shape = service_model("events").operation_model(operation).output_shape
        problems = ParamValidator().validate(present(answered), shape) if shape else None
        assert (problems is None and not answered) or not problems.has_errors(), problems.generate_report()
        return answered

    def error(self, operation: str, **request: Any) -> tuple[str, str]:
        with pytest.raises(ServiceError) as refused:
            self(operation, **request)
        return refused.value.code, refused.value.message

    def rule(self, name: str = "one", *targets: dict[str, Any], **settings: Any) -> str:
        made = self("PutRule", Name=name, **({"EventPattern": PATTERN} | settings))
        if targets:
            self("PutTargets", Rule=name, Targets=list(targets))
        return str(made["RuleArn"])

    def refused_target(self, **target: Any) -> str:
        self.rule()
        code, message = self.error("PutTargets", Rule="one", Targets=[{"Id": "t1", **target}])
        assert code == "ValidationException"
        assert self("ListTargetsByRule", Rule="one")["Targets"] == []
        return message


@pytest.fixture
def api(tmp_path):
    made = Api(tmp_path)
    yield made
    made.bridge.shutdown()
    made.metrics.store.close()
    sqs_backends[ACCOUNT][REGION].queues.clear()
    logs_backends[ACCOUNT][REGION].groups.clear()
    logs_backends[ACCOUNT][REGION].resource_policies.clear()


def present(value: Any) -> Any:
    """An answer without the members that the wire leaves out, and without empty lists, which some shapes forbid."""
    if isinstance(value, dict):
        return {name: present(member) for name, member in value.items() if member not in (None, [])}
    return [present(element) for element in value] if isinstance(value, list) else value


def test_rules_are_made_described_listed_changed_and_deleted(api):
    arn = api.rule("one", Description="first", Tags=[{"Key": "team", "Value": "ml"}])
    assert arn == f"arn:aws:events:{PREFIX}:rule/one"
    described = {name: value for name, value in api("DescribeRule", Name="one").items() if value is not None}
    assert described == {
        **{"Name": "one", "Arn": arn, "EventPattern": PATTERN, "State": "ENABLED", "Description": "first"},
        **{"EventBusName": "default", "CreatedBy": ACCOUNT},
    }
    api.rule("two", ScheduleExpression="rate(5 minutes)", State="DISABLED")
    assert [rule["Name"] for rule in api("ListRules")["Rules"]] == ["one", "two"]
    assert [rule["Name"] for rule in api("ListRules", NamePrefix="tw")["Rules"]] == ["two"]
    # what is not given again is gone, but for targets and tags
    api("PutTargets", Rule="one", Targets=[{"Id": "q", "Arn": QUEUE}])
    api.rule("one", Tags=[{"Key": "other", "Value": "x"}])
    assert api("DescribeRule", Name="one")["Description"] is None
    assert len(api("ListTargetsByRule", Rule="one")["Targets"]) == 1
    assert api("ListTagsForResource", ResourceARN=arn)["Tags"] == [{"Key": "team", "Value": "ml"}]
    assert api.error("DeleteRule", Name="one") == ("ValidationException", "Rule can't be deleted since it has targets.")
    api("RemoveTargets", Rule="one", Ids=["q", "never-there"])
    api("DeleteRule", Name="one")
    api("DeleteRule", Name="one")
    missing = ("ResourceNotFoundException", "Rule one does not exist on EventBus default.")
    for operation in ("DescribeRule", "EnableRule", "DisableRule"):
        assert api.error(operation, Name="one") == missing
    for operation, more in (
        ("ListTargetsByRule", {}),
        ("RemoveTargets", {"Ids": ["1"]}),
        ("PutTargets", {"Targets": [{"Id": "q", "Arn": QUEUE}]}),
    ):
        assert api.error(operation, Rule="one", **more) == missing
    assert api.error("ListTagsForResource", ResourceARN=arn) == missing


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"EventPattern": None}, "Parameter(s) EventPattern or ScheduleExpression must be specified."),
        ({"ScheduleExpression": "rate(1 minutes)"}, "Parameter ScheduleExpression is not valid."),
        ({"ScheduleExpression": "cron(0 1 * * * *)"}, "Parameter ScheduleExpression is not valid."),
        (
            {"EventBusName": "other", "ScheduleExpression": "rate(1 minute)"},
            "ScheduleExpression is supported only on the default event bus.",
        ),
        (
            {"State": "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"},
            "This local AWS has no CloudTrail: a rule's State is ENABLED or DISABLED.",
        ),
    ],
)
def test_rules_that_the_service_would_not_take(api, settings, message):
    api("CreateEventBus", Name="other")
    request = {"Name": "one", "EventPattern": PATTERN} | settings
    request = {name: value for name, value in request.items() if value is not None}
    assert api.error("PutRule", **request) == ("ValidationException", message)


def test_a_pattern_is_checked_when_the_rule_is_put(api):
    code, message = api.error("PutRule", Name="one", EventPattern='{"source": "tests"}')
    assert code == "InvalidEventPatternException"
    assert message == 'Event pattern is not valid. Reason: "source" must be an object or an array'


def test_patterns_can_be_tried_on_events(api):
    event = {
        **{"id": "1", "account": ACCOUNT, "source": "tests", "time": "2030-01-01T00:00:00Z", "region": REGION},
        **{"resources": [], "detail-type": "x", "detail": {"n": 5}},
    }

    def result(pattern: Any) -> bool:
        return bool(api("TestEventPattern", EventPattern=json.dumps(pattern), Event=json.dumps(event))["Result"])

    assert result({"detail": {"n": [{"numeric": [">", 4]}]}})
    assert not result({"detail": {"n": [{"numeric": [">", 5]}]}})
    assert api.error("TestEventPattern", EventPattern="{", Event="{}")[0] == "InvalidEventPatternException"
    deep = json.dumps(event).replace('{"n": 5}', '{"n":' * 50_000 + "5" + "}" * 50_000)
    for text in ("no json", "[]", '{"id": "1"}', deep):
        code, message = api.error("TestEventPattern", EventPattern=PATTERN, Event=text)
        assert code == "ValidationException" and message.startswith("Parameter Event is not valid.")


def test_a_rule_has_five_targets_at_most_and_a_bus_so_many_rules(api, monkeypatch):
    api.rule("one", *({"Id": str(number), "Arn": QUEUE} for number in range(5)))
    limit = ("LimitExceededException", "The requested resource exceeds the maximum number allowed.")
    assert api.error("PutTargets", Rule="one", Targets=[{"Id": "5", "Arn": QUEUE}]) == limit
    # one that is there already may change
    api("PutTargets", Rule="one", Targets=[{"Id": "4", "Arn": QUEUE, "Input": "{}"}])
    assert [target.get("Input") for target in api("ListTargetsByRule", Rule="one")["Targets"]] == [None] * 4 + ["{}"]
    monkeypatch.setattr("local_aws.events.rule_operations.MOST", 2)
    api.rule("two")
    assert api.error("PutRule", Name="three", EventPattern=PATTERN) == limit
    api.rule("two")
    monkeypatch.setattr("local_aws.events.bus_operations.MOST", 1)
    assert api.error("CreateEventBus", Name="other") == limit


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ({"Arn": "queue"}, "Parameter queue is not valid. Reason: Provided Arn is not in correct format."),
        (
            {"Arn": f"arn:aws:kinesis:{PREFIX}:stream/x", "RoleArn": ROLE},
            "Provided Arn is not in correct format. (This local AWS delivers to Lambda functions, Step Functions",
        ),
        ({"Arn": MACHINE}, f"RoleArn is required for target {MACHINE}."),
        ({"Arn": PIPELINE}, f"RoleArn is required for target {PIPELINE}."),
        (
            {"Arn": f"arn:aws:events:{PREFIX}:event-bus/other"},
            f"RoleArn is required for target arn:aws:events:{PREFIX}:event-bus/other.",
        ),
        (
            {"Arn": f"arn:aws:sqs:eu-west-1:{ACCOUNT}:queue"},
            "delivers within account 123456789012 and region us-east-1",
        ),
        ({"Arn": f"arn:aws:sqs:{REGION}:210987654321:queue"}, "not to arn:aws:sqs:us-east-1:210987654321:queue."),
        ({"Arn": f"{QUEUE}.fifo"}, "Parameter(s) SqsParameters must be specified for target: t1."),
        ({"Arn": f"arn:aws:sns:{PREFIX}:topic.fifo"}, "Target t1: EventBridge does not deliver to FIFO topics."),
        (
            {"Arn": QUEUE, "KinesisParameters": {"PartitionKeyPath": "$.id"}},
            "Parameter(s) KinesisParameters not supported for target: t1.",
        ),
        (
            {"Arn": QUEUE, "SageMakerPipelineParameters": {"PipelineParameterList": []}},
            "Parameter(s) SageMakerPipelineParameters not supported for target: t1.",
        ),
        (
            {"Arn": QUEUE, "Input": "{}", "InputPath": "$"},
            "Only one of Input, InputPath, or InputTransformer must be provided for target t1.",
        ),
        ({"Arn": QUEUE, "Input": "{"}, "JSON syntax error in input for target t1."),
        (
            {"Arn": QUEUE, "DeadLetterConfig": {"Arn": f"arn:aws:sns:{PREFIX}:topic"}},
            "sns is not supported as a dead letter resource",
        ),
        (
            {"Arn": QUEUE, "DeadLetterConfig": {"Arn": f"{QUEUE}.fifo"}},
            "SQS FIFO is not supported by Dead Letter Queues",
        ),
        (
            {"Arn": QUEUE, "DeadLetterConfig": {"Arn": f"arn:aws:sqs:eu-west-1:{ACCOUNT}:dead"}},
            "is not in the account and region of the rule",
        ),
        ({"Arn": QUEUE, "RetryPolicy": {"MaximumRetryAttempts": 186}}, "less than or equal to 185"),
        ({"Arn": QUEUE, "RetryPolicy": {"MaximumEventAgeInSeconds": 59}}, "greater than or equal to 60"),
        ({"Arn": GROUP, "RoleArn": ROLE}, f"RoleArn is not supported for target {GROUP}."),
        ({"Arn": GROUP, "InputPath": "$.detail"}, "The only valid form of input is InputTransformer."),
        ({"Arn": GROUP, "InputTransformer": {"InputTemplate": '{"a": 1}'}}, "must have the form"),
        (
            {"Arn": f"arn:aws:events:{PREFIX}:event-bus/other", "RoleArn": ROLE, "InputPath": "$.detail"},
            "Target t1: an event bus gets the whole event, and no other input.",
        ),
        (
            {
                **{"Arn": PIPELINE, "RoleArn": ROLE},
                "SageMakerPipelineParameters": {"PipelineParameterList": [{"Name": "Data", "Value": "$.detail['x']"}]},
            },
            "Parameter Data of target t1 is not valid.",
        ),
    ],
)
def test_targets_that_the_service_would_not_take(api, target, message):
    assert message in api.refused_target(**target)


def test_one_bad_target_keeps_all_of_a_request_out(api):
    api.rule()
    api.error("PutTargets", Rule="one", Targets=[{"Id": "good", "Arn": QUEUE}, {"Id": "bad", "Arn": "x"}])
    assert api("ListTargetsByRule", Rule="one")["Targets"] == []


def test_event_buses_have_rules_of_their_own(api):
    made = api("CreateEventBus", Name="orders", Description="of the shop", Tags=[{"Key": "a", "Value": "b"}])
    arn = f"arn:aws:events:{PREFIX}:event-bus/orders"
    assert made == {"EventBusArn": arn, "Description": "of the shop"}
    assert api.error("CreateEventBus", Name="orders") == (
        "ResourceAlreadyExistsException",
        "Event bus orders already exists.",
    )
    assert api("DescribeEventBus", Name=arn)["Description"] == "of the shop"
    assert api("DescribeEventBus")["Name"] == "default"
    assert [bus["Name"] for bus in api("ListEventBuses")["EventBuses"]] == ["default", "orders"]
    rule = api("PutRule", Name="one", EventBusName="orders", EventPattern=PATTERN)["RuleArn"]
    assert rule == f"arn:aws:events:{PREFIX}:rule/orders/one"
    assert api("ListRules")["Rules"] == []
    assert [found["Name"] for found in api("ListRules", EventBusName=arn)["Rules"]] == ["one"]
    api("PutTargets", Rule="one", EventBusName="orders", Targets=[{"Id": "q", "Arn": QUEUE}])
    assert api("ListRuleNamesByTarget", TargetArn=QUEUE)["RuleNames"] == []
    assert api("ListRuleNamesByTarget", TargetArn=QUEUE, EventBusName="orders")["RuleNames"] == ["one"]
    api("TagResource", ResourceARN=rule, Tags=[{"Key": "a", "Value": "b"}, {"Key": "c", "Value": ""}])
    api("UntagResource", ResourceARN=rule, TagKeys=["a"])
    assert api("ListTagsForResource", ResourceARN=rule)["Tags"] == [{"Key": "c", "Value": ""}]
    assert api("ListTagsForResource", ResourceARN=arn)["Tags"] == [{"Key": "a", "Value": "b"}]
    assert api.error("DeleteEventBus", Name="orders") == (
        "ValidationException",
        "Event bus orders can't be deleted since it has rules.",
    )
    api("RemoveTargets", Rule="one", EventBusName="orders", Ids=["q"])
    api("DeleteRule", Name="one", EventBusName="orders")
    api("DeleteEventBus", Name="orders")
    api("DeleteEventBus", Name="orders")
    missing = ("ResourceNotFoundException", "Event bus orders does not exist.")
    assert api.error("DescribeEventBus", Name="orders") == missing
    assert api.error("PutRule", Name="one", EventBusName="orders", EventPattern=PATTERN) == missing
    assert api.error("ListTagsForResource", ResourceARN=arn) == missing
    assert api.error("DeleteEventBus", Name="default") == ("ValidationException", "Cannot delete event bus default.")


@pytest.mark.parametrize(
    "settings",
    [
        {"EventSourceName": "aws.partner/x/y"},
        {"KmsKeyIdentifier": "alias/x"},
        {"DeadLetterConfig": {"Arn": QUEUE}},
        {"LogConfig": {"Level": "INFO"}},
    ],
)
def test_settings_of_event_buses_that_do_nothing_here_are_refused(api, settings):
    code, message = api.error("CreateEventBus", Name="orders", **settings)
    assert code == "ValidationException" and next(iter(settings)) in message


def test_lists_come_in_pages(api):
    for number in range(5):
        api.rule(f"rule-{number}")
    names, token = [], {}
    while True:
        found = api("ListRules", Limit=2, **token)
        names.append([rule["Name"] for rule in found["Rules"]])
        if not found["NextToken"]:
            break
        token = {"NextToken": found["NextToken"]}
    assert names == [["rule-0", "rule-1"], ["rule-2", "rule-3"], ["rule-4"]]
    assert api.error("ListRules", NextToken="not one, ü") == (
        "ValidationException",
        "Parameter NextToken is not valid.",
    )


@pytest.mark.parametrize(
    ("changes", "code", "message"),
    [
        ({"Source": None}, "InvalidArgument", "Parameter Source is not valid. Reason: Source is a required argument."),
        (
            {"DetailType": ""},
            "InvalidArgument",
            "Parameter DetailType is not valid. Reason: DetailType is a required argument.",
        ),
        ({"Detail": None}, "InvalidArgument", "Parameter Detail is not valid. Reason: Detail is a required argument."),
        ({"Source": "aws.s3"}, "NotAuthorizedForSourceException", "Not authorized for the source."),
        (
            {"EventBusName": f"arn:aws:events:eu-west-1:{ACCOUNT}:event-bus/default"},
            "AccessDeniedException",
            f"arn:aws:events:eu-west-1:{ACCOUNT}:event-bus/default is not of this account and region.",
        ),
        ({"Detail": "text"}, "MalformedDetail", "Detail is malformed."),
        ({"Detail": '["list"]'}, "MalformedDetail", "Detail is malformed."),
        ({"Detail": '"string"'}, "MalformedDetail", "Detail is malformed."),
        ({"Detail": '{"n": NaN}'}, "MalformedDetail", "Detail is malformed."),
        ({"Detail": r'{"half": "\ud800"}'}, "MalformedDetail", "Detail is malformed."),
        ({"Source": "half \ud800"}, "MalformedDetail", "Detail is malformed."),
        ({"Detail": '{"a":' * 5000 + "1" + "}" * 5000}, "MalformedDetail", "Detail is malformed."),
    ],
)
def test_entries_are_refused_one_by_one(api, changes, code, message):
    api.rule()
    bad = {name: value for name, value in (ENTRY | changes).items() if value is not None}
    answered = api("PutEvents", Entries=[ENTRY, bad, ENTRY])
    assert answered["FailedEntryCount"] == 1
    first, second, third = answered["Entries"]
    assert set(first) == set(third) == {"EventId"} and first["EventId"] != third["EventId"]
    assert second == {"ErrorCode": code, "ErrorMessage": message}


def test_requests_with_too_much_are_refused_as_a_whole(api):
    code, message = api.error("PutEvents", Entries=[ENTRY] * 11)
    assert code == "ValidationException" and "less than or equal to 10" in message
    assert api.error("PutEvents", Entries=[])[0] == "ValidationException"
    large = {**ENTRY, "Detail": json.dumps({"text": "ü" * 66_000})}
    too_large = ("ValidationException", "Total size of the entries in the request is over the limit.")
    assert api("PutEvents", Entries=[{**ENTRY, "Detail": json.dumps({"x": "y" * 262_000})}])["FailedEntryCount"] == 0
    assert api.error("PutEvents", Entries=[{**ENTRY, "Detail": json.dumps({"x": "y" * 262_144})}]) == too_large
    assert api.error("PutEvents", Entries=[large, large]) == too_large
    assert api.error("PutEvents", Entries=[ENTRY], EndpointId="abc.veo")[0] == "ValidationException"
    # as in the service, an event for a bus that is not there is taken and lost
    assert api("PutEvents", Entries=[{**ENTRY, "EventBusName": "nowhere"}])["FailedEntryCount"] == 0


def test_entries_beyond_what_can_be_pending_are_throttled(api, monkeypatch):
    api.rule("one", {"Id": "m", "Arn": MACHINE, "RoleArn": ROLE})
    monkeypatch.setattr(api.bridge._router._pending, "_most", 0)
    (refused,) = api("PutEvents", Entries=[ENTRY])["Entries"]
    assert refused["ErrorCode"] == "ThrottlingException"
    # and an event of a service is lost without a word to it
    assert api.bridge.publish("tests", "x", {})
    assert api.neighbours.calls == []


def test_operations_and_members_that_are_not_here_are_refused(api):
    assert api.error("CreateArchive", ArchiveName="a", EventSourceArn="b")[0] == "UnknownOperationException"
    assert api.error("Nonsense")[0] == "UnknownOperationException"
    assert api.error("PutRule", Name="one", Colour="red")[0] == "ValidationException"
    assert api.error("PutRule", Name="not a name", EventPattern=PATTERN)[0] == "ValidationException"
    assert "PutEvents" in OPERATIONS


def test_a_state_machine_is_started_with_the_event_under_a_name_of_its_own(api):
    api.rule("one", {"Id": "m", "Arn": MACHINE, "RoleArn": ROLE, "InputPath": "$.detail"})
    api.neighbours.raised = [InternalFailure("a fault")]
    event_id = api.bridge.publish("tests", "x", {"n": 1}, ["arn:a"])
    wait_until(lambda: len(api.neighbours.calls) == 1, "the delivery")
    # the second try tells the executions apart by the same name
    api.neighbours.raised = [ExecutionAlreadyExists("it runs")]
    api.clock.advance(2)
    api.bridge._dispatcher.wake()
    first, second = wait_until(lambda: len(api.neighbours.calls) == 2 and api.neighbours.calls, "the next delivery")
    assert first == second
    arn, given, name = first
    assert (arn, given) == (MACHINE, {"n": 1})
    assert name.startswith(f"{event_id}_") and len(name) <= 80
    wait_until(lambda: len(api.bridge._router._pending) == 0, "what is pending to go")


def test_a_pipeline_is_started_with_parameters_from_the_event_and_a_token_of_its_own(api):
    parameters = [
        {"Name": "ModelPackageArn", "Value": "$.detail.ModelPackageArn"},
        {"Name": "Count", "Value": "$.detail.count"},
        {"Name": "Fixed", "Value": "as it is"},
    ]
    target = {"Id": "p", "Arn": PIPELINE, "RoleArn": ROLE, "Input": '"not for the parameters"'}
    api.rule("one", {**target, "SageMakerPipelineParameters": {"PipelineParameterList": parameters}})
    api.bridge.publish("tests", "x", {"ModelPackageArn": "arn:p", "count": 3})
    ((operation, request),) = wait_until(lambda: api.neighbours.calls, "the delivery")
    assert operation == "StartPipelineExecution"
    assert request["PipelineName"] == PIPELINE and len(request["ClientRequestToken"]) == 36
    assert request["PipelineParameters"] == [
        {"Name": "ModelPackageArn", "Value": "arn:p"},
        {"Name": "Count", "Value": "3"},
        {"Name": "Fixed", "Value": "as it is"},
    ]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ResourceNotFound("no pipeline"), "NO_RESOURCE"),
        (StateMachineDoesNotExist("no machine"), "NO_RESOURCE"),
        (ServiceError("what is that"), "INVALID_PARAMETER"),
        (ResourceLimitExceeded("too many"), "THROTTLING"),
        (InternalFailure("a bug"), "INTERNAL_ERROR"),
    ],
)
def test_what_a_service_answers_decides_what_a_dead_letter_says(api, error, code):
    sqs = sqs_backends[ACCOUNT][REGION]
    dead = sqs.create_queue("dead")
    dead._policy_json = {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sqs:*"}]}
    target = {"Id": "p", "Arn": PIPELINE, "RoleArn": ROLE, "RetryPolicy": {"MaximumRetryAttempts": 0}}
    api.rule("one", {**target, "DeadLetterConfig": {"Arn": dead.queue_arn}})
    error.http_status = 500 if isinstance(error, InternalFailure) else 400
    api.neighbours.raised = [error]
    api.bridge.publish("tests", "x", {})
    (message,) = wait_until(lambda: dead._messages, "the dead letter")
    found = {name: value["StringValue"] for name, value in message.message_attributes.items()}
    assert found["ERROR_CODE"] == code and found["ERROR_MESSAGE"] == str(error)
    retried = code in ("THROTTLING", "INTERNAL_ERROR")
    assert found.get("EXHAUSTED_RETRY_CONDITION") == ("MaximumRetryAttempts" if retried else None)
    wait_until(lambda: "sqs" in api.changed, "SQS to be told")


def test_a_parameter_that_leads_to_nothing_is_a_dead_letter(api, caplog):
    parameters = {"PipelineParameterList": [{"Name": "Data", "Value": "$.detail.missing"}]}
    api.rule("one", {"Id": "p", "Arn": PIPELINE, "RoleArn": ROLE, "SageMakerPipelineParameters": parameters})
    api.bridge.publish("tests", "x", {})
    wait_until(
        lambda: "The parameter Data is $.detail.missing, and the event has nothing there." in caplog.text, "the reason"
    )
    assert api.neighbours.calls == []


def test_a_state_machine_gets_json_only(api, caplog):
    transformer = {"InputTemplate": '{"v": "<v>"}', "InputPathsMap": {"v": "$.detail.v"}}
    api.rule("one", {"Id": "m", "Arn": MACHINE, "RoleArn": ROLE, "InputTransformer": transformer})
    api.bridge.publish("tests", "x", {"v": 'a "quoted" word'})
    wait_until(lambda: "INVALID_JSON" in caplog.text, "the reason")
    assert api.neighbours.calls == []


def test_a_log_group_gets_a_line_of_the_rules_own_stream_where_a_policy_permits_it(api, caplog):
    logs = logs_backends[ACCOUNT][REGION]
    template = {
        "InputTemplate": '{"timestamp": <time>, "message": "got <n>"}',
        "InputPathsMap": {"time": "$.time", "n": "$.detail.n"},
    }
    api.rule("one", {"Id": "all", "Arn": GROUP}, {"Id": "short", "Arn": f"{GROUP}:*", "InputTransformer": template})

    def publish(**detail: Any) -> None:
        api.bridge.publish("tests", "x", detail)
        wait_until(lambda: len(api.bridge._router._pending) == 0, "what is pending to go")

    publish(n=0)
    assert f"The log group {GROUP} does not exist." in caplog.text
    logs.ensure_log_group("/aws/events/all")
    publish(n=1)
    assert "does not allow events.amazonaws.com logs:CreateLogStream" in caplog.text
    statement = {
        **{"Effect": "Allow", "Principal": {"Service": ["events.amazonaws.com", "delivery.logs.amazonaws.com"]}},
        **{"Action": ["logs:CreateLogStream", "logs:PutLogEvents"]},
        "Resource": f"arn:aws:logs:{PREFIX}:log-group:/aws/events/*:*",
    }
    logs.put_resource_policy("events", json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    # CloudWatch Logs takes no lines that are years ahead
    api.clock.moment = api.clock.moment.__class__.now(api.clock.moment.tzinfo)
    publish(n=2)
    written = logs.groups["/aws/events/all"].streams["one"].events
    assert len(written) == 2
    messages = {event.message for event in written}
    assert "got 2" in messages
    (whole,) = (json.loads(text) for text in messages if text.startswith("{"))
    assert whole["detail"] == {"n": 2}
    assert {abs(event.timestamp / 1000 - api.clock().timestamp()) < 2 for event in written} == {True}


def test_a_fifo_queue_gets_the_group_and_tells_repetitions_by_their_content(api, caplog):
    sqs = sqs_backends[ACCOUNT][REGION]
    queue = sqs.create_queue("orders.fifo", FifoQueue="true", ContentBasedDeduplication="true")
    queue._policy_json = {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage"}]}
    api.rule("one", {"Id": "q", "Arn": queue.queue_arn, "SqsParameters": {"MessageGroupId": "all"}})
    api.bridge.publish("tests", "x", {"n": 1})
    (message,) = wait_until(lambda: queue._messages, "the message")
    assert message.group_id == "all" and json.loads(message.body)["detail"] == {"n": 1}
    other = sqs.create_queue("plain.fifo", FifoQueue="true")
    other._policy_json = queue._policy_json
    api.rule("two", {"Id": "q", "Arn": other.queue_arn, "SqsParameters": {"MessageGroupId": "all"}})
    api.bridge.publish("tests", "x", {"n": 2})
    wait_until(lambda: "ContentBasedDeduplication" in caplog.text, "the reason")


def test_what_a_service_publishes_cannot_fail_for_it(api, caplog):
    api.rule("one", {"Id": "m", "Arn": MACHINE, "RoleArn": ROLE})
    assert len(api.bridge.publish("tests", "x", {"not": {"json", "at all"}})) == 36
    assert "the event 'x' of tests was not taken" in caplog.text
    assert api.neighbours.calls == []


def test_a_schedule_gives_its_rule_an_event_and_no_other(api):
    arn = api.rule("every", {"Id": "m", "Arn": MACHINE, "RoleArn": ROLE}, ScheduleExpression="rate(1 minute)")
    api.rule("aws", {"Id": "m", "Arn": MACHINE, "RoleArn": ROLE}, EventPattern='{"source": ["aws.events"]}')
    api.clock.advance(61)
    api.bridge._scheduler.tick()
    ((_, event, _),) = wait_until(lambda: api.neighbours.calls, "the delivery")
    event_id = event.pop("id")
    assert len(event_id) == 36
    assert event == {
        **{"version": "0", "detail-type": "Scheduled Event", "source": "aws.events", "account": ACCOUNT},
        **{"time": "2030-01-01T00:01:00Z", "region": REGION, "resources": [arn], "detail": {}},
    }
    wait_until(lambda: len(api.bridge._router._pending) == 0, "what is pending to go")
    assert len(api.neighbours.calls) == 1
