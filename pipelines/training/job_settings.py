"""What all jobs of the training pipeline have in common: role, places, network, encryption, caching,
retries."""

from __future__ import annotations

from dataclasses import dataclass

from sagemaker.core.network import NetworkConfig
from sagemaker.core.workflow.execution_variables import ExecutionVariables
from sagemaker.core.workflow.functions import Join
from sagemaker.core.workflow.pipeline_context import PipelineSession
from sagemaker.mlops.workflow import (
    CacheConfig,
    RetryPolicy,
    SageMakerJobExceptionTypeEnum,
    SageMakerJobStepRetryPolicy,
    StepExceptionTypeEnum,
    StepRetryPolicy,
)
from sagemaker.train.configs import Networking


@dataclass(frozen=True)
class JobSettings:
    """Settings that every job of one pipeline shares.

    `s3_prefix` is the key prefix of everything that the pipeline reads and writes in `bucket`, without
    slashes at its ends.
    """

    session: PipelineSession
    region: str
    role: str
    bucket: str
    s3_prefix: str
    job_name_prefix: str
    kms_key: str | None = None
    subnets: tuple[str, ...] = ()
    security_group_ids: tuple[str, ...] = ()
    enable_network_isolation: bool = False

    def output_uri(self, step: str, *parts: str) -> Join:
        """Where a step writes: a place of its own for each execution, so that nothing is ever overwritten."""
        place = [
            self.bucket,
            self.s3_prefix,
            "executions",
            ExecutionVariables.PIPELINE_EXECUTION_ID,
            step,
            *parts,
        ]
        return Join(on="/", values=["s3:/", *place])

    def job_name(self, step: str) -> str:
        return f"{self.job_name_prefix}-{step}"

    @property
    def processing_network(self) -> NetworkConfig:
        return NetworkConfig(
            enable_network_isolation=self.enable_network_isolation,
            subnets=list(self.subnets) or None,
            security_group_ids=list(self.security_group_ids) or None,
        )

    @property
    def training_network(self) -> Networking:
        """For training jobs, and for models: batch transform jobs run in the network of their model."""
        return Networking(
            enable_network_isolation=self.enable_network_isolation,
            subnets=list(self.subnets) or None,
            security_group_ids=list(self.security_group_ids) or None,
        )


# A step is looked up by what it reads and runs, never by where it writes, so the execution's own output
# places do not spoil it. ScoreTestSet names its model, and every execution makes a new one: a candidate is
# scored afresh.
STEP_CACHE = CacheConfig(enable_caching=True, expire_after="P30D")


def service_retries() -> list[RetryPolicy]:
    """For every step that calls a service: try again when it is at fault or throttles."""
    return [
        StepRetryPolicy(
            exception_types=[StepExceptionTypeEnum.SERVICE_FAULT, StepExceptionTypeEnum.THROTTLING],
            interval_seconds=5,
            backoff_rate=2.0,
            max_attempts=5,
        )
    ]


def job_retries() -> list[RetryPolicy]:
    """For steps that run a job: also when the platform lost the job or had no machine. Never when the script
    failed."""
    platform_faults = SageMakerJobStepRetryPolicy(
        exception_types=[
            SageMakerJobExceptionTypeEnum.INTERNAL_ERROR,
            SageMakerJobExceptionTypeEnum.CAPACITY_ERROR,
        ],
        interval_seconds=60,
        backoff_rate=2.0,
        max_attempts=3,
    )
    return [*service_retries(), platform_faults]
