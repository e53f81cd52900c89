"""`scones monitor schedule`: makes the endpoint's two schedules, or brings them up to date."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli.monitor.resources import (
    INSTANCE_TYPE,
    MAX_RUNTIME,
    VOLUME_GB,
    InstanceTypeOption,
    IsolationOption,
    KmsKeyOption,
    RuntimeOption,
    SecurityGroupOption,
    SubnetOption,
    VolumeOption,
    read_resources,
)
from pipelines.cli.options import EndpointOption, JsonOption, TargetChoice, TargetOption, connect
from pipelines.names import ENDPOINT_NAME

if TYPE_CHECKING:
    from model_monitor.baseline import Baseline
    from model_monitor.schedule import Outcome
    from model_monitor.stack import MonitorStack
    from pipelines.session import Target

PACKAGE, RENEWED = "package", "renewed"
DONE = {
    "created": "created",
    "updated": "updated ({changes})",
    "replaced": "deleted and made anew ({changes})",
    "unchanged": "is as wanted",
}


def schedule(
    endpoint: EndpointOption = ENDPOINT_NAME,
    cron: Annotated[
        str | None,
        typer.Option(help="cron(0 * ? * * *) every hour (default), cron(0 12 ? * * *) daily, cron(0 0/6 ? * * *)."),
    ] = None,
    baseline: Annotated[
        str,
        typer.Option(
            help="package: what the served version carries; renewed: its latest of `scones monitor baseline --renew`; "
            "or s3://bucket/folder."
        ),
    ] = PACKAGE,
    labels_after: Annotated[
        int, typer.Option(min=0, max=720, help="Hours after a prediction by which its label is there.")
    ] = 24,
    threshold: Annotated[float, typer.Option(help="Probability from which on a picture is a motorcycle.")] = 0.5,
    instance_type: InstanceTypeOption = INSTANCE_TYPE,
    volume_gb: VolumeOption = VOLUME_GB,
    max_runtime: RuntimeOption = MAX_RUNTIME,
    kms_key: KmsKeyOption = None,
    subnet: SubnetOption = None,
    security_group: SecurityGroupOption = None,
    network_isolation: IsolationOption = False,
    param: Annotated[
        list[str] | None,
        typer.Option("--param", help="NAME=VALUE of a parameter of the alarms' template; may be repeated."),
    ] = None,
    target: TargetOption = TargetChoice.local,
    as_json: JsonOption = False,
) -> None:
    """Make the schedules of data quality and model quality, with alarms and dashboard, or bring them up to date.

    Run twice it changes nothing. A parameter of the alarms that is not given keeps the value that it has.
    """
    from dataclasses import asdict

    from model_monitor.cron import HOURLY
    from model_monitor.names import check_names
    from model_monitor.schedule import Settings, check_settings, put_schedules
    from model_monitor.stack import deploy_monitor_stack
    from pipelines.cli.run import read_parameters
    from pipelines.cli.screen import following, print_json

    resources = read_resources(
        instance_type, volume_gb, max_runtime, kms_key, subnet, security_group, network_isolation
    )
    settings = Settings(cron or HOURLY, labels_after, threshold, resources)
    values = read_parameters(param or [])
    # before anything is asked for
    check_settings(settings)
    check_names(endpoint)
    place = connect(target)
    chosen = _baseline(place, endpoint, baseline, kms_key)
    outcomes = put_schedules(place, endpoint, chosen, settings)
    with following("Deploying the alarms", hidden=as_json) as watch:
        stack = deploy_monitor_stack(place, endpoint, values, watch=watch)
    if as_json:
        schedules = [asdict(outcome) for outcome in outcomes]
        print_json({"baseline": asdict(chosen), "schedules": schedules, "stack": asdict(stack)})
    else:
        _say(outcomes, chosen, stack)


def _baseline(place: Target, endpoint: str, wanted: str, kms_key: str | None) -> Baseline:
    from model_monitor.baseline import given_baseline, package_baseline, renewed_folder
    from model_monitor.names import Places
    from model_monitor.watched import watched_endpoint

    sagemaker, s3, places = place.client("sagemaker"), place.client("s3"), Places(place.bucket)
    package = str(watched_endpoint(sagemaker, endpoint).package_arn)
    if wanted == PACKAGE:
        return package_baseline(sagemaker, s3, package, places, kms_key)
    folder = renewed_folder(s3, places, endpoint, package) if wanted == RENEWED else wanted
    return given_baseline(s3, folder, package, places, kms_key)


def _say(outcomes: list[Outcome], baseline: Baseline, stack: MonitorStack) -> None:
    for outcome in outcomes:
        print(f"{outcome.name} {DONE[outcome.action].format(changes=', '.join(outcome.changes))}")
    if baseline.quality_constraints is None:
        print("No model quality schedule: the baseline has no constraints for it.")
    print(f"Stack {stack.name} is {stack.status}: alarm {stack.drift_alarm}, dashboard {stack.dashboard}.")
    print("Look: `scones monitor status`; not to wait for the hour: `scones monitor run`.")
