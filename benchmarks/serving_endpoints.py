"""Endpoints to measure: a local AWS of their own, serving an untrained net of the real size with the real code.

What a net has learnt does not change how long it takes.
"""

from __future__ import annotations

import io
import sys
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import numpy as np
from botocore.config import Config
from PIL import Image

from benchmarks.scripts_by_hand import ROOT
from pipelines import local_server
from pipelines.session import LOCAL_ROLE_ARN, Target, open_target
from pipelines.training.pretrained_model import installed_weights

# the serving code's modules stand at the root of their folder, as in the model's archive
sys.path.insert(0, str(ROOT / "training"))

IMAGE = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-inference:2.6.0-cpu-py312"
SERVING = {"SAGEMAKER_PROGRAM": "inference.py", "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code"}
VARIANT = "AllTraffic"
CAPTURE_PREFIX = "captured"
READY_WITHIN = 180.0
CLIENTS = 16


class EndpointNotInService(RuntimeError):
    """An endpoint did not become what the benchmark needs."""


@contextmanager
def local_target(folder: Path) -> Iterator[Target]:
    """A local AWS in `folder` with a bucket, ended at the end."""
    server = local_server.start(folder)
    try:
        target = open_target("local", endpoint_url=server.url, environ={})
        target.client("s3").create_bucket(Bucket=target.bucket)
        yield target
    finally:
        local_server.stop(server)


def build_net(seed: int = 0) -> Any:
    """The classifier at train.py's default size, its weights drawn from `seed`."""
    import torch
    from arguments import DEFAULT_WIDTH
    from imagenet_features import ImageNetScores
    from imagenet_weights import load_imagenet_weights
    from model import ModelConfig, build_classifier

    torch.set_num_threads(1)  # as in serving: the workers are the parallelism
    torch.manual_seed(seed)
    net = build_classifier(
        ModelConfig(("bicycle", "motorcycle"), DEFAULT_WIDTH, (0.5,) * 3, (0.25,) * 3, 1.0, pretrained=True)
    )
    net.imagenet = ImageNetScores(2)
    load_imagenet_weights(net.imagenet, installed_weights().parent)
    for fitted in (net.stem, net.imagenet.weight):
        fitted.normal_(std=0.1)
    return net.eval()


def in_plain_pytorch(net: Any) -> Any:
    """The net in plain eager PyTorch, for `predict_fn`: what it is served with instead has a figure of its own."""
    from serving_runtime import EagerAnswers

    return EagerAnswers(net)


def upload_model(target: Target, name: str, net: Any | None) -> str:
    """Put a model archive into the bucket and create the model `name`; without a net its weights do not load."""
    from model import pack_classifier
    from model_folder import SERVING_CODE

    weights = b"these are no weights" if net is None else pack_classifier(net)
    code = {f"code/{file}": (ROOT / "training" / file).read_bytes() for file in SERVING_CODE}
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        for path, data in {"model.pt": weights, **code}.items():
            member = tarfile.TarInfo(path)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    key = f"models/{name}/model.tar.gz"
    target.client("s3").put_object(Bucket=target.bucket, Key=key, Body=content.getvalue())
    container = {"Image": IMAGE, "ModelDataUrl": f"s3://{target.bucket}/{key}", "Environment": SERVING}
    target.client("sagemaker").create_model(ModelName=name, ExecutionRoleArn=LOCAL_ROLE_ARN, PrimaryContainer=container)
    return name


def configure(target: Target, name: str, model: str, capture: bool = False) -> str:
    """Create the endpoint configuration `name`: one instance of two processors; with `capture`, of every request."""
    variant = {"VariantName": VARIANT, "ModelName": model, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    capturing = {
        "EnableCapture": capture,
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": f"s3://{target.bucket}/{CAPTURE_PREFIX}",
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        "CaptureContentTypeHeader": {"JsonContentTypes": ["application/json"]},
    }
    request = {"EndpointConfigName": name, "ProductionVariants": [variant]}
    target.client("sagemaker").create_endpoint_config(
        **request, **({"DataCaptureConfig": capturing} if capture else {})
    )
    return name


def deploy(target: Target, endpoint: str, config: str) -> None:
    """Create the endpoint and wait until it serves. Raises EndpointNotInService."""
    sagemaker = target.client("sagemaker")
    sagemaker.create_endpoint(EndpointName=endpoint, EndpointConfigName=config)
    found = wait_until_settled(target, endpoint)
    if found["EndpointStatus"] != "InService":
        raise EndpointNotInService(f"{endpoint} is {found['EndpointStatus']}: {found.get('FailureReason')}")


def wait_until_settled(target: Target, endpoint: str) -> dict[str, Any]:
    """Wait while it is being created or updated; its description then. Raises EndpointNotInService."""
    deadline = time.monotonic() + READY_WITHIN
    while time.monotonic() < deadline:
        found: dict[str, Any] = target.client("sagemaker").describe_endpoint(EndpointName=endpoint)
        if found["EndpointStatus"] in ("InService", "Failed"):
            return found
        time.sleep(0.1)
    raise EndpointNotInService(f"{endpoint} is still {found['EndpointStatus']} after {READY_WITHIN:.0f} s")


def runtime_client(target: Target) -> Any:
    """A client for all threads together, which never sends a request again: a failure is to be seen."""
    config = Config(max_pool_connections=CLIENTS, retries={"total_max_attempts": 1})
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    return boto3.client(
        "sagemaker-runtime", endpoint_url=target.endpoint_url, region_name=target.region, config=config, **keys
    )


def picture() -> bytes:
    """A PNG as CIFAR's are: 32 x 32 pixels, noise, which is the longest that such a file gets."""
    pixels = np.random.default_rng(3).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "PNG")
    return content.getvalue()
