"""What the operations on the job definitions of Model Monitor have in common: create, describe, list, delete."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from local_aws.sagemaker.context import Context
from local_aws.sagemaker.errors import ResourceInUse, ResourceLimitExceeded, ResourceNotFound, ValidationException
from local_aws.sagemaker.listing import RecordListing
from local_aws.sagemaker.monitoring.job import MonitoringJob
from local_aws.sagemaker.monitoring.records import SCHEDULE, definition_kind
from local_aws.sagemaker.operations.tags import keep_tags
from local_aws.sagemaker.store import Record, RecordExists, RecordNotFound

MOST_DEFINITIONS = 100


@dataclass(frozen=True)
class JobDefinitions:
    """The job definitions of one type of monitoring; `arn_type` as "data-quality-job-definition"."""

    monitoring_type: str
    arn_type: str

    @property
    def kind(self) -> str:
        """DataQualityJobDefinition, …"""
        return definition_kind(self.monitoring_type)

    def listing(self) -> RecordListing:
        """What the List operation understands; once only."""
        return RecordListing(
            f"List{self.kind}s",
            filters={"EndpointName": lambda record, name: self._endpoint_name(record) == name},
            descending=True,
        )

    def create(self, context: Context, request: dict[str, Any]) -> dict[str, Any]:
        """Raises ValidationException, ResourceInUse, ResourceLimitExceeded."""
        name = request["JobDefinitionName"]
        MonitoringJob.of_definition(self.monitoring_type, name, request)
        if len(context.store.all(self.kind)) >= MOST_DEFINITIONS:
            raise ResourceLimitExceeded(f"There are {MOST_DEFINITIONS} {self.kind}s already: delete some.")
        arn = context.arn(f"{self.arn_type}/{name}")
        body = {member: value for member, value in request.items() if member != "Tags"}
        try:
            context.store.insert(self.kind, name, arn, body)
        except RecordExists as error:
            raise ResourceInUse(
                "Job definition names must be unique within an AWS account and region, and a "
                f"{self.kind} with this name already exists ({arn})"
            ) from error
        keep_tags(context, arn, request)
        return {"JobDefinitionArn": arn}

    def describe(self, context: Context, request: dict[str, Any]) -> dict[str, Any]:
        """Raises ResourceNotFound."""
        record = self._find(context, request)
        return {**record.body, "JobDefinitionArn": record.arn, "CreationTime": record.created}

    def list(self, context: Context, request: dict[str, Any], listing: RecordListing) -> dict[str, Any]:
        """A page of summaries."""
        return listing.answer(context.store.all(self.kind), request, "JobDefinitionSummaries", self._summary)

    def delete(self, context: Context, request: dict[str, Any]) -> dict[str, Any]:
        """Raises ResourceNotFound; ValidationException where a schedule uses it."""
        record = self._find(context, request)
        for schedule in context.store.all(SCHEDULE):
            config = schedule.body["MonitoringScheduleConfig"]
            used = config.get("MonitoringJobDefinitionName"), config.get("MonitoringType")
            if used == (record.name, self.monitoring_type):
                raise ValidationException(
                    f"The job definition {record.arn} is used by the monitoring schedule {schedule.arn}: "
                    "delete that first."
                )
        context.store.delete(self.kind, record.name)
        return {}

    def _find(self, context: Context, request: dict[str, Any]) -> Record:
        name = request["JobDefinitionName"]
        try:
            return context.store.get(self.kind, name)
        except RecordNotFound as error:
            raise ResourceNotFound(f"Could not find {self.kind} with name: {name}") from error

    def _summary(self, record: Record) -> dict[str, Any]:
        return {
            "MonitoringJobDefinitionName": record.name,
            "MonitoringJobDefinitionArn": record.arn,
            "CreationTime": record.created,
            "EndpointName": self._endpoint_name(record),
        }

    def _endpoint_name(self, record: Record) -> str:
        name: str = record.body[f"{self.monitoring_type}JobInput"]["EndpointInput"]["EndpointName"]
        return name
