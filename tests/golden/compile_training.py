"""Compiles the training pipeline as the golden copy has it: offline, every default. Prints a JSON list of
definitions.

Any network call ends it: compiling must not need one. The second definition has every option for a
locked-down account.
"""

from __future__ import annotations

import json
import socket
from typing import Any

from pipelines.definition import compile_definition
from pipelines.session import offline_target
from pipelines.training.pipeline import get_pipeline

LOCKED_DOWN: dict[str, Any] = {
    "kms_key": "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555",
    "subnets": ["subnet-0a1b2c3d"],
    "security_group_ids": ["sg-0a1b2c3d"],
    "enable_network_isolation": True,
    "code_version": "0123456789abcdef0123456789abcdef01234567",
}


def compile_training(**options: Any) -> str:
    """The canonical definition for the offline target, in this process (4 to 8 s the first time: it imports
    the SDK)."""
    target = offline_target()
    pipeline = get_pipeline(
        role=target.role_arn,
        default_bucket=target.bucket,
        sagemaker_session=target.sagemaker_session,
        stage_code=False,
        **options,
    )
    return compile_definition(pipeline)


def _refuse(_socket: socket.socket, address: object) -> None:
    raise SystemExit(f"compiling called {address}")


if __name__ == "__main__":
    socket.socket.connect = _refuse  # type: ignore[method-assign, assignment]
    print(json.dumps([compile_training(), compile_training(**LOCKED_DOWN)]))
