"""The one place where the SageMaker Python SDK v3 is loaded, with what it does unasked kept in check.

Importing the SDK takes 4 to 8 s and 250 MB: nothing here imports it before `pipeline_session` is called, and
modules that import it at their top (`pipelines.training.steps`) are only imported from functions that
compile.
"""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import boto3
    from sagemaker.core.helper.session_helper import Session
    from sagemaker.core.workflow.pipeline_context import PipelineSession


def pipeline_session(boto_session: boto3.Session, default_bucket: str) -> PipelineSession:
    """A PipelineSession (it records requests instead of sending them) on the given boto3 session.

    No call is made to any service: neither here nor while a pipeline of this project is compiled.
    """
    _load(boto_session)
    from sagemaker.core.workflow.pipeline_context import PipelineSession

    # default_bucket is always given: left out, the SDK asks an STS address of its own making, not the
    # configured endpoint.
    session = PipelineSession(boto_session=boto_session, default_bucket=default_bucket)
    # A defaults file on someone's machine (~/.config/sagemaker) would change the definition: same tree, same
    # bytes.
    session.sagemaker_config = {}
    return session


def sdk_session(boto_session: boto3.Session, default_bucket: str) -> Session:
    """A Session of the SDK that sends its requests, on the given boto3 session; for what is not compiled."""
    _load_core(boto_session)
    from sagemaker.core.helper.session_helper import Session

    session = Session(boto_session=boto_session, default_bucket=default_bucket)
    session.sagemaker_config = {}
    return session


def _load_core(boto_session: boto3.Session) -> None:
    with _default_boto_session(boto_session):
        import sagemaker.core.telemetry.telemetry_logging as telemetry
    # On by default and sent from threads to a public bucket. Opting out by config file costs 12 to 20 s of
    # schema checks.
    telemetry._send_telemetry_request = _send_nothing
    telemetry._telemetry_msg_shown = True
    _be_quiet()


def _load(boto_session: boto3.Session) -> None:
    # ModelTrainer and ModelBuilder ask IAM SimulatePrincipalPolicy whether the role will do; the service says
    # so soon enough.
    os.environ["SAGEMAKER_VALIDATE_ROLE"] = "false"
    with _default_boto_session(boto_session):
        import sagemaker.mlops.workflow.steps as steps
    _load_core(boto_session)
    # Each processing and transform step makes a local-mode session, six clients in the default region, for
    # two names.
    steps.LocalSagemakerClient = _LocalModeNames


@contextmanager
def _default_boto_session(boto_session: boto3.Session) -> Iterator[None]:
    """While the SDK is imported, boto3's default session is ours.

    `sagemaker.ai_registry.air_hub` creates boto3 clients in a class body: without a region that import fails,
    without credentials it waits for the instance metadata service.
    """
    import boto3

    before = boto3.DEFAULT_SESSION
    boto3.DEFAULT_SESSION = boto_session
    try:
        yield
    finally:
        boto3.DEFAULT_SESSION = before


class _LocalModeNames:
    def create_processing_job(self) -> None: ...

    def create_transform_job(self) -> None: ...


def _send_nothing(*_args: Any, **_kwargs: Any) -> None:
    return None


def _be_quiet() -> None:
    # Said of every step of every pipeline: that no job is started, and that job names are left to the
    # service.
    warnings.filterwarnings("ignore", message="Running within a PipelineSession")
    # Said of every Lambda step that names its function by ARN, as all of ours do.
    warnings.filterwarnings("ignore", message="Lambda function won't be updated")
    for name in ("sagemaker", "sagemaker.config", "sagemaker.core.utils.utils"):
        logging.getLogger(name).setLevel(logging.ERROR)
