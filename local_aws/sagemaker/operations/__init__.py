"""The API operations, one module a resource family. Importing this package registers them all."""

from local_aws.sagemaker.operations import (
    endpoint_configs,
    endpoints,
    model_package_groups,
    model_package_updates,
    model_packages,
    models,
    pipeline_executions,
    pipeline_versions,
    pipelines,
    processing_jobs,
    tags,
    training_jobs,
    transform_jobs,
)

__all__ = [
    "endpoint_configs",
    "endpoints",
    "model_package_groups",
    "model_package_updates",
    "model_packages",
    "models",
    "pipeline_executions",
    "pipeline_versions",
    "pipelines",
    "processing_jobs",
    "tags",
    "training_jobs",
    "transform_jobs",
]
