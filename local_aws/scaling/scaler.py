"""The worker that changes the number of instances: by the alarms of the policies, and to keep the bounds."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from local_aws.alarms import Alarms
from local_aws.cloudwatch.evaluation import ALARM
from local_aws.periodic import Periodic
from local_aws.sagemaker.context import Context
from local_aws.sagemaker.errors import ServiceError
from local_aws.sagemaker.store import Record
from local_aws.scaling.records import (
    FAILED,
    IN_PROGRESS,
    INTERNAL,
    POLICY,
    SUCCESSFUL,
    TARGET,
    Beginning,
    ScalingRecords,
)
from local_aws.scaling.target_tracking import Range, Reading, scale_in, scale_out
from local_aws.scaling.variants import CHANGING, Variant, VariantName, Variants

LOGGER = logging.getLogger(__name__)

SECONDS_BETWEEN_LOOKS = 5.0
# after an activity that failed nothing is tried for so long
PAUSE_AFTER_FAILURE = timedelta(minutes=1)


class Scaler:
    """A Worker. Tests drive it with `tick` and the context's clock."""

    def __init__(self, context: Context) -> None:
        """Uses the context's `alarms` and `call`."""
        self._context = context
        self.records = ScalingRecords(context.store)
        self.lock = threading.RLock()
        self._periodic = Periodic("scaling", SECONDS_BETWEEN_LOOKS, self.tick)

    @property
    def variants(self) -> Variants:
        """The variants of endpoints; by the context's `call` of this moment, which a server sets late."""
        return Variants(self._context.call)

    @property
    def alarms(self) -> Alarms:
        """The alarms of the policies."""
        return self._context.alarms

    @property
    def region(self) -> str:
        """Of the one local AWS."""
        return self._context.region

    @property
    def account_id(self) -> str:
        """Of the one account."""
        return self._context.account_id

    def now(self) -> datetime:
        """By the context's clock."""
        return self._context.now()

    def arn(self, resource: str) -> str:
        """The ARN of a resource of Application Auto Scaling."""
        return f"arn:aws:application-autoscaling:{self.region}:{self.account_id}:{resource}"

    def tick(self) -> None:
        """Look at every scalable target now, and change what is to be changed."""
        with self.lock:
            self.forget_deleted()
            for target in self._context.store.all(TARGET):
                try:
                    self._attend(target, VariantName.parse(target.name))
                except Exception:
                    LOGGER.exception("%s could not be scaled", target.name)

    def wake(self) -> None:
        """Look soon, in the worker's own thread."""
        self._periodic.wake()

    def forget_deleted(self) -> None:
        """Deregister the targets whose endpoint or variant is gone, also those whose endpoint was made anew."""
        with self.lock:
            for target in self._context.store.all(TARGET):
                variant = VariantName.parse(target.name)
                found = self.variants.find(variant)
                if found is None or found.endpoint_created != target.body[INTERNAL]["EndpointCreated"]:
                    LOGGER.info("%s is gone: deregistered", variant)
                    self.deregister(variant)

    def deregister(self, variant: VariantName) -> None:
        """Remove a target with its policies and their alarms; its activities stay."""
        with self.lock:
            for policy in self.records.policies(variant):
                self.delete_policy(policy)
            self._context.store.delete(TARGET, str(variant))

    def delete_policy(self, policy: Record) -> None:
        """Remove a policy with its alarms."""
        with self.lock:
            self.alarms.delete(list(policy.body[INTERNAL]["Alarms"].values()))
            self._context.store.delete(POLICY, policy.name)

    def start(self, kind: str, name: str) -> None:
        """Nothing: targets are looked at all the time."""

    def stop(self, kind: str, name: str) -> None:
        """Nothing, as for `start`."""

    def recover(self) -> None:
        """Begin to look; an activity that an earlier process began is ended when its endpoint is at rest."""
        self.alarms.listeners.append(lambda _alarm, _old, _new: self.wake())
        self._periodic.start()

    def shutdown(self) -> None:
        """End, after the look that may be going on."""
        self._periodic.stop()

    def _attend(self, target: Record, variant: VariantName) -> None:
        found = self.variants.find(variant)
        if found is None or found.endpoint_status in CHANGING:
            return
        activities = self.records.activities(variant)
        for activity in activities:
            if activity.status == IN_PROGRESS:
                self._conclude(activity, found)
                return
        last = activities[-1] if activities else None
        if last and last.status == FAILED and self.now() < last.body["EndTime"] + PAUSE_AFTER_FAILURE:
            return
        if found.endpoint_status == "InService" and found.count is not None:
            beginning = self._wanted(target, variant, found.count)
            if beginning is not None:
                self._begin(beginning)

    def _wanted(self, target: Record, variant: VariantName, count: int) -> Beginning | None:
        allowed = Range(target.body["MinCapacity"], target.body["MaxCapacity"])
        if count != allowed.clamp(count):
            bound = "minimum" if count < allowed.minimum else "maximum"
            cause = f"{bound} capacity was set to {allowed.clamp(count)}"
            return Beginning(variant, count, allowed.clamp(count), cause, None, {})
        suspended = target.body["SuspendedState"]
        last = self.records.last_change(variant)
        policies = self.records.policies(variant)
        if not suspended["DynamicScalingOutSuspended"]:
            wishes = self._wishes(
                policies, "High", lambda reading: scale_out(count, reading, allowed, last, self.now())
            )
            if wishes:
                return _by_policy(variant, count, *max(wishes, key=_count), "High")
        if not suspended["DynamicScalingInSuspended"]:
            willing = [policy for policy in policies if "Low" in policy.body[INTERNAL]["Alarms"]]
            wishes = self._wishes(willing, "Low", lambda reading: scale_in(count, reading, allowed, last, self.now()))
            # instances go only when all policies that could remove some would
            if wishes and len(wishes) == len(willing):
                return _by_policy(variant, count, *max(wishes, key=_count), "Low")
        return None

    def _wishes(
        self, policies: list[Record], kind: str, rule: Callable[[Reading], int | None]
    ) -> list[tuple[int, Record]]:
        """The counts that the policies want whose alarm of this kind has gone off."""
        found = []
        for policy in policies:
            reading = self._reading(policy, kind)
            count = None if reading is None else rule(reading)
            if count is not None:
                found.append((count, policy))
        return found

    def _reading(self, policy: Record, kind: str) -> Reading | None:
        """What the policy's alarm has seen, None unless it is in the state ALARM."""
        alarm = policy.body[INTERNAL]["Alarms"][kind]
        try:
            if self.alarms.state(alarm) != ALARM:
                return None
            points = self.alarms.datapoints(alarm)
        except KeyError:
            LOGGER.warning("the alarm %s of a scaling policy was deleted: put the policy again", alarm)
            return None
        return Reading(policy.body["TargetTrackingScalingPolicyConfiguration"]["TargetValue"], points)

    def _begin(self, beginning: Beginning) -> None:
        activity = self.records.begin(beginning, self.now())
        LOGGER.info("%s: %d -> %d: %s", beginning.variant, beginning.before, beginning.after, beginning.cause)
        try:
            self.variants.set_count(beginning.variant, beginning.after)
        except ServiceError as error:
            message = f"Failed to set desired instance count to {beginning.after}. Reason: {error.message}"
            self.records.end(activity, FAILED, message, self.now())

    def _conclude(self, activity: Record, found: Variant) -> None:
        after = activity.body[INTERNAL]["After"]
        if found.endpoint_status == "InService" and found.count == after:
            message = f"Successfully set desired instance count to {after}. Change successfully fulfilled by sagemaker."
            self.records.end(activity, SUCCESSFUL, message, self.now())
            return
        message = (
            f"Failed to set desired instance count to {after}. Reason: the endpoint is {found.endpoint_status} with a "
            f"desired instance count of {found.count}."
        )
        self.records.end(activity, FAILED, message, self.now())


def _count(wish: tuple[int, Record]) -> int:
    return wish[0]


def _by_policy(variant: VariantName, before: int, after: int, policy: Record, kind: str) -> Beginning:
    name, alarm = policy.body["PolicyName"], policy.body[INTERNAL]["Alarms"][kind]
    configuration: dict[str, Any] = policy.body["TargetTrackingScalingPolicyConfiguration"]
    cause = f"monitor alarm {alarm} in state ALARM triggered policy {name}"
    return Beginning(variant, before, after, cause, name, configuration)
