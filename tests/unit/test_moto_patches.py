"""Each change to moto, by what it changes. The patches hold for the whole process, so they are tried in another one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import moto
import pytest

from local_aws import moto_patches
from local_aws.bodies import BodyFolder

ROOT = Path(__file__).resolve().parents[2]

PATCHED = """
import gc, sys, weakref
from pathlib import Path
from local_aws import moto_patches
from local_aws.bodies import BodyFolder

folder = Path(sys.argv[1])
moto_patches.install(BodyFolder(folder))
from moto.s3.models import FakeKey, S3Backend

backend = S3Backend("aws", "123456789012")
backend.create_bucket("some-bucket", "us-east-1")
gone = weakref.ref(backend.put_object("some-bucket", "key", b"one"))
backend.put_object("some-bucket", "key", b"two")
gc.collect()
print("forgotten", gone() is None)
print("listed", len(FakeKey.instances_tracked))
print("in files", sorted(file.read_bytes() for file in folder.iterdir()))
print("read", backend.get_object("some-bucket", "key").value)
print("etag", backend.get_object("some-bucket", "key").etag)
"""


def test_objects_are_forgotten_when_replaced_and_their_bodies_are_files(tmp_path):
    command = [sys.executable, "-c", PATCHED, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "forgotten True",
        "listed 0",
        "in files [b'one', b'two']",
        "read b'two'",
        'etag "b8a9f715dbb64fd5c56e7783c6820a61"',
    ]


def test_another_version_of_moto_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(moto, "__version__", "5.2.6")
    with pytest.raises(moto_patches.MotoVersionMismatch, match=r"needs moto 5\.2\.5, found 5\.2\.6"):
        moto_patches.install(BodyFolder(tmp_path))
