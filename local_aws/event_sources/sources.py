"""Who tells EventBridge, put together."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from local_aws.destinations import Destinations
from local_aws.event_sources.alarms import AlarmEvents
from local_aws.event_sources.bucket_notifications import BucketNotifications
from local_aws.event_sources.builds import BuildEvents
from local_aws.event_sources.executions import ExecutionEvents
from local_aws.event_sources.objects import ObjectEvents
from local_aws.event_sources.sagemaker import SageMakerEvents
from local_aws.moto_patches import object_events
from local_aws.sagemaker.context import Context

if TYPE_CHECKING:
    from local_aws.builds.builds import Builds
    from local_aws.workflows.workflows import Workflows


class EventSources:
    """A Worker of the context, to be shut down before `events`, which take nothing afterwards.

    What SageMaker does while the server ends is told by the next process; what others do then is not told.
    """

    def __init__(self, context: Context, destinations: Destinations) -> None:
        """From now on all of them tell; uses the context's `events`, `alarms` and workflows."""
        events = context.events
        self._alarms = context.alarms
        self._executions = cast("Workflows", context.workers["workflows"]).status_changes
        builds = cast("Builds", context.workers["builds"])
        self._builds, self._of_builds = builds.listeners, BuildEvents(events, builds.console_url)
        self._of_alarms, self._of_executions = AlarmEvents(events), ExecutionEvents(events)
        self._notifications = BucketNotifications(destinations, context.account_id)
        self._sagemaker = SageMakerEvents(context)
        self._alarms.listeners.append(self._of_alarms)
        self._executions.listeners.append(self._of_executions)
        self._builds.append(self._of_builds)
        object_events.tell([ObjectEvents(events, context.account_id)], self._notifications)

    def start(self, kind: str, name: str) -> None:
        """Of a Worker; nothing of this kind is ever started by name."""
        raise NotImplementedError(f"{kind} {name}")

    def stop(self, kind: str, name: str) -> None:
        """Of a Worker; nothing of this kind is ever stopped by name."""
        raise NotImplementedError(f"{kind} {name}")

    def recover(self) -> None:
        """Tell what an earlier process left untold."""
        self._sagemaker.recover()

    def shutdown(self) -> None:
        """Tell no more."""
        self._sagemaker.shutdown()
        self._alarms.listeners.remove(self._of_alarms)
        self._executions.listeners.remove(self._of_executions)
        self._builds.remove(self._of_builds)
        object_events.tell([], self._notifications)
