"""Lambda functions that really run: what they are given, what they answer, what becomes of their faults."""

from __future__ import annotations

import base64
import io
import json
import uuid
import zipfile
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psutil
import pytest
from botocore.exceptions import ClientError

from tests.waiting import PATIENCE_SECONDS, wait_until

# of the functions that are not to be ended
TIMEOUT = int(PATIENCE_SECONDS)
ECHO = """
import json, os, sys
COUNT = 0
def handler(event, context):
    global COUNT
    COUNT += 1
    print("handling", event.get("n"))
    return {"event": event, "count": COUNT, "pid": os.getpid(), "arn": context.invoked_function_arn,
            "name": context.function_name, "left": context.get_remaining_time_in_millis(),
            "env": dict(os.environ), "cwd": os.getcwd(), "path": sys.path[:1]}
"""


def zip_of(**files: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in files.items():
            archive.writestr(name + ".py", text)
    return content.getvalue()


@pytest.fixture(scope="module")
def role(local_aws):
    name = f"role-{uuid.uuid4().hex[:8]}"
    return local_aws.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument="{}")["Role"]["Arn"]


@pytest.fixture
def create(local_aws, role):
    """Creates functions of a module `app`; they are deleted afterwards."""
    client, names = local_aws.client("lambda"), []

    def make(source: str, handler: str = "app.handler", **settings: Any) -> str:
        name = f"function-{uuid.uuid4().hex[:8]}"
        settings = {"Runtime": "python3.11", "Code": {"ZipFile": zip_of(app=source)}, "Timeout": TIMEOUT} | settings
        client.create_function(FunctionName=name, Role=role, Handler=handler, **settings)
        names.append(name)
        return name

    yield make
    for name in names:
        client.delete_function(FunctionName=name)


def test_a_function_is_given_its_event_and_context_and_nothing_of_the_server(local_aws, create):
    name = create(ECHO, Environment={"Variables": {"COLOUR": "blue"}}, MemorySize=256)
    response = local_aws.client("lambda").invoke(FunctionName=name, Payload=b'{"n": 1}', LogType="Tail")
    answer = json.loads(response["Payload"].read())
    assert (response["StatusCode"], response["ExecutedVersion"]) == (200, "$LATEST")
    assert "FunctionError" not in response
    assert answer["event"] == {"n": 1}
    assert answer["name"] == name
    assert answer["arn"] == f"arn:aws:lambda:us-east-1:123456789012:function:{name}"
    assert 0 < answer["left"] <= 1000 * TIMEOUT
    environment = answer["env"]
    assert environment["COLOUR"] == "blue"
    assert environment["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "256"
    assert environment["AWS_ENDPOINT_URL"] == local_aws.url
    assert answer["cwd"] == environment["LAMBDA_TASK_ROOT"] == answer["path"][0]
    assert not {"MOTO_PORT", "VIRTUAL_ENV", "PYTHONPATH", "PYTEST_CURRENT_TEST"} & set(environment)
    tail = base64.b64decode(response["LogResult"]).decode()
    assert "START RequestId: " in tail and "handling 1\n" in tail and "Memory Size: 256 MB" in tail


def test_its_log_is_in_cloudwatch_logs(local_aws, create):
    name = create(ECHO)
    for n in (1, 2):
        local_aws.client("lambda").invoke(FunctionName=name, Payload=json.dumps({"n": n}))
    logs = local_aws.client("logs")
    streams = logs.describe_log_streams(logGroupName=f"/aws/lambda/{name}")["logStreams"]
    assert len(streams) == 1 and "/[$LATEST]" in streams[0]["logStreamName"]
    events = logs.get_log_events(
        logGroupName=f"/aws/lambda/{name}", logStreamName=streams[0]["logStreamName"], startFromHead=True
    )["events"]
    first_words = [event["message"].split()[0] for event in events]
    assert first_words == ["INIT_START", "START", "handling", "END", "REPORT", "START", "handling", "END", "REPORT"]
    assert "Init Duration" in events[4]["message"] and "Init Duration" not in events[8]["message"]


def test_a_sandbox_is_used_again_and_several_work_at_the_same_time(local_aws, create):
    name = create(
        "import os, time\ndef handler(event, context):\n"
        f"    end = time.monotonic() + {TIMEOUT - 10}\n"
        "    open(event['mine'], 'w').close()\n"
        "    while not os.path.exists(event['other']) and time.monotonic() < end: time.sleep(0.01)\n"
        "    return [os.getpid(), os.path.exists(event['other'])]\n"
    )
    client = local_aws.client("lambda")

    def call(mine: str, other: str) -> Any:
        payload = json.dumps({"mine": str(local_aws.state / mine), "other": str(local_aws.state / other)})
        return json.loads(client.invoke(FunctionName=name, Payload=payload)["Payload"].read())

    with ThreadPoolExecutor(2) as threads:
        together = list(threads.map(call, ("lambda-a", "lambda-b"), ("lambda-b", "lambda-a")))
    assert [met for _, met in together] == [True, True]
    processes = {process for process, _ in together}
    assert len(processes) == 2
    assert call("lambda-a", "lambda-b")[0] in processes


@pytest.mark.parametrize(
    ("source", "handler", "error_type", "message"),
    [
        ("def handler(e, c): raise KeyError('wheels')", "app.handler", "KeyError", "'wheels'"),
        ("import wheels", "app.handler", "Runtime.ImportModuleError", "No module named 'wheels'"),
        ("def handler(e, c) return 1", "app.handler", "Runtime.UserCodeSyntaxError", "Syntax error in module 'app'"),
        ("1/0", "app.handler", "ZeroDivisionError", "division by zero"),
        ("x = 1", "app.handler", "Runtime.HandlerNotFound", "Handler 'handler' missing on module 'app'"),
        ("x = 1", "handler", "Runtime.MalformedHandlerName", "Bad handler 'handler'"),
        ("def handler(e, c): return {1, 2}", "app.handler", "Runtime.MarshalError", "not JSON serializable"),
        ("import os\ndef handler(e, c): os._exit(3)", "app.handler", "Runtime.ExitError", "exit status 3"),
        ("import os\ndef handler(e, c): os.kill(os.getpid(), 9)", "app.handler", "Runtime.ExitError", "signal: killed"),
        (
            "def handler(e, c): return 'x' * 6300000",
            "app.handler",
            "Function.ResponseSizeTooLarge",
            "maximum allowed payload size (6291556 bytes)",
        ),
    ],
)
def test_a_fault_is_told_as_the_runtime_tells_it(local_aws, create, source, handler, error_type, message):
    name = create(source, handler)
    response = local_aws.client("lambda").invoke(FunctionName=name, Payload=b"{}")
    error = json.loads(response["Payload"].read())
    assert (response["StatusCode"], response["FunctionError"]) == (200, "Unhandled")
    assert error["errorType"] == error_type
    assert message in error["errorMessage"]


def test_an_exception_has_its_stack_and_the_sandbox_goes_on(local_aws, create):
    name = create("N = []\ndef handler(e, c):\n    N.append(1)\n    if e: raise ValueError('no')\n    return len(N)\n")
    client = local_aws.client("lambda")
    failed = client.invoke(FunctionName=name, Payload=b'{"a": 1}', LogType="Tail")
    assert "line 4, in handler" in json.loads(failed["Payload"].read())["stackTrace"][0]
    assert (
        "[ERROR] ValueError: no\nTraceback (most recent call last):" in base64.b64decode(failed["LogResult"]).decode()
    )
    assert client.invoke(FunctionName=name)["Payload"].read() == b"2"


def test_a_function_that_takes_too_long_is_killed(local_aws, create):
    name = create("import time\ndef handler(e, c):\n    print('begun')\n    time.sleep(e.get('s', 0))\n", Timeout=1)
    client = local_aws.client("lambda")
    for seconds in (1, 8, 64):
        client.update_function_configuration(FunctionName=name, Timeout=seconds)
        response = client.invoke(FunctionName=name, Payload=b'{"s": 600}', LogType="Tail")
        error = json.loads(response["Payload"].read())
        assert response["FunctionError"] == "Unhandled"
        assert error["errorType"] == "Sandbox.Timedout"
        assert error["errorMessage"].endswith(f"Error: Task timed out after {seconds}.00 seconds")
        tail = base64.b64decode(response["LogResult"]).decode()
        # a time that was over before the function had begun is too short for this machine
        if "begun\n" in tail:
            break
    assert "begun\n" in tail and f"Task timed out after {seconds}.00 seconds" in tail
    client.update_function_configuration(FunctionName=name, Timeout=TIMEOUT)
    assert client.invoke(FunctionName=name, Payload=b"{}")["Payload"].read() == b"null"


def test_a_function_calls_this_local_aws(local_aws, create):
    name = create(
        "import boto3\ns3 = boto3.client('s3')\n"
        "def handler(e, c): s3.put_object(Bucket=e['bucket'], Key=e['key'], Body=b'made by a function')\n",
        MemorySize=512,
    )
    key = f"{name}/made.txt"
    payload = json.dumps({"bucket": local_aws.bucket, "key": key})
    response = local_aws.client("lambda").invoke(FunctionName=name, Payload=payload)
    assert response["Payload"].read() == b"null"
    made = local_aws.client("s3").get_object(Bucket=local_aws.bucket, Key=key)["Body"].read()
    assert made == b"made by a function"


def test_updates_of_code_and_configuration_take_effect_at_once(local_aws, create):
    name = create("import os\ndef handler(e, c): return ['one', os.environ.get('GEAR')]")
    client = local_aws.client("lambda")
    assert json.loads(client.invoke(FunctionName=name)["Payload"].read()) == ["one", None]
    client.update_function_configuration(FunctionName=name, Environment={"Variables": {"GEAR": "1"}})
    assert json.loads(client.invoke(FunctionName=name)["Payload"].read()) == ["one", "1"]
    key = f"{name}.zip"
    code = zip_of(app="import os\ndef handler(e, c): return ['two', os.environ.get('GEAR')]")
    local_aws.client("s3").put_object(Bucket=local_aws.bucket, Key=key, Body=code)
    before = client.get_function_configuration(FunctionName=name)
    updated = client.update_function_code(FunctionName=name, S3Bucket=local_aws.bucket, S3Key=key)
    assert updated["CodeSha256"] != before["CodeSha256"] and updated["RevisionId"] != before["RevisionId"]
    assert json.loads(client.invoke(FunctionName=name)["Payload"].read()) == ["two", "1"]


def test_a_version_and_an_alias_stay_as_they_were_published(local_aws, create):
    name = create("def handler(e, c): return [1, c.function_version]")
    client = local_aws.client("lambda")
    version = client.publish_version(FunctionName=name)["Version"]
    client.create_alias(FunctionName=name, Name="live", FunctionVersion=version)
    client.update_function_code(FunctionName=name, ZipFile=zip_of(app="def handler(e, c): return 2"))
    response = client.invoke(FunctionName=f"{name}:live")
    assert json.loads(response["Payload"].read()) == [1, version]
    assert response["ExecutedVersion"] == version
    assert client.invoke(FunctionName=name)["Payload"].read() == b"2"


def test_an_event_is_run_in_the_background(local_aws, create):
    name = create(
        "import boto3\ndef handler(e, c): boto3.client('s3').put_object(Bucket=e['b'], Key=e['k'], Body=b'x')",
        MemorySize=512,
    )
    s3 = local_aws.client("s3")
    payload = json.dumps({"b": local_aws.bucket, "k": f"{name}/event"})
    response = local_aws.client("lambda").invoke(FunctionName=name, InvocationType="Event", Payload=payload)
    assert response["StatusCode"] == 202 and response["Payload"].read() == b""
    s3.get_waiter("object_exists").wait(
        Bucket=local_aws.bucket,
        Key=f"{name}/event",
        WaiterConfig={"Delay": 0.1, "MaxAttempts": int(PATIENCE_SECONDS / 0.1)},
    )


def test_a_dry_run_runs_nothing(local_aws, create):
    name = create("1/0")
    assert local_aws.client("lambda").invoke(FunctionName=name, InvocationType="DryRun")["StatusCode"] == 204


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({"FunctionName": "no-such-function"}, "ResourceNotFoundException"),
        ({"Payload": b"{not json"}, "InvalidRequestContentException"),
        ({"Payload": b'"' + b"x" * 6_291_456 + b'"'}, "RequestTooLargeException"),
        ({"InvocationType": "Event", "Payload": b'"' + b"x" * 1_048_576 + b'"'}, "RequestTooLargeException"),
        ({"Qualifier": "7"}, "ResourceNotFoundException"),
    ],
)
def test_requests_that_are_refused(local_aws, create, request_, code):
    name = create("def handler(e, c): return e")
    with pytest.raises(ClientError) as error:
        local_aws.client("lambda").invoke(**{"FunctionName": name, **request_})
    assert error.value.response["Error"]["Code"] == code


def test_the_client_raises_the_errors_of_the_service(local_aws):
    client = local_aws.client("lambda")
    with pytest.raises(client.exceptions.ResourceNotFoundException, match="Function not found: arn:aws:lambda"):
        client.get_function(FunctionName="no-such-function")
    with pytest.raises(client.exceptions.ResourceNotFoundException, match="Function not found: arn:aws:lambda"):
        client.invoke(FunctionName="no-such-function")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"Runtime": "nodejs22.x"}, "runs Python functions alone"),
        ({"PackageType": "Image", "Code": {"ImageUri": "1.dkr.ecr.us-east-1.amazonaws.com/a:1"}}, "zip files"),
        ({"Code": {"ZipFile": b"no zip"}}, "Could not unzip uploaded file"),
        ({"Code": {"S3Bucket": "no-such-bucket", "S3Key": "k"}}, "NoSuchBucket"),
        ({"Code": {"S3Bucket": "test-bucket", "S3Key": "no-such-key"}}, "NoSuchKey"),
        ({"Environment": {"Variables": {"AWS_REGION": "mars-1"}}}, "reserved keys"),
        ({"Role": "arn:aws:iam::123456789012:role/no-such-role"}, "cannot be assumed by Lambda"),
        (
            {"DeadLetterConfig": {"TargetArn": "arn:aws:sqs:us-east-1:123456789012:q"}},
            "does not support DeadLetterConfig",
        ),
    ],
)
def test_functions_that_cannot_be_created(local_aws, create, role, settings, message):
    client = local_aws.client("lambda")
    request = {
        "FunctionName": f"function-{uuid.uuid4().hex[:8]}",
        "Role": role,
        "Handler": "app.handler",
        "Runtime": "python3.12",
        "Code": {"ZipFile": zip_of(app="x = 1")},
    }
    with pytest.raises(client.exceptions.InvalidParameterValueException, match=message):
        client.create_function(**request | settings)
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.get_function(FunctionName=request["FunctionName"])


def test_layers_bring_modules_and_the_public_powertools_layer_is_taken(local_aws, create):
    client = local_aws.client("lambda")
    content = zip_of(**{"python/gears": "COUNT = 21"})
    layer = client.publish_layer_version(LayerName=f"layer-{uuid.uuid4().hex[:8]}", Content={"ZipFile": content})
    powertools = "arn:aws:lambda:us-east-1:017000801446:layer:AWSLambdaPowertoolsPythonV3-python312-x86_64:7"
    name = create(
        "import gears, aws_lambda_powertools\ndef handler(e, c): return gears.COUNT",
        Layers=[layer["LayerVersionArn"], powertools],
    )
    assert client.invoke(FunctionName=name)["Payload"].read() == b"21"
    assert [used["Arn"] for used in client.get_function_configuration(FunctionName=name)["Layers"]] == [
        layer["LayerVersionArn"],
        powertools,
    ]


def test_no_more_run_at_once_than_are_reserved(local_aws, create):
    name = create("def handler(e, c): return 1")
    client = local_aws.client("lambda")
    client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    with pytest.raises(client.exceptions.TooManyRequestsException, match="Rate Exceeded") as error:
        client.invoke(FunctionName=name)
    assert error.value.response["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"


def test_retries_can_be_configured_and_destinations_are_refused(local_aws, create):
    name = create("def handler(e, c): return 1")
    client = local_aws.client("lambda")
    client.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=0)
    assert client.get_function_event_invoke_config(FunctionName=name)["MaximumRetryAttempts"] == 0
    queue = {"OnFailure": {"Destination": "arn:aws:sqs:us-east-1:123456789012:queue"}}
    with pytest.raises(client.exceptions.InvalidParameterValueException, match="does not support destinations"):
        client.put_function_event_invoke_config(FunctionName=name, DestinationConfig=queue)


def test_functions_survive_a_restart_and_their_sandboxes_do_not_survive_the_server(own_local_aws):
    role = own_local_aws.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    client = own_local_aws.client("lambda")
    layer = client.publish_layer_version(LayerName="gears", Content={"ZipFile": zip_of(**{"python/gears": "N = 7"})})
    client.create_function(
        FunctionName="kept",
        Role=role,
        Handler="app.handler",
        Runtime="python3.12",
        Layers=[layer["LayerVersionArn"]],
        Timeout=TIMEOUT,
        Code={"ZipFile": zip_of(app="import os, gears\ndef handler(e, c): return [gears.N, os.getpid()]")},
    )
    version = client.publish_version(FunctionName="kept")["Version"]
    client.create_alias(FunctionName="kept", Name="live", FunctionVersion=version)
    before = client.get_function_configuration(FunctionName="kept")
    number, process = json.loads(client.invoke(FunctionName="kept")["Payload"].read())
    assert number == 7
    saved = own_local_aws.state / "moto" / "lambda.pickle"
    wait_until(lambda: saved.exists() and b"live" in saved.read_bytes(), "the alias to be saved")
    own_local_aws.kill()
    wait_until(lambda: not psutil.pid_exists(process), "the sandbox to end with its server")
    own_local_aws.start()
    client = own_local_aws.client("lambda")
    after = client.get_function_configuration(FunctionName="kept")
    assert {**before, "ResponseMetadata": None} == {**after, "ResponseMetadata": None}
    answer = json.loads(
        client.invoke(FunctionName="arn:aws:lambda:us-east-1:123456789012:function:kept:live")["Payload"].read()
    )
    assert answer[0] == 7 and answer[1] != process
    client.delete_function(FunctionName="kept")
    assert client.list_functions()["Functions"] == []
