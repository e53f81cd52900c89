"""What the pipeline tells EvaluateModel for the report: parameters, code, execution, and the jobs before it.

The arguments' forms are those of processing/lineage.py. An argument has at most 256 characters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from sagemaker.core.helper.pipeline_variable import PipelineVariable
from sagemaker.core.workflow.execution_variables import ExecutionVariables
from sagemaker.core.workflow.functions import Join
from sagemaker.mlops.workflow import ProcessingStep, TrainingStep, TransformStep

from pipelines.retraining.reason import TRAINING_REASON, TRAINING_TRIGGER
from pipelines.source_code import SourceCode
from pipelines.training.algorithms import Algorithm
from pipelines.training.job_settings import JobSettings
from pipelines.training.parameters import TrainingParameters

Value: TypeAlias = str | int | PipelineVariable


@dataclass(frozen=True)
class Lineage:
    """Facts by name, and of each job step name, instance type, instance count, start and end."""

    facts: Mapping[str, Value]
    jobs: Sequence[Sequence[Value]]


def lineage_of(
    settings: JobSettings,
    parameters: TrainingParameters,
    *,
    algorithm: Algorithm,
    pretrain: bool,
    code: SourceCode,
    code_version: str | None,
    extract: ProcessingStep,
    perturb: ProcessingStep,
    train: TrainingStep,
    score: TransformStep,
) -> Lineage:
    """What is known when the candidate has been scored. A job found in the cache counts as it was when it ran."""
    processing, training = parameters.processing_instance_type, parameters.training_instance_type
    return Lineage(
        facts={
            **({"code_version": code_version} if code_version else {}),
            "execution_arn": ExecutionVariables.PIPELINE_EXECUTION_ARN,
            "training_job_arn": train.properties.TrainingJobArn,
            "algorithm": algorithm.name,
            **({"pretrain": "true"} if pretrain else {}),
            "training_image": algorithm.training_image(settings.region),
            "serving_image": algorithm.serving_image(settings.region),
            "processing_code_sha256": code.processing.digest,
            **({"training_code_sha256": code.training.digest} if algorithm.brings_code else {}),
        },
        jobs=[
            (extract.name, processing, parameters.processing_instance_count, *_processing_times(extract)),
            (perturb.name, processing, 1, *_processing_times(perturb)),
            (train.name, training, 1, train.properties.TrainingStartTime, train.properties.TrainingEndTime),
            (
                *(score.name, parameters.inference_instance_type, 1),
                *(score.properties.TransformStartTime, score.properties.TransformEndTime),
            ),
        ],
    )


def lineage_arguments(lineage: Lineage, parameters: TrainingParameters) -> list[str | Join]:
    """As the script takes it: --fact NAME=VALUE, --parameter NAME=VALUE, --job STEP,TYPE,COUNT,START,END."""
    told: list[str | Join] = []
    for name, value in lineage.facts.items():
        told += [
            "--fact",
            Join(on="=", values=[name, value]) if isinstance(value, PipelineVariable) else f"{name}={value}",
        ]
    for parameter in parameters.as_list():
        # who wanted a model says nothing of how it is made, and a long reason would not fit
        if parameter.name in (TRAINING_REASON, TRAINING_TRIGGER):
            continue
        told += ["--parameter", Join(on="=", values=[parameter.name, parameter])]
    for job in lineage.jobs:
        told += [
            "--job",
            Join(on=",", values=[part if isinstance(part, PipelineVariable) else str(part) for part in job]),
        ]
    return told


def _processing_times(step: ProcessingStep) -> tuple[PipelineVariable, PipelineVariable]:
    return step.properties.ProcessingStartTime, step.properties.ProcessingEndTime
