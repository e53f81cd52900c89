"""Endpoints across the end of the server: what comes back, what was asked for meanwhile, and what is left behind."""

from __future__ import annotations

import io
import tarfile
import threading
import time
import uuid
from typing import Any

import boto3
import psutil
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from tests.waiting import wait_until

IMAGE = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-inference:2.6.0-cpu-py312-ubuntu22.04-sagemaker"
ROLE = "arn:aws:iam::123456789012:role/pipeline"
# seconds: below the 60 that a request may take, and many more than the server should take to end
LONG_REQUEST = b"40"
NAMED = """
import os, time
def model_fn(model_dir):
    time.sleep({load})
    return open(os.path.join(model_dir, "weights.txt")).read()
def transform_fn(model, body, content_type, accept):
    time.sleep(float(body))
    return model, "text/plain"
"""


class Service:
    """Models, configurations and endpoints of one server."""

    def __init__(self, server: Any) -> None:
        self.server = server
        self.sagemaker = server.client("sagemaker")
        self.runtime = boto3.client(
            "sagemaker-runtime",
            endpoint_url=server.url,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}),
        )

    def config(self, answer: str, load: float = 0.0) -> str:
        """A configuration whose model is called the same, answers `answer`, and takes `load` seconds to load."""
        name = f"{answer}-{uuid.uuid4().hex[:8]}"
        content, key = io.BytesIO(), f"{name}/model.tar.gz"
        with tarfile.open(fileobj=content, mode="w:gz") as tar:
            for path, text in {"weights.txt": answer, "code/inference.py": NAMED.format(load=load)}.items():
                member = tarfile.TarInfo(path)
                member.size = len(text.encode())
                tar.addfile(member, io.BytesIO(text.encode()))
        self.server.client("s3").put_object(Bucket=self.server.bucket, Key=key, Body=content.getvalue())
        container = {"Image": IMAGE, "ModelDataUrl": f"s3://{self.server.bucket}/{key}"}
        self.sagemaker.create_model(ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer=container)
        variant = {"VariantName": "v", "ModelName": name, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
        self.sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
        return name

    def create(self, config: str) -> str:
        name = f"ep-{uuid.uuid4().hex[:8]}"
        self.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=config)
        return name

    def deploy(self, *configs: str) -> list[str]:
        """Endpoints in service."""
        names = [self.create(config) for config in configs]
        for name in names:
            assert self.settled(name)["EndpointStatus"] == "InService", self.describe(name)
        return names

    def describe(self, name: str) -> dict[str, Any]:
        return dict(self.sagemaker.describe_endpoint(EndpointName=name))

    def settled(self, name: str) -> dict[str, Any]:
        wait_until(lambda: self.describe(name)["EndpointStatus"] in ("InService", "Failed"), f"{name} to settle")
        return self.describe(name)

    def counts(self, name: str) -> tuple[int, int]:
        """Instances in service, and wanted."""
        (variant,) = self.describe(name)["ProductionVariants"]
        return variant["CurrentInstanceCount"], variant["DesiredInstanceCount"]

    def scale(self, name: str, count: int) -> None:
        wanted = [{"VariantName": "v", "DesiredInstanceCount": count}]
        self.sagemaker.update_endpoint_weights_and_capacities(EndpointName=name, DesiredWeightsAndCapacities=wanted)

    def exists(self, name: str) -> bool:
        try:
            self.describe(name)
        except ClientError:
            return False
        return True

    def ask(self, name: str, body: bytes = b"0") -> str:
        answer = self.runtime.invoke_endpoint(EndpointName=name, Body=body, ContentType="text/csv")
        return str(answer["Body"].read().decode())

    def first_answer(self, name: str) -> str:
        """What an endpoint answers that comes back: a request waits for an instance, though half a minute at most."""

        def answered() -> str | None:
            began = time.monotonic()
            try:
                return self.ask(name)
            except ClientError as error:
                assert error.response["Error"]["Code"] == "ServiceUnavailable"
                assert time.monotonic() - began > 20, "the request did not wait"
                return None

        return wait_until(answered, f"{name} to come back")


def processes(server: Any, name: str = "") -> list[psutil.Process]:
    """What runs in the folders of an endpoint's instances, or of all endpoints'."""
    folder, found = str(server.state / "endpoints" / name), []
    for process in psutil.process_iter():
        try:
            if process.cwd().startswith(folder):
                found.append(process)
        except psutil.Error:
            continue
    return found


def test_an_endpoint_comes_back_as_it_was_though_its_model_and_configuration_were_deleted(own_local_aws: Any) -> None:
    service = Service(own_local_aws)
    config = service.config("A")
    (name,) = service.deploy(config)
    service.scale(name, 2)
    service.settled(name)
    service.sagemaker.delete_endpoint_config(EndpointConfigName=config)
    service.sagemaker.delete_model(ModelName=config)
    own_local_aws.stop()
    assert processes(own_local_aws) == []
    own_local_aws.start()
    service = Service(own_local_aws)
    assert service.first_answer(name) == "A"
    wait_until(lambda: service.counts(name) == (2, 2), "both instances")


def test_what_is_asked_for_while_endpoints_come_back_is_done(own_local_aws: Any) -> None:
    service = Service(own_local_aws)
    first, second = service.config("A", load=0.7), service.config("B")
    updated, scaled, deleted = service.deploy(first, first, first)
    own_local_aws.stop()
    own_local_aws.start()
    service = Service(own_local_aws)
    service.sagemaker.update_endpoint(EndpointName=updated, EndpointConfigName=second)
    service.scale(scaled, 2)
    service.sagemaker.delete_endpoint(EndpointName=deleted)
    wait_until(lambda: not service.exists(deleted), "the deletion")
    assert processes(own_local_aws, deleted) == []
    assert service.settled(scaled)["EndpointStatus"] == "InService"
    assert service.counts(scaled) == (2, 2)
    assert service.settled(updated)["EndpointConfigName"] == second
    assert {service.ask(updated) for _ in range(10)} == {"B"}


def test_a_kill_in_an_update_leaves_what_served_before_and_says_so(own_local_aws: Any) -> None:
    """What an endpoint serves is on disk when it is said to be in service, its model's artefact too."""
    service = Service(own_local_aws)
    first = service.config("A")
    (name,) = service.deploy(first)
    service.sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=service.config("B", load=600))
    own_local_aws.kill()
    own_local_aws.start()
    service = Service(own_local_aws)
    assert service.first_answer(name) == "A"
    found = service.describe(name)
    assert (found["EndpointStatus"], found["EndpointConfigName"]) == ("InService", first)
    assert "interrupted" in found["FailureReason"]


def test_the_server_ends_soon_whatever_its_endpoints_are_at(own_local_aws: Any) -> None:
    """One answers a long request, one starts, and one ends an old fleet that answers a long request."""
    service = Service(own_local_aws)
    config = service.config("A")
    asked, updated = service.deploy(config, config)
    service.create(service.config("B", load=600))
    answered: list[str] = []
    broken: list[str] = []

    def ask(name: str) -> None:
        while name not in broken:
            try:
                service.ask(name, LONG_REQUEST)
                answered.append(name)
            except (ClientError, BotoCoreError):
                broken.append(name)

    clients = [threading.Thread(target=ask, args=(name,)) for name in (asked, updated)]
    for client in clients:
        client.start()
    service.sagemaker.update_endpoint(EndpointName=updated, EndpointConfigName=service.config("C"))
    # the new fleet answers while the old one still does
    wait_until(lambda: service.ask(updated) == "C", "the new fleet")
    before = len(answered)
    own_local_aws.stop()
    for client in clients:
        client.join()
    # no request was waited for, nor the model that takes ten minutes to load
    assert len(answered) == before
    assert sorted(broken) == sorted([asked, updated])
    assert processes(own_local_aws) == []
