"""The quotas of an account that this project needs: in a new account most of them are 0, and raising one takes days.

Codes are those of Service Quotas, where known (docs/costs.md says from where); the service is asked by the quota's
name, which it spells the same in every region (docs.aws.amazon.com/general/latest/gr/sagemaker.html).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pipelines.readiness.finding import Finding
from pipelines.training.algorithms import Algorithm

SERVICE = "sagemaker"
CODES = {
    "ml.m5.large for endpoint usage": "L-614B09FD",
    "ml.m5.large for processing job usage": "L-8541302D",
    "ml.m5.xlarge for processing job usage": "L-0307F515",
    "ml.m5.large for transform job usage": "L-236AE59F",
    "ml.m5.large for training job usage": "L-611FA074",
}
# An update makes the new fleet beside the old one.
FLEETS_WHILE_UPDATING = 2
# of the training pipeline's: the perturbed test set is made while extraction's other followers run
PROCESSING_AT_ONCE = 2
# data quality and model quality may run in the same hour
MONITORS_AT_ONCE = 2


@dataclass(frozen=True)
class Quota:
    """A quota by its name, the instances that the defaults need of it, and what for.

    `optional`: nothing that is on by default needs it.
    """

    name: str
    needed: int
    purpose: str
    optional: bool = False

    @property
    def code(self) -> str:
        return CODES.get(self.name, "")


def needed_quotas(training: str, deployment: str, monitor_type: str, others: Sequence[Algorithm] = ()) -> list[Quota]:
    """What the defaults of both definitions (JSON) and the monitor's instance type need; and, where they are asked for,
    the other algorithms."""
    train, deploy = _defaults(training), _defaults(deployment)
    processing, count = train["ProcessingInstanceType"], int(train["ProcessingInstanceCount"])
    serving, fleet = deploy["InferenceInstanceType"], int(deploy["MaxCapacity"])
    wanted = {
        f"{processing} for processing job usage": Quota(
            "", count * PROCESSING_AT_ONCE, "training pipeline, two steps beside each other"
        ),
        f"{train['TrainingInstanceType']} for training job usage": Quota("", 1, "training pipeline"),
        f"{train['InferenceInstanceType']} for transform job usage": Quota("", 1, "scoring the test set"),
        f"{serving} for endpoint usage": Quota(
            "", fleet * FLEETS_WHILE_UPDATING, f"{fleet} instances, twice in updates"
        ),
    }
    monitoring = f"{monitor_type} for processing job usage"
    before = wanted.get(monitoring)
    wanted[monitoring] = Quota("", (before.needed if before else 0) + MONITORS_AT_ONCE, "both monitoring schedules")
    for algorithm in others:
        name = f"{algorithm.training_instance_type} for training job usage"
        asked = f"{wanted[name].purpose} or {algorithm.name}" if name in wanted else f"only with {algorithm.name}"
        wanted[name] = Quota("", 1, asked, optional=True)
    return [replace(quota, name=name) for name, quota in wanted.items()]


def to_request(quotas: list[Quota]) -> Iterator[Finding]:
    """What to ask for, without an account to look at."""
    for quota in quotas:
        code = f" ({quota.code})" if quota.code else ""
        yield Finding(
            f"Quota {quota.name}{code}",
            None,
            f"{quota.needed} needed, {quota.purpose}; 0 in most new accounts",
            "look at Service Quotas in the console, request what is missing",
        )


def applied(service_quotas: Any, quotas: list[Quota]) -> Iterator[Finding]:
    """The account's own values. `service_quotas` is the client of Service Quotas; raises ClientError."""
    pages = service_quotas.get_paginator("list_service_quotas").paginate(ServiceCode=SERVICE)
    values = {one["QuotaName"]: one for page in pages for one in page["Quotas"]}
    for quota in quotas:
        yield _judged(quota, values.get(quota.name))


def _judged(quota: Quota, found: Mapping[str, Any] | None) -> Finding:
    check = f"Quota {quota.name}"
    if found is None:
        return Finding(check, None, f"the account lists no such quota; {quota.needed} needed")
    code, value = found["QuotaCode"], found["Value"]
    told = f"{value:g}, {quota.needed} needed: {quota.purpose} ({code})"
    if value >= quota.needed:
        return Finding(check, True, told)
    ask = "aws service-quotas request-service-quota-increase --service-code sagemaker"
    well = None if quota.optional else False
    return Finding(check, well, told, f"{ask} --quota-code {code} --desired-value {quota.needed}")


def _defaults(definition: str) -> dict[str, Any]:
    return {one["Name"]: one.get("DefaultValue") for one in json.loads(definition)["Parameters"]}
