"""How a running job is stopped from outside, and the ways in which it ends early."""

from __future__ import annotations

import threading

from local_aws.sagemaker.jobs.process import Container, Exit

USER, SERVER, PEER = "user", "server", "peer"


class JobFailed(Exception):
    """The job cannot succeed; the message is its FailureReason, in the service's words."""


class JobStopped(Exception):
    """Someone stopped the job before it was done."""


class JobControl:
    """The handle of one running job: who asked it to stop, and the containers to be told."""

    def __init__(self, grace_seconds: float) -> None:
        self.grace_seconds = grace_seconds
        self.stopped_by: str | None = None
        self._peers_ended_by: str | None = None
        self._lock = threading.Lock()
        self._containers: set[Container] = set()

    def stop(self, stopped_by: str) -> None:
        """Terminate what runs; with the grace period, unless the server itself is going."""
        with self._lock:
            self.stopped_by = self.stopped_by if self.stopped_by == SERVER else stopped_by
            containers = list(self._containers)
        for container in containers:
            container.terminate(stopped_by, self._grace(stopped_by))

    def end_peers(self, ended_by: str) -> None:
        """Terminate the job's containers, one of which failed; that does not count as stopping the job."""
        with self._lock:
            self._peers_ended_by = ended_by
            containers = list(self._containers)
        for container in containers:
            container.terminate(ended_by, self.grace_seconds)

    def check(self) -> None:
        """Raises JobStopped where the job was asked to stop: to be called between its stages."""
        if self.stopped_by is not None:
            raise JobStopped(self.stopped_by)

    def adopt(self, container: Container) -> None:
        """Let `stop` reach this container; one that is already due is terminated at once."""
        with self._lock:
            self._containers.add(container)
            stopped_by = self.stopped_by or self._peers_ended_by
        if stopped_by is not None:
            container.terminate(stopped_by, self._grace(stopped_by))

    def release(self, container: Container) -> None:
        """The container has ended."""
        with self._lock:
            self._containers.discard(container)

    def wait(self, container: Container, deadline: float | None = None) -> Exit:
        """Adopt the container, wait for its end, release it."""
        self.adopt(container)
        try:
            return container.wait(deadline, self.grace_seconds)
        finally:
            self.release(container)

    def _grace(self, stopped_by: str) -> float:
        return 0.0 if stopped_by == SERVER else self.grace_seconds
