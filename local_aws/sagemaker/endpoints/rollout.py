"""Brings a configuration into service: builds its fleets, moves the traffic, goes back where something is wrong."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from local_aws.sagemaker.context import Context
from local_aws.sagemaker.endpoints.capacity import workers_of
from local_aws.sagemaker.endpoints.fleet import Deployed, Fleet, FleetFailed
from local_aws.sagemaker.endpoints.instance import VariantSpec
from local_aws.sagemaker.endpoints.live import LiveEndpoint
from local_aws.sagemaker.endpoints.records import DEFAULT_STARTUP_SECONDS
from local_aws.sagemaker.endpoints.traffic import alarms_of, longest_seconds, plan_traffic, watch
from local_aws.sagemaker.errors import ServiceError
from local_aws.sagemaker.jobs.model_container import container_of


class RolledBack(Exception):
    """The new configuration does not serve, the old one does; the message says why, in the service's words."""


def build(context: Context, live: LiveEndpoint, change: Mapping[str, Any]) -> Deployed:
    """The fleets that Config, Models and Variants of a record, or of its Pending, ask for, none of them started.

    Raises FleetFailed where a model cannot be served.
    """
    config, wanted = change["Config"], change["Variants"]
    fleets = {}
    for variant in config["ProductionVariants"]:
        name = variant["VariantName"]
        try:
            spec = _spec(context, live.name, variant, change["Models"][variant["ModelName"]])
        except ServiceError as error:
            raise FleetFailed(error.message) from error
        # a serverless variant is kept warm as one instance
        count = wanted[name].get("Count", 1)
        fleets[name] = Fleet(context, spec, live.condition, wanted[name]["Weight"], count)
    settings = change.get("Capture") or config.get("DataCaptureConfig")
    capturing = settings is not None and settings.get("EnableCapture", True)
    return Deployed(config["EndpointConfigName"], fleets, settings if capturing else None)


def replace(
    live: LiveEndpoint,
    new: Deployed,
    deployment: Mapping[str, Any] | None,
    alarm_state: Callable[[str], str],
    wait: Callable[[float], None],
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Blue/green: start the new fleets, move the traffic by the plan, end the old ones; or the other way round.

    `alarm_state` gives an alarm's state by its name, `wait` lets seconds of `clock` pass. Raises RolledBack.
    """
    began = clock()
    try:
        new.start()
    except FleetFailed as error:
        raise RolledBack(str(error)) from error
    alarms, longest = alarms_of(deployment), longest_seconds(deployment)

    def trouble() -> str | None:
        alarm = next((name for name in alarms if alarm_state(name) == "ALARM"), None)
        if alarm is not None:
            return f"One or more alarms configured for the deployment went into ALARM state: {alarm}."
        if longest is not None and clock() - began > longest:
            return f"The deployment took longer than MaximumExecutionTimeoutInSeconds, {longest}."
        return None

    instances = sum(fleet.desired for fleet in new.fleets.values())
    try:
        for shift in plan_traffic(deployment, instances):
            # an alarm that is on already stops the deployment before any traffic moves
            problem = trouble()
            if problem is None:
                live.shift(new, shift.share)
                problem = watch(shift.watch_seconds, trouble, wait)
            if problem is not None:
                raise RolledBack(f"{problem} The endpoint configuration before has all the traffic.")
    except BaseException:
        live.shift(None, 0.0)
        new.close()
        raise
    before = live.serve(new)
    if before is not None:
        before.close()


def _spec(context: Context, endpoint: str, variant: Mapping[str, Any], model: Mapping[str, Any]) -> VariantSpec:
    serverless = variant.get("ServerlessConfig")
    return VariantSpec(
        endpoint_name=endpoint,
        name=variant["VariantName"],
        model=container_of(context, model),
        workers=1 if serverless else workers_of(variant["InstanceType"]),
        startup_seconds=float(variant.get("ContainerStartupHealthCheckTimeoutInSeconds", DEFAULT_STARTUP_SECONDS)),
        serverless_max_concurrency=serverless["MaxConcurrency"] if serverless else None,
    )
