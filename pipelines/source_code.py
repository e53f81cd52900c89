"""The code that runs in containers, on its way to S3 under a name made from its content.

Content in the name means: the same tree compiles to the same definition, a step whose code did not change is
found in the step cache, and an execution still finds the code it was compiled with after the tree has moved
on.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROJECT_ROOT = Path(__file__).resolve().parents[1]
SHIPPED = ("*.py", "requirements.txt")
RECORD_PREPROCESSOR = "record_preprocessor.py"


class SourceCodeMissing(FileNotFoundError):
    """A folder of container code holds nothing to ship."""


@dataclass(frozen=True)
class CodeBundle:
    """Content-addressed code: objects to put under `bucket`, and the URI that a job is given."""

    uri: str
    digest: str
    bucket: str
    objects: Mapping[str, bytes]


@dataclass(frozen=True)
class SourceCode:
    """What the containers of one pipeline run. `processing` is a plain tree, `training` a
    sourcedir.tar.gz, `record_preprocessor` the one file that the monitor's analyzer runs too."""

    processing: CodeBundle
    training: CodeBundle
    record_preprocessor: CodeBundle


def read_source_code(bucket: str, prefix: str, root: Path = PROJECT_ROOT) -> SourceCode:
    """Reads processing/, training/ and model_monitor/record_preprocessor.py under `root` and names them by their
    content. Touches no service.

    Processing code keeps its folder, so that a job with PYTHONPATH on the mounted prefix can `python3 -m
    processing.x`. Training code lies at the root of the archive, as the framework containers' script mode
    wants it.

    Raises SourceCodeMissing if a folder has no code, or the file is not there.
    """
    processing = read_tree(root / "processing")
    training = read_tree(root / "training")
    return SourceCode(
        processing=_tree_bundle(bucket, f"{prefix}/code/processing", "processing", processing),
        training=_archive_bundle(bucket, f"{prefix}/code/training", training),
        record_preprocessor=_file_bundle(
            bucket, f"{prefix}/code/record-preprocessor", root / "model_monitor" / RECORD_PREPROCESSOR
        ),
    )


def stage(s3_client: Any, source_code: SourceCode, kms_key: str | None = None) -> list[str]:
    """Uploads the objects that are not in S3 yet; returns the URIs of those it uploaded (none if all was
    there)."""
    return [
        uri
        for bundle in (source_code.processing, source_code.training, source_code.record_preprocessor)
        for uri in stage_bundle(s3_client, bundle, kms_key)
    ]


def stage_bundle(s3_client: Any, bundle: CodeBundle, kms_key: str | None = None) -> list[str]:
    """Uploads those of the bundle's objects that are not in S3 yet, and returns their URIs."""
    encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key} if kms_key else {}
    uploaded = []
    for key, content in bundle.objects.items():
        if not object_exists(s3_client, bundle.bucket, key):
            s3_client.put_object(Bucket=bundle.bucket, Key=key, Body=content, **encryption)
            uploaded.append(f"s3://{bundle.bucket}/{key}")
    return uploaded


def object_exists(s3_client: Any, bucket: str, key: str) -> bool:
    """Whether there is an object of that key in S3."""
    from botocore.exceptions import ClientError

    try:
        s3_client.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        # HEAD has no body: a missing key is told by its status alone. A missing bucket shows at the upload.
        if error.response["Error"]["Code"] in {"404", "NoSuchKey", "NotFound"}:
            return False
        raise
    return True


def read_tree(folder: Path) -> dict[str, bytes]:
    """Path relative to `folder` (with /) -> content, sorted: Python files and requirements.txt, never caches
    or hidden files."""
    paths = sorted({path for pattern in SHIPPED for path in folder.rglob(pattern) if path.is_file()})
    files = {path.relative_to(folder): path for path in paths}
    kept = {name.as_posix(): path.read_bytes() for name, path in files.items() if not _is_hidden(name)}
    if not any(name.endswith(".py") for name in kept):
        raise SourceCodeMissing(f"no Python files in {folder}: run from a complete checkout of the project")
    return dict(sorted(kept.items()))


def tree_digest(files: Mapping[str, bytes]) -> str:
    """SHA-256 (hex) over names and contents; independent of the order, times and owners of the files."""
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(f"{name}\0{len(files[name])}\0".encode())
        digest.update(files[name])
    return digest.hexdigest()


def deterministic_tar_gz(files: Mapping[str, bytes]) -> bytes:
    """A .tar.gz of the files whose bytes depend on nothing else: names sorted, times 0, owner 0, mode
    0644."""
    tar_bytes = io.BytesIO()
    with tarfile.open(fileobj=tar_bytes, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name in sorted(files):
            member = tarfile.TarInfo(name)
            member.size = len(files[name])
            member.mode = 0o644
            tar.addfile(member, io.BytesIO(files[name]))
    return gzip.compress(tar_bytes.getvalue(), mtime=0)


def _tree_bundle(bucket: str, prefix: str, folder: str, files: Mapping[str, bytes]) -> CodeBundle:
    digest = tree_digest(files)
    objects = {f"{prefix}/{digest}/{folder}/{name}": content for name, content in files.items()}
    return CodeBundle(uri=f"s3://{bucket}/{prefix}/{digest}", digest=digest, bucket=bucket, objects=objects)


def _archive_bundle(bucket: str, prefix: str, files: Mapping[str, bytes]) -> CodeBundle:
    digest = tree_digest(files)
    key = f"{prefix}/{digest}/sourcedir.tar.gz"
    objects = {key: deterministic_tar_gz(files)}
    return CodeBundle(uri=f"s3://{bucket}/{key}", digest=digest, bucket=bucket, objects=objects)


def _file_bundle(bucket: str, prefix: str, file: Path) -> CodeBundle:
    try:
        content = file.read_bytes()
    except OSError as error:
        raise SourceCodeMissing(f"{file} cannot be read: run from a complete checkout of the project") from error
    digest = hashlib.sha256(content).hexdigest()
    key = f"{prefix}/{digest}/{file.name}"
    return CodeBundle(uri=f"s3://{bucket}/{key}", digest=digest, bucket=bucket, objects={key: content})


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") or part == "__pycache__" for part in path.parts)
