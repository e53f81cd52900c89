"""The target a command speaks to: AWS, or the local AWS on this machine.

The two differ in endpoint, credentials, role, bucket and the layer of Powertools, and nowhere else in the product.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import boto3
    from sagemaker.core.workflow.pipeline_context import PipelineSession

TargetName = Literal["local", "aws"]

LOCAL_ACCOUNT = "123456789012"
LOCAL_REGION = "us-east-1"
LOCAL_ROLE_ARN = f"arn:aws:iam::{LOCAL_ACCOUNT}:role/SconesPipelineRole"
LOCAL_CREDENTIALS = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
# Public parameter of AWS, with the layer version of a region:
# https://docs.aws.amazon.com/powertools/python/latest/getting-started/install/
POWERTOOLS_PARAMETER = "/aws/service/powertools/python/x86_64/python3.12/latest"
# Port 9 (discard) is closed on any sane machine: a call that should not happen fails at once instead of
# reaching AWS.
NOWHERE = "http://127.0.0.1:9"


class TargetNotConfigured(ValueError):
    """A setting of the target is missing; the message names it and where to set it."""


@dataclass(frozen=True)
class Target:
    """Where commands go. `endpoint_url` is None for AWS itself.

    `powertools_parameter` names the parameter of Systems Manager that holds the ARN of the functions' layer with
    Powertools, None where their runtime has Powertools already.
    """

    name: TargetName
    region: str
    role_arn: str
    bucket: str
    endpoint_url: str | None = None
    powertools_parameter: str | None = None

    @cached_property
    def boto_session(self) -> boto3.Session:
        """A boto3 session all of whose clients speak to this target."""
        return _boto_session(self.region, self.endpoint_url)

    @cached_property
    def _clients(self) -> dict[str, Any]:
        return {}

    def client(self, service: str) -> Any:
        """The boto3 client of a service, made once: a SageMaker client costs 0.1 s."""
        if service not in self._clients:
            self._clients[service] = self.boto_session.client(service)
        return self._clients[service]

    @cached_property
    def sagemaker_session(self) -> PipelineSession:
        """The SDK's session for compiling pipelines. Costs seconds: it imports the SDK."""
        from pipelines.sdk import pipeline_session

        return pipeline_session(self.boto_session, self.bucket)


def open_target(
    name: TargetName,
    *,
    endpoint_url: str | None = None,
    region: str | None = None,
    role_arn: str | None = None,
    bucket: str | None = None,
    environ: Mapping[str, str] | None = None,
) -> Target:
    """The target of that name; what is not given comes from the environment. Makes no call.

    local: endpoint from SCONES_LOCAL_ENDPOINT or AWS_ENDPOINT_URL; region AWS_REGION, else us-east-1.
    aws: SAGEMAKER_PIPELINE_ROLE_ARN, ARTIFACT_BUCKET, and AWS_REGION or AWS_DEFAULT_REGION, the names that
    SageMaker's own project templates give to CodeBuild.

    Raises TargetNotConfigured, one line naming everything that is missing.
    """
    env = os.environ if environ is None else environ
    if name == "local":
        return _open_local(env, endpoint_url, region, role_arn, bucket)
    if name == "aws":
        return _open_aws(env, region, role_arn, bucket)
    raise TargetNotConfigured(f"unknown target {name!r}: use 'local' or 'aws'")


def target_from_environment(
    *,
    region: str | None = None,
    role_arn: str | None = None,
    bucket: str | None = None,
    environ: Mapping[str, str] | None = None,
) -> Target:
    """The target that the environment points to: local if SCONES_LOCAL_ENDPOINT is set or AWS_ENDPOINT_URL is
    on this machine.

    For entry points without a `--target` of their own, such as AWS's `run-pipeline`.
    """
    env = os.environ if environ is None else environ
    is_local = bool(env.get("SCONES_LOCAL_ENDPOINT")) or _is_loopback(env.get("AWS_ENDPOINT_URL"))
    return open_target("local" if is_local else "aws", region=region, role_arn=role_arn, bucket=bucket, environ=env)


def offline_target(region: str = LOCAL_REGION) -> Target:
    """A local target without a server, to compile with: every call made through it fails at once."""
    return open_target("local", endpoint_url=NOWHERE, region=region, environ={})


def local_bucket(region: str = LOCAL_REGION) -> str:
    """The bucket of the local AWS, named like an account's own: scones-unlimited-<region>-<account>."""
    return f"scones-unlimited-{region}-{LOCAL_ACCOUNT}"


def _open_local(
    env: Mapping[str, str],
    endpoint_url: str | None,
    region: str | None,
    role_arn: str | None,
    bucket: str | None,
) -> Target:
    endpoint = endpoint_url or env.get("SCONES_LOCAL_ENDPOINT") or env.get("AWS_ENDPOINT_URL")
    if not endpoint:
        raise TargetNotConfigured(
            "no local AWS to speak to: start it with `scones up`, or set SCONES_LOCAL_ENDPOINT=http://127.0.0.1:<port>"
        )
    region = region or env.get("AWS_REGION") or env.get("AWS_DEFAULT_REGION") or LOCAL_REGION
    return Target(
        name="local",
        region=region,
        # Not from the environment: a shell set up for AWS must not send local work to a bucket that is not
        # here.
        role_arn=role_arn or LOCAL_ROLE_ARN,
        bucket=bucket or local_bucket(region),
        endpoint_url=endpoint.rstrip("/"),
    )


def _open_aws(env: Mapping[str, str], region: str | None, role_arn: str | None, bucket: str | None) -> Target:
    region = region or env.get("AWS_REGION") or env.get("AWS_DEFAULT_REGION")
    role_arn = role_arn or env.get("SAGEMAKER_PIPELINE_ROLE_ARN")
    bucket = bucket or env.get("ARTIFACT_BUCKET")
    wanted = {
        "AWS_REGION (for example us-east-1)": region,
        "SAGEMAKER_PIPELINE_ROLE_ARN (the role that pipeline and jobs run as)": role_arn,
        "ARTIFACT_BUCKET (where code, data and models go)": bucket,
    }
    missing = [name for name, value in wanted.items() if not value]
    if missing or not (region and role_arn and bucket):
        raise TargetNotConfigured(f"target aws is not configured: set {', '.join(missing)}")
    return Target(
        name="aws", region=region, role_arn=role_arn, bucket=bucket, powertools_parameter=POWERTOOLS_PARAMETER
    )


def _is_loopback(url: str | None) -> bool:
    return bool(url) and urlsplit(url).hostname in {"127.0.0.1", "localhost", "::1"}


def _boto_session(region: str, endpoint_url: str | None) -> boto3.Session:
    import boto3

    if endpoint_url is None:
        return boto3.Session(region_name=region)

    class LocalSession(boto3.Session):
        # The SDK makes clients of its own from the session, without an endpoint: the session has to know it.
        def client(self, *args: Any, **kwargs: Any) -> Any:
            kwargs["endpoint_url"] = endpoint_url
            return super().client(*args, **kwargs)

        def resource(self, *args: Any, **kwargs: Any) -> Any:
            kwargs["endpoint_url"] = endpoint_url
            return super().resource(*args, **kwargs)

    return LocalSession(region_name=region, **LOCAL_CREDENTIALS)
