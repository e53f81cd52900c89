"""Compiling a pipeline of this project for a target, with a word to the person who waits: it takes seconds."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelines.names import DEPLOYMENT_PIPELINE_NAME, PIPELINE_NAME
from pipelines.training.algorithms import PYTORCH, algorithm_named, check_pretraining

if TYPE_CHECKING:
    from sagemaker.mlops.workflow import Pipeline

    from pipelines.session import Target


class InvalidDefinition(ValueError):
    """The compiled definition is not one that the service would take; the message has the first problem."""


class UnknownPipeline(LookupError):
    """This project has no pipeline of that name."""


@dataclass(frozen=True)
class Variant:
    """Which of its definitions the training pipeline is compiled to. Raises UnsupportedAlgorithm,
    UnsupportedPretraining."""

    algorithm: str = PYTORCH.name
    pretrain: bool = False

    def __post_init__(self) -> None:
        check_pretraining(algorithm_named(self.algorithm), self.pretrain)


def compiled_definition(
    target: Target, pipeline: str = PIPELINE_NAME, stage_code: bool = True, variant: Variant | None = None
) -> str:
    """A pipeline's definition for this target, checked; container code is uploaded unless `stage_code` is off.

    `variant` is the training pipeline's, its default one if not given. Raises UnknownPipeline, UnsupportedAlgorithm,
    InvalidDefinition.
    """
    if pipeline not in BUILDERS:
        raise UnknownPipeline(f"this project has no pipeline {pipeline}: it has {' and '.join(BUILDERS)}")
    from pipelines.definition import check_definition, compile_definition

    definition = compile_definition(BUILDERS[pipeline](target, stage_code, variant or Variant()))
    problems = check_definition(definition)
    if problems:
        raise InvalidDefinition(f"the definition has {len(problems)} problems, nothing was sent; first: {problems[0]}")
    return definition


def registered_definition(target: Target, pipeline: str, variant: Variant | None = None) -> str:
    """Compile, and create or update the pipeline of this name with it; returns its definition."""
    from pipelines.submission import upsert_pipeline

    definition = compiled_definition(target, pipeline, variant=variant)
    upsert_pipeline(
        target.client("sagemaker"),
        target.client("s3"),
        name=pipeline,
        definition=definition,
        role_arn=target.role_arn,
        bucket=target.bucket,
    )
    return definition


def _training(target: Target, stage_code: bool, variant: Variant) -> Pipeline:
    from pipelines.training.pipeline import get_pipeline

    return get_pipeline(
        region=target.region,
        role=target.role_arn,
        default_bucket=target.bucket,
        sagemaker_session=target.sagemaker_session,
        algorithm=variant.algorithm,
        pretrain=variant.pretrain,
        code_version=code_version(),
        stage_code=stage_code,
    )


def _deployment(target: Target, _stage_code: bool, _variant: Variant) -> Pipeline:
    from pipelines.deployment.pipeline import get_pipeline

    return get_pipeline(
        region=target.region,
        role=target.role_arn,
        default_bucket=target.bucket,
        sagemaker_session=target.sagemaker_session,
    )


BUILDERS: Mapping[str, Callable[[Target, bool, Variant], Pipeline]] = {
    PIPELINE_NAME: _training,
    DEPLOYMENT_PIPELINE_NAME: _deployment,
}


def code_version() -> str | None:
    """The commit of this checkout, marked where it has uncommitted changes; None outside of git."""
    from pipelines.source_code import PROJECT_ROOT

    def git(*arguments: str) -> str | None:
        try:
            run = subprocess.run(["git", *arguments], cwd=PROJECT_ROOT, capture_output=True, text=True, timeout=10)
        except (OSError, subprocess.TimeoutExpired):
            return None
        return run.stdout.strip() if run.returncode == 0 else None

    commit = git("rev-parse", "HEAD")
    if not commit:
        return None
    return f"{commit}-modified" if git("status", "--porcelain") else commit


def spinner(text: str) -> AbstractContextManager[object]:
    """A moving line in a terminal; silence elsewhere."""
    from pipelines.cli.screen import console

    screen = console()
    return screen.status(text) if screen.is_terminal else nullcontext()
