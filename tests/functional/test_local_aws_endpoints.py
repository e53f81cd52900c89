"""Endpoints as boto3 sees them: created, updated, resized, deleted, and wrong in every way, with requests all along."""

from __future__ import annotations

import io
import tarfile
import threading
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import psutil
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.waiting import wait_until

IMAGE = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-inference:2.6.0-cpu-py312-ubuntu22.04-sagemaker"
ROLE = "arn:aws:iam::123456789012:role/pipeline"
SAYS = """
import os, time
def model_fn(model_dir):
    return "{says}"
def input_fn(body, content_type):
    return body
def predict_fn(data, model):
    if data == "process":
        return str(os.getppid())
    return model
def output_fn(prediction, accept):
    return prediction, "text/plain"
"""


def archive(**files: str) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as packed:
        for name, text in files.items():
            member = tarfile.TarInfo(name.replace("__", "/") + ".py")
            member.size = len(text)
            packed.addfile(member, io.BytesIO(text.encode()))
    return content.getvalue()


class Place:
    """Models, configurations and endpoints under names of their own, deleted at the end."""

    def __init__(self, server: Any) -> None:
        self.server = server
        self.sagemaker, self.s3 = server.client("sagemaker"), server.client("s3")
        # a failure is to be seen, not tried again
        config = Config(retries={"total_max_attempts": 1}, max_pool_connections=16)
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
        self.runtime = boto3.client("sagemaker-runtime", endpoint_url=server.url, config=config, **keys)
        self.made: list[str] = []

    def name(self, what: str) -> str:
        return f"{what}-{uuid.uuid4().hex[:8]}"

    def model(self, content: bytes | str = "A") -> str:
        """A model that says something, or whatever the archive's bytes make of it."""
        name = self.name("model")
        body = archive(code__inference=SAYS.format(says=content)) if isinstance(content, str) else content
        self.s3.put_object(Bucket=self.server.bucket, Key=f"models/{name}", Body=body)
        container = {"Image": IMAGE, "ModelDataUrl": f"s3://{self.server.bucket}/models/{name}"}
        self.sagemaker.create_model(ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer=container)
        return name

    def config(self, *variants: dict[str, Any], **members: Any) -> str:
        name = self.name("config")
        self.sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=list(variants), **members)
        return name

    def endpoint(self, config: str, **members: Any) -> str:
        name = self.name("endpoint")
        self.made.append(name)
        self.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=config, **members)
        return name

    def settled(self, name: str) -> dict[str, Any]:
        """The description, once nothing changes any more."""

        def known() -> bool:
            return str(self.describe(name)["EndpointStatus"]) in ("InService", "Failed")

        wait_until(known, lambda: f"{name} to settle: {self.describe(name)}")
        return self.describe(name)

    def describe(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.sagemaker.describe_endpoint(EndpointName=name)
        return found

    def serving(self, content: str = "A", **members: Any) -> str:
        """An endpoint in service, whose model says this."""
        name = self.endpoint(self.config(variant(self.model(content), **members)))
        assert self.settled(name)["EndpointStatus"] == "InService"
        return name

    def ask(self, name: str, body: str = "", **members: Any) -> str:
        answer = self.runtime.invoke_endpoint(EndpointName=name, Body=body, ContentType="text/csv", **members)
        return str(answer["Body"].read().decode())

    def update(self, name: str, config: str, **members: Any) -> dict[str, Any]:
        self.sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=config, **members)
        return self.settled(name)

    def clean_up(self) -> None:
        for name in self.made:
            try:
                self.sagemaker.delete_endpoint(EndpointName=name)
            except ClientError as error:
                assert "Could not find" in str(error)


@pytest.fixture(scope="module")
def place(local_aws: Any) -> Iterator[Place]:
    made = Place(local_aws)
    yield made
    made.clean_up()


def variant(model: str, name: str = "AllTraffic", **members: Any) -> dict[str, Any]:
    capacity = {} if "ServerlessConfig" in members else {"InitialInstanceCount": 1, "InstanceType": "ml.t2.medium"}
    return {"VariantName": name, "ModelName": model, **capacity, **members}


class Load:
    """Eight clients that ask until the end; what they were told, in the order of the answers."""

    def __init__(self, place: Place, name: str) -> None:
        self._place, self._name = place, name
        self._over = threading.Event()
        self.answers: list[str] = []
        self.failures: list[str] = []
        self._threads = [threading.Thread(target=self._ask) for _ in range(8)]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        wait_until(lambda: len(self.answers) + len(self.failures) >= 8, "the first answers")
        return self

    def __exit__(self, *_error: object) -> None:
        count = len(self.answers)
        wait_until(lambda: len(self.answers) + len(self.failures) >= count + 16, "the last answers")
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _ask(self) -> None:
        while not self._over.wait(0.005):
            try:
                self.answers.append(self._place.ask(self._name))
            except Exception as error:
                self.failures.append(repr(error))


def test_an_endpoint_goes_from_creating_to_in_service_and_is_gone_when_deleted(place: Place) -> None:
    config = place.config(variant(place.model("A")))
    name = place.endpoint(config, Tags=[{"Key": "team", "Value": "scones"}])
    assert place.describe(name)["EndpointStatus"] == "Creating"
    with pytest.raises(ClientError, match="not found"):
        place.ask(name)
    with pytest.raises(ClientError, match="Cannot update in-progress endpoint"):
        place.sagemaker.delete_endpoint(EndpointName=name)
    found = place.settled(name)
    assert found["EndpointStatus"] == "InService"
    assert found["EndpointConfigName"] == config
    (serving,) = found["ProductionVariants"]
    assert (serving["CurrentInstanceCount"], serving["DesiredInstanceCount"]) == (1, 1)
    assert serving["DeployedImages"][0]["SpecifiedImage"] == IMAGE
    assert place.ask(name) == "A"
    assert place.sagemaker.list_tags(ResourceArn=found["EndpointArn"])["Tags"] == [{"Key": "team", "Value": "scones"}]
    listed = place.sagemaker.list_endpoints(NameContains=name)["Endpoints"]
    assert [one["EndpointStatus"] for one in listed] == ["InService"]

    processes = instance_processes(place, name)
    assert processes
    place.sagemaker.delete_endpoint(EndpointName=name)
    wait_until(lambda: not place.sagemaker.list_endpoints(NameContains=name)["Endpoints"], "the deletion")
    with pytest.raises(ClientError, match="Could not find endpoint"):
        place.describe(name)
    with pytest.raises(ClientError, match="not found"):
        place.ask(name)
    assert not instance_processes(place, name)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"no archive", "model"),
        (archive(model="x = 1"), "did not pass the ping health check"),
        (archive(code__inference="def model_fn(d): raise ValueError('these weights do not load')"), "do not load"),
    ],
)
def test_a_model_that_does_not_come_up_fails_the_endpoint_with_the_reason(
    place: Place, content: bytes, told: str
) -> None:
    found = place.settled(place.endpoint(place.config(variant(place.model(content)))))
    assert found["EndpointStatus"] == "Failed"
    assert told in found["FailureReason"]
    assert "\n" not in found["FailureReason"]
    place.sagemaker.delete_endpoint(EndpointName=found["EndpointName"])


def test_an_artefact_that_is_gone_fails_the_endpoint_naming_it(place: Place) -> None:
    model = place.model()
    config = place.config(variant(model))
    place.s3.delete_object(Bucket=place.server.bucket, Key=f"models/{model}")
    found = place.settled(place.endpoint(config))
    assert found["EndpointStatus"] == "Failed"
    assert f"models/{model}" in found["FailureReason"]


def test_an_update_under_load_loses_no_request(place: Place) -> None:
    name = place.serving("A")
    new = place.config(variant(place.model("B")))
    with Load(place, name) as load:
        found = place.update(name, new)
    assert load.failures == []
    assert (found["EndpointStatus"], found["EndpointConfigName"]) == ("InService", new)
    assert load.answers[0] == "A" and load.answers[-1] == "B"
    assert place.ask(name) == "B"


def test_an_update_to_a_broken_model_under_load_leaves_the_old_one_serving(place: Place) -> None:
    name = place.serving("A")
    before = place.describe(name)["EndpointConfigName"]
    broken = place.config(variant(place.model(archive(code__inference="raise ValueError('it is broken')"))))
    with Load(place, name) as load:
        found = place.update(name, broken)
    assert load.failures == []
    assert set(load.answers) == {"A"}
    assert (found["EndpointStatus"], found["EndpointConfigName"]) == ("InService", before)
    assert "it is broken" in found["FailureReason"]
    place.update(name, place.config(variant(place.model("B"))))
    assert "FailureReason" not in place.describe(name)


def blue_green(kind: str, alarm: str, bake: int = 600, **routing: Any) -> dict[str, Any]:
    traffic = {"Type": kind, "WaitIntervalInSeconds": 600, **routing}
    return {
        "BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": traffic, "TerminationWaitInSeconds": bake},
        "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": alarm}]},
    }


def test_an_alarm_during_a_canary_brings_all_traffic_back(place: Place) -> None:
    name, alarm = place.serving("A"), place.name("alarm")
    cloudwatch = place.server.client("cloudwatch")
    rule = {"Namespace": "N", "MetricName": "M", "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1}
    cloudwatch.put_metric_alarm(
        AlarmName=alarm, **rule, Threshold=1.0, ComparisonOperator="GreaterThanThreshold", TreatMissingData="ignore"
    )
    before = place.describe(name)["EndpointConfigName"]
    canary = blue_green("CANARY", alarm, CanarySize={"Type": "CAPACITY_PERCENT", "Value": 50})
    new = place.config(variant(place.model("B")))
    with Load(place, name) as load:
        place.sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=new, DeploymentConfig=canary)
        assert place.describe(name)["PendingDeploymentSummary"]["EndpointConfigName"] == new
        wait_until(lambda: "B" in load.answers, "the canary's traffic")
        seen = len(load.answers)
        wait_until(lambda: {"A", "B"} <= set(load.answers[seen:]), "both to answer")
        cloudwatch.set_alarm_state(AlarmName=alarm, StateValue="ALARM", StateReason="tested")
        found = place.settled(name)
    assert load.failures == []
    assert load.answers[-1] == "A"
    assert (found["EndpointStatus"], found["EndpointConfigName"]) == ("InService", before)
    assert alarm in found["FailureReason"]


def test_counts_and_weights_change_the_instances_that_there_are(place: Place) -> None:
    name = place.serving("A")
    one = instances(place, name)
    change = {"VariantName": "AllTraffic", "DesiredInstanceCount": 2}
    with Load(place, name) as load:
        place.sagemaker.update_endpoint_weights_and_capacities(EndpointName=name, DesiredWeightsAndCapacities=[change])
        (serving,) = place.describe(name)["ProductionVariants"]
        assert serving["DesiredInstanceCount"] == 2
        (serving,) = place.settled(name)["ProductionVariants"]
        assert serving["CurrentInstanceCount"] == 2
        assert len({place.ask(name, "process") for _ in range(20)}) >= 2
        place.sagemaker.update_endpoint_weights_and_capacities(
            EndpointName=name, DesiredWeightsAndCapacities=[{**change, "DesiredInstanceCount": 1}]
        )
        place.settled(name)
    assert load.failures == []
    assert instances(place, name) == one


def test_an_instance_that_does_not_come_leaves_those_there_are_and_says_why(place: Place) -> None:
    model = place.model("A")
    name = place.endpoint(place.config(variant(model)))
    place.settled(name)
    broken = archive(code__inference="def model_fn(d): raise ValueError(f'nothing to load in {d}')")
    place.s3.put_object(Bucket=place.server.bucket, Key=f"models/{model}", Body=broken)
    change = {"VariantName": "AllTraffic", "DesiredInstanceCount": 2, "DesiredWeight": 3.0}
    place.sagemaker.update_endpoint_weights_and_capacities(EndpointName=name, DesiredWeightsAndCapacities=[change])
    found = place.settled(name)
    (serving,) = found["ProductionVariants"]
    assert (found["EndpointStatus"], serving["CurrentInstanceCount"], serving["DesiredInstanceCount"]) == (
        "InService",
        1,
        1,
    )
    assert serving["CurrentWeight"] == 3.0
    assert "nothing to load in /opt/ml/model" in found["FailureReason"]
    assert place.ask(name) == "A"


def test_variants_share_the_traffic_by_weight_and_answer_when_asked_for(place: Place) -> None:
    first, second = variant(place.model("A"), "First", InitialVariantWeight=3), variant(place.model("B"), "Second")
    name = place.endpoint(place.config(first, second))
    place.settled(name)
    answers = [place.ask(name) for _ in range(200)]
    assert 100 < answers.count("A") < 190
    assert {place.ask(name, TargetVariant="Second") for _ in range(10)} == {"B"}
    with pytest.raises(ClientError, match="Third"):
        place.ask(name, TargetVariant="Third")
    zero = [{"VariantName": "Second", "DesiredWeight": 0}]
    place.sagemaker.update_endpoint_weights_and_capacities(EndpointName=name, DesiredWeightsAndCapacities=zero)
    place.settled(name)
    assert {place.ask(name) for _ in range(30)} == {"A"}


def test_a_serving_process_that_dies_is_started_again(place: Place) -> None:
    name = place.serving("A")
    for process in instance_processes(place, name).values():
        process.kill()
    assert place.ask(name) == "A"
    assert place.describe(name)["EndpointStatus"] == "InService"


def test_a_serverless_variant_serves_without_instances(place: Place) -> None:
    name = place.serving("A", ServerlessConfig={"MemorySizeInMB": 2048, "MaxConcurrency": 1})
    assert place.ask(name) == "A"
    (serving,) = place.describe(name)["ProductionVariants"]
    assert serving["CurrentServerlessConfig"] == {"MemorySizeInMB": 2048, "MaxConcurrency": 1}
    assert "CurrentInstanceCount" not in serving


def test_counts_that_were_changed_are_kept_by_an_update_that_is_asked_to(place: Place) -> None:
    name = place.serving("A")
    change = [{"VariantName": "AllTraffic", "DesiredInstanceCount": 2}]
    place.sagemaker.update_endpoint_weights_and_capacities(EndpointName=name, DesiredWeightsAndCapacities=change)
    place.settled(name)
    kept = place.update(name, place.config(variant(place.model("B"))), RetainAllVariantProperties=True)
    assert kept["ProductionVariants"][0]["CurrentInstanceCount"] == 2
    fresh = place.update(name, place.config(variant(place.model("C"))))
    assert fresh["ProductionVariants"][0]["CurrentInstanceCount"] == 1


def test_what_names_nothing_or_is_taken_is_refused_in_the_services_words(place: Place) -> None:
    name = place.serving("A")
    config = place.describe(name)["EndpointConfigName"]
    call = place.sagemaker
    refusals: list[tuple[Callable[[], Any], str]] = [
        (
            lambda: call.create_endpoint(EndpointName=name, EndpointConfigName=config),
            'Cannot create already existing endpoint "arn',
        ),
        (
            lambda: call.create_endpoint(EndpointName="new", EndpointConfigName="absent"),
            'Could not find endpoint configuration "arn',
        ),
        (lambda: call.update_endpoint(EndpointName="absent", EndpointConfigName=config), "Could not find endpoint"),
        (lambda: place.config(variant("absent")), 'Could not find model "arn'),
        (lambda: place.config(variant(place.model()), variant(place.model())), "must be unique"),
        (lambda: place.config(variant(place.model(), InitialVariantWeight=0)), "weight greater than 0"),
        (
            lambda: place.config(
                variant(place.model(), ServerlessConfig={"MemorySizeInMB": 1500, "MaxConcurrency": 1})
            ),
            "multiple of 1024",
        ),
        (
            lambda: place.config({"VariantName": "v", "ModelName": place.model()}),
            "either InstanceType and InitialInstanceCount, or ServerlessConfig",
        ),
        (lambda: place.config(variant(place.model()), AsyncInferenceConfig={"OutputConfig": {}}), "AsyncInference"),
        (
            lambda: place.update(name, config, DeploymentConfig=blue_green("CANARY", "alarm")),
            "needs CanarySize",
        ),
    ]
    for act, words in refusals:
        with pytest.raises(ClientError) as refused:
            act()
        assert words in str(refused.value)
    assert place.ask(name) == "A"


def instances(place: Place, name: str) -> set[str]:
    """The folders of an endpoint's instances."""
    return {process.info["cwd"] for process in instance_processes(place, name).values()}


def instance_processes(place: Place, name: str) -> dict[int, psutil.Process]:
    """The processes that work in an endpoint's folder, by their id."""
    folder = f"/endpoints/{name}/"
    found = {}
    for process in psutil.process_iter(["pid", "cwd"]):
        if folder in f"{process.info['cwd']}/":
            found[int(process.info["pid"])] = process
    return found
