"""Whether a resource's own policy lets EventBridge use it.

Enough of IAM for what such policies say: effect, principal, action, resource, and conditions on where the call comes
from. A condition that is not understood is not met. What roles permit is not looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

SERVICE = "events.amazonaws.com"
NEGATIONS = ("NotPrincipal", "NotAction", "NotResource")


@dataclass(frozen=True)
class Call:
    """What EventBridge wants to do: an action ("sqs:SendMessage") on a resource, for a rule."""

    action: str
    resource: str
    rule_arn: str

    def allowed_by(self, statements: Iterable[Mapping[str, Any]]) -> bool:
        """Whether a statement allows it and none denies it."""
        effects = {statement.get("Effect") for statement in statements if self._is_meant(statement)}
        return "Allow" in effects and "Deny" not in effects

    def missing(self) -> str:
        """What a policy must say, for people."""
        return (
            f"the resource policy of {self.resource} does not allow {SERVICE} {self.action} "
            f"(aws:SourceArn {self.rule_arn})"
        )

    def _is_meant(self, statement: Mapping[str, Any]) -> bool:
        return (
            not any(negation in statement for negation in NEGATIONS)
            and _is_the_service(statement.get("Principal"))
            and any(_like(self.action.lower(), pattern.lower()) for pattern in _listed(statement.get("Action")))
            and any(_like(self.resource, pattern) for pattern in _listed(statement.get("Resource", "*")))
            and all(self._is_met(kind, keys) for kind, keys in (statement.get("Condition") or {}).items())
        )

    def _is_met(self, kind: str, keys: Mapping[str, Any]) -> bool:
        return all(self._key_is_met(kind, key, _listed(wanted)) for key, wanted in keys.items())

    def _key_is_met(self, kind: str, key: str, wanted: list[str]) -> bool:
        values = {"aws:sourcearn": self.rule_arn, "aws:sourceaccount": self.rule_arn.split(":")[4]}
        actual = values.get(key.lower())
        if actual is None:
            return False
        if kind in ("StringEquals", "StringEqualsIgnoreCase"):
            return actual in wanted
        # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html:
        # ArnEquals and ArnLike behave alike
        return kind in ("ArnEquals", "ArnLike", "StringLike") and any(_like(actual, pattern) for pattern in wanted)


def _is_the_service(principal: Any) -> bool:
    if principal == "*":
        return True
    if not isinstance(principal, Mapping):
        return False
    return SERVICE in _listed(principal.get("Service")) or "*" in _listed(principal.get("AWS"))


def _listed(value: Any) -> list[str]:
    if value is None:
        return []
    return [str(element) for element in value] if isinstance(value, list) else [str(value)]


def _like(value: str, pattern: str) -> bool:
    parts = (".*" if part == "*" else "." if part == "?" else re.escape(part) for part in re.split(r"([*?])", pattern))
    return re.fullmatch("".join(parts), value, re.DOTALL) is not None
