"""A build's log in CloudWatch, without the secrets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from local_aws.builds.container import stamped
from local_aws.builds.records import Build
from local_aws.builds.secrets import Mask
from local_aws.logs import LogGroups


def place_of(build: Build) -> tuple[str, str] | None:
    """The group and stream of a build's log; None where the project keeps none."""
    config = (build.settings.get("logsConfig") or {}).get("cloudWatchLogs") or {}
    if config.get("status", "ENABLED") == "DISABLED":
        return None
    group = config.get("groupName") or f"/aws/codebuild/{build.project}"
    stream = f"{config['streamName']}/{build.uuid}" if config.get("streamName") else build.uuid
    return group, stream


class BuildLog:
    """Takes lines in batches. `mask` hides what nobody may see."""

    def __init__(self, build: Build, logs: LogGroups, now: Callable[[], datetime]) -> None:
        self._place, self._logs, self._now = place_of(build), logs, now
        self.mask = Mask(())

    def lines(self, lines: Sequence[str]) -> None:
        """What commands write."""
        if self._place:
            self._logs.write(*self._place, [self.mask(line) for line in lines])

    def say(self, *texts: str) -> None:
        """What the build itself says."""
        self.lines([self.stamped(text) for text in texts])

    def stamped(self, text: str) -> str:
        """A line of the build's own."""
        return stamped(text, self._now())
