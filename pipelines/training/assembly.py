"""The training pipeline's steps put together: read top to bottom, this is the diagram."""

from __future__ import annotations

from sagemaker.mlops.workflow import Pipeline

from pipelines.deployment.safeguards import open_safeguards
from pipelines.deployment.settings import DeploymentSettings
from pipelines.deployment.steps import deployment_steps
from pipelines.source_code import SourceCode
from pipelines.training.algorithms import Algorithm
from pipelines.training.job_settings import JobSettings
from pipelines.training.parameters import training_parameters
from pipelines.training.steps.check_approval import check_approval
from pipelines.training.steps.check_quality import check_quality
from pipelines.training.steps.create_model import create_model
from pipelines.training.steps.evaluate_model import evaluate_model
from pipelines.training.steps.extract_cifar import extract_cifar
from pipelines.training.steps.lineage import lineage_of
from pipelines.training.steps.monitoring_baselines import monitoring_baselines
from pipelines.training.steps.perturb_test_set import perturb_test_set
from pipelines.training.steps.register_model import register_model
from pipelines.training.steps.reject_model import reject_model
from pipelines.training.steps.score_test_set import score_test_set
from pipelines.training.steps.train_classifier import train_classifier
from pipelines.training.steps.train_image_classification import train_image_classification


def assemble(
    settings: JobSettings,
    *,
    name: str,
    group: str,
    algorithm: Algorithm,
    pretrain: bool,
    code: SourceCode,
    pretrained_model_uri: str,
    code_version: str | None,
    input_data_uri: str,
    champion_predictions_uri: str,
    new_images_uri: str,
    endpoint_name: str,
    safeguards_function: str | None,
) -> Pipeline:
    """The pipeline `name`, registering into model package group `group`."""
    parameters = training_parameters(algorithm, input_data_uri, champion_predictions_uri, endpoint_name, new_images_uri)

    extract = extract_cifar(settings, parameters, code.processing, pretrain)
    if algorithm.brings_code:
        train = train_classifier(
            settings, parameters, algorithm, code.training, pretrained_model_uri, extract, pretrain
        )
    else:
        train = train_image_classification(settings, parameters, extract)
    model = create_model(settings, algorithm, train)
    perturb = perturb_test_set(settings, parameters, code.processing, extract)
    score = score_test_set(settings, parameters, algorithm, perturb, model)
    lineage = lineage_of(
        settings,
        parameters,
        algorithm=algorithm,
        pretrain=pretrain,
        code=code,
        code_version=code_version,
        extract=extract,
        perturb=perturb,
        train=train,
        score=score,
    )
    evaluate = evaluate_model(settings, parameters, code, extract, score, lineage)
    baselines = monitoring_baselines(settings, parameters, group, evaluate)
    register = register_model(
        settings,
        parameters,
        group=group,
        algorithm=algorithm,
        pretrain=pretrain,
        code=code,
        code_version=code_version,
        extract=extract,
        train=train,
        evaluate=evaluate,
        baselines=baselines,
    )
    deployment = DeploymentSettings(
        model_package_arn=register.properties.ModelPackageArn,
        endpoint_name=parameters.endpoint_name,
        inference_instance_type=parameters.inference_instance_type,
    )
    safeguards = open_safeguards(settings, deployment, group, safeguards_function)
    approval = check_approval(parameters, register, deployment_steps(safeguards))
    accept = [baselines.data_quality, baselines.model_quality, register, approval]
    check = check_quality(accept, reject_model())

    return Pipeline(
        name=name,
        parameters=parameters.as_list(),
        steps=[extract, train, perturb, model, score, evaluate, check],
        sagemaker_session=settings.session,
    )
