"""What CodeBuild keeps: projects, builds with their phases, report groups, reports, test cases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

IN_PROGRESS, SUCCEEDED, FAILED, FAULT = "IN_PROGRESS", "SUCCEEDED", "FAILED", "FAULT"
TIMED_OUT, STOPPED = "TIMED_OUT", "STOPPED"
# in the service's order
SUBMITTED, QUEUED, PROVISIONING, DOWNLOAD_SOURCE = "SUBMITTED", "QUEUED", "PROVISIONING", "DOWNLOAD_SOURCE"
INSTALL, PRE_BUILD, BUILD, POST_BUILD = "INSTALL", "PRE_BUILD", "BUILD", "POST_BUILD"
UPLOAD_ARTIFACTS, FINALIZING, COMPLETED = "UPLOAD_ARTIFACTS", "FINALIZING", "COMPLETED"

# as CreateProject and Build have them, members by their names in the API
Settings = Mapping[str, Any]


@dataclass(frozen=True)
class Project:
    """A project as it is now. `settings` are what the API says of it beside its name, ARN and times."""

    name: str
    arn: str
    created: datetime
    modified: datetime
    settings: Settings


@dataclass(frozen=True)
class PhaseContext:
    """Why a phase ended as it did."""

    status_code: str
    message: str


@dataclass(frozen=True)
class Phase:
    """One phase of a build: `status` is None until it ends, and for COMPLETED, which does not end."""

    type: str
    started: datetime
    ended: datetime | None = None
    status: str | None = None
    context: PhaseContext | None = None

    @property
    def seconds(self) -> int | None:
        """Whole seconds that it took, None while it goes on."""
        return None if self.ended is None else int((self.ended - self.started).total_seconds())


@dataclass(frozen=True)
class Build:
    """One build. `settings` are the project's with the overrides, `outcome` what came of it by the API's names."""

    id: str
    arn: str
    project: str
    number: int
    status: str
    submitted: datetime
    initiator: str
    settings: Settings
    phases: tuple[Phase, ...] = ()
    ended: datetime | None = None
    outcome: Settings = field(default_factory=dict)

    @property
    def uuid(self) -> str:
        """What stands behind the project's name in the id."""
        return self.id.rpartition(":")[2]

    @property
    def current_phase(self) -> str:
        """The type of the latest phase."""
        return self.phases[-1].type if self.phases else SUBMITTED

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return self.status == IN_PROGRESS


@dataclass(frozen=True)
class ReportGroup:
    """Where the reports of one kind of test are."""

    arn: str
    name: str
    created: datetime
    modified: datetime
    tags: tuple[Mapping[str, str], ...] = ()


@dataclass(frozen=True)
class TestCase:
    """One test case: `status` is SUCCEEDED, FAILED, ERROR, SKIPPED or UNKNOWN."""

    name: str
    status: str
    nanoseconds: int
    suite: str = ""
    prefix: str = ""
    message: str = ""
    path: str = ""


@dataclass(frozen=True)
class Report:
    """The test cases of one build in one report group, the counts over all and those that are kept."""

    arn: str
    group_arn: str
    build_arn: str
    status: str
    created: datetime
    total: int
    counts: Mapping[str, int]
    nanoseconds: int
    truncated: bool
    cases: tuple[TestCase, ...] = ()
