"""What an execution's steps may call: the SageMaker API, and Lambda functions, which run in the background."""

from __future__ import annotations

import json
import threading
import uuid
from typing import Any

from local_aws.sagemaker.context import Context
from local_aws.sagemaker.pipeline.clock import Clock
from local_aws.sagemaker.pipeline.steps.base import Invoked

# "The Lambda function has a maximum time limit of 10 minutes", says the developer guide of a Lambda step
LONGEST_SECONDS = 600.0


class StepApi:
    """The calls of one execution. Implements steps.base.Api."""

    def __init__(self, context: Context, clock: Clock) -> None:
        self._context = context
        self._clock = clock
        self._begun: dict[str, float] = {}
        self._ended: dict[str, Invoked] = {}

    def __call__(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        return self._context.call(operation, request)

    def begin_invocation(self, function: str, payload: bytes) -> str:
        """Invoke a function in a thread of its own."""
        handle = uuid.uuid4().hex
        self._begun[handle] = self._clock.now().timestamp()
        threading.Thread(target=self._invoke, args=(handle, function, payload), daemon=True).start()
        return handle

    def end_of_invocation(self, handle: str) -> Invoked | None:
        """Its end; after ten minutes the step is over, whatever the function still does."""
        ended = self._ended.get(handle)
        if ended is None and self._clock.now().timestamp() - self._begun[handle] > LONGEST_SECONDS:
            return Invoked(error=f"it did not end within {LONGEST_SECONDS:g} s")
        return ended

    def _invoke(self, handle: str, function: str, payload: bytes) -> None:
        try:
            self._ended[handle] = self._answer(function, payload)
        except Exception as error:
            self._ended[handle] = Invoked(error=f"{type(error).__name__}: {error}")

    def _answer(self, function: str, payload: bytes) -> Invoked:
        answer = self._context.functions.invoke(function, payload)
        if answer.function_error is None:
            return Invoked(answer.payload)
        return Invoked(error=_told(answer.payload))


def _told(payload: bytes) -> str:
    """A function's error in one line."""
    try:
        error = json.loads(payload)
        kind, message = error.get("errorType"), error.get("errorMessage")
    except (ValueError, AttributeError):
        return payload.decode("utf-8", "replace")
    return ": ".join(str(part) for part in (kind, message) if part)
