"""The instances of one variant, and the variants of one deployed configuration.

All fleets of an endpoint share its condition: whoever chooses an instance holds it, and it is notified whenever an
instance comes or goes, or a request ends.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from local_aws.sagemaker.context import Context
from local_aws.sagemaker.endpoints.errors import Throttled
from local_aws.sagemaker.endpoints.instance import Instance, VariantSpec

# how long a request may hold up the end of its instance: longer than any request may take
DRAIN_SECONDS = 90.0


class FleetFailed(Exception):
    """An instance did not come up; the message is the reason, in the service's words."""


class Fleet:
    """The instances of a variant. `weight` is the variant's share among those of its configuration."""

    def __init__(
        self, context: Context, spec: VariantSpec, condition: threading.Condition, weight: float, count: int
    ) -> None:
        self.spec = spec
        self.weight = weight
        self.desired = count
        self._context = context
        self._condition = condition
        self._instances: list[Instance] = []
        self._retired: list[Instance] = []

    @property
    def healthy(self) -> int:
        """How many instances can take requests now."""
        return sum(instance.healthy for instance in self._instances)

    def pick(self) -> Instance | None:
        """The healthy instance with the fewest requests in flight, one request more on it; None without any.

        Of equals it is the one that has had the fewest in all.
        To be called with the condition held. Raises Throttled.
        """
        most = self.spec.serverless_max_concurrency
        if most is not None and sum(instance.in_flight for instance in self._instances) >= most:
            raise Throttled(self.spec.name)
        able = [instance for instance in self._instances if instance.healthy]
        if not able:
            return None
        chosen = min(able, key=lambda instance: (instance.in_flight, instance.taken))
        chosen.in_flight += 1
        chosen.taken += 1
        return chosen

    def release(self, instance: Instance) -> None:
        """A request on the instance has ended."""
        with self._condition:
            instance.in_flight -= 1
            self._condition.notify_all()

    def resize(self, count: int) -> None:
        """Start or end instances until there are `count`, and wait for that. Raises FleetFailed, nothing changed."""
        with self._condition:
            self.desired = count
            new = [self._new_instance() for _ in range(count - len(self._instances))]
            self._instances += new
            surplus = self._instances[count:]
            del self._instances[count:]
            self._retired += surplus
        for instance in new:
            instance.begin()
        try:
            self._wait_for(new)
        except FleetFailed:
            with self._condition:
                self._instances = [instance for instance in self._instances if instance not in new]
                self.desired = len(self._instances)
            self._end(new)
            raise
        self._end(surplus)

    def close(self, drain_seconds: float = DRAIN_SECONDS) -> None:
        """End all instances, after their requests in flight or so many seconds."""
        with self._condition:
            ending = [*self._instances, *self._retired]
            self._instances, self._retired = [], ending
        self._end(ending, drain_seconds)

    def _new_instance(self) -> Instance:
        return Instance(self._context, self.spec, self._changed)

    def _changed(self) -> None:
        with self._condition:
            self._condition.notify_all()

    def _wait_for(self, new: list[Instance]) -> None:
        def settled() -> bool:
            return any(instance.failure for instance in new) or all(instance.server for instance in new)

        with self._condition:
            self._condition.wait_for(settled)
            failed = [instance.failure for instance in new if instance.failure]
        if failed:
            raise FleetFailed(failed[0])

    def _end(self, instances: list[Instance], drain_seconds: float = DRAIN_SECONDS) -> None:
        if not instances:
            return
        with self._condition:
            self._condition.wait_for(lambda: not any(one.in_flight for one in instances), drain_seconds)
        with ThreadPoolExecutor(len(instances)) as pool:
            list(pool.map(lambda instance: instance.stop(), instances))
        with self._condition:
            self._retired = [instance for instance in self._retired if instance not in instances]


@dataclass(frozen=True, eq=False)
class Deployed:
    """A configuration with its fleets, by variant, and what of its requests is captured."""

    config_name: str
    fleets: Mapping[str, Fleet]
    data_capture: Mapping[str, Any] | None

    def counts(self) -> dict[str, int]:
        """How many instances each variant has in service now, by its name."""
        return {name: fleet.healthy for name, fleet in self.fleets.items()}

    def start(self) -> None:
        """Bring every fleet to its size, all at the same time. Raises FleetFailed, with nothing left running."""
        with ThreadPoolExecutor(len(self.fleets)) as pool:
            starts = [pool.submit(fleet.resize, fleet.desired) for fleet in self.fleets.values()]
        errors = [error for error in (start.exception() for start in starts) if error is not None]
        if errors:
            self.close()
            raise errors[0]

    def close(self, drain_seconds: float = DRAIN_SECONDS) -> None:
        """End every fleet, after its requests in flight or so many seconds."""
        for fleet in self.fleets.values():
            fleet.close(drain_seconds)
