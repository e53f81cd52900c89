"""What TrainClassifier's job is, whatever trains: one instance, its limits, places and encryption."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sagemaker.core.shapes import OutputDataConfig, StoppingCondition
from sagemaker.train import ModelTrainer
from sagemaker.train.configs import Compute

from pipelines.training.job_settings import JobSettings
from pipelines.training.parameters import TrainingParameters

NAME = "TrainClassifier"
MAX_RUNTIME_SECONDS = 2 * 3600


def model_trainer(
    settings: JobSettings,
    parameters: TrainingParameters,
    image: str,
    hyperparameters: Mapping[str, object],
    **more: Any,
) -> ModelTrainer:
    """The SDK's trainer for `image` (a URI). `more` is what this one needs besides."""
    return ModelTrainer(
        training_image=image,
        role=settings.role,
        base_job_name=settings.job_name("train-classifier"),
        compute=Compute(
            instance_type=parameters.training_instance_type,
            instance_count=1,
            volume_size_in_gb=30,
            volume_kms_key_id=settings.kms_key,
        ),
        networking=settings.training_network,
        stopping_condition=StoppingCondition(max_runtime_in_seconds=MAX_RUNTIME_SECONDS),
        output_data_config=OutputDataConfig(s3_output_path=settings.output_uri(NAME), kms_key_id=settings.kms_key),
        hyperparameters=dict(hyperparameters),
        sagemaker_session=settings.session,
        **more,
    )
