"""The process as such: start, refuse, end, be killed, start again."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.waiting import PATIENCE_SECONDS, wait_until

ROOT = Path(__file__).resolve().parents[2]


def serve_and_fail(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "local_aws", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_SECONDS)


def test_a_port_in_use_is_said_in_one_line_and_nothing_is_left_serving(tmp_path):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        ended = serve_and_fail("--state", str(tmp_path), "--port", str(port))
    assert ended.returncode == 1
    (line,) = ended.stderr.splitlines()
    assert line.startswith(f"local_aws: port {port} of 127.0.0.1 cannot be used (")
    assert line.endswith("choose another, or 0 for a free one")
    assert not (tmp_path / "server.json").exists()


def test_a_state_folder_is_served_by_one_process_only(own_local_aws):
    ended = serve_and_fail("--state", str(own_local_aws.state))
    assert ended.returncode == 1
    assert "another local AWS serves" in ended.stderr
    assert own_local_aws.client("s3").list_buckets()["Buckets"], "the first one goes on serving"


def test_what_is_not_executed_here_is_refused_in_the_form_that_boto3_reads(local_aws):
    for service, call in {
        "dynamodb": lambda client: client.list_tables(),
        "kms": lambda client: client.list_keys(),
        "kinesis": lambda client: client.list_streams(),
    }.items():
        with pytest.raises(ClientError) as refused:
            call(local_aws.client(service))
        assert refused.value.response["Error"]["Code"] == "UnsupportedOperation"


def test_it_listens_on_the_loopback_address_only(local_aws):
    port = int(local_aws.url.rsplit(":", 1)[1])
    with socket.socket() as other:
        assert other.connect_ex(("127.0.0.2", port)) != 0


@pytest.mark.parametrize(
    "headers",
    [{"Host": "rebound.example.com"}, {"Origin": "https://example.com"}, {"Origin": "null"}],
    ids=["rebound", "cross-site", "sandboxed"],
)
def test_pages_of_other_sites_are_refused(local_aws, headers):
    s3 = local_aws.client("s3")
    s3.put_object(Bucket=local_aws.bucket, Key="private", Body=b"secret")
    address = s3.generate_presigned_url("get_object", Params={"Bucket": local_aws.bucket, "Key": "private"})
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(urllib.request.Request(address, headers=headers))
    assert b"not pages of other sites" in refused.value.read()
    with urllib.request.urlopen(address) as answer:
        assert answer.read() == b"secret"
        assert "Access-Control-Allow-Origin" not in answer.headers


def test_s3_iam_sts_logs_and_cloudwatch_survive_a_kill(own_local_aws):
    s3, logs, iam = (own_local_aws.client(name) for name in ("s3", "logs", "iam"))
    s3.put_object(Bucket=own_local_aws.bucket, Key="a/ä +.bin", Body=b"\x00" * 100_000, Metadata={"origin": "test"})
    s3.put_bucket_versioning(Bucket=own_local_aws.bucket, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket=own_local_aws.bucket, Key="twice", Body=b"one")
    s3.put_object(Bucket=own_local_aws.bucket, Key="twice", Body=b"two")
    policy = {"Version": "2012-10-17", "Statement": []}
    iam.create_role(RoleName="role", AssumeRolePolicyDocument=json.dumps(policy))
    logs.create_log_group(logGroupName="/group")
    own_local_aws.client("cloudwatch").put_metric_data(Namespace="n", MetricData=[{"MetricName": "m", "Value": 2.0}])
    s3.put_object(Bucket=own_local_aws.bucket, Key="the-last-change", Body=b"")
    wait_until_saved(own_local_aws.state, "the-last-change")

    own_local_aws.kill()
    own_local_aws.start()

    s3, logs, iam = (own_local_aws.client(name) for name in ("s3", "logs", "iam"))
    kept = s3.get_object(Bucket=own_local_aws.bucket, Key="a/ä +.bin")
    assert (kept["Body"].read(), kept["Metadata"]) == (b"\x00" * 100_000, {"origin": "test"})
    assert s3.get_object(Bucket=own_local_aws.bucket, Key="twice")["Body"].read() == b"two"
    assert len(s3.list_object_versions(Bucket=own_local_aws.bucket, Prefix="twice")["Versions"]) == 2
    assert iam.get_role(RoleName="role")["Role"]["RoleName"] == "role"
    assert [group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]] == ["/group"]
    assert own_local_aws.client("cloudwatch").list_metrics(Namespace="n")["Metrics"][0]["MetricName"] == "m"


def test_an_orderly_end_saves_everything_at_once(own_local_aws):
    own_local_aws.client("s3").put_object(Bucket=own_local_aws.bucket, Key="last", Body=b"moment")
    own_local_aws.stop()
    assert not (own_local_aws.state / "server.json").exists()
    own_local_aws.start()
    assert own_local_aws.client("s3").get_object(Bucket=own_local_aws.bucket, Key="last")["Body"].read() == b"moment"


def test_bodies_of_deleted_objects_leave_the_disk(own_local_aws):
    s3 = own_local_aws.client("s3")
    for number in range(20):
        s3.put_object(Bucket=own_local_aws.bucket, Key="same", Body=str(number).encode())
    s3.delete_object(Bucket=own_local_aws.bucket, Key="same")
    own_local_aws.stop()
    own_local_aws.start()
    assert list((own_local_aws.state / "s3").iterdir()) == []


@pytest.mark.parametrize(
    "damage", [b"", b"not a pickle", b"\x80\x05cos\nsystem\n(S'true'\ntR."], ids=["empty", "foreign", "hostile"]
)
def test_a_damaged_or_hostile_snapshot_is_refused_and_left_alone(own_local_aws, damage):
    own_local_aws.stop()
    snapshot = own_local_aws.state / "moto" / "s3.pickle"
    snapshot.write_bytes(damage)
    ended = serve_and_fail("--state", str(own_local_aws.state))
    assert ended.returncode == 1
    assert ended.stderr.startswith("local_aws: ")
    assert len(ended.stderr.splitlines()) == 1
    assert snapshot.read_bytes() == damage


def test_presigned_urls_work(local_aws):
    s3 = local_aws.client("s3")
    s3.put_object(Bucket=local_aws.bucket, Key="presigned", Body=b"content")
    url = s3.generate_presigned_url("get_object", Params={"Bucket": local_aws.bucket, "Key": "presigned"})
    with urllib.request.urlopen(url) as response:
        assert response.read() == b"content"


def test_any_access_key_reaches_the_same_account(local_aws):
    other = boto3.client(
        "sts",
        endpoint_url=local_aws.url,
        region_name="us-east-1",
        aws_access_key_id="AKIAIOSFODNN7EXAMPLE",
        aws_secret_access_key="other",
    )
    assert other.get_caller_identity()["Account"] == local_aws.client("sts").get_caller_identity()["Account"]


def wait_until_saved(state: Path, key: str) -> None:
    """Until the snapshot on disk knows an object of this key, and so everything before it."""
    # S3 is the last to be saved
    snapshot = state / "moto" / "s3.pickle"
    wait_until(lambda: snapshot.exists() and key.encode() in snapshot.read_bytes(), "the server to save")
