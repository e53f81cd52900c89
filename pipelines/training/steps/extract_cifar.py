"""ExtractCifar: the archive and new images in, pictures and lists of two classes out."""

from __future__ import annotations

from sagemaker.core.workflow.properties import PropertyFile
from sagemaker.mlops.workflow import ProcessingStep

from pipelines import names
from pipelines.source_code import CodeBundle
from pipelines.training.job_settings import STEP_CACHE, JobSettings, job_retries
from pipelines.training.parameters import TrainingParameters
from pipelines.training.steps.processing_job import INPUT_ROOT, OUTPUT_ROOT, processing_arguments

NAME = "ExtractCifar"
# Position is the label.
CLASSES = ",".join(names.CLASSES)
VALIDATION_FRACTION = "0.1"
# Not the Seed parameter: runs with different seeds must be judged on the same split, and find this step in
# the cache.
SPLIT_SEED = "42"
DATASET_REPORT = PropertyFile(name="DatasetReport", output_name="report", path="dataset_report.json")

# Output name -> place in S3. S3Prefix inputs match by prefix: next to `test`, a `test_lst` would be taken for
# a picture.
PLACES = {
    "train": "images/train",
    "validation": "images/validation",
    "test": "images/test",
    "train_lst": "lists/train",
    "validation_lst": "lists/validation",
    "test_lst": "lists/test",
    "report": "report",
}
# With pretraining: the other classes' training images, as NumPy arrays.
PRETRAIN_OUTPUT = "pretrain"


def extract_cifar(
    settings: JobSettings, parameters: TrainingParameters, code: CodeBundle, pretrain: bool = False
) -> ProcessingStep:
    """Outputs train, validation, test (PNG), train_lst, validation_lst, test_lst (.lst), report; property
    file DatasetReport. With `pretrain` also the output pretrain (.npy)."""
    places = {**PLACES, PRETRAIN_OUTPUT: PRETRAIN_OUTPUT} if pretrain else PLACES
    step_args = processing_arguments(
        settings,
        code,
        step="extract-cifar",
        module="extract_cifar",
        instance_type=parameters.processing_instance_type,
        instance_count=parameters.processing_instance_count,
        inputs={"archive": parameters.input_data_uri, "new_images": parameters.new_images_uri},
        outputs={name: (name, settings.output_uri(NAME, place)) for name, place in places.items()},
        arguments=[
            *("--archive-dir", f"{INPUT_ROOT}/archive"),
            *("--new-images-dir", f"{INPUT_ROOT}/new_images"),
            *("--output-dir", OUTPUT_ROOT),
            *("--classes", CLASSES),
            *("--validation-fraction", VALIDATION_FRACTION),
            *("--seed", SPLIT_SEED),
            *(("--pretrain",) if pretrain else ()),
        ],
    )
    return ProcessingStep(
        name=NAME,
        description="Keeps two classes of the CIFAR-100 archive, and new images, as PNGs with .lst files and a report",
        step_args=step_args,
        property_files=[DATASET_REPORT],
        cache_config=STEP_CACHE,
        retry_policies=job_retries(),
    )


def output_of(step: ProcessingStep, name: str) -> str:
    """The S3 URI that a processing step wrote one of its outputs to."""
    return step.properties.ProcessingOutputConfig.Outputs[name].S3Output.S3Uri
