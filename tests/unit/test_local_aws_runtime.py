"""InvokeEndpoint as boto3 sees it: what goes to the model, what comes back, and how each failure is told."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_aws.sagemaker.endpoints.runtime_request import LARGEST_BODY, LARGEST_SERVERLESS_BODY
from local_aws.sagemaker.jobs.model_server import Answer, ModelServerGone
from tests.unit.local_aws_runtime_service import Asked, ModelInProcess, Runtime, call, echo, make_context
from tests.waiting import PATIENCE_SECONDS

ACCOUNT = "123456789012"
LOG_GROUP = "/aws/sagemaker/Endpoints/ep"
SEE = (
    "See https://us-east-1.console.aws.amazon.com/cloudwatch/home?region=us-east-1"
    f"#logEventViewer:group={LOG_GROUP} in account {ACCOUNT} for more information."
)


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[Runtime]:
    context = make_context(tmp_path / "state")
    yield Runtime(context)
    context.store.close()


def refused(runtime: Runtime, **request: Any) -> dict[str, Any]:
    with pytest.raises(ClientError) as caught:
        runtime.invoke(**request)
    return dict(caught.value.response)


def saying(status: int, text: str) -> ModelInProcess:
    return ModelInProcess(lambda _asked: Answer(status, text.encode(), "text/plain"))


def gone(_asked: Asked) -> Answer:
    raise ModelServerGone("the process ended")


def test_the_model_gets_the_request_and_boto3_its_answer(runtime: Runtime) -> None:
    model = ModelInProcess(lambda _asked: Answer(200, b"[0.9,0.1]", "application/json"))
    runtime.endpoints.add(model, variant_name="Blue")
    answer = runtime.invoke(b"\x89PNG", ContentType="image/png", Accept="application/json", InferenceId="one")
    assert answer["Body"] == b"[0.9,0.1]"
    assert answer["ContentType"] == "application/json"
    assert answer["InvokedProductionVariant"] == "Blue"
    assert "CustomAttributes" not in answer
    assert model.asked == [Asked(b"\x89PNG", "image/png", "application/json", 60.0, {})]
    assert runtime.endpoints.in_flight == 0


def test_custom_attributes_go_to_the_model_and_come_back_if_it_sets_them(runtime: Runtime) -> None:
    header = "X-Amzn-SageMaker-Custom-Attributes"

    def prepend(asked: Asked) -> Answer:
        return Answer(200, b"", "text/plain", {header: f"seen {asked.headers[header]}"})

    runtime.endpoints.add(ModelInProcess(prepend))
    assert runtime.invoke(CustomAttributes="trace-1")["CustomAttributes"] == "seen trace-1"


def test_an_empty_body_is_the_models_to_judge(runtime: Runtime) -> None:
    runtime.endpoints.add(ModelInProcess(echo))
    assert runtime.invoke(b"")["Body"] == b"[]"


def test_the_variant_asked_for_is_invoked_and_an_unknown_one_refused(runtime: Runtime) -> None:
    runtime.endpoints.add(ModelInProcess(echo), variant_name="Blue")
    assert runtime.invoke(TargetVariant="Blue")["InvokedProductionVariant"] == "Blue"
    assert refused(runtime, TargetVariant="Red")["Error"] == {
        "Code": "ValidationError",
        "Message": f"Variant Red of endpoint ep of account {ACCOUNT} not found.",
    }


def test_an_endpoint_that_is_not_there_is_a_validation_error(runtime: Runtime) -> None:
    with pytest.raises(runtime.client.exceptions.ValidationError) as caught:
        runtime.invoke(name="nobody")
    assert caught.value.response["Error"]["Message"] == f"Endpoint nobody of account {ACCOUNT} not found."
    assert runtime.statuses == [400]


@pytest.mark.parametrize("status", ["Creating", "Failed", "Deleting"])
def test_an_endpoint_that_does_not_serve_is_not_found_and_says_why(runtime: Runtime, status: str) -> None:
    runtime.endpoints.by_name["ep"] = status
    error = refused(runtime)["Error"]
    assert error["Code"] == "ValidationError"
    assert error["Message"] == f"Endpoint ep of account {ACCOUNT} not found. Its status is {status}."


def test_an_endpoint_without_a_healthy_instance_is_unavailable_for_the_moment(runtime: Runtime) -> None:
    runtime.endpoints.by_name["ep"] = "Updating"
    with pytest.raises(runtime.client.exceptions.ServiceUnavailable):
        runtime.invoke()
    assert runtime.statuses == [503]


def test_more_requests_than_a_serverless_variant_takes_are_throttled(runtime: Runtime) -> None:
    runtime.endpoints.add(ModelInProcess(echo), serverless=True)
    runtime.endpoints.most_in_flight = 0
    assert refused(runtime)["Error"]["Code"] == "ThrottlingException"
    assert runtime.statuses == [400]


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [(415, "client", "CLIENT_ERROR_FROM_MODEL"), (500, "server", "INTERNAL_FAILURE_FROM_MODEL")],
)
def test_an_error_of_the_model_is_told_with_its_own_status_and_message(
    runtime: Runtime, status: int, kind: str, code: str
) -> None:
    runtime.endpoints.add(saying(status, 'no "image"\nat all'))
    with pytest.raises(runtime.client.exceptions.ModelError) as caught:
        runtime.invoke()
    response = caught.value.response
    assert response["Error"] == {
        "Code": "ModelError",
        "Message": f'Received {kind} error ({status}) from primary with message "no "image"\nat all". {SEE}',
    }
    assert response["OriginalStatusCode"] == status
    assert response["OriginalMessage"] == 'no "image"\nat all'
    assert response["LogStreamArn"] == f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:{LOG_GROUP}"
    assert runtime.statuses == [424]
    _, _, body = call(runtime.app, environ("/endpoints/ep/invocations", b"1"))
    assert f'"ErrorCode":"{code}"'.encode() in body


def test_a_very_long_error_of_the_model_is_cut(runtime: Runtime) -> None:
    runtime.endpoints.add(saying(500, "x" * 3000))
    response = refused(runtime)
    assert response["OriginalMessage"] == "x" * 2048
    assert response["Error"]["Message"] == (
        f"Received server error (500) from primary and could not load the entire response body. {SEE}"
    )


def test_a_model_that_takes_too_long_is_told_as_the_service_tells_it(tmp_path: Path) -> None:
    context = make_context(tmp_path / "state")
    runtime = Runtime(context, seconds=7.0)

    def late(_asked: Asked) -> Answer:
        raise TimeoutError("timed out")

    model = ModelInProcess(late)
    runtime.endpoints.add(model)
    response = refused(runtime)
    assert response["Error"]["Code"] == "ModelError"
    assert response["OriginalStatusCode"] == 0
    assert response["Error"]["Message"].startswith(
        'Received server error (0) from primary with message "Your invocation timed out while waiting for a response '
        "from container primary."
    )
    assert [asked.seconds for asked in model.asked] == [7.0]
    context.store.close()


def test_a_request_whose_instance_dies_is_answered_by_another(runtime: Runtime) -> None:
    dead, alive = ModelInProcess(gone), ModelInProcess(echo)
    runtime.endpoints.add(dead, alive)
    assert runtime.invoke(b"7")["Body"] == b"[7]"
    assert (len(dead.asked), len(alive.asked)) == (1, 1)
    assert runtime.endpoints.in_flight == 0


def test_a_request_that_kills_two_instances_is_not_given_to_a_third(runtime: Runtime) -> None:
    models = [ModelInProcess(gone) for _ in range(3)]
    runtime.endpoints.add(*models)
    response = refused(runtime)
    assert response["Error"]["Code"] == "ModelError"
    assert response["OriginalStatusCode"] == 0
    assert response["OriginalMessage"] == "An error occurred while handling request as the model process exited."
    assert [len(model.asked) for model in models] == [1, 1, 0]


def test_the_last_instance_dying_is_the_models_error(runtime: Runtime) -> None:
    def die(_asked: Asked) -> Answer:
        runtime.endpoints.by_name["ep"] = "InService"
        raise ModelServerGone("the process ended")

    runtime.endpoints.add(ModelInProcess(die))
    assert refused(runtime)["Error"]["Code"] == "ModelError"


def test_a_fault_of_this_server_is_an_internal_failure(runtime: Runtime) -> None:
    def broken(_asked: Asked) -> Answer:
        raise KeyError("a bug")

    runtime.endpoints.add(ModelInProcess(broken))
    with pytest.raises(runtime.client.exceptions.InternalFailure):
        runtime.invoke()
    assert runtime.statuses == [500]


def test_the_largest_body_is_taken_and_one_byte_more_refused(runtime: Runtime) -> None:
    model = ModelInProcess(lambda asked: Answer(200, str(len(asked.body)).encode(), "text/plain"))
    runtime.endpoints.add(model)
    assert runtime.invoke(b"x" * LARGEST_BODY)["Body"] == b"6291456"
    response = refused(runtime, body=b"x" * (LARGEST_BODY + 1))
    assert response["Error"] == {"Code": "413", "Message": "HTTP content length exceeded 6291456 bytes."}
    assert len(model.asked) == 1


def test_a_serverless_variant_takes_four_megabytes(runtime: Runtime) -> None:
    runtime.endpoints.add(ModelInProcess(echo), serverless=True)
    assert len(runtime.invoke(b"x" * LARGEST_SERVERLESS_BODY)["Body"]) == LARGEST_SERVERLESS_BODY + 2
    assert refused(runtime, body=b"x" * (LARGEST_SERVERLESS_BODY + 1))["Error"]["Code"] == "413"


def environ(path: str, body: bytes, **variables: Any) -> dict[str, Any]:
    stated = {"CONTENT_LENGTH": str(len(body))}
    return {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": path,
        "wsgi.input": io.BytesIO(body),
        **stated,
        **variables,
    }


class Endless(io.RawIOBase):
    """A body without an end, which counts what is taken of it."""

    taken = 0

    def read(self, size: int = -1) -> bytes:
        assert size >= 0
        self.taken += size
        return b"x" * size


@pytest.mark.parametrize("stated", [str(1 << 40), ""])
def test_a_body_beyond_the_limit_is_not_read_to_its_end(runtime: Runtime, stated: str) -> None:
    body = Endless()
    request = {**environ("/endpoints/ep/invocations", b""), "wsgi.input": body, "CONTENT_LENGTH": stated}
    status, headers, content = call(runtime.app, request)
    assert (status, headers["Content-Length"]) == (413, str(len(content)))
    assert body.taken <= 32 * 1024 * 1024


def test_a_body_that_ends_early_never_reaches_the_model(runtime: Runtime) -> None:
    model = ModelInProcess(echo)
    runtime.endpoints.add(model)
    status, _, body = call(runtime.app, environ("/endpoints/ep/invocations", b"half", CONTENT_LENGTH="8"))
    assert status == 400
    assert b"ended after 4 bytes of the 8" in body
    assert not model.asked


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"InferenceId": "i" * 65}, f"Value '{'i' * 65}' at 'inferenceId' failed to satisfy constraint"),
        ({"InferenceId": "\tid"}, "at 'inferenceId' failed to satisfy constraint: Member must satisfy regular"),
        ({"ContentType": "c" * 1025}, "at 'contentType' failed to satisfy constraint: Member must have length"),
        ({"CustomAttributes": "c" * 1025}, "Value at 'customAttributes' failed to satisfy constraint"),
        ({"TargetVariant": "-"}, "Value '-' at 'targetVariant' failed to satisfy constraint"),
        ({"name": "no_good"}, "Value 'no_good' at 'endpointName' failed to satisfy constraint"),
    ],
)
def test_members_that_break_the_model_are_refused_in_the_services_words(
    runtime: Runtime, members: dict[str, Any], message: str
) -> None:
    model = ModelInProcess(echo)
    runtime.endpoints.add(model)
    request = environ(f"/endpoints/{members.pop('name', 'ep')}/invocations", b"1")
    header = {
        "InferenceId": "HTTP_X_AMZN_SAGEMAKER_INFERENCE_ID",
        "ContentType": "CONTENT_TYPE",
        "CustomAttributes": "HTTP_X_AMZN_SAGEMAKER_CUSTOM_ATTRIBUTES",
        "TargetVariant": "HTTP_X_AMZN_SAGEMAKER_TARGET_VARIANT",
    }
    status, headers, body = call(runtime.app, {**request, **{header[name]: v for name, v in members.items()}})
    assert (status, headers["x-amzn-ErrorType"]) == (400, "ValidationError")
    assert b"1 validation error detected: " in body
    assert message in body.decode()
    assert not model.asked


def test_many_requests_at_a_time_each_get_their_own_answer(runtime: Runtime) -> None:
    meeting = threading.Barrier(8, timeout=PATIENCE_SECONDS)

    def together(asked: Asked) -> Answer:
        meeting.wait()
        return echo(asked)

    runtime.endpoints.add(ModelInProcess(together))
    answers: dict[int, bytes] = {}
    path = "/endpoints/ep/invocations"
    threads = [
        threading.Thread(target=lambda n=n: answers.update({n: call(runtime.app, environ(path, b"%d" % n))[2]}))
        for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_SECONDS)
    assert answers == {n: b"[%d]" % n for n in range(8)}
