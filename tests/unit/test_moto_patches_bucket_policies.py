"""A bucket's policy, in another process: the change to moto holds for the whole of one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.waiting import PATIENCE_SECONDS

ROOT = Path(__file__).resolve().parents[2]

PROGRAM = """
import json, os, sys
os.environ.update(AWS_ACCESS_KEY_ID="local", AWS_SECRET_ACCESS_KEY="local", AWS_DEFAULT_REGION="us-east-1")
import boto3
from botocore.exceptions import ClientError
from moto import mock_aws
from local_aws.moto_patches import bucket_policies

def answered(call):
    try:
        return call()["ResponseMetadata"]["HTTPStatusCode"]
    except ClientError as error:
        return error.response["ResponseMetadata"]["HTTPStatusCode"]

def tried():
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="some-bucket")
    s3.put_object(Bucket="some-bucket", Key="key", Body=b"before")
    statement = {
        "Effect": "Deny", "Principal": "*", "Action": "s3:*",
        "Resource": ["arn:aws:s3:::some-bucket", "arn:aws:s3:::some-bucket/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    s3.put_bucket_policy(Bucket="some-bucket", Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    return [
        answered(lambda: s3.put_object(Bucket="some-bucket", Key="key", Body=b"after")),
        answered(lambda: s3.get_object(Bucket="some-bucket", Key="key")),
        json.loads(s3.get_bucket_policy(Bucket="some-bucket")["Policy"])["Statement"] == [statement],
    ]

with mock_aws():
    print("as moto has it", tried())
bucket_policies.install()
with mock_aws():
    print("changed", tried())
"""


def test_a_policy_with_a_condition_closes_no_bucket():
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_SECONDS
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["as moto has it [403, 403, True]", "changed [200, 200, True]"]
