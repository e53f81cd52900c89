"""Every operation takes what botocore's service model allows, and answers what it promises."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from botocore.model import ListShape, MapShape, Shape, StructureShape
from botocore.validate import ParamValidator
from moto.logs.models import LogsBackend
from moto.s3.models import S3Backend

from local_aws.logs import LogGroups
from local_aws.objects import ObjectStore
from local_aws.sagemaker import operations as _operations
from local_aws.sagemaker.context import ACCOUNT_ID, Context
from local_aws.sagemaker.control_plane import OPERATIONS, ControlPlane
from local_aws.sagemaker.errors import ServiceError
from local_aws.sagemaker.listing import LISTINGS, PAGING_MEMBERS
from local_aws.sagemaker.store import Store
from local_aws.sagemaker.validation import input_shape, response_problems, validate_request
from local_aws.sagemaker.validation.constraints import broken_constraints

assert _operations is not None

LISTS = sorted(name for name in OPERATIONS if name.startswith("List"))
IMAGE = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-inference:2.6.0-cpu-py312-ubuntu22.04-sagemaker"
DEFINITION = json.dumps(
    {
        "Version": "2020-12-01",
        "Steps": [{"Name": "Stop", "Type": "Fail", "Arguments": {"ErrorMessage": "no"}}],
    }
)
TEXTS = (
    "a",
    "a1b",
    "a" * 32,
    "1.0",
    "s3://bucket/key",
    "arn:aws:iam::123456789012:role/role",
    "arn:aws:sagemaker:us-east-1:123456789012:model/a",
    "arn:aws:sagemaker:us-east-1:123456789012:model-package/a/1",
    "arn:aws:sagemaker:us-east-1:123456789012:pipeline/a/execution/a1b2c3d4e5f6",
    "/opt/ml/a",
)


def minimal(shape: Shape) -> Any:
    """The smallest value that the shape allows: required members only, lists as short as may be."""
    if isinstance(shape, StructureShape):
        return {name: minimal(shape.members[name]) for name in shape.required_members}
    if isinstance(shape, ListShape):
        return [minimal(shape.member)] * shape.metadata.get("min", 0)
    if isinstance(shape, MapShape):
        return {}
    if shape.type_name == "string":
        candidates = [*shape.metadata.get("enum", ()), *TEXTS]
        return next(text for text in candidates if not broken_constraints(shape, text))
    if shape.type_name == "boolean":
        return False
    if shape.type_name == "timestamp":
        return datetime(2026, 1, 1, tzinfo=timezone.utc)
    return shape.metadata.get("min", 1)


@dataclass
class Api:
    """The API called in this process; every response is held against its output shape."""

    plane: ControlPlane
    answered: set[str] = field(default_factory=set)

    def __call__(self, operation: str, **request: Any) -> dict[str, Any]:
        """Call with the minimal input, `request` laid over it."""
        whole = {**minimal(input_shape(operation)), **request}
        response = self.plane.call(operation, whole)
        problems = response_problems(operation, response)
        # like the service's, the response for a version has no ModelPackageName, which the model requires
        known = ["ModelPackageName: missing"] if "ModelPackageVersion" in response else []
        assert [problem for problem in problems if problem not in known] == [], operation
        self.answered.add(operation)
        return response


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    s3 = S3Backend("aws", ACCOUNT_ID)
    context = Context(
        region="us-east-1",
        state_dir=tmp_path,
        store=Store(tmp_path / "records.sqlite"),
        objects=ObjectStore(s3),
        logs=LogGroups(LogsBackend("us-east-1", ACCOUNT_ID)),
        endpoint_url="http://127.0.0.1:1",
        call=lambda operation, request: plane.call(operation, request),
        make_durable=lambda: None,
    )
    plane = ControlPlane(context)
    yield Api(plane)
    context.store.close()


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_every_operation_takes_the_minimal_input_of_its_shape(operation: str) -> None:
    request = minimal(input_shape(operation))
    assert ParamValidator().validate(request, input_shape(operation)).generate_report() == ""
    validate_request(operation, request)


def test_every_response_of_models_and_registry_fits_its_output_shape(api: Api) -> None:
    group = api("CreateModelPackageGroup", ModelPackageGroupName="group")["ModelPackageGroupArn"]
    api("DescribeModelPackageGroup", ModelPackageGroupName=group)
    api("ListModelPackageGroups")
    api("PutModelPackageGroupPolicy", ModelPackageGroupName="group", ResourcePolicy="{}")
    api("GetModelPackageGroupPolicy", ModelPackageGroupName="group")
    api("DeleteModelPackageGroupPolicy", ModelPackageGroupName="group")
    specification = {"Containers": [{"Image": IMAGE}]}
    request = {"ModelPackageGroupName": group, "InferenceSpecification": specification}
    package = api("CreateModelPackage", **request, ModelApprovalStatus="Approved")["ModelPackageArn"]
    api("DescribeModelPackage", ModelPackageName=package)
    api("ListModelPackages", ModelPackageType="Both")
    api("BatchDescribeModelPackage", ModelPackageArnList=[package, f"{package}1"])
    api("UpdateModelPackage", ModelPackageArn=package, ModelApprovalStatus="Approved")
    api("DescribeModelPackage", ModelPackageName=package, IncludedData="MetadataOnly")
    model = api("CreateModel", ModelName="m", PrimaryContainer={"ModelPackageName": package})["ModelArn"]
    api("DescribeModel", ModelName="m")
    api("ListModels")
    api("AddTags", ResourceArn=model, Tags=[{"Key": "k", "Value": "v"}])
    api("ListTags", ResourceArn=model)
    api("DeleteTags", ResourceArn=model)
    api("DeleteModel", ModelName="m")
    api("DeleteModelPackage", ModelPackageName=package)
    api("DeleteModelPackageGroup", ModelPackageGroupName="group")
    owned = {name for name in OPERATIONS if ("Model" in name and "Quality" not in name) or name.endswith("Tags")}
    assert api.answered == owned


def test_every_response_about_pipelines_fits_its_output_shape(api: Api) -> None:
    arn = api("CreatePipeline", PipelineName="p", PipelineDefinition=DEFINITION)["PipelineArn"]
    api("DescribePipeline", PipelineName=arn)
    api("UpdatePipeline", PipelineName="p", PipelineDefinition=DEFINITION + " ")
    api("UpdatePipelineVersion", PipelineArn=arn, PipelineVersionId=1, PipelineVersionDisplayName="first")
    api("DescribePipeline", PipelineName="p", PipelineVersionId=1)
    api("ListPipelines")
    api("ListPipelineVersions", PipelineName="p")
    api("DeletePipeline", PipelineName="p")
    owned = {name for name in OPERATIONS if "Pipeline" in name and "Execution" not in name}
    assert api.answered == owned


class EndpointsThatWait:
    """A worker that notes what is to become of an endpoint, and lets the test say when it has."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.begun: list[str | None] = []

    def start(self, kind: str, name: str) -> None:
        self.begun.append(self._store.get(kind, name).status)

    def counts(self, endpoint_name: str) -> dict[str, int]:
        return {"a": 2}

    def coming_counts(self, endpoint_name: str) -> dict[str, int]:
        return {}


def test_every_response_about_endpoints_fits_its_output_shape(api: Api) -> None:
    context = api.plane.context
    worker = EndpointsThatWait(context.store)
    context.workers["endpoints"] = worker  # type: ignore[assignment]
    api("CreateModel", ModelName="m", PrimaryContainer={"Image": IMAGE})
    instances = {"VariantName": "a", "ModelName": "m", "InstanceType": "ml.m5.large", "InitialInstanceCount": 2}
    serverless = {**instances, "ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 5}}
    del serverless["InstanceType"], serverless["InitialInstanceCount"]
    capture = {
        "InitialSamplingPercentage": 10,
        "DestinationS3Uri": "s3://bucket/captured",
        "CaptureOptions": [{"CaptureMode": "Input"}],
    }
    configs = {"c": [instances], "d": [instances], "s": [serverless]}
    for name, variants in configs.items():
        given = {"DataCaptureConfig": capture} if name == "c" else {}
        arn = api("CreateEndpointConfig", EndpointConfigName=name, ProductionVariants=variants, **given)
        api("AddTags", ResourceArn=arn["EndpointConfigArn"], Tags=[{"Key": "k", "Value": "v"}])
        api("DescribeEndpointConfig", EndpointConfigName=name)
    api("ListEndpointConfigs")
    for endpoint, config in {"e": "c", "serverless": "s"}.items():
        arn = api("CreateEndpoint", EndpointName=endpoint, EndpointConfigName=config)["EndpointArn"]
        api("AddTags", ResourceArn=arn, Tags=[{"Key": "k", "Value": "v"}])
        assert api("ListTags", ResourceArn=arn)["Tags"] == [{"Key": "k", "Value": "v"}]
        assert api("DescribeEndpoint", EndpointName=endpoint)["EndpointStatus"] == "Creating"
    api("ListEndpoints")
    context.store.update("Endpoint", "e", "InService")
    assert api("DescribeEndpoint", EndpointName="e")["DataCaptureConfig"]["CaptureStatus"] == "Started"
    with pytest.raises(ServiceError, match="cannot be updated to a serverless one"):
        api("UpdateEndpoint", EndpointName="e", EndpointConfigName="s")
    api("UpdateEndpoint", EndpointName="e", EndpointConfigName="d")
    pending = api("DescribeEndpoint", EndpointName="e")["PendingDeploymentSummary"]
    assert pending["ProductionVariants"][0]["VariantStatus"] == [{"Status": "Creating"}]
    context.store.update("Endpoint", "e", "InService", Pending={})
    wanted = [{"VariantName": "a", "DesiredInstanceCount": 3, "DesiredWeight": 2.0}]
    api("UpdateEndpointWeightsAndCapacities", EndpointName="e", DesiredWeightsAndCapacities=wanted)
    (variant,) = api("DescribeEndpoint", EndpointName="e")["ProductionVariants"]
    assert (variant["CurrentInstanceCount"], variant["DesiredInstanceCount"]) == (2, 3)
    context.store.update("Endpoint", "e", "Failed", Pending={}, FailureReason="broken")
    assert api("DescribeEndpoint", EndpointName="e")["FailureReason"] == "broken"
    api("DeleteEndpoint", EndpointName="e")
    assert api("DescribeEndpoint", EndpointName="e")["EndpointStatus"] == "Deleting"
    api("DeleteEndpointConfig", EndpointConfigName="d")
    assert worker.begun == ["Creating", "Creating", "Updating", "Updating", "Deleting"]
    assert {name for name in OPERATIONS if "Endpoint" in name} <= api.answered


@pytest.mark.parametrize("operation", LISTS)
def test_every_list_declares_every_filter_and_sort_key_of_its_input_shape(operation: str) -> None:
    listing = LISTINGS[operation]
    members = input_shape(operation).members
    undeclared = [
        name
        for name in members
        if name not in PAGING_MEMBERS and name not in listing.filters and name not in listing.scope
    ]
    assert undeclared == []
    if "SortBy" in members:
        assert set(members["SortBy"].metadata["enum"]) <= set(listing.sort_keys)
    assert listing.sort_by in listing.sort_keys


@pytest.mark.parametrize("operation", LISTS)
def test_a_list_of_nothing_fits_its_output_shape(api: Api, operation: str) -> None:
    if LISTINGS[operation].scope and operation != "ListModelPackages":
        with pytest.raises(ServiceError, match="does not exist"):
            api(operation)
    else:
        assert "NextToken" not in api(operation)
