"""What a deployment can be told. Each setting is a value, or what only an execution knows."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TypeAlias

from sagemaker.core.helper.pipeline_variable import PipelineVariable

Text: TypeAlias = str | PipelineVariable
Number: TypeAlias = int | PipelineVariable

TRAFFIC_ROUTINGS = ["ALL_AT_ONCE", "CANARY", "LINEAR"]


@dataclass(frozen=True)
class DeploymentSettings:
    """The settings in the order in which the deployment pipeline lists its parameters.

    Capacity: instances of a type, or serverless where serverless_memory_size_in_mb is not 0 (1024 to 6144).
    Traffic: traffic_share_percent is the canary's size or the linear step's, up to 50; traffic_wait_seconds lies
    between two shifts; after the last one the old fleet is kept for bake_seconds, and the alarms are watched.
    Capture: percent of the requests. Scaling: instances, invocations a minute for each of them, cool-downs in seconds;
    there is none where max_capacity is min_capacity. Alarms: 5xx answers in a minute, p99 of the model's latency.
    """

    model_package_arn: Text
    endpoint_name: Text
    inference_instance_type: Text
    initial_instance_count: Number = 1
    serverless_memory_size_in_mb: Number = 0
    serverless_max_concurrency: Number = 5
    traffic_routing: Text = "ALL_AT_ONCE"
    traffic_share_percent: Number = 10
    traffic_wait_seconds: Number = 60
    # Two periods of the alarms. They are judged a while after a minute has ended: with one, an update that comes early
    # in its minute is over before anybody has looked at the new version.
    bake_seconds: Number = 120
    capture_percentage: Number = 100
    min_capacity: Number = 1
    max_capacity: Number = 4
    target_invocations_per_instance: Number = 2000
    scale_in_cooldown: Number = 300
    scale_out_cooldown: Number = 60
    error_alarm_count: Number = 5
    latency_alarm_milliseconds: Number = 1000

    def as_event(self) -> dict[str, Text | Number]:
        """All settings under the names that the function of the Lambda steps reads."""
        return {parameter_name(field.name): getattr(self, field.name) for field in fields(self)}


def parameter_name(setting: str) -> str:
    """The parameter of a setting: `bake_seconds` is BakeSeconds, and MB is written as SageMaker writes it."""
    return "".join(word.capitalize() for word in setting.split("_")).replace("Mb", "MB")
