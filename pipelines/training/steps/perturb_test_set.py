"""PerturbTestSet: the test pictures and perturbed copies of a sample of them, as one set to score."""

from __future__ import annotations

from sagemaker.mlops.workflow import ProcessingStep

from pipelines.source_code import CodeBundle
from pipelines.training.job_settings import STEP_CACHE, JobSettings, job_retries
from pipelines.training.parameters import TrainingParameters
from pipelines.training.steps.extract_cifar import output_of
from pipelines.training.steps.processing_job import INPUT_ROOT, OUTPUT_ROOT, processing_arguments

NAME = "PerturbTestSet"
OUTPUT = "images"


def perturb_test_set(
    settings: JobSettings, parameters: TrainingParameters, code: CodeBundle, extract: ProcessingStep
) -> ProcessingStep:
    """Output images. It needs no model and runs beside the training."""
    step_args = processing_arguments(
        settings,
        code,
        step="perturb-test-set",
        module="perturb_test_set",
        instance_type=parameters.processing_instance_type,
        instance_count=1,
        inputs={"test": output_of(extract, "test"), "test_lst": output_of(extract, "test_lst")},
        outputs={OUTPUT: (OUTPUT, settings.output_uri(NAME, OUTPUT))},
        arguments=[
            *("--test-dir", f"{INPUT_ROOT}/test"),
            *("--test-lst-dir", f"{INPUT_ROOT}/test_lst"),
            *("--output-dir", OUTPUT_ROOT),
        ],
    )
    return ProcessingStep(
        name=NAME,
        description="Copies of test pictures with small changes, for the behaviour tests",
        step_args=step_args,
        cache_config=STEP_CACHE,
        retry_policies=job_retries(),
    )
