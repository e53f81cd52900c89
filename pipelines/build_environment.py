"""What a build says to `run-pipeline` beyond AWS's flags: environment variables, all of them optional.

CodeBuild sets them from the project, and EventBridge those of a retraining from the event that started the build.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pipelines.pipeline_module import BadArgument

WAIT, START, ARN_FILE = "WAIT_FOR_EXECUTION", "START_EXECUTION", "PIPELINE_EXECUTION_ARN_FILE"
REASON, TRIGGER, REQUEST_ID = "RETRAINING_REASON", "RETRAINING_TRIGGER", "RETRAINING_REQUEST_ID"
# CodeBuild's own, and what the project says in its stead: of a source in S3 no commit is known, but the archive's key
BUILD_ID, COMMIT, CODE_VERSION = "CODEBUILD_BUILD_ID", "CODEBUILD_RESOLVED_SOURCE_VERSION", "CODE_VERSION"
ANSWERS = {"true": True, "false": False}


@dataclass(frozen=True)
class Retraining:
    """Why a model is trained again, what asked for it, and the request's id, empty where there is none."""

    reason: str
    trigger: str
    request_id: str

    @property
    def token(self) -> str | None:
        """A ClientRequestToken (32 to 128 letters, digits and hyphens): one request starts one execution."""
        return hashlib.sha256(self.request_id.encode()).hexdigest() if self.request_id else None


@dataclass(frozen=True)
class Push:
    """A build that is no retraining: of this version of the code, empty where nobody says which."""

    code_version: str


@dataclass(frozen=True)
class BuildEnvironment:
    """`start`: start an execution, rather than only bring the pipeline up to date. `wait`: until its end.

    `arn_file` gets the execution's ARN as soon as there is one. `retraining` is None unless this is one, and `push`
    unless this is a build that is none.
    """

    start: bool
    wait: bool
    arn_file: Path | None
    retraining: Retraining | None
    push: Push | None


def read_environment(environ: Mapping[str, str]) -> BuildEnvironment:
    """Without any variable, as AWS's own script: start and wait. Raises BadArgument."""
    arn_file, retraining = environ.get(ARN_FILE), _retraining(environ)
    return BuildEnvironment(
        start=_answer(environ, START),
        wait=_answer(environ, WAIT),
        arn_file=Path(arn_file) if arn_file else None,
        retraining=retraining,
        push=_push(environ) if retraining is None else None,
    )


def _answer(environ: Mapping[str, str], name: str) -> bool:
    given = environ.get(name) or "true"
    if given not in ANSWERS:
        raise BadArgument(f"{name}: is {given!r}: set it to true or false")
    return ANSWERS[given]


def _push(environ: Mapping[str, str]) -> Push | None:
    if not environ.get(BUILD_ID):
        return None
    return Push((environ.get(CODE_VERSION) or environ.get(COMMIT) or "").strip())


def _retraining(environ: Mapping[str, str]) -> Retraining | None:
    reason = environ.get(REASON, "").strip()
    if not reason:
        return None
    return Retraining(reason, environ.get(TRIGGER, "").strip(), environ.get(REQUEST_ID, "").strip())
