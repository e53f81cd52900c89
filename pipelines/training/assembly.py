"""The training pipeline's steps put together: read top to bottom, this is the diagram."""

from __future__ import annotations

from sagemaker.mlops.workflow import Pipeline

from pipelines.source_code import SourceCode
from pipelines.training.job_settings import JobSettings
from pipelines.training.parameters import training_parameters
from pipelines.training.steps.check_quality import check_quality
from pipelines.training.steps.create_model import create_model
from pipelines.training.steps.evaluate_model import evaluate_model
from pipelines.training.steps.extract_cifar import extract_cifar
from pipelines.training.steps.register_model import register_model
from pipelines.training.steps.reject_model import reject_model
from pipelines.training.steps.score_test_set import score_test_set
from pipelines.training.steps.train_classifier import train_classifier


def assemble(
    settings: JobSettings,
    *,
    name: str,
    group: str,
    algorithm: str,
    code: SourceCode,
    code_version: str | None,
    input_data_uri: str,
) -> Pipeline:
    """The pipeline `name`, registering into model package group `group`."""
    parameters = training_parameters(input_data_uri)

    extract = extract_cifar(settings, parameters, code.processing)
    train = train_classifier(settings, parameters, code.training, extract)
    model = create_model(settings, train)
    score = score_test_set(settings, parameters, extract, model)
    evaluate = evaluate_model(settings, parameters, code.processing, extract, score)
    register = register_model(
        settings,
        parameters,
        group=group,
        algorithm=algorithm,
        code=code,
        code_version=code_version,
        extract=extract,
        train=train,
        evaluate=evaluate,
    )
    check = check_quality(parameters, register, reject_model(parameters))

    return Pipeline(
        name=name,
        parameters=parameters.as_list(),
        steps=[extract, train, model, score, evaluate, check],
        sagemaker_session=settings.session,
    )
