"""The training pipeline, by the door that AWS's project templates have: `get_pipeline(**kwargs)`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.champion import choose_champion
from pipelines.deployment.endpoint_safeguards.endpoint_name import check_endpoint_name
from pipelines.names import ENDPOINT_NAME, MODEL_PACKAGE_GROUP_NAME, PIPELINE_NAME
from pipelines.retraining.recipe import champion_training
from pipelines.session import target_from_environment
from pipelines.source_code import PROJECT_ROOT, read_source_code, stage, stage_bundle
from pipelines.training.algorithms import PYTORCH, algorithm_named, check_pretraining
from pipelines.training.no_champion import no_champion
from pipelines.training.no_new_images import no_new_images
from pipelines.training.pretrained_model import PretrainedModel

if TYPE_CHECKING:
    from sagemaker.core.workflow.pipeline_context import PipelineSession
    from sagemaker.mlops.workflow import Pipeline

    from pipelines.training.job_settings import JobSettings

BASE_JOB_PREFIX = "scones"
# Where `InputDataUri` points unless an execution says otherwise, under the bucket.
DATASET_KEY = "datasets/cifar-100-python.tar.gz"


class IncompleteNetwork(ValueError):
    """A VPC takes subnets and security groups, or neither."""


class RoleMissing(ValueError):
    """A session was given without the role that its jobs shall run as."""


def get_pipeline(
    region: str | None = None,
    sagemaker_project_arn: str | None = None,
    role: str | None = None,
    default_bucket: str | None = None,
    pipeline_name: str = PIPELINE_NAME,
    model_package_group_name: str = MODEL_PACKAGE_GROUP_NAME,
    base_job_prefix: str = BASE_JOB_PREFIX,
    algorithm: str = PYTORCH.name,
    sagemaker_session: PipelineSession | None = None,
    *,
    pretrain: bool = False,
    kms_key: str | None = None,
    subnets: Sequence[str] = (),
    security_group_ids: Sequence[str] = (),
    enable_network_isolation: bool = False,
    code_version: str | None = None,
    endpoint_name: str = ENDPOINT_NAME,
    safeguards_function: str | None = None,
    stage_code: bool = True,
    source_root: str | Path = PROJECT_ROOT,
) -> Pipeline:
    """Builds the training pipeline. The same tree and arguments compile to the same bytes.

    Session, region, role and bucket that are not given come from the environment (`pipelines.session`).

    sagemaker_project_arn: used by `get_pipeline_custom_tags`, accepted here because templates pass one set of
    kwargs.
    algorithm: how TrainClassifier trains, and what serves its model (`pipelines.training.algorithms`): pytorch is the
    code of training/, image-classification SageMaker's built-in algorithm.
    pretrain: the net learns from the archive's other classes first; with pytorch alone.
    base_job_prefix: first part of job names and of every S3 key that the pipeline reads or writes.
    kms_key: encrypts volumes, outputs and staged code. subnets and security_group_ids: the VPC of every job.
    enable_network_isolation: no container has network access; code then comes as a channel.
    code_version: the git commit, for the registered model's metadata; from the caller, since looking is not
    repeatable.
    endpoint_name: the default of the parameter EndpointName, where a pre-approved model is deployed.
    safeguards_function: the ARN of the function that deploying takes (`pipelines.deployment.stack`); the one of its
    usual name in the role's account if not given.
    stage_code: upload the container code and the pretrained weights if they are not in S3 yet. With False nothing is
    called, and the definition is the same.
    source_root: the folder that holds processing/ and training/.

    Raises UnsupportedAlgorithm, UnsupportedPretraining, IncompleteNetwork, RoleMissing, TargetNotConfigured,
    SourceCodeMissing, PretrainedModelMissing, InvalidEndpointName.
    """
    chosen = algorithm_named(algorithm)
    check_pretraining(chosen, pretrain)
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
    code = read_source_code(settings.bucket, settings.s3_prefix, Path(source_root))
    nothing_to_compare = no_champion(settings.bucket, settings.s3_prefix)
    nothing_to_add = no_new_images(settings.bucket, settings.s3_prefix)
    pretrained_model = PretrainedModel(settings.bucket, settings.s3_prefix)
    if stage_code:
        s3 = settings.session.boto_session.client("s3")
        stage(s3, code, kms_key)
        stage_bundle(s3, nothing_to_compare, kms_key)
        stage_bundle(s3, nothing_to_add, kms_key)
        if chosen.brings_code:
            pretrained_model.stage(s3, kms_key)

    # Imported here: it needs the SDK, and the SDK must have been loaded by `pipelines.sdk` first.
    from pipelines.training.assembly import assemble

    return assemble(
        settings,
        name=pipeline_name,
        group=model_package_group_name,
        algorithm=chosen,
        pretrain=pretrain,
        code=code,
        pretrained_model_uri=pretrained_model.uri,
        code_version=code_version,
        input_data_uri=f"s3://{settings.bucket}/{base_job_prefix}/{DATASET_KEY}",
        champion_predictions_uri=nothing_to_compare.uri,
        new_images_uri=nothing_to_add.uri,
        endpoint_name=endpoint_name,
        safeguards_function=safeguards_function,
    )


def open_settings(
    pipeline_name: str,
    *,
    region: str | None,
    role: str | None,
    default_bucket: str | None,
    base_job_prefix: str,
    sagemaker_session: PipelineSession | None,
    kms_key: str | None,
    subnets: Sequence[str],
    security_group_ids: Sequence[str],
    enable_network_isolation: bool,
) -> JobSettings:
    """What the jobs of one pipeline share, from the kwargs of its `get_pipeline` and, for the rest, the environment.

    Raises IncompleteNetwork, RoleMissing, TargetNotConfigured.
    """
    if bool(subnets) != bool(security_group_ids):
        raise IncompleteNetwork("subnets and security_group_ids belong together: give both, or neither")
    if sagemaker_session is None:
        target = target_from_environment(region=region, role_arn=role, bucket=default_bucket)
        sagemaker_session, role, default_bucket = target.sagemaker_session, target.role_arn, target.bucket
    if role is None:
        raise RoleMissing("role is missing: pass the ARN of the role that the jobs run as")

    # Imported here: it needs the SDK, and the SDK must have been loaded by `pipelines.sdk` first.
    from pipelines.training.job_settings import JobSettings

    return JobSettings(
        session=sagemaker_session,
        region=region or sagemaker_session.boto_region_name,
        role=role,
        # Asking the session calls AWS and may create the bucket: only when there is no other way to know.
        bucket=default_bucket or sagemaker_session.default_bucket(),
        s3_prefix=f"{base_job_prefix}/{pipeline_name}",
        job_name_prefix=base_job_prefix,
        kms_key=kms_key,
        subnets=tuple(subnets),
        security_group_ids=tuple(security_group_ids),
        enable_network_isolation=enable_network_isolation,
    )


def get_execution_parameters(
    sagemaker_client: Any, s3_client: Any, *, model_package_group_name: str = MODEL_PACKAGE_GROUP_NAME, **_kwargs: Any
) -> dict[str, str]:
    """What `run-pipeline` starts an execution with: the predictions of the champion, where there is one.

    Prints what the candidate will be compared with. Raises ChampionPredictionsMissing.
    """
    choice = choose_champion(sagemaker_client, s3_client, model_package_group_name, {})
    print(choice.told, flush=True)
    return dict(choice.parameters)


def get_retraining_kwargs(**kwargs: Any) -> dict[str, Any]:
    """The kwargs of `get_pipeline` for a retraining: unless they name one, the algorithm is the champion's, pretraining
    included."""
    if "algorithm" in kwargs:
        return kwargs
    place = {"region": kwargs.get("region"), "role_arn": kwargs.get("role"), "bucket": kwargs.get("default_bucket")}
    sagemaker = target_from_environment(**place).client("sagemaker")
    group = kwargs.get("model_package_group_name", MODEL_PACKAGE_GROUP_NAME)
    champion = champion_training(sagemaker, group)
    if not champion.algorithm:
        return kwargs
    return {"algorithm": champion.algorithm, **({"pretrain": True} if champion.pretrained else {}), **kwargs}


def get_pipeline_custom_tags(
    new_tags: list[dict[str, str]],
    region: str | None = None,
    sagemaker_project_arn: str | None = None,
    **_kwargs: Any,
) -> list[dict[str, str]]:
    """The given tags and those of the SageMaker project, so that the pipeline shows up in it (AWS's template
    has this too). A project whose stack was made without SageMaker has none to add."""
    if sagemaker_project_arn is None:
        return list(new_tags)
    client = target_from_environment(region=region).client("sagemaker")
    given = {tag["Key"] for tag in new_tags}
    added = [tag for tag in _tags_of(client, sagemaker_project_arn) if tag["Key"] not in given]
    return [*new_tags, *added]


def _tags_of(client: Any, arn: str) -> list[dict[str, str]]:
    from botocore.exceptions import ClientError

    try:
        return [tag for page in client.get_paginator("list_tags").paginate(ResourceArn=arn) for tag in page["Tags"]]
    except ClientError as error:
        if error.response["Error"]["Code"] in ("ResourceNotFound", "ValidationException"):
            return []
        raise
