"""Uploading what a build made."""

from __future__ import annotations

import hashlib
import io
import posixpath
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

from local_aws.builds.errors import PhaseFailed
from local_aws.builds.files import FoundFile
from local_aws.builds.records import Build
from local_aws.objects import ObjectNotFound, ObjectStore

# a zip's members all have this time, so that equal files make equal bytes
ZIP_TIME = (1980, 1, 1, 0, 0, 0)


def upload(
    objects: ObjectStore, build: Build, target: Mapping[str, Any], files: Sequence[FoundFile], name: str | None
) -> dict[str, Any]:
    """Put files where an artifact of the build goes; what the API says of it.

    `target` is a ProjectArtifacts of type S3, `name` the buildspec's own for it. Raises PhaseFailed.
    """
    if not files:
        raise PhaseFailed("CLIENT_ERROR", "no matching artifact paths found")
    bucket = str(target["location"]).removeprefix("arn:aws:s3:::")
    key = key_of(build, target, name)
    try:
        described = {"location": f"arn:aws:s3:::{bucket}/{key}".rstrip("/")}
        if target.get("packaging") == "ZIP":
            content = zipped(files)
            objects.write(bucket, key, content)
            described |= {
                "sha256sum": hashlib.sha256(content).hexdigest(),
                "md5sum": hashlib.md5(content, usedforsecurity=False).hexdigest(),
            }
        else:
            for file in files:
                objects.upload(file.path, bucket, posixpath.join(key, file.name).lstrip("/"))
    except ObjectNotFound as error:
        raise PhaseFailed("CLIENT_ERROR", f"NoSuchBucket: {error}") from error
    return described | _said_of(target)


def key_of(build: Build, target: Mapping[str, Any], name: str | None) -> str:
    """The key of a zip file, or of the folder that holds the files: path, build id and name, as the project says."""
    own = target.get("name") or target.get("artifactIdentifier") or build.project
    chosen = name if name and target.get("overrideArtifactName") else own
    namespace = build.uuid if target.get("namespaceType") == "BUILD_ID" else ""
    parts = (str(part).strip("/") for part in (target.get("path") or "", namespace, chosen))
    return "/".join(part for part in parts if part)


def zipped(files: Sequence[FoundFile]) -> bytes:
    """A zip file, the same for the same files."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            member = zipfile.ZipInfo(file.name, ZIP_TIME)
            member.external_attr = (file.path.stat().st_mode & 0o777) << 16
            member.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(member, file.path.read_bytes())
    return content.getvalue()


def _said_of(target: Mapping[str, Any]) -> dict[str, Any]:
    members = ("overrideArtifactName", "encryptionDisabled", "artifactIdentifier")
    return {member: target[member] for member in members if member in target}
