"""What a model's container is made of, be it described by the model or by its package."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from local_aws.images import Image, require_image
from local_aws.sagemaker.context import Context
from local_aws.sagemaker.errors import ValidationException
from local_aws.sagemaker.jobs import inputs
from local_aws.sagemaker.jobs.source_code import unpack
from local_aws.sagemaker.jobs.tree import JobTree

SUBMIT_DIRECTORY = "SAGEMAKER_SUBMIT_DIRECTORY"


@dataclass(frozen=True)
class ModelContainer:
    """An image with what it is to serve. `data` is the URI of a .tar.gz, or of a prefix of loose files."""

    image: Image
    data: str | None
    data_is_prefix: bool
    environment: dict[str, str]

    def with_environment(self, variables: dict[str, str]) -> ModelContainer:
        """The same with more variables, which win over its own."""
        return replace(self, environment={**self.environment, **variables})

    def lay_out(self, context: Context, tree: JobTree) -> dict[str, str]:
        """Put the model's files into /opt/ml/model, its code into /opt/ml/code if it is apart.

        Returns the environment, with the code's folder in it. Raises JobFailed.
        """
        folder = tree.folder("model")
        if self.data and self.data_is_prefix:
            inputs.download(context.objects, inputs.find(context.objects, self.data), folder)
        elif self.data:
            unpack(context.objects, self.data, folder)
        if (folder / "code").is_dir():
            tree.mapping.rewrite_code(folder / "code")
        source = self.environment.get(SUBMIT_DIRECTORY, "")
        if not source.startswith("s3://"):
            return self.environment
        code = tree.folder("code")
        unpack(context.objects, source, code)
        tree.mapping.rewrite_code(code)
        return {**self.environment, SUBMIT_DIRECTORY: str(code)}


def resolve_model(context: Context, model_name: str) -> ModelContainer:
    """The container of a model. Raises ValidationException where there is none, or it cannot be served."""
    try:
        model = context.call("DescribeModel", {"ModelName": model_name})
    except ValidationException as error:
        arn = context.arn(f"model/{model_name}")
        raise ValidationException(f'Could not find model "{arn}".') from error
    return container_of(context, model)


def container_of(context: Context, model: Mapping[str, Any]) -> ModelContainer:
    """The container of a model as DescribeModel shows it. Raises ValidationException where it cannot be served."""
    containers = model.get("Containers") or [model.get("PrimaryContainer") or {}]
    if len(containers) != 1:
        raise ValidationException(
            f"The model {model['ModelName']} is a chain of {len(containers)} containers, "
            "which is not supported here: one is."
        )
    return _from_definition(context, containers[0])


def _from_definition(context: Context, definition: dict[str, Any]) -> ModelContainer:
    package = definition.get("ModelPackageName")
    if package and "Image" not in definition:
        described = context.call("DescribeModelPackage", {"ModelPackageName": package})
        (packaged, *others) = described["InferenceSpecification"]["Containers"]
        if others:
            raise ValidationException(
                f"The model package {package} has several containers, which is not supported here."
            )
        return _from_definition(context, packaged).with_environment(definition.get("Environment", {}))
    if definition.get("Mode", "SingleModel") != "SingleModel":
        raise ValidationException("Multi-model containers are not supported here.")
    data, is_prefix = _data(definition)
    image = require_image(definition.get("Image", ""), "serve")
    return ModelContainer(image, data, is_prefix, dict(definition.get("Environment", {})))


def _data(definition: dict[str, Any]) -> tuple[str | None, bool]:
    if "ModelDataSource" not in definition:
        return definition.get("ModelDataUrl"), False
    source = definition["ModelDataSource"]["S3DataSource"]
    return source["S3Uri"], source["CompressionType"] == "None"
