"""AWS::SQS::QueuePolicy."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

from local_aws.cloudformation.resources.base import Clients, Made, Properties, ResourceType, taken_back_by


class QueuePolicy(ResourceType):
    """One policy for some queues, in the place of what policy they had."""

    type = "AWS::SQS::QueuePolicy"
    properties = frozenset({"Queues", "PolicyDocument"})
    required = properties

    def create(self, clients: Clients, name: str, wanted: Properties) -> Made:
        sqs = clients("sqs")
        with taken_back_by(lambda: self.delete(clients, name, wanted)):
            _put(sqs, wanted["Queues"], json.dumps(wanted["PolicyDocument"]))
        return Made(name, {"Id": name})

    def update(self, clients: Clients, physical_id: str, before: Properties, wanted: Properties) -> Made:
        sqs = clients("sqs")
        _put(sqs, wanted["Queues"], json.dumps(wanted["PolicyDocument"]))
        _take_away(sqs, [url for url in before["Queues"] if url not in wanted["Queues"]])
        return Made(physical_id, {"Id": physical_id})

    def delete(self, clients: Clients, physical_id: str, properties: Properties) -> None:
        _take_away(clients("sqs"), properties["Queues"])


def _put(sqs: Any, urls: list[str], policy: str) -> None:
    for url in urls:
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})


def _take_away(sqs: Any, urls: list[str]) -> None:
    for url in urls:
        with suppress(sqs.exceptions.QueueDoesNotExist):
            sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": ""})
