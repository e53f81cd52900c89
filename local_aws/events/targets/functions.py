"""Lambda functions.

The service hands an event to Lambda, which invokes the function asynchronously: what goes wrong on the way is for
EventBridge to retry, a failure of the function itself for Lambda, twice more or as the function is configured. Here
both tries are made from the same record on disk, so that neither is lost with the process.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from moto.awslambda.models import LambdaBackend

from local_aws.events.arns import Arn
from local_aws.events.errors import FunctionFailed, Refused, TryAgain
from local_aws.events.permissions import Call
from local_aws.events.records import Delivery
from local_aws.events.targets.base import SLOW, TargetKind
from local_aws.functions.catalogue import NAME, Catalogue
from local_aws.functions.errors import InvalidRequestContent, InvocationRefused, RequestTooLarge, TooManyRequests
from local_aws.functions.function import FunctionAnswer, FunctionNotFound

Invoke = Callable[[str, bytes], FunctionAnswer]


class FunctionTarget(TargetKind):
    """`lambda:InvokeFunction`, permitted by the function's resource policy."""

    name = "Lambda functions"
    lane = SLOW

    def __init__(self, invoke: Invoke, backend: LambdaBackend) -> None:
        self._invoke = invoke
        self._backend = backend
        self._catalogue = Catalogue(backend)

    def takes(self, arn: Arn) -> bool:
        """As for every kind."""
        return arn.service == "lambda" and arn.resource.startswith("function:")

    def deliver(self, delivery: Delivery, text: str) -> None:
        """As for every kind; FunctionFailed where the function was invoked and failed."""
        try:
            retries = self._catalogue.find(delivery.target_arn).retries
            self._check_permission(delivery)
            answer = self._invoke(delivery.target_arn, text.encode())
        except FunctionNotFound as error:
            raise Refused("NO_RESOURCE", str(error)) from error
        except TooManyRequests as error:
            raise TryAgain("THROTTLING", error.message) from error
        except InvalidRequestContent as error:
            raise Refused("INVALID_JSON", error.message) from error
        except RequestTooLarge as error:
            raise Refused("INVALID_PARAMETER", error.message) from error
        except InvocationRefused as error:
            raise Refused("ERROR_FROM_TARGET", error.message) from error
        if answer.function_error:
            raise FunctionFailed(retries, _message(answer.payload))

    def _check_permission(self, delivery: Delivery) -> None:
        match = NAME.fullmatch(delivery.target_arn)
        if delivery.target.get("RoleArn") or match is None:
            return
        statements = self._backend.get_function(match["name"], match["qualifier"]).policy.statements
        call = Call("lambda:InvokeFunction", delivery.target_arn, delivery.origin.rule_arn)
        # moto keeps a policy with each version, so its resource is the right one however it is written
        if not call.allowed_by([{**statement, "Resource": "*"} for statement in statements]):
            raise Refused("NO_PERMISSIONS", call.missing())


def _message(payload: bytes) -> str:
    try:
        answer = json.loads(payload)
        return f"{answer.get('errorType')}: {answer.get('errorMessage')}"
    except (ValueError, AttributeError):
        return payload[:1000].decode(errors="replace")
