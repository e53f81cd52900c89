"""CodeBuild projects.

What the target is given is the body of a StartBuild: `{"environmentVariablesOverride": […]}` and the like, by Input or
an InputTransformer. An event itself, which has no such members, changes nothing of the build.
https://docs.aws.amazon.com/codebuild/latest/userguide/events-rules.html
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from local_aws.events.arns import Arn
from local_aws.events.errors import Refused, TryAgain
from local_aws.events.records import Delivery
from local_aws.events.targets.base import TargetKind
from local_aws.events.targets.service_errors import not_delivered
from local_aws.sagemaker.errors import ServiceError

# the request of a StartBuild, and who starts it
Start = Callable[[dict[str, Any], str], object]
FORMS = ("Input", "InputPath", "InputTransformer")


class BuildTarget(TargetKind):
    """`codebuild:StartBuild` with the target's role. The delivery's id is the request's token: a build starts once."""

    name = "CodeBuild projects"
    needs_role = True

    def __init__(self, start: Start) -> None:
        self._start = start

    def takes(self, arn: Arn) -> bool:
        """As for every kind."""
        return arn.service == "codebuild" and arn.resource.startswith("project/")

    def deliver(self, delivery: Delivery, text: str) -> None:
        """As for every kind."""
        given = _overrides(text) if any(form in delivery.target for form in FORMS) else {}
        request = {**given, "projectName": delivery.target_arn, "idempotencyToken": delivery.id}
        try:
            self._start(request, f"rule/{delivery.origin.rule_name}")
        except ServiceError as error:
            if error.code == "AccountLimitExceededException":
                raise TryAgain("THROTTLING", error.message) from error
            raise not_delivered(error) from error


def _overrides(text: str) -> dict[str, Any]:
    try:
        given = json.loads(text)
    except ValueError as error:
        raise Refused("INVALID_JSON", f"The input of the build is not JSON: {error}") from error
    if not isinstance(given, dict):
        raise Refused("INVALID_PARAMETER", "The input of the build is not a JSON object with members of StartBuild.")
    return given
