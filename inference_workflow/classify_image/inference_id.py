"""The InferenceId of a request: the same for the same image of the same execution, however often it is sent."""

from __future__ import annotations

import uuid

# uuid5's namespace of this project's inference ids, drawn once
NAMESPACE = uuid.UUID("5b0c7d0e-6d0f-4a55-9f0f-0c2b6a0d6f11")


def inference_id(execution: str, bucket: str, key: str) -> str:
    """36 characters (InferenceId has 64 at the most) from an execution's ARN and the image's address."""
    return str(uuid.uuid5(NAMESPACE, "\n".join((execution, bucket, key))))
