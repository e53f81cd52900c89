"""The state machines of `inference_workflow/` on a running local AWS, with their Lambdas and a light endpoint."""

from __future__ import annotations

import io
import json
import re
import struct
import tarfile
import uuid
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.waiting import PATIENCE_SECONDS, wait_until

FOLDER = Path(__file__).resolve().parents[2] / "inference_workflow"
IMAGE = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-inference:2.6.0-cpu-py312-ubuntu22.04-sagemaker"
ROLE = "arn:aws:iam::123456789012:role/workflow"
# sure of a bicycle, of a motorcycle, or of nothing, by the picture's last byte
MODEL = """
import json
ANSWERS = {"b": [0.97, 0.03], "m": [0.02, 0.98], "d": [0.55, 0.45]}
def model_fn(model_dir):
    return ANSWERS
def input_fn(body, content_type):
    return chr(body[-1])
def predict_fn(kind, model):
    return model[kind]
def output_fn(prediction, accept):
    return json.dumps(prediction), accept
"""
FUNCTIONS = ("serialize_image_data", "classify_image", "filter_low_confidence", "summarize_bulk")


def picture(kind: str) -> bytes:
    """Enough of a PNG for what looks at its beginning; the model above looks at its end."""
    header = struct.pack(">I4sII", 13, b"IHDR", 2, 2)
    return b"\x89PNG\r\n\x1a\n" + header + b"\x08\x02\x00\x00\x00" + bytes(8) + kind.encode()


class Workflow:
    """Everything that the template would make, made with boto3."""

    def __init__(self, server: Any) -> None:
        self.server = server
        self.name = f"flow-{uuid.uuid4().hex[:8]}"
        self.bucket = server.bucket
        self.s3, self.sqs = server.client("s3"), server.client("sqs")
        self.states, self.functions = server.client("stepfunctions"), server.client("lambda")
        self.queue = self.sqs.create_queue(QueueName=self.name)["QueueUrl"]
        self._deploy_endpoint()
        self.substitutions = {"ReviewQueueUrl": self.queue, "ImageBucketName": self.bucket} | self._deploy_functions()
        self.main = self._create("state_machine")
        self.substitutions["StateMachineArn"] = self.main
        self.bulk, self.intake = self._create("bulk_state_machine"), self._create("intake_state_machine")

    def put(self, key: str, body: bytes) -> str:
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)
        return key

    def classify(self, key: str) -> dict[str, Any]:
        return self.run(self.main, {"image_data": "", "s3_bucket": self.bucket, "s3_key": key})

    def run(self, arn: str, given: Any) -> dict[str, Any]:
        started = self.states.start_execution(stateMachineArn=arn, input=json.dumps(given))["executionArn"]
        wait_until(
            lambda: self.states.describe_execution(executionArn=started)["status"] != "RUNNING", f"{started} to end"
        )
        return dict(self.states.describe_execution(executionArn=started))

    def reviews(self) -> list[dict[str, Any]]:
        """Takes what is in the queue."""
        found: list[dict[str, Any]] = []
        while messages := self.sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get("Messages"):
            found += [json.loads(message["Body"]) for message in messages]
            for message in messages:
                self.sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
        return found

    def loaded(self, key: str) -> Any:
        return json.loads(self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read())

    def delete(self) -> None:
        self.server.client("sagemaker").delete_endpoint(EndpointName=self.name)
        for arn in (self.main, self.bulk, self.intake):
            self.states.delete_state_machine(stateMachineArn=arn)
        for function in FUNCTIONS:
            self.functions.delete_function(FunctionName=f"{self.name}-{function}")

    def _create(self, file: str) -> str:
        text = (FOLDER / f"{file}.asl.json").read_text()
        for name, value in self.substitutions.items():
            text = text.replace(f"${{{name}}}", value)
        # no test here is about how long a state may take
        text = re.sub(r'"TimeoutSeconds": \d+', '"TimeoutSeconds": 900', text)
        made = self.states.create_state_machine(name=f"{self.name}-{file}", definition=text, roleArn=ROLE)
        return str(made["stateMachineArn"])

    def _deploy_functions(self) -> dict[str, str]:
        role = self.server.client("iam").create_role(RoleName=self.name, AssumeRolePolicyDocument="{}")["Role"]["Arn"]
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as archive:
            for path in FOLDER.rglob("*.py"):
                archive.write(path, path.relative_to(FOLDER))
        arns = {}
        for function in FUNCTIONS:
            made = self.functions.create_function(
                FunctionName=f"{self.name}-{function}",
                Role=role,
                Runtime="python3.12",
                Handler=f"{function}.app.lambda_handler",
                Code={"ZipFile": content.getvalue()},
                Timeout=int(PATIENCE_SECONDS),
                MemorySize=512,
                Environment={"Variables": {"ENDPOINT_NAME": self.name, "POWERTOOLS_SERVICE_NAME": function}},
            )
            arns["".join(part.title() for part in function.split("_")) + "FunctionArn"] = made["FunctionArn"]
        return arns

    def _deploy_endpoint(self) -> None:
        target, client = io.BytesIO(), self.server.client("sagemaker")
        with tarfile.open(fileobj=target, mode="w:gz") as tar:
            member = tarfile.TarInfo("code/inference.py")
            member.size = len(MODEL)
            tar.addfile(member, io.BytesIO(MODEL.encode()))
        self.put(f"models/{self.name}.tar.gz", target.getvalue())
        container = {"Image": IMAGE, "ModelDataUrl": f"s3://{self.bucket}/models/{self.name}.tar.gz"}
        client.create_model(ModelName=self.name, ExecutionRoleArn=ROLE, PrimaryContainer=container)
        variant = {"VariantName": "All", "ModelName": self.name, "InstanceType": "ml.m5.large"}
        client.create_endpoint_config(
            EndpointConfigName=self.name, ProductionVariants=[{**variant, "InitialInstanceCount": 1}]
        )
        client.create_endpoint(EndpointName=self.name, EndpointConfigName=self.name)
        wait_until(
            lambda: client.describe_endpoint(EndpointName=self.name)["EndpointStatus"] != "Creating",
            "the endpoint to come up",
        )
        described = client.describe_endpoint(EndpointName=self.name)
        assert described["EndpointStatus"] == "InService", described


@pytest.fixture(scope="module")
def workflow(local_aws: Any) -> Iterator[Workflow]:
    made = Workflow(local_aws)
    yield made
    made.delete()


@pytest.mark.parametrize(("kind", "assignment"), [("b", "nearby"), ("m", "farther")])
def test_a_picture_becomes_an_assignment(workflow, kind, assignment):
    key = workflow.put(f"{workflow.name}/one/ü +%20{kind}.png", picture(kind))
    described = workflow.classify(key)
    assert described["status"] == "SUCCEEDED", described
    output = json.loads(described["output"])
    assert (output["assignment"], output["s3_key"]) == (assignment, key)


def test_a_doubt_asks_a_human_and_fails_by_its_name(workflow):
    key = workflow.put(f"{workflow.name}/doubt.png", picture("d"))
    described = workflow.classify(key)
    assert (described["status"], described["error"]) == ("FAILED", "ThresholdNotMet")
    assert json.loads(described["cause"])["confidence"] == 0.55
    (review,) = workflow.reviews()
    assert (review["s3_key"], review["execution"]) == (key, described["executionArn"])


@pytest.mark.parametrize(("body", "error"), [(None, "ImageNotFound"), (b"hello", "NotAnImage"), (b"", "NotAnImage")])
def test_what_is_no_picture_fails_by_its_name(workflow, body, error):
    key = f"{workflow.name}/{uuid.uuid4().hex}.png"
    if body is not None:
        workflow.put(key, body)
    described = workflow.classify(key)
    assert (described["status"], described["error"]) == ("FAILED", error), described
    assert workflow.reviews() == []


def test_the_same_event_twice_is_one_execution(workflow):
    key = workflow.put(f"{workflow.name}/twice.png", picture("b"))
    before = len(workflow.states.list_executions(stateMachineArn=workflow.main)["executions"])
    thing = {"key": key, "etag": "e", "sequencer": uuid.uuid4().hex, "size": 1}
    event = {"detail": {"bucket": {"name": workflow.bucket}, "object": thing}}
    assert workflow.run(workflow.intake, event)["status"] == "SUCCEEDED"

    def ended() -> bool:
        latest = workflow.states.list_executions(stateMachineArn=workflow.main)["executions"][0]
        return bool(latest["status"] == "SUCCEEDED")

    wait_until(ended, "the execution that was started to succeed")
    assert workflow.run(workflow.intake, event)["status"] == "SUCCEEDED"
    assert len(workflow.states.list_executions(stateMachineArn=workflow.main)["executions"]) == before + 1
    thing["key"] = f"{workflow.name}/"
    assert workflow.run(workflow.intake, event)["status"] == "SUCCEEDED"
    assert len(workflow.states.list_executions(stateMachineArn=workflow.main)["executions"]) == before + 1


def test_bulk_accounts_for_every_object_once(workflow):
    prefix = f"{workflow.name}/bulk/"
    kinds = Counter(b=12, m=11, d=4)
    for kind in kinds:
        for number in range(kinds[kind]):
            workflow.put(f"{prefix}{kind}{number:02}.png", picture(kind))
    workflow.put(prefix, b"")
    workflow.put(f"{prefix}text.png", b"hello")
    given = {
        "s3_bucket": workflow.bucket,
        "s3_prefix": prefix,
        "max_concurrency": 4,
        "tolerated_failure_percentage": 10,
    }
    described = workflow.run(workflow.bulk, given)
    assert described["status"] == "SUCCEEDED", described
    summary = json.loads(described["output"])
    assert summary["images"] == 29
    assert summary["assigned"] == {"nearby": 12, "farther": 11}
    assert (summary["review"], summary["skipped"], summary["not_run"]) == (4, 1, 0)
    assert summary["failed"] == {"NotAnImage": 1}
    reviewed = [review["s3_key"] for review in workflow.reviews()]
    assert sorted(reviewed) == [f"{prefix}d{number:02}.png" for number in range(4)]
    manifest = workflow.loaded(summary["manifest"].removeprefix(f"s3://{workflow.bucket}/"))
    assert {status: len(files) for status, files in manifest["ResultFiles"].items()} == {
        "SUCCEEDED": 1,
        "FAILED": 1,
        "PENDING": 0,
    }
    (file,) = manifest["ResultFiles"]["SUCCEEDED"]
    results = workflow.loaded(file["Key"])
    assert sorted(json.loads(result["Input"])["s3_key"] for result in results) == sorted(
        [prefix] + [f"{prefix}{kind}{number:02}.png" for kind in kinds for number in range(kinds[kind])]
    )
    assert file["Size"] == workflow.s3.head_object(Bucket=workflow.bucket, Key=file["Key"])["ContentLength"]
    children = workflow.states.list_executions(mapRunArn=summary["map_run"], maxResults=1000)["executions"]
    assert Counter(child["status"] for child in children) == Counter(SUCCEEDED=28, FAILED=1)
    run = workflow.states.describe_map_run(mapRunArn=summary["map_run"])
    assert (run["status"], run["itemCounts"]["succeeded"], run["itemCounts"]["failed"]) == ("SUCCEEDED", 28, 1)


def test_bulk_beyond_the_tolerated_percentage_fails_and_says_so(workflow):
    prefix = f"{workflow.name}/faulty/"
    for number in range(4):
        workflow.put(f"{prefix}{number}.png", b"hello" if number < 2 else picture("b"))
    given = {
        "s3_bucket": workflow.bucket,
        "s3_prefix": prefix,
        "max_concurrency": 1,
        "tolerated_failure_percentage": 10,
    }
    described = workflow.run(workflow.bulk, given)
    assert (described["status"], described["error"]) == ("FAILED", "States.ExceedToleratedFailureThreshold")
    (run,) = workflow.states.list_map_runs(executionArn=described["executionArn"])["mapRuns"]
    counts = workflow.states.describe_map_run(mapRunArn=run["mapRunArn"])["itemCounts"]
    assert (counts["failed"], counts["pending"], counts["total"]) == (1, 3, 4)


def test_bulk_over_nothing_succeeds_with_nothing(workflow):
    described = workflow.run(workflow.bulk, {"s3_bucket": workflow.bucket, "s3_prefix": f"{workflow.name}/no/"})
    assert described["status"] == "SUCCEEDED", described
    assert json.loads(described["output"])["images"] == 0
