"""What the operations of every kind of job have in common: accept, describe, stop, delete."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from local_aws.objects import S3Uri
from local_aws.sagemaker.context import Context
from local_aws.sagemaker.errors import ResourceInUse, ResourceNotFound, ValidationException
from local_aws.sagemaker.jobs import inputs, tree
from local_aws.sagemaker.operations.tags import keep_tags
from local_aws.sagemaker.store import Record, RecordExists, RecordNotFound

DEFAULT_MAX_RUNTIME_SECONDS = 24 * 3600


@dataclass(frozen=True)
class JobKind:
    """A kind of job, and how the service speaks of it."""

    kind: str
    arn_type: str
    noun: str

    @property
    def name_member(self) -> str:
        """TrainingJobName, …"""
        return f"{self.kind}Name"

    def accept(self, context: Context, request: dict[str, Any], **more: Any) -> dict[str, Any]:
        """Record the job as InProgress and start it. Raises ResourceInUse where the name is taken."""
        name = request[self.name_member]
        arn = context.arn(f"{self.arn_type}/{name}")
        body = {key: value for key, value in request.items() if key != "Tags"} | more
        try:
            record = context.store.insert(self.kind, name, arn, body, "InProgress")
        except RecordExists as error:
            raise ResourceInUse(
                f"{self.noun.capitalize()} names must be unique within an AWS account and region, "
                f"and a {self.noun} with this name already exists ({arn})"
            ) from error
        keep_tags(context, arn, request)
        context.workers["jobs"].start(record.kind, record.name)
        return {f"{self.kind}Arn": arn}

    def find(self, context: Context, name: str) -> Record:
        """The job's record. Raises ResourceNotFound."""
        try:
            return context.store.get(self.kind, name)
        except RecordNotFound as error:
            raise ResourceNotFound(f"Could not find {self.noun} with name: {name}") from error

    def describe(self, context: Context, request: dict[str, Any]) -> dict[str, Any]:
        """The Describe response, from the record."""
        record = self.find(context, request[self.name_member])
        own = {
            f"{self.kind}Arn": record.arn,
            f"{self.kind}Status": record.status,
            "CreationTime": record.created,
        }
        return {**record.body, **own}

    def summary(self, record: Record, *members: str) -> dict[str, Any]:
        """The job in a List response, with those of `members` that it has."""
        return {
            self.name_member: record.name,
            f"{self.kind}Arn": record.arn,
            "CreationTime": record.created,
            "LastModifiedTime": record.modified,
            f"{self.kind}Status": record.status,
            **{member: record.body[member] for member in members if member in record.body},
        }

    def mark_stopping(self, context: Context, name: str) -> Record:
        """Set the status Stopping. Raises ResourceNotFound; ValidationException where the job has ended."""
        self.find(context, name)
        return context.store.edit(self.kind, name, self._stopping)

    def stop(self, context: Context, request: dict[str, Any]) -> dict[str, Any]:
        """Mark the job Stopping, and have its processes terminated."""
        record = self.mark_stopping(context, request[self.name_member])
        context.workers["jobs"].stop(self.kind, record.name)
        return {}

    def delete(self, context: Context, request: dict[str, Any]) -> dict[str, Any]:
        """Forget an ended job and its folder. Raises ResourceNotFound; ResourceInUse while it runs."""
        record = self.find(context, request[self.name_member])
        if record.status in ("InProgress", "Stopping"):
            raise ResourceInUse(f"The {self.noun} {record.arn} is in status {record.status} and cannot be deleted")
        tree.remove(context.state_dir, self.kind, record.name)
        context.store.delete(self.kind, record.name)
        return {}

    def _stopping(self, record: Record) -> tuple[str, dict[str, Any]]:
        if record.status not in ("InProgress", "Stopping"):
            raise ValidationException(f"The request was rejected because the {self.noun} is in status {record.status}.")
        return "Stopping", record.body


def refuse(condition: bool, message: str) -> None:
    """Raise a ValidationException with the message, where the condition holds."""
    if condition:
        raise ValidationException(message)


def refuse_foreign_uri(what: str, uri: str) -> None:
    """Raise a ValidationException for anything but an S3 URI with a bucket; `what` says whose it is."""
    try:
        S3Uri.parse(uri)
    except ValueError:
        refuse(True, f"{what}: {uri} is not of the form s3://bucket/key.")


def refuse_missing_input(context: Context, uri: str, role: str) -> None:
    """Raise the service's ValidationException where no object's key begins like this."""
    bucket = S3Uri.parse(uri).bucket
    refuse(
        not inputs.exists(context.objects, uri),
        f'No S3 objects found under S3 URL "{uri}" given in input data source. Please ensure that the bucket '
        f"exists in the selected region ({context.region}), that objects exist under that S3 prefix, and "
        "that "
        f'the role "{role}" has "s3:ListBucket" permissions on bucket "{bucket}".',
    )
