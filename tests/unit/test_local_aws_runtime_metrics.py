"""The metrics of invocations: names, units, dimensions, and what is sent for which request."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_aws.sagemaker.jobs.model_server import Answer, ModelServerGone
from tests.unit.local_aws_runtime_service import Asked, Clock, ModelInProcess, Runtime, echo, make_context

VARIANT = {"EndpointName": "ep", "VariantName": "AllTraffic"}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def runtime(tmp_path: Path, clock: Clock) -> Iterator[Runtime]:
    context = make_context(tmp_path / "state", clock)
    yield Runtime(context)
    context.store.close()


def measured(runtime: Runtime, name: str, **more: str) -> dict[float, float]:
    runtime.measured.put()
    metrics: Any = runtime.context.metrics
    found: dict[float, float] = metrics.of(name, **VARIANT, **more)
    return found


def answering(*statuses: int) -> ModelInProcess:
    left = iter(statuses)
    return ModelInProcess(lambda _asked: Answer(next(left), b"", "text/plain"))


def invoke(runtime: Runtime, times: int) -> None:
    for _ in range(times):
        try:
            runtime.invoke()
        except ClientError as error:
            assert error.response["Error"]["Code"] == "ModelError"


def test_every_request_is_an_invocation_and_zero_or_one_error_of_each_kind(runtime: Runtime) -> None:
    runtime.endpoints.add(answering(200, 400, 200, 503, 415))
    invoke(runtime, 5)
    assert measured(runtime, "Invocations") == {1.0: 5.0}
    assert measured(runtime, "Invocation4XXErrors") == {0.0: 3.0, 1.0: 2.0}
    assert measured(runtime, "Invocation5XXErrors") == {0.0: 4.0, 1.0: 1.0}
    assert measured(runtime, "InvocationModelErrors") == {0.0: 2.0, 1.0: 3.0}


def test_a_model_that_does_not_answer_is_an_error_of_the_model_and_of_no_status(runtime: Runtime) -> None:
    def late(_asked: Asked) -> Answer:
        raise TimeoutError

    runtime.endpoints.add(ModelInProcess(late))
    invoke(runtime, 1)
    assert measured(runtime, "InvocationModelErrors") == {1.0: 1.0}
    assert measured(runtime, "Invocation5XXErrors") == {0.0: 1.0}


def test_a_request_that_a_second_instance_answered_counts_once(runtime: Runtime) -> None:
    def gone(_asked: Asked) -> Answer:
        raise ModelServerGone

    runtime.endpoints.add(ModelInProcess(gone), ModelInProcess(echo))
    invoke(runtime, 1)
    assert measured(runtime, "Invocations") == {1.0: 1.0}
    assert measured(runtime, "InvocationModelErrors") == {0.0: 1.0}


def test_a_request_counts_for_its_share_of_the_instances(runtime: Runtime) -> None:
    runtime.endpoints.add(ModelInProcess(echo), instance_count=4)
    invoke(runtime, 8)
    assert measured(runtime, "InvocationsPerInstance") == {0.25: 8.0}


def test_requests_that_reach_no_model_count_for_nothing(runtime: Runtime) -> None:
    runtime.endpoints.by_name["ep"] = "Creating"
    with pytest.raises(ClientError):
        runtime.invoke()
    assert measured(runtime, "Invocations") == {}


def test_latencies_are_in_microseconds_and_the_overhead_is_without_the_models(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    # when the request came; when the model was asked; when it had answered; when the answer was ready
    ticks = iter([10.0, 10.001, 10.0073219, 10.0098219])
    monkeypatch.setattr("local_aws.sagemaker.endpoints.runtime.time.perf_counter", lambda: next(ticks))
    runtime.endpoints.add(ModelInProcess(echo))
    runtime.invoke()
    assert measured(runtime, "ModelLatency") == {6320.0: 1.0}
    assert measured(runtime, "OverheadLatency") == {3500.0: 1.0}


def test_serverless_variants_have_the_metrics_of_the_guides_list(runtime: Runtime) -> None:
    runtime.endpoints.add(ModelInProcess(echo), serverless=True)
    invoke(runtime, 1)
    runtime.measured.put()
    assert {datum.name for datum in runtime.context.metrics.data} == {
        "Invocations",
        "Invocation4XXErrors",
        "Invocation5XXErrors",
        "ModelLatency",
        "OverheadLatency",
    }


def test_each_fleet_can_be_told_by_its_configuration(runtime: Runtime) -> None:
    runtime.endpoints.add(ModelInProcess(echo), endpoint_config_name="old")
    invoke(runtime, 2)
    runtime.endpoints.add(ModelInProcess(echo), endpoint_config_name="new")
    invoke(runtime, 3)
    assert measured(runtime, "Invocations") == {1.0: 5.0}
    assert measured(runtime, "Invocations", EndpointConfigName="old") == {1.0: 2.0}
    assert measured(runtime, "Invocations", EndpointConfigName="new") == {1.0: 3.0}


def test_units_and_minutes(runtime: Runtime, clock: Clock) -> None:
    runtime.endpoints.add(ModelInProcess(echo))
    invoke(runtime, 1)
    clock.moment += timedelta(seconds=3)
    invoke(runtime, 1)
    runtime.measured.put()
    data = runtime.context.metrics.data
    assert {datum.unit for datum in data if datum.name.endswith("Latency")} == {"Microseconds"}
    assert {datum.unit for datum in data if not datum.name.endswith("Latency")} == {"None"}
    assert {f"{datum.timestamp:%H:%M:%S.%f}" for datum in data} == {"11:59:00.000000", "12:00:00.000000"}


def test_what_was_put_is_not_put_again_and_shutting_down_puts_the_rest(runtime: Runtime) -> None:
    runtime.endpoints.add(ModelInProcess(echo))
    runtime.measured.recover()
    invoke(runtime, 2)
    runtime.measured.shutdown()
    runtime.measured.put()
    assert measured(runtime, "Invocations") == {1.0: 2.0}


def test_metrics_that_cannot_be_put_do_not_keep_the_server_from_ending(
    runtime: Runtime, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(_namespace: str, _data: Any) -> None:
        raise OSError("no room")

    runtime.context.metrics.put = refuse  # type: ignore[method-assign]
    runtime.endpoints.add(ModelInProcess(echo))
    runtime.measured.recover()
    invoke(runtime, 1)
    runtime.measured.shutdown()
    assert "invocation metrics failed" in caplog.text


def test_a_busy_minute_has_few_distinct_latencies(runtime: Runtime) -> None:
    runtime.endpoints.add(ModelInProcess(echo))
    (lease,) = runtime.endpoints.by_name["ep"]
    for number in range(20_000):
        runtime.measured.count(lease, 200, 0.005 + number * 1e-7, 0.001)
    assert len(measured(runtime, "ModelLatency")) <= 205
