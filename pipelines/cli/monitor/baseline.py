"""`scones monitor baseline`: what the served version is compared with, shown or made anew."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
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
    from model_monitor.job_definition import Resources
    from pipelines.live_endpoint import LiveEndpoint
    from pipelines.session import Target


def baseline(
    endpoint: EndpointOption = ENDPOINT_NAME,
    renew: Annotated[
        bool, typer.Option("--renew", help="Send labelled pictures through the endpoint and make a new one.")
    ] = False,
    pictures: Annotated[
        Path | None,
        typer.Option(help="With --renew: FOLDER/bicycle and FOLDER/motorcycle instead of the version's own test set."),
    ] = None,
    instance_type: InstanceTypeOption = INSTANCE_TYPE,
    volume_gb: VolumeOption = VOLUME_GB,
    max_runtime: RuntimeOption = MAX_RUNTIME,
    kms_key: KmsKeyOption = None,
    subnet: SubnetOption = None,
    security_group: SecurityGroupOption = None,
    network_isolation: IsolationOption = False,
    target: TargetOption = TargetChoice.local,
    as_json: JsonOption = False,
) -> None:
    """Show the baseline that the served version carries; with --renew make one from the live endpoint.

    The jobs that make it run on what --instance-type and the like say.
    A new one is used by the schedules after `scones monitor schedule --baseline renewed`.
    """
    from model_monitor.baseline import given_baseline, package_baseline
    from model_monitor.names import Places
    from model_monitor.watched import watched_endpoint
    from pipelines.cli.screen import print_json

    if pictures and not renew:
        raise typer.BadParameter("--pictures says how to make a new one: add --renew")
    resources = read_resources(
        instance_type, volume_gb, max_runtime, kms_key, subnet, security_group, network_isolation
    )
    place = connect(target)
    live = watched_endpoint(place.client("sagemaker"), endpoint)
    package, places, s3 = str(live.package_arn), Places(place.bucket), place.client("s3")
    if renew:
        folder = _renew(place, live, pictures, resources, as_json)
        found = given_baseline(s3, folder, package, places, kms_key)
    else:
        found = package_baseline(place.client("sagemaker"), s3, package, places)
    if as_json:
        print_json(asdict(found))
    else:
        _show(found)


def _renew(place: Target, live: LiveEndpoint, folder: Path | None, resources: Resources, quiet: bool) -> str:
    import tempfile

    from model_monitor.labelled_pictures import from_folder, version_pictures
    from model_monitor.renewal import renew
    from pipelines.cli.screen import counting_bar
    from pipelines.names import CLASSES
    from pipelines.registry import describe_version

    sagemaker, s3 = place.client("sagemaker"), place.client("s3")
    with tempfile.TemporaryDirectory() as scratch, counting_bar("Asking the endpoint", hidden=quiet) as show:
        if folder is not None:
            labelled = from_folder(folder, CLASSES)
        else:
            labelled = version_pictures(
                sagemaker, s3, describe_version(sagemaker, str(live.package_arn)), Path(scratch)
            )
        return renew(place, live, labelled, resources=resources, on_answer=show)


def _show(found: Baseline) -> None:
    from rich.markup import escape

    from pipelines.cli.screen import console, facts

    about = facts(f"Baseline of version {found.package_arn.rsplit('/', 1)[-1]}")
    about.add_row("From", "its package" if found.origin == "package" else escape(found.origin))
    about.add_row("Pictures", str(found.items))
    about.add_row("Features", escape(", ".join(found.features)))
    about.add_row("Statistics", escape(found.statistics))
    about.add_row("Constraints", escape(found.constraints))
    about.add_row("Model quality", escape(found.quality_constraints or "none: its schedule cannot be made"))
    about.add_row("Preprocessor", escape(found.preprocessor))
    console().print(about)
