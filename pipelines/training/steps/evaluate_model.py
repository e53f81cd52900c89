"""EvaluateModel: answers and labels in, figures, gates and evidence out."""

from __future__ import annotations

from sagemaker.core.workflow.functions import Join, JsonGet
from sagemaker.core.workflow.properties import PropertyFile
from sagemaker.mlops.workflow import ProcessingStep, TransformStep

from pipelines.source_code import RECORD_PREPROCESSOR, SourceCode
from pipelines.training.job_settings import JobSettings, job_retries
from pipelines.training.parameters import TrainingParameters
from pipelines.training.steps.extract_cifar import output_of
from pipelines.training.steps.lineage import Lineage, lineage_arguments
from pipelines.training.steps.processing_job import INPUT_ROOT, OUTPUT_ROOT, processing_arguments

NAME = "EvaluateModel"
OUTPUT, MONITORING = "evaluation", "monitoring"
# What the monitor's baselines are made of, in the output monitoring.
FEATURES_FILE, QUALITY_FILE = "features.csv", "quality.csv"
EVALUATION = PropertyFile(name="Evaluation", output_name=OUTPUT, path="evaluation.json")
ACCURACY_PATH = "binary_classification_metrics.accuracy.value"


def evaluate_model(
    settings: JobSettings,
    parameters: TrainingParameters,
    code: SourceCode,
    extract: ProcessingStep,
    score: TransformStep,
    lineage: Lineage,
) -> ProcessingStep:
    """Outputs evaluation and monitoring; property file Evaluation. One machine, whatever the instance count: there is
    one test set to judge. Not cached: its report is about this execution."""
    step_args = processing_arguments(
        settings,
        code.processing,
        step="evaluate-model",
        module="evaluate",
        instance_type=parameters.processing_instance_type,
        instance_count=1,
        inputs={
            "transform": score.properties.TransformOutput.S3OutputPath,
            "test": output_of(extract, "test"),
            "test_lst": output_of(extract, "test_lst"),
            "report": output_of(extract, "report"),
            "champion": parameters.champion_predictions_uri,
            "record_preprocessor": code.record_preprocessor.uri,
        },
        outputs={name: (name, settings.output_uri(NAME, name)) for name in (OUTPUT, MONITORING)},
        arguments=[
            *("--transform-dir", f"{INPUT_ROOT}/transform"),
            *("--test-dir", f"{INPUT_ROOT}/test"),
            *("--test-lst-dir", f"{INPUT_ROOT}/test_lst"),
            *("--report-dir", f"{INPUT_ROOT}/report"),
            *("--champion-dir", f"{INPUT_ROOT}/champion"),
            *("--output-dir", f"{OUTPUT_ROOT}/{OUTPUT}"),
            *("--accuracy-threshold", parameters.accuracy_threshold.to_string()),
            *lineage_arguments(lineage, parameters),
            *("--record-preprocessor", f"{INPUT_ROOT}/record_preprocessor/{RECORD_PREPROCESSOR}"),
            *("--monitoring-dir", f"{OUTPUT_ROOT}/{MONITORING}"),
        ],
    )
    return ProcessingStep(
        name=NAME,
        description="Figures, gates and evidence of the candidate, beside the champion",
        step_args=step_args,
        property_files=[EVALUATION],
        retry_policies=job_retries(),
    )


def measured_accuracy() -> JsonGet:
    """The candidate's accuracy on the test set, a number from 0 to 1, as EvaluateModel wrote it."""
    return evaluated(ACCURACY_PATH)


def evaluated(json_path: str) -> JsonGet:
    """What evaluation.json has at a path."""
    return JsonGet(step_name=NAME, property_file=EVALUATION, json_path=json_path)


def in_evaluation(evaluate: ProcessingStep, file: str) -> Join:
    """The S3 URI of a file of the output evaluation."""
    return Join(on="/", values=[output_of(evaluate, OUTPUT), file])


def in_monitoring(evaluate: ProcessingStep, file: str) -> Join:
    """The S3 URI of a file of the output monitoring."""
    return Join(on="/", values=[output_of(evaluate, MONITORING), file])
