"""Lambda, EndpointConfig and Endpoint steps, on endpoints and functions that are played by the test."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from local_aws.sagemaker.errors import ValidationException
from local_aws.sagemaker.validation import response_problems
from tests.unit.local_aws_pipeline_service import Service, condition, equals, get, processing

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:plan"
VARIANT = {"VariantName": "AllTraffic", "ModelName": "m", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}


@dataclass
class Answer:
    payload: bytes
    function_error: str | None = None


class Functions:
    """Functions by ARN, each a Python function from event to answer."""

    def __init__(self) -> None:
        self.known: dict[str, Callable[[dict[str, Any]], Answer]] = {}
        self.events: list[dict[str, Any]] = []

    def invoke(self, function: str, payload: bytes) -> Answer:
        event = json.loads(payload)
        self.events.append(event)
        return self.known[function](event)


@dataclass
class ServiceWithEndpoints(Service):
    """Endpoints that take a second to be in service; `broken` holds configurations whose model does not come up."""

    endpoints: dict[str, dict[str, Any]] = field(default_factory=dict)
    configs: dict[str, dict[str, Any]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    broken: bool = False

    def call(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        if "Endpoint" not in operation:
            return super().call(operation, request)
        self.calls.append(operation)
        act: Callable[[dict[str, Any]], dict[str, Any]] = getattr(self, f"_{operation}")
        return act(request)

    def _CreateEndpointConfig(self, request: dict[str, Any]) -> dict[str, Any]:
        self.configs[request["EndpointConfigName"]] = request
        return {"EndpointConfigArn": self.context.arn(f"endpoint-config/{request['EndpointConfigName'].lower()}")}

    def _DescribeEndpointConfig(self, request: dict[str, Any]) -> dict[str, Any]:
        return self.configs[request["EndpointConfigName"]]

    def _CreateEndpoint(self, request: dict[str, Any]) -> dict[str, Any]:
        return self._deploy(request, "Creating")

    def _UpdateEndpoint(self, request: dict[str, Any]) -> dict[str, Any]:
        assert "Tags" not in request
        return self._deploy(request, "Updating")

    def _deploy(self, request: dict[str, Any], status: str) -> dict[str, Any]:
        name = request["EndpointName"]
        before = self.endpoints.get(name, {})
        arn = self.context.arn(f"endpoint/{name}")
        self.endpoints[name] = {**before, "EndpointName": name, "EndpointArn": arn, "EndpointStatus": status}
        self.clock.at(1.0, lambda: self._settle(name, request["EndpointConfigName"]))
        return {"EndpointArn": arn}

    def _settle(self, name: str, config: str) -> None:
        endpoint = self.endpoints[name]
        if not self.broken:
            endpoint |= {"EndpointStatus": "InService", "EndpointConfigName": config}
        elif endpoint["EndpointStatus"] == "Updating":
            endpoint |= {"EndpointStatus": "InService", "FailureReason": "the ping health check failed."}
        else:
            endpoint |= {"EndpointStatus": "Failed", "EndpointConfigName": config, "FailureReason": "no model."}

    def _DescribeEndpoint(self, request: dict[str, Any]) -> dict[str, Any]:
        if request["EndpointName"] not in self.endpoints:
            raise ValidationException('Could not find endpoint "arn".')
        return dict(self.endpoints[request["EndpointName"]])


@pytest.fixture
def service(tmp_path: Path) -> ServiceWithEndpoints:
    made = ServiceWithEndpoints(tmp_path)
    made.context.functions = Functions()  # type: ignore[assignment]
    return made


def function(name: str, outputs: dict[str, str], arguments: dict[str, Any] | None = None, **members: Any) -> Any:
    declared = [{"OutputName": output, "OutputType": kind} for output, kind in outputs.items()]
    return {
        "Name": name,
        "Type": "Lambda",
        "Arguments": arguments or {},
        "FunctionArn": FUNCTION,
        "OutputParameters": declared,
        **members,
    }


def answers(service: Service, answer: Any, error: str | None = None) -> None:
    functions: Any = service.context.functions
    functions.known[FUNCTION] = lambda _event: Answer(json.dumps(answer).encode(), error)


def deployment() -> list[dict[str, Any]]:
    config = {"EndpointConfigName": "scones", "ProductionVariants": [VARIANT]}
    endpoint = {"EndpointName": "e", "EndpointConfigName": get("Steps.Configure.EndpointConfigName"), "Tags": []}
    return [
        {"Name": "Configure", "Type": "EndpointConfig", "Arguments": config},
        {"Name": "Deploy", "Type": "Endpoint", "Arguments": endpoint},
        processing("After", Environment={"ARN": get("Steps.Deploy.EndpointArn")}),
    ]


def test_a_functions_answer_becomes_the_steps_output_parameters(service: ServiceWithEndpoints) -> None:
    answers(service, {"Action": "deploy", "Count": 2, "Share": 0.5, "Again": False, "more": [1]})
    outputs = {"Action": "String", "Count": "Integer", "Share": "Float", "Again": "Boolean"}
    used = {"ACTION": get("Steps.Plan.OutputParameters['Action']")}
    service.create_pipeline(
        function("Plan", outputs, {"Package": get("Parameters.Package")}),
        condition(
            "Check",
            equals(get("Steps.Plan.OutputParameters['Action']"), "deploy"),
            then=[processing("Go", Environment=used)],
            otherwise=[],
        ),
        Parameters=[{"Name": "Package", "Type": "String", "DefaultValue": "arn:p"}],
    )
    status, steps = service.execute()
    assert status == "Succeeded"
    functions: Any = service.context.functions
    assert functions.events == [{"Package": "arn:p"}]
    shown = [
        {"Name": "Action", "Value": "deploy"},
        {"Name": "Count", "Value": "2"},
        {"Name": "Share", "Value": "0.5"},
        {"Name": "Again", "Value": "false"},
    ]
    assert steps["Plan"]["Metadata"]["Lambda"] == {"Arn": FUNCTION, "OutputParameters": shown}
    assert service.job_of(steps["Go"]).request["Environment"] == {"ACTION": "deploy"}


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        ({"errorType": "NotApproved", "errorMessage": "it is Rejected"}, "Unhandled", "NotApproved: it is Rejected"),
        ({}, None, "the function's answer has no output 'Action'"),
        ({"Action": 3}, None, "the function's output 'Action' is 3, which is not of type String"),
        ([], None, "must answer with an object for its outputs, not list"),
    ],
)
def test_a_function_that_fails_fails_its_step_in_one_line(
    service: ServiceWithEndpoints, answer: Any, error: str | None, words: str
) -> None:
    answers(service, answer, error)
    service.create_pipeline(function("Plan", {"Action": "String"}))
    status, steps = service.execute()
    assert (status, steps["Plan"]["StepStatus"]) == ("Failed", "Failed")
    assert words in steps["Plan"]["FailureReason"]
    assert "\n" not in steps["Plan"]["FailureReason"]


def test_a_function_that_does_not_exist_fails_its_step(service: ServiceWithEndpoints) -> None:
    service.create_pipeline(function("Plan", {}))
    status, steps = service.execute()
    assert status == "Failed"
    assert "function plan failed" in steps["Plan"]["FailureReason"].replace("Lambda ", "")


def test_a_cached_function_is_not_invoked_again_with_the_same_event(service: ServiceWithEndpoints) -> None:
    answers(service, {"Action": "deploy"})
    cached = {"CacheConfig": {"Enabled": True}}
    service.create_pipeline(
        function("Plan", {"Action": "String"}, {"Count": get("Parameters.Count")}, **cached),
        Parameters=[{"Name": "Count", "Type": "Integer", "DefaultValue": 1}],
    )
    for value in ("1", "1", "2"):
        service.execute(PipelineParameters=[{"Name": "Count", "Value": value}])
    functions: Any = service.context.functions
    assert [event["Count"] for event in functions.events] == [1, 2]


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"FunctionArn": "plan"}, "FunctionArn must be the ARN of a Lambda function, not 'plan'"),
        ({"OutputParameters": [{"OutputName": "A", "OutputType": "List"}]}, "the OutputType of A must be of"),
        ({"RetryPolicies": [{"ExceptionType": ["Step.SERVICE_FAULT"]}]}, "cannot be retried"),
    ],
)
def test_a_malformed_lambda_step_is_refused(service: ServiceWithEndpoints, members: Any, words: str) -> None:
    with pytest.raises(ValidationException, match=words.replace("'", ".")):
        service.create_pipeline({**function("Plan", {}), **members})


def test_an_endpoint_is_created_then_updated_and_waited_for(service: ServiceWithEndpoints) -> None:
    service.create_pipeline(*deployment())
    for _ in range(2):
        status, steps = service.execute()
        assert status == "Succeeded", steps
        assert steps["Deploy"]["EndTime"] <= steps["After"]["StartTime"]
    assert [call for call in service.calls if "Describe" not in call] == [
        *("CreateEndpointConfig", "CreateEndpoint"),
        *("CreateEndpointConfig", "UpdateEndpoint"),
    ]
    first, second = service.configs
    assert first.startswith("scones-")
    assert first != second
    assert service.endpoints["e"]["EndpointConfigName"] == second
    arn = service.context.arn("endpoint/e")
    assert steps["Deploy"]["Metadata"] == {"Endpoint": {"Arn": arn}}
    assert service.job_of(steps["After"]).request["Environment"] == {"ARN": arn}
    answer = {"PipelineExecutionSteps": list(steps.values())}
    assert not response_problems("ListPipelineExecutionSteps", answer)


def test_an_endpoint_that_fails_or_goes_back_fails_its_step_with_the_reason(service: ServiceWithEndpoints) -> None:
    service.create_pipeline(*deployment())
    service.broken = True
    status, steps = service.execute()
    assert (status, steps["Deploy"]["StepStatus"]) == ("Failed", "Failed")
    assert "the endpoint e is Failed: no model." in steps["Deploy"]["FailureReason"]
    service.broken = False
    service.endpoints.clear()
    service.execute()
    service.broken = True
    status, steps = service.execute()
    assert status == "Failed"
    assert "the endpoint e is InService: the ping health check failed." in steps["Deploy"]["FailureReason"]
    assert "After" not in steps
