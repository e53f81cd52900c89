"""DataQualityBaseline and ModelQualityBaseline: what the monitor will compare the endpoint's traffic with.

Each runs Model Monitor's own analyzer image on what EvaluateModel wrote of the test images. They check against nothing
(a candidate is judged by the gates) and register what they calculate: a model's baseline is its own.
"""

from __future__ import annotations

from dataclasses import dataclass

from sagemaker.core.model_monitor.dataset_format import DatasetFormat
from sagemaker.mlops.workflow import ProcessingStep
from sagemaker.mlops.workflow.check_job_config import CheckJobConfig
from sagemaker.mlops.workflow.quality_check_step import (
    DataQualityCheckConfig,
    ModelQualityCheckConfig,
    QualityCheckConfig,
    QualityCheckStep,
)

from pipelines.training.job_settings import JobSettings
from pipelines.training.parameters import TrainingParameters
from pipelines.training.steps.evaluate_model import FEATURES_FILE, QUALITY_FILE, in_monitoring
from pipelines.training.steps.processing_job import MAX_RUNTIME_SECONDS

DATA_QUALITY, MODEL_QUALITY = "DataQualityBaseline", "ModelQualityBaseline"
PROBLEM_TYPE = "BinaryClassification"
# The header of quality.csv, by processing/monitoring_baseline.py.
PROBABILITY, PREDICTION, LABEL = "probability", "prediction", "label"


@dataclass(frozen=True)
class MonitoringBaselines:
    """The two steps."""

    data_quality: QualityCheckStep
    model_quality: QualityCheckStep


def monitoring_baselines(
    settings: JobSettings, parameters: TrainingParameters, group: str, evaluate: ProcessingStep
) -> MonitoringBaselines:
    """Both steps, each with its report under the execution's own prefix. Not cached: neither is what they read."""
    data_quality = DataQualityCheckConfig(
        baseline_dataset=in_monitoring(evaluate, FEATURES_FILE),
        dataset_format=DatasetFormat.csv(header=True),
        output_s3_uri=settings.output_uri(DATA_QUALITY),
    )
    model_quality = ModelQualityCheckConfig(
        baseline_dataset=in_monitoring(evaluate, QUALITY_FILE),
        dataset_format=DatasetFormat.csv(header=True),
        output_s3_uri=settings.output_uri(MODEL_QUALITY),
        problem_type=PROBLEM_TYPE,
        probability_attribute=PROBABILITY,
        inference_attribute=PREDICTION,
        ground_truth_attribute=LABEL,
    )

    def step(name: str, config: QualityCheckConfig, description: str) -> QualityCheckStep:
        return QualityCheckStep(
            name=name,
            description=description,
            quality_check_config=config,
            check_job_config=_job_config(settings, parameters),
            skip_check=True,
            register_new_baseline=True,
            model_package_group_name=group,
        )

    return MonitoringBaselines(
        step(DATA_QUALITY, data_quality, "Statistics and constraints of the test images' features, for the monitor"),
        step(MODEL_QUALITY, model_quality, "Metrics of the test images' answers and their bars, for the monitor"),
    )


def _job_config(settings: JobSettings, parameters: TrainingParameters) -> CheckJobConfig:
    return CheckJobConfig(
        role=settings.role,
        instance_count=1,
        instance_type=parameters.processing_instance_type,
        volume_size_in_gb=30,
        volume_kms_key=settings.kms_key,
        output_kms_key=settings.kms_key,
        max_runtime_in_seconds=MAX_RUNTIME_SECONDS,
        sagemaker_session=settings.session,
        # as the request has it: the step puts it there as it is
        network_config=settings.processing_network._to_request_dict(),
    )
