"""Finds the CIFAR-100 archive, or makes a sample of it, and stages it in S3 under its own digest."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.request import urlopen

from pipelines.names import CLASSES

Source = Literal["archive", "download", "generated"]
Choice = Literal["auto", "archive", "download", "generated"]

ARCHIVE_NAME = "cifar-100-python.tar.gz"
ARCHIVE_URL = "https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz"
ARCHIVE_MD5 = "eb9058c3a382ffc7106e4002c42a8d85"
ARCHIVE_VARIABLE = "SCONES_CIFAR_ARCHIVE"
# There in a project that was stamped with pictures of its own: no other archive has its classes.
OWN_ARCHIVE = Path(__file__).resolve().parent.parent / "data" / ARCHIVE_NAME
CHUNK = 1 << 20
CONNECT_SECONDS = 5.0

Progress = Callable[[int, int], None]


class DatasetUnavailable(RuntimeError):
    """The archive that was asked for cannot be had; the message says why and what to do."""


@dataclass(frozen=True)
class Dataset:
    """An archive on this machine, and where it came from."""

    source: Source
    path: Path


def find_dataset(choice: Choice, cache: Path, progress: Progress = lambda done, total: None) -> Dataset:
    """The archive by choice.

    auto: the file named by SCONES_CIFAR_ARCHIVE, else the project's own, a cached one, a download, a generated sample.
    archive, download, generated: that one or an error. `progress` gets bytes done and bytes in all of a download.
    Raises DatasetUnavailable.
    """
    if choice == "generated":
        return _generated(cache)
    if choice == "download":
        if OWN_ARCHIVE.is_file():
            raise DatasetUnavailable(f"CIFAR-100 has not this project's classes: its archive is {OWN_ARCHIVE}")
        return _cached(cache) or _downloaded(cache, progress)
    given = _given()
    if given:
        return given
    if OWN_ARCHIVE.is_file():
        return Dataset("archive", OWN_ARCHIVE)
    if choice == "archive":
        raise DatasetUnavailable(f"no archive given: set {ARCHIVE_VARIABLE} to the path of {ARCHIVE_NAME}")
    return _cached(cache) or _downloaded_or_none(cache, progress) or _generated(cache)


def stage_dataset(dataset: Dataset, s3: Any, bucket: str) -> str:
    """Upload the archive, unless it is there already, and return the S3 prefix that holds nothing else.

    The prefix is named by the archive's SHA-256: the same archive has the same address, so that step caching hits.
    """
    prefix = f"datasets/{_digest(dataset.path, hashlib.sha256())[:32]}"
    found = s3.list_objects_v2(Bucket=bucket, Prefix=f"{prefix}/{ARCHIVE_NAME}")
    if not found.get("KeyCount"):
        s3.upload_file(str(dataset.path), bucket, f"{prefix}/{ARCHIVE_NAME}")
    return f"s3://{bucket}/{prefix}"


def _given() -> Dataset | None:
    name = os.environ.get(ARCHIVE_VARIABLE)
    if not name:
        return None
    path = Path(name).expanduser()
    if not path.is_file():
        raise DatasetUnavailable(f"{ARCHIVE_VARIABLE} names {path}, which is no file: correct or unset it")
    return Dataset("archive", path)


def _cached(cache: Path) -> Dataset | None:
    path = cache / ARCHIVE_NAME
    return Dataset("archive", path) if path.is_file() else None


def _downloaded_or_none(cache: Path, progress: Progress) -> Dataset | None:
    try:
        return _downloaded(cache, progress)
    except DatasetUnavailable:
        return None


def _downloaded(cache: Path, progress: Progress) -> Dataset:
    cache.mkdir(parents=True, exist_ok=True)
    path = cache / ARCHIVE_NAME
    partial = path.with_name(path.name + ".partial")
    digest = hashlib.md5(usedforsecurity=False)
    try:
        with urlopen(ARCHIVE_URL, timeout=CONNECT_SECONDS) as response, open(partial, "wb") as file:
            total = int(response.headers.get("Content-Length", 0))
            while chunk := response.read(CHUNK):
                file.write(chunk)
                digest.update(chunk)
                progress(file.tell(), total)
        if digest.hexdigest() != ARCHIVE_MD5:
            raise DatasetUnavailable(f"{ARCHIVE_URL} gave a file of MD5 {digest.hexdigest()}, not {ARCHIVE_MD5}")
        partial.replace(path)
    except OSError as error:
        raise DatasetUnavailable(f"{ARCHIVE_URL} cannot be downloaded ({error})") from error
    finally:
        partial.unlink(missing_ok=True)
    return Dataset("download", path)


def _generated(cache: Path) -> Dataset:
    # projects for other classes share the cache
    path = cache / "generated" / "-".join(CLASSES) / ARCHIVE_NAME
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "processing.sample_archive", "--classes", ",".join(CLASSES)]
        run = subprocess.run([*command, "--output", str(path)], capture_output=True, text=True)
        if run.returncode != 0:
            raise DatasetUnavailable(f"the sample archive cannot be generated: {run.stderr.strip()}")
    return Dataset("generated", path)


def _digest(path: Path, digest: Any) -> str:
    with open(path, "rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return str(digest.hexdigest())
