"""Options that say what monitoring jobs run on, for the commands that start or schedule some."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from model_monitor.job_definition import Resources

InstanceTypeOption = Annotated[str, typer.Option("--instance-type", help="What a job runs on.")]
VolumeOption = Annotated[int, typer.Option("--volume-gb", min=1, max=16384, help="Volume of a job, in GB.")]
RuntimeOption = Annotated[int, typer.Option("--max-runtime", min=1, max=3600, help="Seconds that a job may take.")]
KmsKeyOption = Annotated[str | None, typer.Option("--kms-key", help="KMS key of volumes and of what jobs write.")]
SubnetOption = Annotated[list[str] | None, typer.Option("--subnet", help="Subnet of a job; may be repeated.")]
SecurityGroupOption = Annotated[
    list[str] | None, typer.Option("--security-group", help="Security group of a job; may be repeated.")
]
IsolationOption = Annotated[bool, typer.Option("--network-isolation", help="No network for jobs.")]
INSTANCE_TYPE, VOLUME_GB, MAX_RUNTIME = "ml.m5.large", 20, 1800


def read_resources(
    instance_type: str,
    volume_gb: int,
    max_runtime: int,
    kms_key: str | None,
    subnet: list[str] | None,
    security_group: list[str] | None,
    network_isolation: bool,
) -> Resources:
    """Raises InvalidSettings."""
    from model_monitor.job_definition import Resources
    from model_monitor.schedule import check_resources

    resources = Resources(
        instance_type=instance_type,
        volume_gb=volume_gb,
        max_runtime_seconds=max_runtime,
        kms_key=kms_key,
        subnets=tuple(subnet or ()),
        security_group_ids=tuple(security_group or ()),
        enable_network_isolation=network_isolation,
    )
    check_resources(resources)
    return resources
