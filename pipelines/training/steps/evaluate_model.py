"""EvaluateModel: predictions and labels in, evaluation.json, predictions.csv and plots out."""

from __future__ import annotations

from sagemaker.core.workflow.functions import JsonGet
from sagemaker.core.workflow.properties import PropertyFile
from sagemaker.mlops.workflow import ProcessingStep, TransformStep

from pipelines.source_code import CodeBundle
from pipelines.training.job_settings import STEP_CACHE, JobSettings, job_retries
from pipelines.training.parameters import TrainingParameters
from pipelines.training.steps.extract_cifar import output_of
from pipelines.training.steps.processing_job import INPUT_ROOT, OUTPUT_ROOT, processing_arguments

NAME = "EvaluateModel"
OUTPUT = "evaluation"
EVALUATION = PropertyFile(name="Evaluation", output_name=OUTPUT, path="evaluation.json")
ACCURACY_PATH = "binary_classification_metrics.accuracy.value"


def evaluate_model(
    settings: JobSettings,
    parameters: TrainingParameters,
    code: CodeBundle,
    extract: ProcessingStep,
    score: TransformStep,
) -> ProcessingStep:
    """Output evaluation; property file Evaluation. One machine, whatever the instance count: there is one
    test set to judge."""
    step_args = processing_arguments(
        settings,
        code,
        step="evaluate-model",
        module="evaluate",
        instance_type=parameters.processing_instance_type,
        instance_count=1,
        inputs={
            "transform": score.properties.TransformOutput.S3OutputPath,
            "test": output_of(extract, "test"),
            "test_lst": output_of(extract, "test_lst"),
            "report": output_of(extract, "report"),
        },
        outputs={OUTPUT: (OUTPUT, settings.output_uri(NAME, OUTPUT))},
        arguments=[
            *("--transform-dir", f"{INPUT_ROOT}/transform"),
            *("--test-dir", f"{INPUT_ROOT}/test"),
            *("--test-lst-dir", f"{INPUT_ROOT}/test_lst"),
            *("--report-dir", f"{INPUT_ROOT}/report"),
            *("--output-dir", f"{OUTPUT_ROOT}/{OUTPUT}"),
            *("--accuracy-threshold", parameters.accuracy_threshold.to_string()),
        ],
    )
    return ProcessingStep(
        name=NAME,
        description="Metrics, predictions and plots of the candidate on the test set",
        step_args=step_args,
        property_files=[EVALUATION],
        cache_config=STEP_CACHE,
        retry_policies=job_retries(),
    )


def measured_accuracy() -> JsonGet:
    """The candidate's accuracy on the test set, a number from 0 to 1, as EvaluateModel wrote it."""
    return JsonGet(step_name=NAME, property_file=EVALUATION, json_path=ACCURACY_PATH)
