"""A phase of a build as it is seen from outside: its record, its lines in the log, and why it ended."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

from local_aws.builds import records
from local_aws.builds.container import BuildContainer, ContainerEnded
from local_aws.builds.errors import PhaseFailed
from local_aws.builds.log import BuildLog
from local_aws.builds.progress import Progress
from local_aws.builds.records import PhaseContext
from local_aws.sagemaker.jobs.control import SERVER, JobControl

LOGGER = logging.getLogger(__name__)

End = tuple[str, "PhaseContext | None"]
TIMED_OUT: End = (records.TIMED_OUT, PhaseContext("BUILD_TIMED_OUT", "Build has timed out."))
STOPPED: End = (records.STOPPED, None)


class ServerStops(Exception):
    """The server ends: what becomes of the build is for the next one to say."""


class PhaseEnded(Exception):
    """A phase ended with a status other than SUCCEEDED."""

    def __init__(self, status: str) -> None:
        super().__init__(status)
        self.status = status


class PhaseRecorder:
    """Of one build, used by one thread. `container` is there while it runs: all lines go through it, in order."""

    def __init__(self, progress: Progress, log: BuildLog, control: JobControl, deadline: float) -> None:
        self._progress, self._log = progress, log
        self._control, self._deadline = control, deadline
        self.container: BuildContainer | None = None

    @contextmanager
    def phase(self, phase_type: str) -> Iterator[None]:
        """One phase, recorded whichever way it ends. Raises PhaseEnded, ServerStops."""
        self._progress.enter(phase_type)
        self.say(f"Entering phase {phase_type}")
        status, context = records.SUCCEEDED, None
        try:
            yield
            status, context = self._from_outside() or (status, context)
        except PhaseFailed as error:
            failed = (records.FAILED, PhaseContext(error.status_code, self._log.mask(error.message)))
            status, context = self._from_outside() or failed
        except ContainerEnded:
            status, context = self._from_outside() or self._died()
        except Exception as error:
            LOGGER.exception("build %s, phase %s", self._progress.build.id, phase_type)
            told = self._log.mask(f"{type(error).__name__}: {error}")
            status, context = records.FAULT, PhaseContext("INTERNAL_SERVICE_ERROR", told)
        self._complete(phase_type, status, context)
        if status != records.SUCCEEDED:
            raise PhaseEnded(status)

    def say(self, *texts: str) -> None:
        """Lines of the build's own."""
        if self.container is not None:
            try:
                self.container.say(*map(self._log.stamped, texts))
                return
            except ContainerEnded:
                self.close()
        self._log.say(*texts)

    def close(self) -> None:
        """End the container; all its lines are in the log afterwards."""
        container, self.container = self.container, None
        if container is not None:
            container.close()

    def _complete(self, phase_type: str, status: str, context: PhaseContext | None) -> None:
        code, message = (context.status_code, context.message) if context else ("", "")
        self.say(
            f"Phase complete: {phase_type} State: {status}", f"Phase context status code: {code} Message: {message}"
        )
        self._progress.leave(status, context)

    def _from_outside(self) -> End | None:
        """Why the build must end, if it must."""
        if self._control.stopped_by == SERVER:
            raise ServerStops
        if self._control.stopped_by is not None:
            return STOPPED
        return TIMED_OUT if time.monotonic() >= self._deadline else None

    def _died(self) -> End:
        self.close()
        return records.FAULT, PhaseContext("INTERNAL_SERVICE_ERROR", "The container of the build ended unexpectedly.")
