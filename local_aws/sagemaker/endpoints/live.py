"""An endpoint that serves: the configuration it serves, and during an update the new one beside it."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from local_aws.sagemaker.endpoints.errors import NotServing, VariantNotFound
from local_aws.sagemaker.endpoints.fleet import Deployed, Fleet
from local_aws.sagemaker.endpoints.instance import Instance
from local_aws.sagemaker.endpoints.lease import Lease
from local_aws.sagemaker.jobs.model_server import ModelServer

# how long a request waits for an instance where all have just ended, or the server has just started
WAIT_FOR_INSTANCE_SECONDS = 30.0
# more do not wait: the server's threads are needed for other requests too
MOST_WAITING = 16


class LiveEndpoint:
    """Gives instances to requests. Everything that a request may see changes with the condition held."""

    def __init__(self, name: str, draw: Callable[[], float] = random.random) -> None:
        self.name = name
        self.condition = threading.Condition(threading.RLock())
        self.serving: Deployed | None = None
        self._next: Deployed | None = None
        self._share = 0.0
        self._closed = False
        self._waiting = 0
        self._draw = draw

    @property
    def coming(self) -> Deployed | None:
        """The configuration that an update brings, once it gets traffic."""
        return self._next

    @contextmanager
    def lease(self, target_variant: str | None) -> Iterator[Lease]:
        """An instance of the variant asked for, or of one chosen by weight.

        Raises VariantNotFound, NotServing, Throttled.
        """
        deployed, fleet, instance, server = self._choose(target_variant)
        try:
            yield Lease(
                endpoint_name=self.name,
                endpoint_config_name=deployed.config_name,
                variant_name=fleet.spec.name,
                instance_count=fleet.healthy,
                model_server=server,
                data_capture=deployed.data_capture,
                serverless=fleet.spec.serverless_max_concurrency is not None,
            )
        finally:
            fleet.release(instance)

    def serve(self, deployed: Deployed) -> Deployed | None:
        """Give all traffic to this configuration from now on; returns the one that served before."""
        with self.condition:
            before, self.serving = self.serving, deployed
            self._next, self._share = None, 0.0
            self.condition.notify_all()
        return before

    def shift(self, deployed: Deployed | None, share: float) -> None:
        """Give a share (0 to 1) of the traffic to the configuration that comes; to none with share 0."""
        with self.condition:
            self._next, self._share = deployed, share

    def close(self) -> Deployed | None:
        """Give no instance any more; returns what served."""
        with self.condition:
            self._closed = True
            self.condition.notify_all()
            return self.serving

    def _choose(self, target_variant: str | None) -> tuple[Deployed, Fleet, Instance, ModelServer]:
        deadline = time.monotonic() + WAIT_FOR_INSTANCE_SECONDS
        with self.condition:
            while not self._closed:
                for deployed in self._candidates(target_variant):
                    fleet = self._fleet(deployed, target_variant)
                    instance = fleet.pick()
                    if instance is not None:
                        # what is seen here stays, though the instance may end at any time
                        if (server := instance.server) is not None:
                            return deployed, fleet, instance, server
                        fleet.release(instance)
                if not self._wait_for_change(deadline - time.monotonic()):
                    break
        raise NotServing("InService")

    def _candidates(self, target_variant: str | None) -> list[Deployed]:
        """The configurations to ask, in this order. Raises VariantNotFound where none has the variant."""
        coming = self._next if self._next and self._draw() < self._share else None
        found = [deployed for deployed in (coming, self.serving) if deployed is not None]
        if target_variant is None or not found:
            return found
        able = [deployed for deployed in found if target_variant in deployed.fleets]
        if not able:
            raise VariantNotFound(target_variant)
        return able

    def _wait_for_change(self, seconds: float) -> bool:
        """Wait until an instance may have come; False where it is no use to try again."""
        if self._waiting >= MOST_WAITING:
            return False
        self._waiting += 1
        try:
            return self.condition.wait(seconds)
        finally:
            self._waiting -= 1

    def _fleet(self, deployed: Deployed, target_variant: str | None) -> Fleet:
        if target_variant is not None:
            return deployed.fleets[target_variant]
        fleets = list(deployed.fleets.values())
        if len(fleets) == 1:
            return fleets[0]
        drawn = self._draw() * sum(fleet.weight for fleet in fleets)
        for fleet in fleets:
            drawn -= fleet.weight
            if drawn < 0:
                return fleet
        return next(fleet for fleet in reversed(fleets) if fleet.weight)
