"""Compiles the pipelines as their golden copies have them: offline, every default.

Prints a JSON object: pipeline -> its definition with every default, and that with every option for a locked-down
account. Any network call ends it: compiling must not need one.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Mapping
from typing import Any

from pipelines.definition import compile_definition
from pipelines.deployment.pipeline import get_pipeline as deployment_pipeline
from pipelines.session import offline_target
from pipelines.training.pipeline import get_pipeline as training_pipeline

LOCKED_DOWN: dict[str, Any] = {
    "kms_key": "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555",
    "subnets": ["subnet-0a1b2c3d"],
    "security_group_ids": ["sg-0a1b2c3d"],
    "enable_network_isolation": True,
}


def compile_training(**options: Any) -> str:
    """The canonical definition for the offline target, in this process (4 to 8 s the first time: it imports the
    SDK)."""
    return _compile(training_pipeline, stage_code=False, **options)


def compile_image_classification(**options: Any) -> str:
    """As `compile_training`, with SageMaker's built-in algorithm."""
    return compile_training(algorithm="image-classification", **options)


def compile_deployment(**options: Any) -> str:
    """As `compile_training`, the deployment pipeline."""
    return _compile(deployment_pipeline, **options)


# The names of the golden copies.
COMPILERS: Mapping[str, Callable[[], str]] = {
    "training_pipeline": compile_training,
    "training_pipeline_image_classification": compile_image_classification,
    "deployment_pipeline": compile_deployment,
}


def _compile(get_pipeline: Callable[..., Any], **options: Any) -> str:
    target = offline_target()
    return compile_definition(
        get_pipeline(
            role=target.role_arn,
            default_bucket=target.bucket,
            sagemaker_session=target.sagemaker_session,
            **options,
        )
    )


def _refuse(_socket: socket.socket, address: object) -> None:
    raise SystemExit(f"compiling called {address}")


if __name__ == "__main__":
    socket.socket.connect = _refuse  # type: ignore[method-assign, assignment]
    print(
        json.dumps(
            {
                "training_pipeline": [
                    compile_training(),
                    compile_training(code_version="0123456789abcdef0123456789abcdef01234567", **LOCKED_DOWN),
                ],
                "training_pipeline_image_classification": [
                    compile_image_classification(),
                    compile_image_classification(**LOCKED_DOWN),
                ],
                "deployment_pipeline": [compile_deployment(), compile_deployment(**LOCKED_DOWN)],
            }
        )
    )
