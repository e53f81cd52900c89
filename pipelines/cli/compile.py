"""Compiling the training pipeline for a target, with a word to the person who waits: it takes seconds."""

from __future__ import annotations

import subprocess
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipelines.session import Target


class InvalidDefinition(ValueError):
    """The compiled definition is not one that the service would take; the message has the first problem."""


def compiled_definition(target: Target, stage_code: bool = True) -> str:
    """The definition for this target, checked; its container code is uploaded unless `stage_code` is off.

    Raises InvalidDefinition.
    """
    from pipelines.definition import check_definition, compile_definition
    from pipelines.training.pipeline import get_pipeline

    pipeline = get_pipeline(
        region=target.region,
        role=target.role_arn,
        default_bucket=target.bucket,
        sagemaker_session=target.sagemaker_session,
        code_version=code_version(),
        stage_code=stage_code,
    )
    definition = compile_definition(pipeline)
    problems = check_definition(definition)
    if problems:
        raise InvalidDefinition(f"the definition has {len(problems)} problems, nothing was sent; first: {problems[0]}")
    return definition


def registered_definition(target: Target, pipeline: str) -> str:
    """Compile, and create or update the pipeline of this name with it; returns its definition."""
    from pipelines.submission import upsert_pipeline

    definition = compiled_definition(target)
    upsert_pipeline(
        target.client("sagemaker"),
        target.client("s3"),
        name=pipeline,
        definition=definition,
        role_arn=target.role_arn,
        bucket=target.bucket,
    )
    return definition


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
