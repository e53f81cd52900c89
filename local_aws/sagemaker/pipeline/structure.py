"""A pipeline definition as data: what the parser makes and the engine reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from local_aws.sagemaker.pipeline.parameters import Parameter

# What lets a dependent step run, by the word of the dependency.
TRIGGERS: Mapping[str, frozenset[str]] = {
    "Completed": frozenset({"Succeeded"}),
    "Failed": frozenset({"Failed"}),
    "Stopped": frozenset({"Stopped"}),
    "Any": frozenset({"Succeeded", "Failed", "Stopped"}),
}


@dataclass(frozen=True)
class Dependency:
    """The named step must have ended, and in a way that `trigger` (a key of TRIGGERS) lets through."""

    step: str
    trigger: str = "Completed"


@dataclass(frozen=True)
class Branch:
    """The place of a step inside a Condition step: it runs where the condition's outcome is this one."""

    condition: str
    outcome: bool


@dataclass(frozen=True)
class PropertyFile:
    """A JSON file in an output of a processing job, to be read by Std:JsonGet."""

    name: str
    output_name: str
    path: str


@dataclass(frozen=True)
class RetryPolicy:
    """When and how often a step that failed is started again.

    `max_attempts` counts the retries, not the first attempt. `expire_after` limits the time since the first
    attempt.
    """

    exceptions: frozenset[str]
    interval_seconds: int = 1
    backoff_rate: float = 2.0
    max_attempts: int | None = 5
    expire_after: timedelta | None = None


@dataclass(frozen=True)
class CachePolicy:
    """Reuse of an earlier run's outputs; `expire_after` None means however old it is."""

    enabled: bool
    expire_after: timedelta | None = None


@dataclass(frozen=True)
class Step:
    """One step. `arguments` hold expressions still; those of a Condition step are without the steps in it.

    `needs` names every step that must have ended before: those of `depends_on`, those the arguments refer to
    (`refers_to`), and the Condition step around it.
    """

    name: str
    type: str
    arguments: Mapping[str, Any]
    depends_on: tuple[Dependency, ...] = ()
    refers_to: frozenset[str] = frozenset()
    branch: Branch | None = None
    display_name: str | None = None
    description: str | None = None
    cache: CachePolicy | None = None
    retry_policies: tuple[RetryPolicy, ...] = ()
    property_files: Mapping[str, PropertyFile] | None = None

    @property
    def needs(self) -> frozenset[str]:
        """The names of all steps this one waits for."""
        around = {self.branch.condition} if self.branch else set()
        return self.refers_to | {dependency.step for dependency in self.depends_on} | around


@dataclass(frozen=True)
class Definition:
    """A whole pipeline. `steps` has every step by name in the document's order, the nested ones too."""

    version: str
    metadata: Mapping[str, Any]
    parameters: Mapping[str, Parameter]
    experiment: Mapping[str, Any] | None
    steps: Mapping[str, Step]
