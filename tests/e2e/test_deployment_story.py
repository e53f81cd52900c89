"""An MLOps engineer deploys, looks, asks, updates and goes back; and is refused what must not serve."""

from __future__ import annotations

import io
import json
from pathlib import Path

import boto3
import numpy as np
import pytest
from PIL import Image

pytestmark = pytest.mark.slow
# the old fleet stays for a minute otherwise, for the alarms to look at the new one
AT_ONCE = ("--wait", "--param", "BakeSeconds=0")
QUICK = ("--param", "Epochs=1", "--param", "UsePretrainedModel=0", "--param", "AccuracyThreshold=0.2")


def client(scones, service: str):
    url = json.loads(scones("status", "--json").stdout)["url"]
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    return boto3.client(service, endpoint_url=url, region_name="us-east-1", **keys)


def versions(scones) -> dict[int, dict]:
    return {version["version"]: version for version in json.loads(scones("models", "--json").stdout)}


def live(scones) -> dict:
    shown = scones("endpoint", "--json")
    assert shown.returncode == 0, shown.stderr
    return json.loads(shown.stdout)


def approve(scones, number: int) -> None:
    arn = versions(scones)[number]["arn"]
    client(scones, "sagemaker").update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")


def switch_rule(scones, on: bool) -> None:
    """The rule by which an approval deploys: off for those who deploy by hand."""
    events = client(scones, "events")
    (rule,) = events.list_rules(NamePrefix="scones-deployment-")["Rules"]
    (events.enable_rule if on else events.disable_rule)(Name=rule["Name"])


def register_copy(scones, number: int) -> None:
    """A further version: the first one's model, under an address of its own."""
    sagemaker, s3 = client(scones, "sagemaker"), client(scones, "s3")
    first = sagemaker.describe_model_package(ModelPackageName=versions(scones)[1]["arn"])
    specification = first["InferenceSpecification"]
    (container,) = specification["Containers"]
    bucket, _, key = container["ModelDataUrl"].removeprefix("s3://").partition("/")
    copy = f"copies/{number}/model.tar.gz"
    s3.copy_object(Bucket=bucket, Key=copy, CopySource={"Bucket": bucket, "Key": key})
    kept = {name: container[name] for name in ("Image", "Environment")}
    sagemaker.create_model_package(
        ModelPackageGroupName=first["ModelPackageGroupName"],
        ModelApprovalStatus="PendingManualApproval",
        InferenceSpecification={**specification, "Containers": [{**kept, "ModelDataUrl": f"s3://{bucket}/{copy}"}]},
        CustomerMetadataProperties=first["CustomerMetadataProperties"],
    )


@pytest.fixture(scope="module")
def trained(scones):
    """Three versions, each with an archive of its own; 1 and 2 are approved."""
    done = scones("run", "--wait", *QUICK)
    assert done.returncode == 0, done.stderr
    for number in (2, 3):
        register_copy(scones, number)
    switch_rule(scones, on=False)
    approve(scones, 1)
    approve(scones, 2)
    return scones


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    for number in range(20):
        pixels = np.random.default_rng(number).integers(0, 256, (32, 32, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number:02}.{'jpg' if number % 2 else 'png'}")
    return folder


def test_before_anything_is_deployed_every_command_says_what_to_do(trained, pictures):
    for command in (("endpoint",), ("rollback",), ("invoke", str(pictures))):
        refused = trained(*command)
        assert refused.returncode == 1
        assert refused.stderr.count("\n") == 1
        assert "`scones deploy` makes it" in refused.stderr


def test_a_version_that_is_not_approved_is_refused_with_its_status(trained):
    refused = trained("deploy", "3")
    assert (refused.returncode, refused.stdout) == (3, "")
    assert refused.stderr == "scones: version 3 is PendingManualApproval, not Approved\n"
    unknown = trained("deploy", "9")
    assert (unknown.returncode, unknown.stderr) == (1, "scones: no version 9; there are: 3, 2, 1\n")


def test_a_version_is_deployed_looked_at_and_asked(trained, pictures):
    done = trained("deploy", "1", "--wait")
    assert done.returncode == 0, done.stderr
    assert "Version 1 serves at" in done.stdout

    endpoint = live(trained)
    assert endpoint["status"] == "InService"
    assert endpoint["package_arn"] == versions(trained)[1]["arn"]
    assert endpoint["capture_percent"] == 100
    (variant,) = endpoint["variants"]
    assert (variant["current_count"], variant["instance_type"]) == (1, "ml.m5.large")

    asked = trained("invoke", str(pictures), "--json")
    assert asked.returncode == 0, asked.stderr
    answers = json.loads(asked.stdout)
    assert len(answers) == 20
    assert {answer["label"] for answer in answers} <= {"bicycle", "motorcycle"}
    assert all(0.5 <= answer["confidence"] <= 1 for answer in answers)
    table = trained("invoke", str(pictures / "00.png"))
    assert "00.png" in table.stdout and "Confidence" in table.stdout


def test_pictures_that_are_none_are_told_of_one_by_one(trained, pictures, tmp_path):
    content = io.BytesIO()
    Image.new("RGB", (64, 64)).save(content, "PNG")
    for name, body in {"cut.png": content.getvalue()[:60], "empty.png": b"", "text.jpg": b"no picture"}.items():
        (tmp_path / name).write_bytes(body)
    asked = trained("invoke", str(tmp_path), str(pictures / "00.png"))
    assert asked.returncode == 1
    assert "00.png" in asked.stdout
    cut, empty, text = asked.stderr.splitlines()
    assert "cut.png: damaged image" in cut
    assert "empty.png: empty: 0 bytes" in empty
    assert "text.jpg: not a PNG or JPEG image" in text


def test_deploying_the_same_version_again_changes_nothing(trained):
    before = live(trained)
    done = trained("deploy", "1", "--wait")
    assert done.returncode == 0, done.stderr
    assert "Nothing to change" in done.stdout
    after = live(trained)
    assert (after["config_name"], after["modified"]) == (before["config_name"], before["modified"])


def test_the_newest_approved_version_is_deployed_and_a_rollback_says_where_it_goes(trained):
    done = trained("deploy", *AT_ONCE)
    assert done.returncode == 0, done.stderr
    assert live(trained)["package_arn"] == versions(trained)[2]["arn"]

    back = trained("rollback", *AT_ONCE)
    assert back.returncode == 0, back.stderr
    assert "Version 2 serves; going back to version 1" in back.stdout
    assert live(trained)["package_arn"] == versions(trained)[1]["arn"]

    further = trained("rollback")
    assert (further.returncode, further.stderr) == (1, "scones: no approved version before 1, which serves now\n")


def test_a_model_whose_weights_do_not_load_leaves_the_old_version_serving(trained, pictures):
    approve(trained, 3)
    s3 = client(trained, "s3")
    bucket, _, key = versions(trained)[3]["model_data_url"].removeprefix("s3://").partition("/")
    s3.put_object(Bucket=bucket, Key=key, Body=b"no archive")
    before = live(trained)
    done = trained("deploy", "3", *AT_ONCE)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    after = live(trained)
    assert after["status"] == "InService"
    assert after["package_arn"] == before["package_arn"]
    assert after["failure_reason"]
    assert trained("invoke", str(pictures / "00.png")).returncode == 0

    s3.delete_object(Bucket=bucket, Key=key)
    missing = trained("deploy", "3", *AT_ONCE)
    assert missing.returncode == 1
    assert key in missing.stderr


def test_what_serves_comes_back_with_the_server(trained, pictures):
    assert trained("down").returncode == 0
    assert trained("up").returncode == 0
    asked = trained("invoke", str(pictures / "00.png"))
    assert asked.returncode == 0, asked.stderr


def test_a_model_that_is_approved_beforehand_is_deployed_by_the_training_pipeline_itself(trained):
    approved = ("--param", "ModelApprovalStatus=Approved", "--param", "EndpointName=straight-into-service")
    done = trained("run", "--wait", *QUICK, *approved)
    assert done.returncode == 0, done.stderr
    assert "DeployAllAtOnce Succeeded" in done.stdout
    endpoint = json.loads(trained("endpoint", "--endpoint", "straight-into-service", "--json").stdout)
    assert (endpoint["status"], endpoint["package_arn"]) == ("InService", versions(trained)[4]["arn"])
    again = trained("deploy", "4", "--endpoint", "straight-into-service", "--wait")
    assert "Nothing to change" in again.stdout, again.stdout + again.stderr


def test_approving_starts_the_deployment_by_its_event_and_a_decision_stays(trained, tmp_path):
    register_copy(trained, 5)
    switch_rule(trained, on=True)
    # a new endpoint has no old version to go back to, and nothing to wait for
    client(trained, "sagemaker").delete_endpoint(EndpointName="scones-delivery-vehicles")
    for arguments, code, told in (
        (("approve", "5", "--reason", " "), 2, "--reason is empty"),
        (("approve", "1", "--reason", "again"), 3, "version 1 is Approved already"),
        (("approve", "77", "--reason", "new"), 1, "no version 77"),
    ):
        refused = trained(*arguments)
        assert refused.returncode == code
        assert told in refused.stderr and refused.stderr.count("\n") == 1

    reviewed = trained("review", "5", "--output", str(tmp_path), "--no-open")
    assert reviewed.returncode == 0, reviewed.stderr
    assert "<html" in (tmp_path / "version-5.html").read_text()

    done = trained("approve", "5", "--reason", "better <on> dark pictures", "--wait")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Version 5 serves at" in done.stdout
    found = versions(trained)
    assert [number for number in found if found[number]["serves"]] == [5]
    assert found[5]["reason"] == "better <on> dark pictures"
    assert {"decided_by", "decided_at"} <= set(found[5]["metadata"])

    assert trained("reject", "5", "--reason", "drifts").returncode == 3
    rejected = trained("reject", "5", "--reason", "drifts", "--force")
    assert rejected.returncode == 0, rejected.stderr
    assert "`scones rollback --wait`" in rejected.stdout
    assert live(trained)["status"] == "InService"
    assert versions(trained)[5]["reason"].startswith("drifts [before: Approved")
