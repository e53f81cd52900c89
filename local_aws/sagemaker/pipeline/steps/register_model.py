"""RegisterModel: creates a version in a model package group, and the group where it is missing."""

from __future__ import annotations

from dataclasses import dataclass

from local_aws.sagemaker.errors import ServiceError
from local_aws.sagemaker.pipeline.steps.base import Call, Failure, Progress, Start
from local_aws.sagemaker.pipeline.structure import Step

STATUSES = {"Completed": "Succeeded", "Failed": "Failed"}


@dataclass(frozen=True)
class RegisterModelStep:
    """Arguments of CreateModelPackage; the properties are those of DescribeModelPackage."""

    type: str = "RegisterModel"
    operation: str = "CreateModelPackage"
    name_argument: str | None = "ModelPackageName"
    variable: str | None = None
    cache_keys: tuple[str, ...] | None = None
    members: tuple[str, ...] = ()
    retryable: bool = True

    def check(self, step: Step) -> None:
        """A model package's arguments are all there is to check."""

    def start(self, start: Start, call: Call) -> Progress:
        request = dict(start.arguments)
        group = request.get("ModelPackageGroupName")
        if group is None:
            request["ModelPackageName"] = start.resource_name
        else:
            request.pop("ModelPackageName", None)
            _ensure_group(str(group), call)
        return self.poll(call("CreateModelPackage", request)["ModelPackageArn"], call)

    def poll(self, handle: str, call: Call) -> Progress:
        package = call("DescribeModelPackage", {"ModelPackageName": handle})
        status = STATUSES.get(package["ModelPackageStatus"], "Executing")
        failure = Failure(f"ClientError: the model package {handle} failed") if status == "Failed" else None
        return Progress(status, {"RegisterModel": {"Arn": handle}}, package, handle, failure)

    def stop(self, handle: str, call: Call) -> None:
        """The service does not stop a registration: it ends by itself."""


def _ensure_group(name: str, call: Call) -> None:
    try:
        call("DescribeModelPackageGroup", {"ModelPackageGroupName": name})
    except ServiceError:
        try:
            call("CreateModelPackageGroup", {"ModelPackageGroupName": name})
        except ServiceError as error:
            # Another execution may have made it in between.
            if "already exists" not in error.message:
                raise
