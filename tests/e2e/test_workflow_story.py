"""Pictures become assignments: the workflow is deployed, asked, watched, reviewed, and meets what goes wrong.

The endpoint is a light one, whose answer is written in the picture's last byte.
"""

from __future__ import annotations

import io
import json
import tarfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
from PIL import Image

from pipelines.names import GROUND_TRUTH_PREFIX
from pipelines.retraining.new_images import collect_new_images
from tests.waiting import wait_until

ENDPOINT = "scones-delivery-vehicles"
STACK = "scones-workflow"
IMAGE = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-inference:2.6.0-cpu-py312-ubuntu22.04-sagemaker"
ROLE = "arn:aws:iam::123456789012:role/SconesPipelineRole"
# bicycle, motorcycle, doubt, nonsense, an answer that takes its time, a fault of the model
MODEL = """
import json, time
ANSWERS = {"b": [0.97, 0.03], "m": [0.02, 0.98], "d": [0.55, 0.45], "n": {"no": "probabilities"}, "s": [0.97, 0.03]}
def model_fn(model_dir):
    return ANSWERS
def input_fn(body, content_type):
    return chr(body[-1])
def predict_fn(kind, model):
    if kind == "s":
        time.sleep(2)
    return model[kind]
def output_fn(prediction, accept):
    return json.dumps(prediction), accept
"""


def picture(kind: str) -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (4, 4)).save(content, "PNG")
    return content.getvalue() + kind.encode()


class Account:
    """The local AWS as a person with boto3 sees it."""

    def __init__(self, scones: Any) -> None:
        self.url = json.loads(scones("status", "--json").stdout)["url"]
        self.s3, self.states = self.client("s3"), self.client("stepfunctions")

    def client(self, service: str) -> Any:
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        return boto3.client(service, endpoint_url=self.url, region_name="us-east-1", **keys)

    def deploy_endpoint(self) -> None:
        content = io.BytesIO()
        with tarfile.open(fileobj=content, mode="w:gz") as archive:
            member = tarfile.TarInfo("code/inference.py")
            member.size = len(MODEL)
            archive.addfile(member, io.BytesIO(MODEL.encode()))
        self.s3.create_bucket(Bucket="models")
        self.s3.put_object(Bucket="models", Key="model.tar.gz", Body=content.getvalue())
        sagemaker = self.client("sagemaker")
        container = {"Image": IMAGE, "ModelDataUrl": "s3://models/model.tar.gz"}
        sagemaker.create_model(ModelName="light", ExecutionRoleArn=ROLE, PrimaryContainer=container)
        variant = {"VariantName": "All", "ModelName": "light", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
        sagemaker.create_endpoint_config(EndpointConfigName="light", ProductionVariants=[variant])
        sagemaker.create_endpoint(EndpointName=ENDPOINT, EndpointConfigName="light")
        wait_until(
            lambda: sagemaker.describe_endpoint(EndpointName=ENDPOINT)["EndpointStatus"] == "InService", "the endpoint"
        )

    def output(self, name: str) -> str:
        (stack,) = self.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"]
        return str(next(one["OutputValue"] for one in stack["Outputs"] if one["OutputKey"] == name))

    def executions(self, key: str) -> list[dict[str, Any]]:
        """Those of the workflow for the object of this key."""
        machine = self.output("StateMachineArn")
        listed = self.states.list_executions(stateMachineArn=machine, maxResults=1000)["executions"]
        all_of_them = [self.states.describe_execution(executionArn=one["executionArn"]) for one in listed]
        return [one for one in all_of_them if json.loads(one["input"])["s3_key"] == key]


@pytest.fixture(scope="module")
def account(scones: Any) -> Account:
    return Account(scones)


@pytest.fixture(scope="module")
def deployed(scones: Any, account: Account) -> Any:
    account.deploy_endpoint()
    done = scones("workflow", "deploy")
    assert done.returncode == 0, done.stderr
    assert f"Stack {STACK} is CREATE_COMPLETE" in done.stdout
    assert "without effect" in done.stdout
    return scones


@pytest.fixture
def pictures(tmp_path: Path) -> Callable[..., list[str]]:
    def write(**kinds: str) -> list[str]:
        for name, kind in kinds.items():
            (tmp_path / f"{name}.png").write_bytes(picture(kind))
        return [str(tmp_path / f"{name}.png") for name in kinds]

    return write


def classify(scones: Any, *arguments: str, ends: int) -> list[dict[str, Any]]:
    done = scones("classify", *arguments, "--json")
    assert done.returncode == ends, (done.stdout, done.stderr)
    return list(json.loads(done.stdout))


def test_before_it_is_deployed_every_command_says_what_to_do(scones, tmp_path):
    for command in (
        ("workflow", "status"),
        ("workflow", "delete", "--yes"),
        ("classify", "s3://a/b"),
        ("review-queue", "list"),
    ):
        refused = scones(*command)
        assert refused.returncode == 1
        assert refused.stderr == f"scones: no workflow {STACK}: `scones workflow deploy` makes it\n"


def test_a_parameter_that_is_none_is_refused_before_anything_is_made(scones):
    for param, told in (("Treshold=0.5", "no parameter Treshold; there are: "), ("Threshold=2", "Threshold")):
        refused = scones("workflow", "deploy", "--param", param)
        assert refused.returncode == 1
        assert told in refused.stderr and refused.stderr.count("\n") == 1
    assert scones("workflow", "status").returncode == 1


def test_pictures_become_assignments(deployed, pictures):
    outcomes = classify(deployed, *pictures(a="b", b="m"), ends=0)
    assert [(one["label"], one["assignment"]) for one in outcomes] == [("bicycle", "nearby"), ("motorcycle", "farther")]
    assert [one["confidence"] for one in outcomes] == [0.97, 0.98]
    shown = deployed("classify", *pictures(a="b"))
    assert shown.returncode == 0
    assert "nearby" in shown.stdout and "0.970" in shown.stdout


def test_a_doubt_goes_to_a_human_whose_answer_is_kept(deployed, account, pictures, tmp_path):
    (doubt,) = classify(deployed, *pictures(doubt="d"), ends=3)
    assert (doubt["error"], doubt["label"], doubt["confidence"]) == ("ThresholdNotMet", "bicycle", 0.55)
    (sure,) = classify(deployed, *pictures(doubt="d"), "--threshold", "0.5", ends=0)
    assert sure["assignment"] == "nearby"

    (waiting,) = json.loads(deployed("review-queue", "list", "--json").stdout)
    assert waiting["execution"] == doubt["execution_arn"]
    saved = tmp_path / "saved.png"
    shown = deployed("review-queue", "show", waiting["id"][:8], "--save", str(saved))
    assert shown.returncode == 0, shown.stderr
    assert "confidence 0.550; the threshold is 0.93" in shown.stdout
    assert saved.read_bytes() == picture("d")

    refused = deployed("review-queue", "resolve", waiting["id"], "car")
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    done = deployed("review-queue", "resolve", waiting["id"][:8], "motorcycle", "--json")
    assert done.returncode == 0, done.stderr
    bucket, _, key = json.loads(done.stdout)["ground_truth"].removeprefix("s3://").partition("/")
    kept = json.loads(account.s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    assert kept["groundTruthData"] == {"data": "1", "encoding": "CSV"}
    assert kept["eventMetadata"] == {"eventId": waiting["id"]}
    assert deployed("review-queue", "list").stdout == "No picture waits.\n"

    # what a retraining does first
    assert collect_new_images(account.s3, bucket, f"{GROUND_TRUTH_PREFIX}/{ENDPOINT}", "new").added == 1
    (new,) = account.s3.list_objects_v2(Bucket=bucket, Prefix="new/")["Contents"]
    assert new["Key"].startswith("new/motorcycle/")


def test_what_is_no_picture_fails_by_its_name_and_the_others_do_not(deployed, account, tmp_path):
    folder = tmp_path / "mixed"
    folder.mkdir()
    bodies = {
        "a ü+%20b.png": picture("b"),
        "empty.png": b"",
        "text.png": b"this is text",
        "huge.png": picture("b")[:-1] + bytes(20 * 1024 * 1024) + b"b",
        "nonsense.png": picture("n"),
        "fault.png": picture("?"),
        "large.png": picture("b") + bytes(400_000) + b"m",
    }
    for name, body in bodies.items():
        (folder / name).write_bytes(body)
    outcomes = {Path(one["picture"]).name: one for one in classify(deployed, str(folder), ends=1)}
    assert outcomes["a ü+%20b.png"]["assignment"] == "nearby"
    # beyond a state's payload: it goes by reference
    assert outcomes["large.png"]["assignment"] == "farther"
    errors = {name: one["error"] for name, one in outcomes.items() if one["error"]}
    assert errors == {
        "empty.png": "NotAnImage",
        "text.png": "NotAnImage",
        "huge.png": "ImageTooLarge",
        "nonsense.png": "AnswerNotUnderstood",
        "fault.png": "EndpointUnavailable",
    }
    assert all(outcomes[name]["cause"] for name in errors)

    for place, told in (
        ("s3://absent-bucket/a.png", "no such object or bucket"),
        (str(folder / "no.png"), "no such file"),
    ):
        refused = deployed("classify", place)
        assert refused.returncode == 1
        assert told in refused.stderr and refused.stderr.count("\n") == 1


def test_missing_keys_and_buckets_fail_the_execution_by_name(deployed, account):
    for bucket in (account.output("ImageBucketName"), "absent-bucket"):
        arn = account.states.start_execution(
            stateMachineArn=account.output("StateMachineArn"),
            input=json.dumps({"image_data": "", "s3_bucket": bucket, "s3_key": "absent.png"}),
        )["executionArn"]
        wait_until(
            lambda arn=arn: account.states.describe_execution(executionArn=arn)["status"] != "RUNNING", f"{arn} to end"
        )
        assert account.states.describe_execution(executionArn=arn)["error"] == "ImageNotFound"


def test_what_arrives_is_classified_once_also_when_its_event_comes_twice(deployed, account):
    bucket, key = account.output("ImageBucketName"), "incoming/ü +%20 é.png"
    account.s3.put_object(Bucket=bucket, Key=key, Body=picture("m"))
    wait_until(
        lambda: [one["status"] for one in account.executions(key)] == ["SUCCEEDED"], "what arrived to be classified"
    )
    intake = account.output("IntakeStateMachineArn")
    (first,) = account.states.list_executions(stateMachineArn=intake)["executions"]
    event = json.loads(account.states.describe_execution(executionArn=first["executionArn"])["input"])
    assert event["detail"]["object"]["key"] == key
    account.states.start_execution(stateMachineArn=intake, input=json.dumps(event))

    def both_ended() -> bool:
        listed = account.states.list_executions(stateMachineArn=intake)["executions"]
        return [one["status"] for one in listed] == ["SUCCEEDED", "SUCCEEDED"]

    wait_until(both_ended, "both intakes to succeed")
    assert len(account.executions(key)) == 1
    # put again, it is a new picture
    account.s3.put_object(Bucket=bucket, Key=key, Body=picture("b"))
    wait_until(
        lambda: Counter(one["status"] for one in account.executions(key)) == {"SUCCEEDED": 2},
        "the new picture's execution",
    )


def test_many_pictures_go_in_bulk(deployed, tmp_path):
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(40):
        (folder / f"{number:02}.png").write_bytes(picture("d" if number < 3 else "m" if number < 10 else "b"))
    done = deployed("classify", str(folder), "--bulk", "--json")
    assert done.returncode == 3, (done.stdout, done.stderr)
    outcome = json.loads(done.stdout)
    assert [outcome[name] for name in ("images", "nearby", "farther", "review")] == [40, 30, 7, 3]
    waiting = json.loads(deployed("review-queue", "list", "--json").stdout)
    assert len(waiting) == 3
    for review in waiting:
        assert deployed("review-queue", "discard", review["id"]).returncode == 0


def test_a_function_that_does_not_answer_in_time_fails_the_execution(deployed, account, pictures):
    functions, name = account.client("lambda"), f"{STACK}-classify-image"
    functions.update_function_configuration(FunctionName=name, Timeout=1)
    try:
        (outcome,) = classify(deployed, *pictures(slow="s"), ends=1)
        assert outcome["error"] == "Sandbox.Timedout"
        assert "timed out after 1.00 seconds" in outcome["cause"]
    finally:
        functions.update_function_configuration(FunctionName=name, Timeout=35)


def test_the_status_counts_what_happened(deployed):
    found = json.loads(deployed("workflow", "status", "--json").stdout)
    assert (found["status"], found["endpoint_status"]) == ("CREATE_COMPLETE", "InService")
    (main,) = [one for one in found["state_machines"] if one["name"] == f"{STACK}-workflow"]
    assert main["succeeded"] >= 8
    assert main["not_sure"] == 1
    assert main["started"] == main["succeeded"] + main["failed"]
    assert {queue["name"] for queue in found["queues"]} >= {"ReviewQueue", "ReviewDeadLetterQueue"}
    assert len(found["alarms"]) == 6
    shown = deployed("workflow", "status")
    assert shown.returncode == 0 and "InService" in shown.stdout


def test_a_parameter_is_changed_and_kept(deployed, account):
    changed = deployed("workflow", "deploy", "--param", "Threshold=0.5")
    assert changed.returncode == 0, changed.stderr
    assert "UPDATE_COMPLETE" in changed.stdout
    functions = account.client("lambda")

    def threshold() -> str:
        found = functions.get_function_configuration(FunctionName=f"{STACK}-filter-low-confidence")
        return str(found["Environment"]["Variables"]["THRESHOLD"])

    assert threshold() == "0.5"
    assert deployed("workflow", "deploy").returncode == 0
    assert threshold() == "0.5"


def test_an_endpoint_that_is_away_is_told(deployed, account, pictures):
    account.client("sagemaker").delete_endpoint(EndpointName=ENDPOINT)
    assert json.loads(deployed("workflow", "status", "--json").stdout)["endpoint_status"] == "Missing"
    functions = account.client("lambda")
    answer = functions.invoke(
        FunctionName=f"{STACK}-classify-image",
        Payload=json.dumps({"image_data": "iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAAAAAAAAAAA"}),
    )
    assert answer["FunctionError"] == "Unhandled"
    assert json.loads(answer["Payload"].read())["errorType"] == "EndpointUnavailable"


def test_deleting_leaves_the_pictures_alone(deployed, account):
    bucket = account.output("ImageBucketName")
    refused = deployed("workflow", "delete")
    assert (refused.returncode, refused.stderr) == (2, "scones: nobody to ask: say --yes to delete the workflow\n")
    done = deployed("workflow", "delete", "--yes")
    assert done.returncode == 0, done.stderr
    assert f"Bucket {bucket} stays" in done.stdout
    assert account.states.list_state_machines()["stateMachines"] == []
    assert account.client("lambda").list_functions()["Functions"] == []
    assert account.client("sqs").list_queues().get("QueueUrls", []) == []
    assert account.s3.list_objects_v2(Bucket=bucket)["KeyCount"] > 0
    assert deployed("workflow", "delete", "--yes").returncode == 1
