"""The names that the service makes up: of executions, and of what their steps create."""

from __future__ import annotations

import re
import secrets
import string

EXECUTION_ID_LENGTH = 12
SUFFIX_LENGTH = 10
LONGEST_NAME = 63


def new_execution_id() -> str:
    """Twelve lower-case letters and digits, as `tt6yey0lezjc`."""
    alphabet = string.ascii_lowercase + string.digits
    return "".join(secrets.choice(alphabet) for _ in range(EXECUTION_ID_LENGTH))


def resource_name(execution_id: str, step: str, prefix: str | None = None) -> str:
    """A new name for what a step creates: `pipelines-<execution id>-<step>-<ten letters and digits>`.

    A `prefix` of the pipeline's author (the name in the step's own arguments) takes the place of the front.
    Names are cut to 63 characters in the middle, and have nothing but letters, digits and single hyphens.
    """
    suffix = "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(SUFFIX_LENGTH))
    front = f"{prefix}-{execution_id}" if prefix else f"pipelines-{execution_id}-{step}"
    clean = re.sub(r"[^A-Za-z0-9]+", "-", front)[: LONGEST_NAME - SUFFIX_LENGTH - 1].strip("-")
    return f"{clean}-{suffix}"
