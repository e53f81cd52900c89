"""TrainClassifier by SageMaker's built-in algorithm image-classification: no code of ours, four channels.

Its contract: https://docs.aws.amazon.com/sagemaker/latest/dg/image-classification.html, IC-Hyperparameter.html.
"""

from __future__ import annotations

from sagemaker.core.shapes import Channel, DataSource, S3DataSource
from sagemaker.core.workflow.functions import JsonGet
from sagemaker.mlops.workflow import ProcessingStep, TrainingStep

from pipelines import names
from pipelines.training.algorithms import IMAGE_CLASSIFICATION
from pipelines.training.job_settings import STEP_CACHE, JobSettings, job_retries
from pipelines.training.parameters import TrainingParameters
from pipelines.training.steps.extract_cifar import DATASET_REPORT, output_of
from pipelines.training.steps.train_classifier import IMAGE_CHANNELS, LIST_CHANNELS
from pipelines.training.steps.training_job import NAME, model_trainer

CONTENT_TYPE = "application/x-image"
TRAINING_IMAGES = "counts.train.total"
# Settled here rather than by whoever starts an execution; the service wants every value as a string.
FIXED_HYPERPARAMETERS = {
    "num_classes": str(len(names.CLASSES)),
    "image_shape": "3,32,32",
    # for pictures as small as these it knows 20, 32, 44, 56 and 110
    "num_layers": "20",
    "use_pretrained_model": "0",
    "mini_batch_size": "32",
    "optimizer": "sgd",
    "momentum": "0.9",
    "weight_decay": "0.0001",
    "augmentation_type": "crop",
    "lr_scheduler_factor": "0.1",
    "lr_scheduler_step": "30,45",
    # not before the learning rate has come down for the last time
    "early_stopping": "True",
    "early_stopping_min_epochs": "45",
    "early_stopping_patience": "5",
    "early_stopping_tolerance": "0.0",
}


def train_image_classification(
    settings: JobSettings, parameters: TrainingParameters, extract: ProcessingStep
) -> TrainingStep:
    """Channels train, validation (PNG) and train_lst, validation_lst (.lst); the model is what the algorithm's own
    image serves.

    Without metric definitions: the service has those of its algorithms, validation:accuracy among them, and takes no
    others. Without checkpoints: training lasts minutes, and what the algorithm does with those of a training that
    had ended is documented nowhere.
    """
    hyperparameters = {
        **FIXED_HYPERPARAMETERS,
        # known when the pictures are: a classifier that is retrained has new ones
        "num_training_samples": JsonGet(
            step_name=extract.name, property_file=DATASET_REPORT, json_path=TRAINING_IMAGES
        ).to_string(),
        "epochs": parameters.epochs.to_string(),
        "learning_rate": parameters.learning_rate.to_string(),
    }
    trainer = model_trainer(
        settings,
        parameters,
        IMAGE_CLASSIFICATION.training_image(settings.region),
        hyperparameters,
        # the algorithm's data do not fit a pipe without being indexed by manifests
        training_input_mode="File",
    )
    return TrainingStep(
        name=NAME,
        description="Trains the classifier from the extracted pictures, by the built-in image-classification",
        step_args=trainer.train(input_data_config=[_channel(extract, name) for name in IMAGE_CHANNELS + LIST_CHANNELS]),
        cache_config=STEP_CACHE,
        retry_policies=job_retries(),
    )


def _channel(extract: ProcessingStep, name: str) -> Channel:
    return Channel(
        channel_name=name,
        content_type=CONTENT_TYPE,
        compression_type="None",
        record_wrapper_type="None",
        input_mode="File",
        data_source=DataSource(
            s3_data_source=S3DataSource(
                s3_data_type="S3Prefix",
                s3_uri=output_of(extract, name),
                s3_data_distribution_type="FullyReplicated",
            )
        ),
    )
