"""InvokeEndpoint: the SageMaker runtime as a WSGI application.

Nothing on the way of a request reads a database, validates against a whole model or writes a log line: what a
request costs beyond the model's own time is what its caller waits for in vain.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from local_aws.sagemaker.context import Context
from local_aws.sagemaker.endpoints.capture_log import CaptureLog
from local_aws.sagemaker.endpoints.errors import EndpointNotFound, NotServing, Throttled, VariantNotFound
from local_aws.sagemaker.endpoints.invocation_metrics import InvocationMetrics
from local_aws.sagemaker.endpoints.lease import Lease
from local_aws.sagemaker.endpoints.runtime_errors import (
    PROCESS_EXITED,
    TIMED_OUT,
    ModelError,
    PayloadTooLarge,
    RuntimeServiceError,
    ServiceUnavailable,
    ThrottlingException,
    ValidationError,
)
from local_aws.sagemaker.endpoints.runtime_request import LARGEST_SERVERLESS_BODY, Invocation, read_invocation
from local_aws.sagemaker.jobs.model_server import Answer, ModelServerGone, ModelServerUnreached

if TYPE_CHECKING:
    from local_aws.sagemaker.endpoints.endpoints import Endpoints

LOGGER = logging.getLogger(__name__)

# how long a model may take: the service's limit, for instances and serverless alike
INVOCATION_SECONDS = 60.0
CUSTOM_ATTRIBUTES = "X-Amzn-SageMaker-Custom-Attributes"
# nobody listened: no process has seen the request, and the fleet does not choose the instance again
UNREACHED = "unreached"
# an endpoint in one of these has instances, all of which may be gone for the moment
LIVE = ("InService", "Updating", "SystemUpdating", "RollingBack")
NO_INSTANCE = (EndpointNotFound, VariantNotFound, NotServing, Throttled)

StartResponse = Callable[[str, list[tuple[str, str]]], Any]
HttpAnswer = tuple[str, list[tuple[str, str]], bytes]


@dataclass(frozen=True)
class _Outcome:
    """What became of a request at one instance: the model's answer, or why there is none."""

    lease: Lease
    model_seconds: float
    answer: Answer | None
    reason: str = ""


class RuntimeApi:
    """Answers requests for which `is_invocation` holds, errors in the service's form."""

    def __init__(self, context: Context, seconds: float = INVOCATION_SECONDS) -> None:
        """Uses the context's workers `endpoints`, `capture` and `invocation_metrics`."""
        self._context = context
        self._seconds = seconds

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        began = time.perf_counter()
        request_id = str(uuid.uuid4())
        try:
            status, headers, body = self._answer(read_invocation(environ), began)
        except RuntimeServiceError as error:
            status, headers, body = _as_answer(error)
        except Exception:
            LOGGER.exception("request %s (%s) failed", request_id, environ["PATH_INFO"])
            status, headers, body = _as_answer(RuntimeServiceError(f"Internal failure; request {request_id}."))
        start_response(status, [*headers, ("Content-Length", str(len(body))), ("x-amzn-RequestId", request_id)])
        return [body]

    def _answer(self, invocation: Invocation, began: float) -> HttpAnswer:
        """Status line, headers and body. `began` is when the request came, on `perf_counter`."""
        outcome = self._forward(invocation)
        lease, answer = outcome.lease, outcome.answer
        overhead = time.perf_counter() - began - outcome.model_seconds
        self._metrics.count(lease, answer.status if answer else 0, outcome.model_seconds, overhead)
        if answer is None:
            raise self._model_error(lease, 0, outcome.reason)
        if not 200 <= answer.status < 300:
            raise self._model_error(lease, answer.status, answer.body.decode("utf-8", "replace"))
        headers = [("Content-Type", answer.content_type), ("x-Amzn-Invoked-Production-Variant", lease.variant_name)]
        if attributes := answer.headers.get(CUSTOM_ATTRIBUTES):
            headers.append((CUSTOM_ATTRIBUTES, attributes))
        return "200 OK", headers, answer.body

    def _forward(self, invocation: Invocation) -> _Outcome:
        """Ask an instance, and where its process died without an answer another one, once."""
        try:
            outcome = self._ask_one_that_listens(invocation)
            if outcome.reason == PROCESS_EXITED:
                with suppress(*NO_INSTANCE):
                    outcome = self._ask_one_that_listens(invocation)
            return outcome
        except NO_INSTANCE as error:
            raise self._not_served(invocation, error) from error

    def _ask_one_that_listens(self, invocation: Invocation) -> _Outcome:
        while (outcome := self._ask(invocation)).reason == UNREACHED:
            pass
        return outcome

    def _ask(self, invocation: Invocation) -> _Outcome:
        with self._endpoints.lease(invocation.endpoint_name, invocation.target_variant) as lease:
            if lease.serverless and len(invocation.body) > LARGEST_SERVERLESS_BODY:
                raise PayloadTooLarge(LARGEST_SERVERLESS_BODY)
            attributes = invocation.custom_attributes
            headers = {CUSTOM_ATTRIBUTES: attributes} if attributes else {}
            began = time.perf_counter()
            try:
                answer = lease.model_server.invoke(
                    invocation.body, invocation.content_type, invocation.accept, self._seconds, headers=headers
                )
            except TimeoutError:
                return _Outcome(lease, time.perf_counter() - began, None, TIMED_OUT)
            except ModelServerUnreached:
                return _Outcome(lease, time.perf_counter() - began, None, UNREACHED)
            except ModelServerGone:
                return _Outcome(lease, time.perf_counter() - began, None, PROCESS_EXITED)
            seconds = time.perf_counter() - began
            if 200 <= answer.status < 300:
                # while the lease lasts: an endpoint is flushed and deleted after its last lease
                self._capture.record(lease, invocation, answer)
            return _Outcome(lease, seconds, answer)

    def _not_served(self, invocation: Invocation, error: Exception) -> RuntimeServiceError:
        name, account = invocation.endpoint_name, self._context.account_id
        if isinstance(error, VariantNotFound):
            return ValidationError(
                f"Variant {invocation.target_variant} of endpoint {name} of account {account} not found."
            )
        if isinstance(error, Throttled):
            return ThrottlingException(f"Rate exceeded: endpoint {name} has MaxConcurrency requests in flight already.")
        if isinstance(error, NotServing) and error.status in LIVE:
            return ServiceUnavailable(f"Endpoint {name} of account {account} has no healthy instance. Try again.")
        # the service does not know an endpoint that has never served, or that failed
        status = f" Its status is {error.status}." if isinstance(error, NotServing) else ""
        return ValidationError(f"Endpoint {name} of account {account} not found.{status}")

    def _model_error(self, lease: Lease, status: int, message: str) -> ModelError:
        log_group = f"/aws/sagemaker/Endpoints/{lease.endpoint_name}"
        return ModelError(status, message, log_group, self._context.region, self._context.account_id)

    @property
    def _endpoints(self) -> Endpoints:
        return cast("Endpoints", self._context.workers["endpoints"])

    @property
    def _capture(self) -> CaptureLog:
        return cast(CaptureLog, self._context.workers["capture"])

    @property
    def _metrics(self) -> InvocationMetrics:
        return cast(InvocationMetrics, self._context.workers["invocation_metrics"])


def _as_answer(error: RuntimeServiceError) -> HttpAnswer:
    content_type, body = error.content()
    return error.status_line, [("Content-Type", content_type), *error.headers()], body
