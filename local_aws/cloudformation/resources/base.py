"""What a resource type is: properties in, API calls out. It is a client of this server like any other."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local_aws.cloudformation.errors import ResourceFailed

Clients = Callable[[str], Any]
Properties = Mapping[str, Any]


@dataclass(frozen=True)
class Made:
    """A resource that is there: `physical_id` is what Ref gives, `attributes` what Fn::GetAtt gives by name."""

    physical_id: str
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Owner:
    """What a stack hands on to those nested in it: what its request acknowledged, and its tags."""

    capabilities: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)


class ResourceType(ABC):
    """One type.

    `properties` are those that are supported: a name allows all that is below it, unless names below it are given with
    a dot ("Code.S3Key"). Of those, `required` must be declared; `replacing` are those whose change makes a new
    resource; `inert` those that are kept and answered, and change nothing here, also with a dot; `named_by` is the one
    that names it, None for a type without one. Which replace, as in the schemas of CloudFormation's registry.

    Methods raise botocore's ClientError and BotoCoreError, and ResourceFailed.
    """

    type: str
    properties: frozenset[str]
    required: frozenset[str] = frozenset()
    replacing: frozenset[str] = frozenset()
    inert: frozenset[str] = frozenset()
    named_by: str | None = None

    def within(self, owner: Owner) -> ResourceType:
        """The type as it makes and changes resources of one stack: the same for all, but for nested stacks."""
        return self

    @abstractmethod
    def create(self, clients: Clients, name: str, wanted: Properties) -> Made:
        """Make it, or leave nothing behind. `name` is made up for it, where its properties give none."""

    @abstractmethod
    def update(self, clients: Clients, physical_id: str, before: Properties, wanted: Properties) -> Made:
        """Change it without replacing it."""

    @abstractmethod
    def delete(self, clients: Clients, physical_id: str, properties: Properties) -> None:
        """Remove it; that it is gone already is no error."""

    def already_there(self, name: str) -> ResourceFailed:
        """The error for a name that is taken, where the API itself would answer with the one that is there."""
        told = f"Resource of type '{self.type}' with identifier '{name}' already exists."
        return ResourceFailed(f"{told} (Another {self.named_by}, or none, makes one of this stack's own.)")


@contextmanager
def taken_back_by(delete: Callable[[], None]) -> Iterator[None]:
    """What is half made is deleted again where the rest of it fails: a rollback does not know of it yet."""
    try:
        yield
    except (ClientError, BotoCoreError, ResourceFailed, KeyError, TypeError, ValueError):
        with suppress(ClientError, BotoCoreError):
            delete()
        raise


def as_bool(value: Any) -> bool:
    """A boolean property, which a template may give as text too."""
    return value is True or str(value).lower() == "true"


def tags_of(properties: Properties) -> dict[str, str]:
    """CloudFormation's list of tags as a dictionary."""
    return {tag["Key"]: str(tag["Value"]) for tag in properties.get("Tags", [])}


def change_tags(
    before: Properties,
    wanted: Properties,
    put: Callable[[dict[str, str]], Any],
    remove: Callable[[list[str]], Any],
) -> None:
    """Bring a resource's tags from what they were to what they shall be, by its service's own calls."""
    old, new = tags_of(before), tags_of(wanted)
    gone = sorted(set(old) - set(new))
    changed = {key: value for key, value in new.items() if old.get(key) != value}
    if gone:
        remove(gone)
    if changed:
        put(changed)
