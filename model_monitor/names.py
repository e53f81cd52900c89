"""What monitoring resources of an endpoint are called, and where they keep their files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

MonitoringType = Literal["DataQuality", "ModelQuality"]

DATA_QUALITY: MonitoringType = "DataQuality"
MODEL_QUALITY: MonitoringType = "ModelQuality"
SUFFIXES: dict[MonitoringType, str] = {DATA_QUALITY: "data-quality", MODEL_QUALITY: "model-quality"}
ON_DEMAND = "now"
# MonitoringScheduleName and MonitoringJobDefinitionName in botocore's service model
MAX_NAME_LENGTH = 63

MONITORING_PREFIX = "scones/monitoring"


class NameTooLong(ValueError):
    """A monitoring resource of the endpoint would have a name that SageMaker does not take."""


@dataclass(frozen=True)
class Places:
    """Prefixes in S3, without a slash at their end."""

    bucket: str

    @property
    def reports(self) -> str:
        """Below it the service writes ENDPOINT/SCHEDULE/yyyy/mm/dd/hh/."""
        return f"s3://{self.bucket}/{MONITORING_PREFIX}/reports"

    @property
    def baselines(self) -> str:
        return f"s3://{self.bucket}/{MONITORING_PREFIX}/baselines"

    @property
    def preprocessors(self) -> str:
        return f"s3://{self.bucket}/{MONITORING_PREFIX}/preprocessors"

    def ground_truth(self, endpoint: str) -> str:
        """Below it the answers of the review queue lie in yyyy/mm/dd/hh/."""
        from pipelines.names import GROUND_TRUTH_PREFIX

        return f"s3://{self.bucket}/{GROUND_TRUTH_PREFIX}/{endpoint}"


def schedule_name(endpoint: str, monitoring_type: MonitoringType) -> str:
    """E-data-quality, E-model-quality."""
    return f"{endpoint}-{SUFFIXES[monitoring_type]}"


def on_demand_name(endpoint: str, monitoring_type: MonitoringType) -> str:
    """E-data-quality-now, E-model-quality-now: one-time schedules."""
    return f"{schedule_name(endpoint, monitoring_type)}-{ON_DEMAND}"


def check_names(endpoint: str) -> None:
    """Raises NameTooLong where a schedule of the endpoint could not be made under its name."""
    longest = max((on_demand_name(endpoint, each) for each in SUFFIXES), key=len)
    if len(longest) > MAX_NAME_LENGTH:
        most = MAX_NAME_LENGTH - (len(longest) - len(endpoint))
        raise NameTooLong(
            f"endpoint {endpoint} has {len(endpoint)} characters, and its schedule {longest} would have {len(longest)} "
            f"of at most {MAX_NAME_LENGTH}: only endpoints of up to {most} characters can be monitored"
        )
