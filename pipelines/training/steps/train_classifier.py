"""TrainClassifier: script mode in the PyTorch training image, resuming from its checkpoints."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from sagemaker.core.shapes import CheckpointConfig, MetricDefinition
from sagemaker.core.workflow.functions import Join
from sagemaker.mlops.workflow import ProcessingStep, TrainingStep
from sagemaker.train.configs import InputData

from pipelines.source_code import CodeBundle
from pipelines.training.algorithms import Algorithm
from pipelines.training.job_settings import STEP_CACHE, JobSettings, job_retries
from pipelines.training.parameters import TrainingParameters
from pipelines.training.pretrained_model import CHANNEL
from pipelines.training.steps.extract_cifar import CLASSES, PRETRAIN_OUTPUT, output_of
from pipelines.training.steps.training_job import NAME, model_trainer

PROGRAM = "train.py"
CHECKPOINT_FOLDER = "/opt/ml/checkpoints"
CODE_CHANNEL = "code"
IMAGE_CHANNELS = ("train", "validation")
LIST_CHANNELS = ("train_lst", "validation_lst")
METRICS = ("train:loss", "train:accuracy", "validation:loss", "validation:accuracy")
# Settled by experiment rather than by whoever starts an execution; the service wants every value as a string.
FIXED_HYPERPARAMETERS = {
    "batch-size": "48",
    "width": "12",
    "classes": CLASSES,
    "checkpoint-dir": CHECKPOINT_FOLDER,
}
# Ten epochs of the full archive's 49,000 other pictures take well under MAX_RUNTIME_SECONDS on two CPU cores.
PRETRAINING_HYPERPARAMETERS = {"pretrain": "true", "pretrain-epochs": "10"}
# Not pretrain:loss, in which the expression train:loss= would find itself.
PRETRAINING_METRICS = ("pretraining:loss", "pretraining:accuracy")


def train_classifier(
    settings: JobSettings,
    parameters: TrainingParameters,
    algorithm: Algorithm,
    code: CodeBundle,
    pretrained_model_uri: str,
    extract: ProcessingStep,
    pretrain: bool = False,
) -> TrainingStep:
    """Channels train, validation (PNG) and train_lst, validation_lst (.lst); the model is model.tar.gz with
    its serving code. The channel pretrained_model has published weights. With `pretrain` also the channel pretrain
    (.npy), which the net learns from first.

    Without SourceCode, on purpose: ModelTrainer would put a timestamp into the URIs of the code and driver
    channels, the definition would change at every compile and the step cache never be hit.
    """
    fixed = {**FIXED_HYPERPARAMETERS, **(PRETRAINING_HYPERPARAMETERS if pretrain else {})}
    metrics = METRICS + PRETRAINING_METRICS if pretrain else METRICS
    image = algorithm.training_image(settings.region)
    trainer = model_trainer(
        settings,
        parameters,
        image,
        _hyperparameters(settings, parameters, code, fixed),
        checkpoint_config=CheckpointConfig(
            s3_uri=_checkpoint_uri(settings, parameters, image, code, extract, fixed), local_path=CHECKPOINT_FOLDER
        ),
    ).with_metric_definitions([MetricDefinition(name=name, regex=f"{name}=([0-9.]+)") for name in metrics])
    return TrainingStep(
        name=NAME,
        description="Trains the classifier from the extracted pictures",
        step_args=trainer.train(input_data_config=_channels(settings, code, pretrained_model_uri, extract, pretrain)),
        cache_config=STEP_CACHE,
        retry_policies=job_retries(),
    )


def _channels(
    settings: JobSettings, code: CodeBundle, pretrained_model_uri: str, extract: ProcessingStep, pretrain: bool
) -> list[InputData]:
    channels = [
        InputData(channel_name=name, data_source=output_of(extract, name), content_type="application/x-image")
        for name in (*IMAGE_CHANNELS, *LIST_CHANNELS)
    ]
    # also where UsePretrainedModel is 0: a channel cannot depend on a parameter
    channels.append(InputData(channel_name=CHANNEL, data_source=pretrained_model_uri))
    if pretrain:
        source = output_of(extract, PRETRAIN_OUTPUT)
        channels.append(InputData(channel_name=PRETRAIN_OUTPUT, data_source=source, content_type="application/x-npy"))
    if settings.enable_network_isolation:
        channels.append(InputData(channel_name=CODE_CHANNEL, data_source=code.uri))
    return channels


def _hyperparameters(
    settings: JobSettings, parameters: TrainingParameters, code: CodeBundle, fixed: Mapping[str, str]
) -> dict[str, object]:
    # The toolkit in the image downloads the archive itself; an isolated container cannot, so there it comes
    # as a channel.
    archive = f"/opt/ml/input/data/{CODE_CHANNEL}/sourcedir.tar.gz" if settings.enable_network_isolation else code.uri
    return {
        "sagemaker_program": PROGRAM,
        "sagemaker_submit_directory": archive,
        "sagemaker_region": settings.region,
        "sagemaker_container_log_level": "20",
        # to_string: a bare parameter compiles to a number where the API wants a string.
        "epochs": parameters.epochs.to_string(),
        "learning-rate": parameters.learning_rate.to_string(),
        "seed": parameters.seed.to_string(),
        "use-pretrained-model": parameters.use_pretrained_model.to_string(),
        **fixed,
    }


def _checkpoint_uri(
    settings: JobSettings,
    parameters: TrainingParameters,
    image: str,
    code: CodeBundle,
    extract: ProcessingStep,
    fixed: Mapping[str, str],
) -> Join:
    """One place for each set of pictures, code and hyperparameters.

    Not one for each execution: the checkpoint address is part of what the step cache compares, and an
    execution started after an interrupted one should resume. The extraction job's name stands for the
    pictures: new pictures, new job.
    """
    recipe = json.dumps([code.digest, image, fixed], sort_keys=True)
    return Join(
        on="/",
        values=[
            *(
                "s3:/",
                settings.bucket,
                settings.s3_prefix,
                "checkpoints",
                extract.properties.ProcessingJobName,
            ),
            hashlib.sha256(recipe.encode()).hexdigest(),
            *(
                "epochs",
                parameters.epochs,
                "learning-rate",
                parameters.learning_rate,
                "seed",
                parameters.seed,
                "use-pretrained-model",
                parameters.use_pretrained_model,
            ),
        ],
    )
