"""AWS::SQS::Queue."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

from local_aws.cloudformation.functions import as_text
from local_aws.cloudformation.resources.base import (
    Clients,
    Made,
    Properties,
    ResourceType,
    as_bool,
    change_tags,
    tags_of,
)

# the attributes that are properties too, by what they are where they are not declared
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
DEFAULTS = {
    "ContentBasedDeduplication": "false",
    "DeduplicationScope": "queue",
    "DelaySeconds": "0",
    "FifoThroughputLimit": "perQueue",
    "KmsDataKeyReusePeriodSeconds": "300",
    "KmsMasterKeyId": "",
    "MaximumMessageSize": "262144",
    "MessageRetentionPeriod": "345600",
    "ReceiveMessageWaitTimeSeconds": "0",
    "RedriveAllowPolicy": "",
    "RedrivePolicy": "",
    "SqsManagedSseEnabled": "true",
    "VisibilityTimeout": "30",
}


class Queue(ResourceType):
    """A queue, standard or FIFO."""

    type = "AWS::SQS::Queue"
    properties = frozenset({*DEFAULTS, "QueueName", "FifoQueue", "Tags"})
    replacing = frozenset({"QueueName", "FifoQueue"})
    inert = frozenset(
        {
            *("KmsDataKeyReusePeriodSeconds", "KmsMasterKeyId", "SqsManagedSseEnabled"),
            *("DeduplicationScope", "FifoThroughputLimit", "RedriveAllowPolicy"),
        }
    )
    named_by = "QueueName"

    def create(self, clients: Clients, name: str, wanted: Properties) -> Made:
        sqs, fifo = clients("sqs"), as_bool(wanted.get("FifoQueue", False))
        if self.named_by in wanted and _is_there(sqs, wanted["QueueName"]):
            raise self.already_there(wanted["QueueName"])
        queue = sqs.create_queue(
            QueueName=wanted.get("QueueName", f"{name}.fifo" if fifo else name),
            Attributes=_attributes(wanted) | ({"FifoQueue": "true"} if fifo else {}),
            tags=tags_of(wanted),
        )
        return _made(sqs, queue["QueueUrl"])

    def update(self, clients: Clients, physical_id: str, before: Properties, wanted: Properties) -> Made:
        sqs, old, new = clients("sqs"), _attributes(before), _attributes(wanted)
        changed = {name: new.get(name, DEFAULTS[name]) for name in {*old, *new} if old.get(name) != new.get(name)}
        if changed:
            # moto takes a queue's policy away when other attributes are set without it
            policy = sqs.get_queue_attributes(QueueUrl=physical_id, AttributeNames=["Policy"]).get("Attributes", {})
            sqs.set_queue_attributes(QueueUrl=physical_id, Attributes={**policy, **changed})
        change_tags(
            before,
            wanted,
            lambda tags: sqs.tag_queue(QueueUrl=physical_id, Tags=tags),
            lambda keys: sqs.untag_queue(QueueUrl=physical_id, TagKeys=keys),
        )
        return _made(sqs, physical_id)

    def delete(self, clients: Clients, physical_id: str, properties: Properties) -> None:
        sqs = clients("sqs")
        with suppress(sqs.exceptions.QueueDoesNotExist):
            sqs.delete_queue(QueueUrl=physical_id)


def _attributes(wanted: Properties) -> dict[str, str]:
    return {
        name: json.dumps(wanted[name]) if isinstance(wanted[name], dict) else as_text(wanted[name])
        for name in DEFAULTS
        if name in wanted
    }


def _is_there(sqs: Any, name: str) -> bool:
    try:
        sqs.get_queue_url(QueueName=name)
    except sqs.exceptions.QueueDoesNotExist:
        return False
    return True


def _made(sqs: Any, url: str) -> Made:
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    return Made(url, {"Arn": arn, "QueueName": arn.rpartition(":")[2], "QueueUrl": url})
