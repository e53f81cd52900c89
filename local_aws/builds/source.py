"""A build's source: an object or a folder in S3, unpacked into a folder of the build."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from moto.core.exceptions import ServiceException
from moto.s3.models import FakeKey, S3Backend

from local_aws.builds.errors import InvalidInputException, PhaseFailed
from local_aws.builds.settings import GIT_SOURCES, S3Location, is_in_s3, is_inline
from local_aws.functions.archive import CodeNotUsable, unpack

BUILDSPEC = "buildspec.yml"


class Sources:
    """What can be downloaded here."""

    def __init__(self, backend: S3Backend) -> None:
        self._backend = backend

    def download(self, source: Mapping[str, Any], version: str | None, folder: Path) -> str | None:
        """Fill a folder, which is made; the version that was taken, where it has one. Raises PhaseFailed."""
        folder.mkdir(parents=True, exist_ok=True)
        kind = source["type"]
        if kind in GIT_SOURCES:
            raise PhaseFailed(
                "CLIENT_ERROR",
                f"{kind} {source['location']} cannot be downloaded: this local AWS has no network. Put the source into "
                "S3 and start the build with sourceTypeOverride S3 and sourceLocationOverride BUCKET/KEY.zip.",
            )
        if kind == "NO_SOURCE":
            return None
        location = _location(source["location"])
        if location.key.endswith("/"):
            self._folder(location, version, folder)
            return None
        key = self._object(location, version)
        if location.key.lower().endswith((".zip", ".jar")):
            _unpack(key.value, folder, source["location"])
        else:
            (folder / Path(location.key).name).write_bytes(key.value)
        return _version_of(key)

    def buildspec(self, source: Mapping[str, Any], folder: Path) -> tuple[str, str]:
        """The text of the buildspec, and where it is. Raises PhaseFailed."""
        given = source.get("buildspec")
        if is_inline(given):
            return str(given), "the project's own"
        if is_in_s3(given):
            return self._object(_location(given), None).value.decode("utf-8", "replace"), str(given)
        path = folder / (given or BUILDSPEC)
        if not path.is_file() or not path.resolve().is_relative_to(folder.resolve()):
            raise PhaseFailed("YAML_FILE_ERROR", f"YAML file does not exist: {given or BUILDSPEC}")
        return path.read_text(errors="replace"), str(path)

    def _folder(self, location: S3Location, version: str | None, folder: Path) -> None:
        if version:
            raise PhaseFailed("CLIENT_ERROR", "a folder in S3 has no version: take sourceVersion away")
        try:
            found = self._backend.get_bucket(location.bucket).keys
        except ServiceException as error:
            raise _client_error(location, error) from error
        names = [
            name for name, key in list(found.items()) if isinstance(key, FakeKey) and name.startswith(location.key)
        ]
        if not names:
            raise PhaseFailed("CLIENT_ERROR", f"no objects found in s3://{location.bucket}/{location.key}")
        for name in names:
            relative = name[len(location.key) :]
            target = folder / relative
            if ".." in Path(relative).parts or not target.is_relative_to(folder):
                raise PhaseFailed("CLIENT_ERROR", f"the key {name!r} leads out of the folder of the source")
            if relative and not relative.endswith("/"):
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(self._object(S3Location(location.bucket, name), None).value)

    def _object(self, location: S3Location, version: str | None) -> FakeKey:
        try:
            found = self._backend.get_object(location.bucket, location.key, version_id=version)
        except ServiceException as error:
            raise _client_error(location, error) from error
        if found is None:
            of = f", version {version}" if version else ""
            raise PhaseFailed("CLIENT_ERROR", f"NoSuchKey: s3://{location.bucket}/{location.key}{of} does not exist")
        return found


def remove(folder: Path) -> None:
    """Take a build's folder away, if it is there."""
    shutil.rmtree(folder, ignore_errors=True)


def _location(text: Any) -> S3Location:
    try:
        return S3Location.parse(str(text))
    except InvalidInputException as error:
        raise PhaseFailed("CLIENT_ERROR", error.message) from error


def _unpack(content: bytes, folder: Path, location: str) -> None:
    try:
        unpack(content, folder)
    except CodeNotUsable as error:
        raise PhaseFailed("CLIENT_ERROR", f"{location} cannot be unpacked: {error}") from error


def _version_of(key: FakeKey) -> str | None:
    version = getattr(key, "version_id", None)
    return None if version in (None, "null") else str(version)


def _client_error(location: S3Location, error: ServiceException) -> PhaseFailed:
    return PhaseFailed("CLIENT_ERROR", f"{error.code}: s3://{location.bucket}/{location.key}: {error.message}")
