"""How far a build is: every step of it is on disk, and told to whoever listens, when it is taken."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from local_aws.builds.records import COMPLETED, IN_PROGRESS, Build, Phase, PhaseContext
from local_aws.builds.store import BuildStore

LOGGER = logging.getLogger(__name__)

# a build that has another status, or, with the phase, one of whose phases has ended
Listener = Callable[[Build, "Phase | None"], None]


class Progress:
    """Of one build; used by one thread at a time."""

    def __init__(self, build: Build, store: BuildStore, now: Callable[[], datetime], listeners: list[Listener]) -> None:
        self.build = build
        self._store, self._now, self._listeners = store, now, listeners

    def enter(self, phase_type: str) -> None:
        """A phase begins."""
        self._keep(phases=(*self.build.phases, Phase(phase_type, self._now())))

    def leave(self, status: str, context: PhaseContext | None = None) -> None:
        """The latest phase ends."""
        *before, last = self.build.phases
        ended = replace(last, ended=self._now(), status=status, context=context)
        self._keep(phases=(*before, ended))
        self._tell(ended)

    def note(self, **outcome: Any) -> None:
        """Something came of the build, by its name in the API."""
        self._keep(outcome={**self.build.outcome, **outcome})

    def began(self) -> None:
        """It is IN_PROGRESS, which it was from its submission on: now it is told."""
        self._tell(None)

    def finish(self, status: str) -> None:
        """The build has ended with a status other than IN_PROGRESS."""
        if self.build.status != IN_PROGRESS:
            return
        now = self._now()
        self._keep(phases=(*self.build.phases, Phase(COMPLETED, now)), status=status, ended=now)
        self._tell(None)

    def _keep(self, **changes: Any) -> None:
        self.build = replace(self.build, **changes)
        self._store.put_build(self.build)

    def _tell(self, phase: Phase | None) -> None:
        for listener in list(self._listeners):
            try:
                listener(self.build, phase)
            except Exception:
                # a build does not fail because somebody cannot be told of it
                LOGGER.exception("build %s: a listener failed", self.build.id)
