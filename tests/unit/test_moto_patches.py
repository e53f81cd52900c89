"""Each change to moto, by what it changes. The patches hold for the whole process, so they are tried in another one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import moto
import pytest

from local_aws import moto_patches
from local_aws.bodies import BodyFolder
from tests.waiting import PATIENCE_SECONDS

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
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_SECONDS)
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


FUNCTIONS = """
import base64, copy, io, json, pickle, sys, zipfile
from pathlib import Path
from local_aws import moto_patches
from local_aws.bodies import BodyFolder
from local_aws.functions.function import FunctionAnswer, FunctionNotFound

moto_patches.install(BodyFolder(Path(sys.argv[1])))
from moto.awslambda.models import lambda_backends
from moto.core.exceptions import JsonRESTError
from moto.iam.models import iam_backends
from moto.s3.models import s3_backends

def zipped(text):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        file.writestr("app.py", text)
    return content.getvalue()

def tried(call, *arguments):
    try:
        return call(*arguments)
    except JsonRESTError as error:
        return f"{error.error_type}: {error.message}"

account = "123456789012"
role = iam_backends[account]["aws"].create_role("r", "{}", "/", None, "", {}, 3600).arn
s3 = s3_backends[account]["aws"]
s3.create_bucket("code", "us-east-1")
s3.put_object("code", "app.zip", zipped("x = 1"))
backend = lambda_backends[account]["us-east-1"]
spec = {
    "FunctionName": "f", "Role": role, "Runtime": "python3.12", "Handler": "app.handler", "Layers": [],
    "Code": {"S3Bucket": "code", "S3Key": "app.zip"},
}
code = lambda **place: {**spec, "FunctionName": "other", "Code": place}
print(tried(backend.create_function, code(S3Bucket="code", S3Key="none.zip")))
print(tried(backend.create_function, code(S3Bucket="nobody", S3Key="app.zip")))
print(tried(backend.create_function, code(ZipFile="bm8gemlw")))
print(tried(backend.create_function, {**spec, "Runtime": "java21"}))
print(tried(backend.create_event_source_mapping, {}))
print(tried(backend.create_function_url_config, "f", {}))
function = backend.create_function(spec)
sha = function.code_sha_256
backend.update_function_code("f", None, {"ZipFile": base64.b64encode(zipped("x = 2")).decode(), "DryRun": True})
print("dry run changes nothing", function.code_sha_256 == sha)
backend.update_function_code("f", None, {"ZipFile": base64.b64encode(zipped("x = 2")).decode(), "Publish": True})
print("changed", function.code_sha_256 != sha, "kept once", "ZipFile" not in function.code)
print(backend.update_function_configuration("f", None, {"TracingConfig": {"Mode": "Active"}})["TracingConfig"])
backend.create_alias("live", "f", "1", "", None)

class Runner:
    def invoke(self, function, payload, *, qualifier=None):
        if function != "f":
            raise FunctionNotFound(function)
        return FunctionAnswer(200, json.dumps([function, payload.decode(), qualifier]).encode(), "Unhandled")

moto_patches.invoke_with(Runner())
headers = {}
print(backend.invoke("f", "live", "{}", {}, headers), headers["x-amz-function-error"])
print(function.invoke("[1]", {}, {}))
print(tried(backend.invoke, "none", None, "{}", {}, {}))
again = pickle.loads(pickle.dumps(backend))
print("again", again.get_function("f", "live").version, again.get_function_by_arn(function.function_arn).handler)
print("logs are not copied", again.get_function("f").logs_backend is function.logs_backend)
print("copied", copy.deepcopy(function).code_sha_256 == function.code_sha_256)
"""


def test_functions_are_checked_kept_and_handed_to_the_runner(tmp_path):
    command = [sys.executable, "-c", FUNCTIONS, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_SECONDS)
    assert done.returncode == 0, done.stderr
    refused = "InvalidParameterValueException: "
    from_s3 = refused + "Error occurred while GetObject. S3 Error Code: "
    assert done.stdout.splitlines() == [
        from_s3 + "NoSuchKey. S3 Error Message: The specified key does not exist.",
        from_s3 + "NoSuchBucket. S3 Error Message: The specified bucket does not exist",
        refused + "Could not unzip uploaded file. Please check your file, then try to upload again.",
        refused + "This local AWS runs Python functions alone (python3.x, by its own interpreter), not java21.",
        refused + "This local AWS does not support event source mappings.",
        refused + "This local AWS does not support function URLs.",
        "dry run changes nothing True",
        "changed True kept once True",
        "{'Mode': 'Active'}",
        """b'["f", "{}", "live"]' Unhandled""",
        """b'["f", "[1]", "$LATEST"]'""",
        "ResourceNotFoundException: Function not found: none",
        "again 1 app.handler",
        "logs are not copied True",
        "copied True",
    ]
