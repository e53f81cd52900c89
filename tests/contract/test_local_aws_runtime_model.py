"""The runtime against botocore's model of `sagemaker-runtime`: its members, its errors, its limits."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel

from local_aws.sagemaker.endpoints import runtime_errors
from local_aws.sagemaker.endpoints.runtime_errors import RuntimeServiceError
from local_aws.sagemaker.endpoints.runtime_request import LARGEST_BODY, TAKEN, members_of_input
from local_aws.sagemaker.jobs.model_server import Answer
from tests.unit.local_aws_runtime_service import ModelInProcess, Runtime, echo, make_context

MODEL = ServiceModel(Loader().load_service_model("sagemaker-runtime", "service-2"))
OPERATION = MODEL.operation_model("InvokeEndpoint")
VALUES = {
    "ContentType": "text/csv",
    "Accept": "text/csv",
    "CustomAttributes": "c",
    "TargetVariant": "AllTraffic",
    "InferenceId": "id",
    "SessionId": "NEW_SESSION",
}
# common to all services, and what the service's front answers in plain text before there is an operation
UNMODELLED = {"ThrottlingException", "413"}


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[Runtime]:
    context = make_context(tmp_path / "state")
    made = Runtime(context)
    made.endpoints.add(ModelInProcess(echo))
    yield made
    context.store.close()


def in_headers(shape: Any) -> list[str]:
    return sorted(name for name, member in shape.members.items() if member.serialization.get("location") == "header")


@pytest.mark.parametrize("member", in_headers(OPERATION.input_shape))
def test_every_member_of_the_request_is_either_taken_or_refused_by_name(runtime: Runtime, member: str) -> None:
    request = {member: VALUES.get(member, "a")}
    if member in TAKEN:
        assert runtime.invoke(**request)["Body"] == b"[1]"
        return
    with pytest.raises(runtime.client.exceptions.ValidationError, match=f"{member} is not supported"):
        runtime.invoke(**request)


def test_the_members_that_are_taken_are_in_the_model() -> None:
    assert set(TAKEN) <= set(members_of_input())


def test_the_response_has_members_of_the_model_only(runtime: Runtime) -> None:
    header = "X-Amzn-SageMaker-Custom-Attributes"
    runtime.endpoints.add(ModelInProcess(lambda _asked: Answer(200, b"", "text/csv", {header: "seen"})))
    answer = runtime.invoke()
    known = set(OPERATION.output_shape.members)
    assert set(answer) - {"ResponseMetadata"} == known - {"NewSessionId", "ClosedSessionId"}


def test_the_limit_of_a_body_is_the_models() -> None:
    assert OPERATION.input_shape.members["Body"].metadata["max"] == LARGEST_BODY


def errors() -> list[type[RuntimeServiceError]]:
    found = [value for value in vars(runtime_errors).values() if isinstance(value, type)]
    return [value for value in found if issubclass(value, RuntimeServiceError) and value.code not in UNMODELLED]


@pytest.mark.parametrize("error", errors())
def test_every_error_has_the_models_name_and_status(error: type[RuntimeServiceError]) -> None:
    shapes = {shape.name: shape for shape in OPERATION.error_shapes}
    assert error.code in shapes
    assert error.http_status == shapes[error.code].metadata["error"]["httpStatusCode"]


def test_a_model_error_has_all_members_of_its_shape() -> None:
    made = runtime_errors.ModelError(500, "no", "/group", "us-east-1", "123456789012")
    shape = MODEL.shape_for("ModelError")
    # the service sends ErrorCode too, which its model leaves out
    assert set(made.members()) == {*shape.members, "ErrorCode"}
