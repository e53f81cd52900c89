"""CreateModel: the candidate, as the container that would serve it."""

from __future__ import annotations

import logging

from sagemaker.core.helper.pipeline_variable import PipelineVariable
from sagemaker.mlops.workflow import ModelStep, TrainingStep
from sagemaker.serve import ModelBuilder

from pipelines.training.algorithms import Algorithm
from pipelines.training.job_settings import JobSettings, service_retries

NAME = "CreateModel"


def create_model(settings: JobSettings, algorithm: Algorithm, train: TrainingStep) -> ModelStep:
    builder = ModelBuilder(
        image_uri=algorithm.serving_image(settings.region),
        s3_model_data_url=model_artifacts(train),
        env_vars=serving_environment(settings, algorithm),
        role_arn=settings.role,
        network=settings.training_network,
        # Given only so that the SDK does not go looking for one; a model has no instance type.
        instance_type="ml.m5.large",
        sagemaker_session=settings.session,
        # It sets the level of the SDK's logger, to DEBUG if not told otherwise.
        log_level=logging.ERROR,
    )
    return ModelStep(
        name=NAME,
        description="The candidate model, in the container that would serve it",
        step_args=builder.build(),
        retry_policies=service_retries(),
    )


def model_artifacts(train: TrainingStep) -> PipelineVariable:
    """The S3 URI of the model.tar.gz that training wrote."""
    return train.properties.ModelArtifacts.S3ModelArtifacts


def serving_environment(settings: JobSettings, algorithm: Algorithm) -> dict[str, str]:
    """Tells the inference toolkit to serve with the code that training put into the archive (no repacking). Empty for
    an algorithm that serves by itself.

    Stated on the model and on the package alike: of the SDK's calls, `register` would add it and `build`
    would not.
    """
    if not algorithm.brings_code:
        return {}
    return {
        "SAGEMAKER_PROGRAM": "inference.py",
        "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
        "SAGEMAKER_REGION": settings.region,
        "SAGEMAKER_CONTAINER_LOG_LEVEL": "20",
    }
