"""InvokeEndpoint: asked again, a little later, while it is throttled; every other refusal has a name."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

ATTEMPTS = 4
FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 2.0
TOO_MANY_REQUESTS = 429
THROTTLED = ("ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded")


class EndpointUnavailable(ConnectionError):
    """The endpoint is not there, not ready, failed, or could not be reached."""


class EndpointThrottled(ConnectionError):
    """The endpoint had too many requests, also after waiting."""


class ImageRefused(ValueError):
    """The served model cannot read the picture: damaged behind its beginning, or too many pixels."""


@dataclass(frozen=True)
class Reply:
    """The body that came back, and after how many attempts (1 to 4)."""

    body: bytes
    attempts: int


def invoke(
    runtime: Any,
    endpoint_name: str,
    image: bytes,
    content_type: str,
    inference_id: str,
    sleep: Callable[[float], None] = time.sleep,
    jitter: Callable[[float, float], float] = random.uniform,
) -> Reply:
    """Send the image. Waits at most 1.4 seconds in all for a throttled endpoint to take it.

    Each pause is drawn from zero up to twice the last one's limit (full jitter), so that throttled callers do not come
    back together. Raises EndpointThrottled, EndpointUnavailable and ImageRefused.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            answer = runtime.invoke_endpoint(
                EndpointName=endpoint_name,
                Body=image,
                ContentType=content_type,
                Accept="application/json",
                InferenceId=inference_id,
            )
            return Reply(answer["Body"].read(), attempt)
        except ClientError as error:
            refusal = _named(error, endpoint_name)
            if not isinstance(refusal, EndpointThrottled) or attempt == ATTEMPTS:
                raise refusal from error
        except BotoCoreError as error:
            raise EndpointUnavailable(f"endpoint {endpoint_name}: {error}") from error
        sleep(jitter(0.0, pause_limit(attempt)))
    raise AssertionError("the last attempt either answers or raises")


def pause_limit(attempt: int) -> float:
    """The longest pause, in seconds, after this many attempts."""
    return min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2.0 ** (attempt - 1))


def _named(error: ClientError, endpoint_name: str) -> Exception:
    code = str(error.response["Error"].get("Code", ""))
    message = error.response["Error"].get("Message", "")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    if code in THROTTLED or status == TOO_MANY_REQUESTS:
        return EndpointThrottled(f"endpoint {endpoint_name}: {code}: {message}")
    if code == "ModelError":
        return _model_error(error, endpoint_name)
    return EndpointUnavailable(f"endpoint {endpoint_name}: {code}: {message}")


def _model_error(error: ClientError, endpoint_name: str) -> Exception:
    status = int(error.response.get("OriginalStatusCode", 500))
    said = str(error.response.get("OriginalMessage") or error.response["Error"].get("Message", "")).strip()
    if status == TOO_MANY_REQUESTS:
        return EndpointThrottled(f"endpoint {endpoint_name}: the model answered 429: {said}")
    if 400 <= status < 500:
        return ImageRefused(f"endpoint {endpoint_name}: the model answered {status}: {said}")
    return EndpointUnavailable(f"endpoint {endpoint_name}: the model answered {status}: {said}")
