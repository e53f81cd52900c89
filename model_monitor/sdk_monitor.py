"""Schedules and baselining jobs, made by the SDK's monitors. Each call costs the SDK's import, once in a process.

The monitors are not attached to what exists (`attach` fails on a network without an encryption setting): they are made
from what is wanted, and told the names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from model_monitor.job_definition import INPUT_PATH, PACKAGE_VARIABLE, JobDefinition, Resources
from model_monitor.names import DATA_QUALITY, MonitoringType

if TYPE_CHECKING:
    from pipelines.session import Target

INSTANCE_COUNT = 1


def open_monitor(
    target: Target,
    monitoring_type: MonitoringType,
    resources: Resources,
    role_arn: str,
    base_name: str,
    environment: dict[str, str] | None = None,
) -> Any:
    """A DefaultModelMonitor or ModelQualityMonitor; names it makes begin with `base_name`."""
    from pipelines.sdk import sdk_session

    session = sdk_session(target.boto_session, target.bucket)
    from sagemaker.core.model_monitor import DefaultModelMonitor, ModelQualityMonitor
    from sagemaker.core.network import NetworkConfig

    kind = DefaultModelMonitor if monitoring_type == DATA_QUALITY else ModelQualityMonitor
    return kind(
        role=role_arn,
        instance_count=INSTANCE_COUNT,
        instance_type=resources.instance_type,
        volume_size_in_gb=resources.volume_gb,
        volume_kms_key=resources.kms_key,
        output_kms_key=resources.kms_key,
        max_runtime_in_seconds=resources.max_runtime_seconds,
        base_job_name=base_name,
        sagemaker_session=session,
        env=environment,
        network_config=NetworkConfig(
            enable_network_isolation=resources.enable_network_isolation,
            subnets=list(resources.subnets) or None,
            security_group_ids=list(resources.security_group_ids) or None,
        ),
    )


def create_schedule(target: Target, name: str, definition: JobDefinition, cron: str) -> None:
    """A job definition with a name of its own, and the schedule that runs it."""
    monitor = _monitor_of(target, definition, name)
    monitor.create_monitoring_schedule(
        monitor_schedule_name=name, schedule_cron_expression=cron, **_analysis(definition)
    )


def update_schedule(target: Target, name: str, definition: JobDefinition, cron: str, replaces: str) -> None:
    """A new job definition in place of the one called `replaces`, which stays. Waits until the change applies."""
    monitor = _monitor_of(target, definition, name)
    monitor.monitoring_schedule_name, monitor.job_definition_name = name, replaces
    resources = definition.resources
    monitor.update_monitoring_schedule(
        schedule_cron_expression=cron,
        role=definition.role_arn,
        instance_count=INSTANCE_COUNT,
        instance_type=resources.instance_type,
        volume_size_in_gb=resources.volume_gb,
        volume_kms_key=resources.kms_key,
        output_kms_key=resources.kms_key,
        max_runtime_in_seconds=resources.max_runtime_seconds,
        network_config=monitor.network_config,
        env=monitor.env,
        **_analysis(definition),
    )


def delete_schedule(target: Target, name: str, definition: JobDefinition, definition_name: str) -> None:
    """The schedule and its job definition, which is locked until the schedule is gone."""
    monitor = _monitor_of(target, definition, name)
    monitor.monitoring_schedule_name, monitor.job_definition_name = name, definition_name
    monitor.delete_monitoring_schedule()


def _monitor_of(target: Target, definition: JobDefinition, base_name: str) -> Any:
    return open_monitor(
        target,
        definition.monitoring_type,
        definition.resources,
        definition.role_arn,
        base_name,
        {PACKAGE_VARIABLE: definition.package_arn},
    )


def _analysis(definition: JobDefinition) -> dict[str, Any]:
    """What both calls of a monitor have in common."""
    from sagemaker.core.model_monitor import EndpointInput

    quality = definition.quality
    endpoint_input = EndpointInput(
        endpoint_name=definition.endpoint,
        destination=INPUT_PATH,
        start_time_offset=definition.start_offset,
        end_time_offset=definition.end_offset,
        probability_attribute=quality.probability_attribute if quality else None,
        probability_threshold_attribute=quality.threshold if quality else None,
    )
    common = {
        "endpoint_input": endpoint_input,
        "output_s3_uri": definition.output,
        "constraints": definition.constraints,
        "enable_cloudwatch_metrics": definition.metrics,
    }
    if quality is None:
        return {
            **common,
            "statistics": definition.statistics,
            "record_preprocessor_script": definition.preprocessor,
        }
    return {**common, "ground_truth_input": quality.ground_truth, "problem_type": quality.problem_type}
