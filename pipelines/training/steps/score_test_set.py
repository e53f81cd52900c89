"""ScoreTestSet: batch transform of the test pictures and their perturbed copies, through the container that would
serve them."""

from __future__ import annotations

from sagemaker.core.transformer import Transformer
from sagemaker.mlops.workflow import ModelStep, ProcessingStep, TransformStep

from pipelines.training.algorithms import Algorithm
from pipelines.training.job_settings import STEP_CACHE, JobSettings, job_retries
from pipelines.training.parameters import TrainingParameters
from pipelines.training.steps.extract_cifar import output_of
from pipelines.training.steps.perturb_test_set import OUTPUT

NAME = "ScoreTestSet"
MAX_CONCURRENT_TRANSFORMS = 4
MAX_PAYLOAD_MB = 1


def score_test_set(
    settings: JobSettings,
    parameters: TrainingParameters,
    algorithm: Algorithm,
    perturb: ProcessingStep,
    model: ModelStep,
) -> TransformStep:
    """One request for each picture (SingleRecord, SplitType None), one `<picture>.out` with `[p_bicycle,
    p_motorcycle]` each.

    A transform job has no time limit of its own; each request has one.
    """
    transformer = Transformer(
        model_name=model.properties.ModelName,
        instance_type=parameters.inference_instance_type,
        instance_count=1,
        strategy="SingleRecord",
        assemble_with="None",
        accept="application/json",
        max_concurrent_transforms=MAX_CONCURRENT_TRANSFORMS,
        max_payload=MAX_PAYLOAD_MB,
        output_path=settings.output_uri(NAME),
        output_kms_key=settings.kms_key,
        volume_kms_key=settings.kms_key,
        base_transform_job_name=settings.job_name("score-test-set"),
        sagemaker_session=settings.session,
    )
    return TransformStep(
        name=NAME,
        description="Predicts every test picture with the candidate's own serving container",
        step_args=transformer.transform(
            data=output_of(perturb, OUTPUT),
            data_type="S3Prefix",
            content_type=algorithm.scored_as,
            split_type="None",
            compression_type="None",
            model_client_config={"InvocationsTimeoutInSeconds": 60, "InvocationsMaxRetries": 2},
        ),
        cache_config=STEP_CACHE,
        retry_policies=job_retries(),
    )
