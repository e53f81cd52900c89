"""The deployment pipeline, by the door that AWS's project templates have: `get_pipeline(**kwargs)`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pipelines.deployment.endpoint_safeguards.endpoint_name import check_endpoint_name
from pipelines.names import DEPLOYMENT_PIPELINE_NAME, ENDPOINT_NAME, MODEL_PACKAGE_GROUP_NAME
from pipelines.training.pipeline import BASE_JOB_PREFIX, get_pipeline_custom_tags, open_settings

if TYPE_CHECKING:
    from sagemaker.core.workflow.pipeline_context import PipelineSession
    from sagemaker.mlops.workflow import Pipeline

__all__ = ["get_pipeline", "get_pipeline_custom_tags"]


def get_pipeline(
    region: str | None = None,
    sagemaker_project_arn: str | None = None,
    role: str | None = None,
    default_bucket: str | None = None,
    pipeline_name: str = DEPLOYMENT_PIPELINE_NAME,
    model_package_group_name: str = MODEL_PACKAGE_GROUP_NAME,
    base_job_prefix: str = BASE_JOB_PREFIX,
    sagemaker_session: PipelineSession | None = None,
    *,
    endpoint_name: str = ENDPOINT_NAME,
    safeguards_function: str | None = None,
    kms_key: str | None = None,
    subnets: Sequence[str] = (),
    security_group_ids: Sequence[str] = (),
    enable_network_isolation: bool = False,
) -> Pipeline:
    """Builds the deployment pipeline. The same tree and arguments compile to the same bytes; nothing is called.

    Session, region, role and bucket that are not given come from the environment (`pipelines.session`).

    model_package_group_name: packages of another group are refused.
    endpoint_name: the default of the parameter EndpointName.
    safeguards_function: the ARN of the function that `pipelines.deployment.stack` deploys; the one of its usual name in
    the role's account and in the region if not given.
    base_job_prefix: first part of names and of the S3 keys of captured data.
    kms_key: encrypts the instances' volumes and the captured data. subnets, security_group_ids and
    enable_network_isolation: the network that the model serves in.

    Raises IncompleteNetwork, RoleMissing, TargetNotConfigured, InvalidEndpointName.
    """
    check_endpoint_name(endpoint_name)
    settings = open_settings(
        pipeline_name,
        region=region,
        role=role,
        default_bucket=default_bucket,
        base_job_prefix=base_job_prefix,
        sagemaker_session=sagemaker_session,
        kms_key=kms_key,
        subnets=subnets,
        security_group_ids=security_group_ids,
        enable_network_isolation=enable_network_isolation,
    )
    # Imported here: it needs the SDK, and the SDK must have been loaded by `pipelines.sdk` first.
    from sagemaker.mlops.workflow import Pipeline

    from pipelines.deployment.parameters import as_list, deployment_parameters
    from pipelines.deployment.safeguards import open_safeguards
    from pipelines.deployment.steps import deployment_steps

    parameters = deployment_parameters(endpoint_name)
    safeguards = open_safeguards(settings, parameters, model_package_group_name, safeguards_function, takes_turns=True)
    return Pipeline(
        name=pipeline_name,
        parameters=as_list(parameters),
        steps=deployment_steps(safeguards),
        sagemaker_session=settings.session,
    )
