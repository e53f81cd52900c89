"""Conditional writes and deletions, in another process: the change to moto holds for the whole of one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.waiting import PATIENCE_SECONDS

ROOT = Path(__file__).resolve().parents[2]
WRITERS = 8

PROGRAM = """
import json, os, sys, threading
os.environ.update(AWS_ACCESS_KEY_ID="local", AWS_SECRET_ACCESS_KEY="local", AWS_DEFAULT_REGION="us-east-1")
import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.s3.models import S3Backend
from local_aws.moto_patches import conditional_writes

WRITERS = int(sys.argv[1])
put = S3Backend.put_object
inside, another = [], threading.Event()
# how long a writer whose condition holds waits for a second one
seconds = 0.0

def slowly(backend, *args, **more):
    inside.append(args)
    if len(inside) > 1: another.set()
    another.wait(seconds)
    return put(backend, *args, **more)

S3Backend.put_object = slowly

def answered(call, **request):
    try:
        return call(Bucket="some-bucket", **request)["ResponseMetadata"]["HTTPStatusCode"]
    except ClientError as error:
        return [error.response["ResponseMetadata"]["HTTPStatusCode"], error.response["Error"]["Code"]]

def race(s3, patience, **condition):
    global seconds
    together, codes = threading.Barrier(WRITERS), []
    inside.clear()
    another.clear()
    seconds = patience
    def write(number):
        together.wait()
        # what was there is never written again: with the same ETag a condition would hold twice
        body = f"{number} {sorted(condition)}".encode()
        codes.append(answered(s3.put_object, Body=body, **condition))
    threads = [threading.Thread(target=write, args=(number,)) for number in range(WRITERS)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    seconds = 0.0
    return sum(code == 200 for code in codes)

def tried(patience):
    s3 = boto3.client("s3", config=Config(max_pool_connections=WRITERS, retries={"max_attempts": 1}))
    s3.create_bucket(Bucket="some-bucket")
    first = s3.put_object(Bucket="some-bucket", Key="key", Body=b"1")["ETag"]
    found = {
        "there": answered(s3.put_object, Key="key", Body=b"2", IfNoneMatch="*"),
        "same": answered(s3.put_object, Key="key", Body=b"2", IfMatch=first),
        "changed": answered(s3.put_object, Key="key", Body=b"3", IfMatch=first),
        "missing": answered(s3.put_object, Key="other", Body=b"3", IfMatch=first),
        "new": answered(s3.put_object, Key="other", Body=b"3", IfNoneMatch="*"),
        "unknown condition": answered(s3.put_object, Key="key", Body=b"3", IfNoneMatch=first),
        "deleted when changed": answered(s3.delete_object, Key="key", IfMatch=first),
        "makers": race(s3, patience, Key="made", IfNoneMatch="*"),
    }
    etag = s3.head_object(Bucket="some-bucket", Key="made")["ETag"]
    found["changers"] = race(s3, patience, Key="made", IfMatch=etag)
    s3.put_bucket_versioning(Bucket="some-bucket", VersioningConfiguration={"Status": "Enabled"})
    s3.delete_object(Bucket="some-bucket", Key="key")
    found["after a delete marker"] = answered(s3.put_object, Key="key", Body=b"4", IfNoneMatch="*")
    return found

# as moto has it a second one always comes; afterwards none should, and is given a moment to
with mock_aws():
    before = tried(float(sys.argv[2]))
conditional_writes.install()
with mock_aws():
    print(json.dumps([before, tried(0.05)]))
"""


def test_a_condition_holds_until_the_object_is_written():
    command = [sys.executable, "-c", PROGRAM, str(WRITERS), str(PATIENCE_SECONDS / 2)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_SECONDS)
    assert done.returncode == 0, done.stderr
    before, after = json.loads(done.stdout)
    assert before["makers"] > 1 and before["changers"] > 1 and before["unknown condition"] == 200
    assert after == {
        "there": [412, "PreconditionFailed"],
        "same": 200,
        "changed": [412, "PreconditionFailed"],
        "missing": [404, "NoSuchKey"],
        "new": 200,
        "unknown condition": [501, "NotImplemented"],
        "deleted when changed": [412, "PreconditionFailed"],
        "makers": 1,
        "changers": 1,
        "after a delete marker": 200,
    }
