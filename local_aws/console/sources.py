"""Where pages have their facts from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from moto.cloudwatch.models import CloudWatchBackend
from moto.logs.models import LogsBackend
from moto.sqs.models import SQSBackend

from local_aws.builds.api import CODEBUILD
from local_aws.builds.builds import Builds
from local_aws.console.record_pages import RecordPages
from local_aws.events.api import EVENTS
from local_aws.sagemaker.context import Context
from local_aws.workflows.api import STATES
from local_aws.workflows.workflows import Workflows


@dataclass(frozen=True)
class Sources:
    """The records and services of one local AWS."""

    context: Context
    records: RecordPages
    logs: LogsBackend
    queues: SQSBackend
    alarms: CloudWatchBackend

    def states(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """Step Functions' answer to a call. Raises ServiceError."""
        return STATES.answer(self.workflows, operation, request)

    def events(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """EventBridge's answer to a call. Raises ServiceError."""
        return EVENTS.answer(self.context.events, operation, request)

    def codebuild(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """CodeBuild's answer to a call. Raises ServiceError."""
        return CODEBUILD.answer(self.builds, operation, request)

    @property
    def builds(self) -> Builds:
        """The worker that is CodeBuild."""
        return cast(Builds, self.context.workers["builds"])

    @property
    def workflows(self) -> Workflows:
        """The worker that is Step Functions."""
        return cast(Workflows, self.context.workers["workflows"])
