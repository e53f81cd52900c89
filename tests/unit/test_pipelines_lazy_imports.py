"""What a command line imports first must not bring the SDK along: it takes seconds."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("module", "stays_out"),
    [
        ("pipelines.session", ["sagemaker", "boto3"]),
        ("pipelines.registry", ["sagemaker", "boto3"]),
        ("pipelines.submission", ["sagemaker", "boto3"]),
        ("pipelines.source_code", ["sagemaker", "boto3"]),
        ("pipelines.definition", ["sagemaker", "boto3"]),
        ("pipelines.training.pipeline", ["sagemaker", "boto3"]),
        ("pipelines.run_pipeline", ["sagemaker"]),
        ("pipelines.get_pipeline_definition", ["sagemaker"]),
    ],
)
def test_importing_a_module_does_not_load(module: str, stays_out: list[str]) -> None:
    code = f"import sys, {module}; print([name for name in {stays_out!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
