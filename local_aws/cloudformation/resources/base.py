"""What a resource type is: properties in, API calls out. It is a client of this server like any other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

Clients = Callable[[str], Any]
Properties = Mapping[str, Any]


@dataclass(frozen=True)
class Made:
    """A resource that is there: `physical_id` is what Ref gives, `attributes` what Fn::GetAtt gives by name."""

    physical_id: str
    attributes: Mapping[str, Any] = field(default_factory=dict)


class ResourceType(Protocol):
    """One type.

    `properties` are those that are supported; `replacing` those of them whose change makes a new resource; `named_by`
    is the property that names it, None for a type without one. Methods raise botocore's ClientError.
    """

    @property
    def type(self) -> str: ...
    @property
    def properties(self) -> frozenset[str]: ...
    @property
    def replacing(self) -> frozenset[str]: ...
    @property
    def named_by(self) -> str | None: ...

    def create(self, clients: Clients, name: str, wanted: Properties) -> Made:
        """Make it. `name` is a name made up for it, where its properties give none."""

    def update(self, clients: Clients, physical_id: str, before: Properties, wanted: Properties) -> Made:
        """Change it without replacing it."""

    def delete(self, clients: Clients, physical_id: str, properties: Properties) -> None:
        """Remove it; that it is gone already is no error."""


def tags_of(properties: Properties) -> dict[str, str]:
    """CloudFormation's list of tags as a dictionary."""
    return {tag["Key"]: str(tag["Value"]) for tag in properties.get("Tags", [])}
