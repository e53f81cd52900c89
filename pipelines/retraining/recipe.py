"""How the champion was trained, as far as a retraining does it again: its algorithm, and its execution's parameters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from pipelines.names import MODEL_PACKAGE_GROUP_NAME
from pipelines.registry import ModelPackageGroupMissing, ModelVersion, latest_version, newest_approved

EXECUTION, ALGORITHM, PRETRAIN = "pipeline_execution_arn", "algorithm", "pretrain"
# What suits one algorithm and not another.
OF_THE_ALGORITHM = ("Epochs", "LearningRate", "Seed", "UsePretrainedModel", "TrainingInstanceType")
# How a version was made. What becomes of it (ModelApprovalStatus) and what it is compared with is decided each time.
RECIPE = (
    *("InputDataUri", "AccuracyThreshold", "EndpointName", *OF_THE_ALGORITHM),
    *("ProcessingInstanceType", "ProcessingInstanceCount", "InferenceInstanceType"),
)

Tell = Callable[[str], object]


@dataclass(frozen=True)
class ChampionTraining:
    """What trained a version, as it says itself; `algorithm` is None where it does not say."""

    algorithm: str | None = None
    pretrained: bool = False


def champion_training(sagemaker: Any, group: str = MODEL_PACKAGE_GROUP_NAME) -> ChampionTraining:
    """What trained the version whose recipe a retraining follows."""
    version = _version_to_follow(sagemaker, group)
    if version is None:
        return ChampionTraining()
    return ChampionTraining(version.metadata.get(ALGORITHM), PRETRAIN in version.metadata)


def champion_recipe(sagemaker: Any, group: str, algorithm: str | None, tell: Tell) -> dict[str, str]:
    """The parameters of the execution which made the champion (the group's newest approved version, else its newest).

    Those of the algorithm are left out where that is another than `algorithm`. `tell` gets a line about what was
    found. Raises ClientError.
    """
    version = _version_to_follow(sagemaker, group)
    arn = version.metadata.get(EXECUTION) if version else None
    if version is None or arn is None:
        tell("recipe: the pipeline's defaults, as no version says how it was made")
        return {}
    try:
        answer = sagemaker.list_pipeline_parameters_for_execution(PipelineExecutionArn=arn, MaxResults=100)
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("ResourceNotFound", "ResourceNotFoundException"):
            raise
        tell(f"recipe: the pipeline's defaults, as {arn}, which made version {version.version}, is no more")
        return {}
    trained_by = version.metadata.get(ALGORITHM, algorithm)
    apart = () if algorithm in (None, trained_by) else OF_THE_ALGORITHM
    without = f", without {', '.join(apart)}, which are those of {trained_by}" if apart else ""
    tell(f"recipe: that of version {version.version}{without}")
    taken = set(RECIPE) - set(apart)
    return {one["Name"]: one["Value"] for one in answer["PipelineParameters"] if one["Name"] in taken}


def _version_to_follow(sagemaker: Any, group: str) -> ModelVersion | None:
    try:
        return newest_approved(sagemaker, group) or latest_version(sagemaker, group)
    except ModelPackageGroupMissing:
        return None
