"""From a pipeline object to its definition in one canonical form."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sagemaker.mlops.workflow import Pipeline

SHA256 = re.compile(r"\b[0-9a-f]{64}\b")


def compile_definition(pipeline: Pipeline) -> str:
    """The definition as canonical JSON: keys sorted, no spaces, one line. The same pipeline gives the same
    bytes."""
    return json.dumps(json.loads(pipeline.definition()), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def format_definition(definition: str) -> str:
    """The definition for people and for review: keys sorted, indented by two, a newline at the end."""
    return json.dumps(json.loads(definition), sort_keys=True, indent=2, ensure_ascii=False) + "\n"


def mask_digests(definition: str) -> str:
    """The definition with every SHA-256 (code digests) replaced by <sha256>: what is left changes by
    structure alone."""
    return SHA256.sub("<sha256>", definition)
