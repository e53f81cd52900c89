"""RegisterModel: the candidate becomes a version in the model package group, with its evidence and its
lineage."""

from __future__ import annotations

import logging

from sagemaker.core.drift_check_baselines import DriftCheckBaselines
from sagemaker.core.helper.pipeline_variable import PipelineVariable
from sagemaker.core.model_metrics import MetricsSource, ModelMetrics
from sagemaker.core.resources import Model
from sagemaker.core.shapes import ContainerDefinition
from sagemaker.core.workflow.execution_variables import ExecutionVariables
from sagemaker.core.workflow.functions import JsonGet
from sagemaker.mlops.workflow import ModelStep, ProcessingStep, TrainingStep
from sagemaker.serve import ModelBuilder

from pipelines.champion import PREDICTIONS
from pipelines.retraining.recipe import PRETRAIN
from pipelines.source_code import SourceCode
from pipelines.training.algorithms import Algorithm
from pipelines.training.job_settings import JobSettings, service_retries
from pipelines.training.parameters import INFERENCE_INSTANCE_TYPES, TrainingParameters
from pipelines.training.steps.create_model import model_artifacts, serving_environment
from pipelines.training.steps.evaluate_model import evaluated, in_evaluation, measured_accuracy
from pipelines.training.steps.extract_cifar import CLASSES, DATASET_REPORT
from pipelines.training.steps.monitoring_baselines import MonitoringBaselines

NAME = "RegisterModel"
CONTENT_TYPES = ["image/png", "image/jpeg", "application/x-image"]
# Of the registry part of evaluation.json, where every value is text that metadata may hold.
FIGURES = (
    "accuracy_gate",
    "champion_gate",
    "champion",
    "champion_images",
    "champion_accuracy_difference",
    "champion_p_value",
    "champion_significance",
    "calibration_error",
    "review_share",
    "at_threshold",
)


def register_model(
    settings: JobSettings,
    parameters: TrainingParameters,
    *,
    group: str,
    algorithm: Algorithm,
    pretrain: bool,
    code: SourceCode,
    code_version: str | None,
    extract: ProcessingStep,
    train: TrainingStep,
    evaluate: ProcessingStep,
    baselines: MonitoringBaselines,
) -> ModelStep:
    """The package's metadata says where the model comes from: data, code, execution, and what it was judged
    by. Its DriftCheckBaselines are what its endpoint's traffic will be compared with."""
    container = ContainerDefinition(
        image=algorithm.serving_image(settings.region),
        model_data_url=model_artifacts(train),
        environment=serving_environment(settings, algorithm),
    )
    builder = ModelBuilder(
        # A list of models makes the SDK take the container as it is; with image and data alone it would
        # repackage.
        model=[Model(model_name="unused", containers=[container])],
        role_arn=settings.role,
        instance_type="ml.m5.large",
        sagemaker_session=settings.session,
        # It sets the level of the SDK's logger, to DEBUG if not told otherwise.
        log_level=logging.ERROR,
    )
    evaluation_uri = in_evaluation(evaluate, "evaluation.json")
    step_args = builder.register(
        model_package_group_name=group,
        content_types=CONTENT_TYPES,
        response_types=list(algorithm.response_types),
        inference_instances=INFERENCE_INSTANCE_TYPES,
        transform_instances=INFERENCE_INSTANCE_TYPES,
        approval_status=parameters.model_approval_status,
        domain="COMPUTER_VISION",
        task="IMAGE_CLASSIFICATION",
        model_metrics=ModelMetrics(
            model_statistics=_json(evaluation_uri),
            model_data_statistics=_json(baselines.data_quality.properties.CalculatedBaselineStatistics),
            model_data_constraints=_json(baselines.data_quality.properties.CalculatedBaselineConstraints),
        )._to_request_dict(),
        drift_check_baselines=_drift_check_baselines(baselines)._to_request_dict(),
        customer_metadata_properties={
            "accuracy": measured_accuracy().to_string(),
            "accuracy_threshold": parameters.accuracy_threshold.to_string(),
            "algorithm": algorithm.name,
            **({PRETRAIN: "true"} if pretrain else {}),
            # Who asks the endpoint reads here what the places of its answer mean; a comma is not allowed in metadata.
            "classes": CLASSES.replace(",", " "),
            "archive_sha256": _dataset_report(extract, "archive.sha256"),
            "dataset_source": _dataset_report(extract, "source"),
            "new_images": _dataset_report(extract, "new_images.added.total"),
            "training_reason": parameters.training_reason.to_string(),
            "training_trigger": parameters.training_trigger.to_string(),
            "evaluation_uri": evaluation_uri,
            # The champion of later executions is compared by these.
            PREDICTIONS: in_evaluation(evaluate, "predictions.csv"),
            "report": in_evaluation(evaluate, "report.html"),
            "model_card": in_evaluation(evaluate, "model_card.json"),
            **{name: evaluated(f"registry.{name}").to_string() for name in FIGURES},
            "pipeline_execution_arn": ExecutionVariables.PIPELINE_EXECUTION_ARN,
            "processing_code_sha256": code.processing.digest,
            **({"training_code_sha256": code.training.digest} if algorithm.brings_code else {}),
            # A monitoring schedule must run the very file that the baseline was made with.
            "record_preprocessor": code.record_preprocessor.uri,
            **({"code_version": code_version} if code_version else {}),
        },
    )
    return ModelStep(
        name=NAME,
        description="A new version in the model package group",
        step_args=step_args,
        retry_policies=service_retries(),
    )


def _dataset_report(extract: ProcessingStep, path: str) -> PipelineVariable:
    return JsonGet(step_name=extract.name, property_file=DATASET_REPORT, json_path=path).to_string()


def _drift_check_baselines(baselines: MonitoringBaselines) -> DriftCheckBaselines:
    data_quality, model_quality = baselines.data_quality.properties, baselines.model_quality.properties
    return DriftCheckBaselines(
        model_data_statistics=_json(data_quality.BaselineUsedForDriftCheckStatistics),
        model_data_constraints=_json(data_quality.BaselineUsedForDriftCheckConstraints),
        model_statistics=_json(model_quality.BaselineUsedForDriftCheckStatistics),
        model_constraints=_json(model_quality.BaselineUsedForDriftCheckConstraints),
    )


def _json(uri: PipelineVariable) -> MetricsSource:
    return MetricsSource(content_type="application/json", s3_uri=uri)
