"""The user's code of script mode: a sourcedir.tar.gz in S3, unpacked into a container's folder."""

from __future__ import annotations

import json
from pathlib import Path

from local_aws.objects import ObjectNotFound, ObjectStore, S3Uri
from local_aws.sagemaker.jobs.archives import UnsafeArchive, extract
from local_aws.sagemaker.jobs.control import JobFailed
from local_aws.sagemaker.jobs.path_mapping import PathMapping

SUBMIT_DIRECTORY = "sagemaker_submit_directory"


def place_code(
    objects: ObjectStore, hyperparameters: dict[str, str], folder: Path, mapping: PathMapping
) -> dict[str, str]:
    """Unpack what `sagemaker_submit_directory` names, where it is an S3 URI, and map its paths.

    Returns the hyperparameters, which then name the folder. Raises JobFailed.
    """
    named = _plain(hyperparameters.get(SUBMIT_DIRECTORY, ""))
    if not named.startswith("s3://"):
        return hyperparameters
    unpack(objects, named, folder)
    mapping.rewrite_code(folder)
    return {**hyperparameters, SUBMIT_DIRECTORY: json.dumps(str(folder))}


def unpack(objects: ObjectStore, uri: str, folder: Path) -> None:
    """Unpack a .tar.gz in S3 into the folder. Raises JobFailed."""
    try:
        where = S3Uri.parse(uri)
        extract(objects.read(where.bucket, where.key), folder)
    except (ValueError, ObjectNotFound, UnsafeArchive) as error:
        raise JobFailed(f"ClientError: Data download failed:{uri}: {error}") from error


def _plain(value: str) -> str:
    """A hyperparameter that may be written as JSON, as some SDKs do, or as it is."""
    try:
        decoded = json.loads(value)
    except ValueError:
        return value
    return decoded if isinstance(decoded, str) else value
