"""The SageMaker SDK's own way to run a pipeline on one machine, tried on this project's pipeline.

`sagemaker.mlops.local.LocalPipelineSession` runs steps one after another in the containers of their images, with
Docker Compose. Two attempts: the whole training pipeline, then its first two steps alone, which are of types that the
session knows. What it says is recorded in its own words.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.serving_endpoints import local_target
from pipelines.session import Target
from pipelines.training.pipeline import BASE_JOB_PREFIX, DATASET_KEY, get_pipeline

KNOWN_STEPS = ("ExtractCifar", "TrainClassifier")


@dataclass(frozen=True)
class Attempt:
    """What came of one pipeline. `seconds` is None unless it succeeded, `reason` is None if it did."""

    steps: tuple[str, ...]
    reached: tuple[str, ...]
    seconds: float | None
    reason: str | None


def attempt(work_dir: Path, archive: Path, epochs: int, seed: int) -> dict[str, Attempt]:
    """Both attempts, "the whole pipeline" and "two steps", with inputs and outputs in a local AWS's S3."""
    parameters = {"Epochs": epochs, "Seed": seed}
    with local_target(work_dir / "aws") as target:
        target.client("s3").upload_file(str(archive), target.bucket, f"{BASE_JOB_PREFIX}/{DATASET_KEY}")
        pipeline = get_pipeline(
            region=target.region,
            role=target.role_arn,
            default_bucket=target.bucket,
            sagemaker_session=target.sagemaker_session,
        )
        known = [step for step in pipeline.steps if step.name in KNOWN_STEPS]
        return {
            "the whole pipeline": _execute(target, pipeline.name, pipeline.parameters, pipeline.steps, parameters),
            "two steps": _execute(target, "TwoSteps", pipeline.parameters, known, parameters),
        }


def records(attempts: dict[str, Attempt]) -> dict[str, Any]:
    """The attempts as a result file has them."""
    return {name: asdict(found) for name, found in attempts.items()}


def _execute(target: Target, name: str, declared: Any, steps: Any, given: dict[str, Any]) -> Attempt:
    # Imported here: the SDK must have been loaded by `pipelines.sdk` first.
    from botocore.exceptions import ClientError
    from sagemaker.mlops.local import LocalPipelineSession
    from sagemaker.mlops.workflow import Pipeline

    session = LocalPipelineSession(boto_session=target.boto_session, default_bucket=target.bucket)
    session.sagemaker_config = {}
    names = tuple(step.name for step in steps)
    pipeline = Pipeline(name=name, parameters=declared, steps=steps, sagemaker_session=target.sagemaker_session)
    session.create_pipeline(pipeline, "tried by a benchmark")
    began = time.perf_counter()
    try:
        execution = session.start_pipeline_execution(name, PipelineParameters=given)
    except ClientError as error:
        return Attempt(names, (), None, error.response["Error"]["Message"])
    except ImportError as error:
        return Attempt(names, (), None, str(error))
    seconds = time.perf_counter() - began
    told = execution.describe()
    reached = tuple(
        step["StepName"] for step in execution.list_steps()["PipelineExecutionSteps"] if "StartTime" in step
    )
    if told["PipelineExecutionStatus"] != "Succeeded":
        return Attempt(names, reached, None, told.get("FailureReason", told["PipelineExecutionStatus"]))
    return Attempt(names, reached, round(seconds, 2), None)
