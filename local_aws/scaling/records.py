"""What Application Auto Scaling remembers, in the store: targets, policies and activities.

Bodies have the shape of the API's own descriptions; what a description does not have is under INTERNAL.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from local_aws.sagemaker.store import Record, RecordNotFound, Store
from local_aws.scaling.target_tracking import COOLDOWN_SECONDS, Change
from local_aws.scaling.variants import DIMENSION, NAMESPACE, VariantName

TARGET = "ScalableTarget"
POLICY = "ScalingPolicy"
ACTIVITY = "ScalingActivity"
INTERNAL = "Internal"
IN_PROGRESS = "InProgress"
SUCCESSFUL = "Successful"
FAILED = "Failed"
# as on the service
ACTIVITIES_KEPT = timedelta(weeks=6)


def described(record: Record) -> dict[str, Any]:
    """What the API says of a record."""
    return {name: value for name, value in record.body.items() if name != INTERNAL}


def scope(variant: VariantName) -> dict[str, str]:
    """The three members that say what is scaled."""
    return {"ServiceNamespace": NAMESPACE, "ResourceId": str(variant), "ScalableDimension": DIMENSION}


def policy_key(variant: VariantName, policy: str) -> str:
    """The name of a policy's record."""
    return f"{variant}/policy/{policy}"


@dataclass(frozen=True)
class Beginning:
    """A change of a variant's count as it begins. `configuration` is the policy's, {} where a bound is enforced."""

    variant: VariantName
    before: int
    after: int
    cause: str
    policy: str | None
    configuration: Mapping[str, Any]


class ScalingRecords:
    """Reads and writes the records."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def target(self, variant: VariantName) -> Record | None:
        """The scalable target, None if it is not registered."""
        try:
            return self.store.get(TARGET, str(variant))
        except RecordNotFound:
            return None

    def policies(self, variant: VariantName) -> list[Record]:
        """The policies of a target, oldest first."""
        return [one for one in self.store.all(POLICY) if one.body["ResourceId"] == str(variant)]

    def activities(self, variant: VariantName) -> list[Record]:
        """The activities of a target, oldest first."""
        return [one for one in self.store.all(ACTIVITY) if one.body["ResourceId"] == str(variant)]

    def begin(self, beginning: Beginning, now: datetime) -> Record:
        """Note an activity that has begun; activities older than six weeks are forgotten."""
        for old in self.store.all(ACTIVITY):
            if old.body["StartTime"] < now - ACTIVITIES_KEPT:
                self.store.delete(ACTIVITY, old.name)
        name = str(uuid.uuid4())
        body = {
            "ActivityId": name,
            **scope(beginning.variant),
            "Description": f"Setting desired instance count to {beginning.after}.",
            "Cause": beginning.cause,
            "StartTime": now,
            "StatusCode": IN_PROGRESS,
            "StatusMessage": (
                f"Successfully set desired instance count to {beginning.after}. "
                "Waiting for change to be fulfilled by sagemaker."
            ),
            INTERNAL: {
                "Before": beginning.before,
                "After": beginning.after,
                "Policy": beginning.policy,
                "ScaleOutCooldown": beginning.configuration.get("ScaleOutCooldown", COOLDOWN_SECONDS),
                "ScaleInCooldown": beginning.configuration.get("ScaleInCooldown", COOLDOWN_SECONDS),
            },
        }
        return self.store.insert(ACTIVITY, name, name, body, IN_PROGRESS)

    def end(self, activity: Record, status: str, message: str, now: datetime) -> None:
        """Note how an activity ended."""
        self.store.update(ACTIVITY, activity.name, status, StatusCode=status, StatusMessage=message, EndTime=now)

    def last_change(self, variant: VariantName) -> Change | None:
        """The last change that a policy made and that succeeded."""
        done = [
            one
            for one in self.activities(variant)
            if one.status == SUCCESSFUL and one.body[INTERNAL]["Policy"] is not None
        ]
        if not done:
            return None
        kept = done[-1].body[INTERNAL]
        return Change(
            kept["Before"],
            kept["After"],
            done[-1].body["EndTime"],
            kept["ScaleOutCooldown"],
            kept["ScaleInCooldown"],
        )
