"""AWS::SNS::Topic."""

from __future__ import annotations

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
    taken_back_by,
)

# the attributes that are properties too, by what they are where they are not declared
DEFAULTS = {
    "ContentBasedDeduplication": "false",
    "DisplayName": "",
    "KmsMasterKeyId": "",
    "SignatureVersion": "1",
    "TracingConfig": "PassThrough",
}


class Topic(ResourceType):
    """A topic, with the subscriptions that are declared in it."""

    type = "AWS::SNS::Topic"
    properties = frozenset(
        {*DEFAULTS, "TopicName", "FifoTopic", "Tags", "Subscription.Endpoint", "Subscription.Protocol"}
    )
    replacing = frozenset({"TopicName", "FifoTopic"})
    inert = frozenset({"KmsMasterKeyId", "SignatureVersion", "TracingConfig"})
    named_by = "TopicName"

    def create(self, clients: Clients, name: str, wanted: Properties) -> Made:
        sns, fifo = clients("sns"), as_bool(wanted.get("FifoTopic", False))
        if self.named_by in wanted and _is_there(sns, wanted["TopicName"]):
            raise self.already_there(wanted["TopicName"])
        arn = sns.create_topic(
            Name=wanted.get("TopicName", f"{name}.fifo" if fifo else name),
            Attributes=_attributes(wanted) | ({"FifoTopic": "true"} if fifo else {}),
            Tags=_tags(tags_of(wanted)),
        )["TopicArn"]
        with taken_back_by(lambda: self.delete(clients, arn, wanted)):
            _subscribe(sns, arn, {}, wanted)
        return _made(arn)

    def update(self, clients: Clients, physical_id: str, before: Properties, wanted: Properties) -> Made:
        sns, old, new = clients("sns"), _attributes(before), _attributes(wanted)
        for name in sorted({*old, *new}):
            if old.get(name) != new.get(name):
                value = new.get(name, DEFAULTS[name])
                sns.set_topic_attributes(TopicArn=physical_id, AttributeName=name, AttributeValue=value)
        _subscribe(sns, physical_id, before, wanted)
        change_tags(
            before,
            wanted,
            lambda tags: sns.tag_resource(ResourceArn=physical_id, Tags=_tags(tags)),
            lambda keys: sns.untag_resource(ResourceArn=physical_id, TagKeys=keys),
        )
        return _made(physical_id)

    def delete(self, clients: Clients, physical_id: str, properties: Properties) -> None:
        sns = clients("sns")
        with suppress(sns.exceptions.NotFoundException):
            _subscribe(sns, physical_id, properties, {})
            sns.delete_topic(TopicArn=physical_id)


def _attributes(wanted: Properties) -> dict[str, str]:
    return {name: as_text(wanted[name]) for name in DEFAULTS if name in wanted}


def _subscribe(sns: Any, arn: str, before: Properties, wanted: Properties) -> None:
    old, new = _subscriptions(before), _subscriptions(wanted)
    for protocol, endpoint in new:
        if (protocol, endpoint) not in old:
            sns.subscribe(TopicArn=arn, Protocol=protocol, Endpoint=endpoint)
    gone = [one for one in old if one not in new]
    if gone:
        pages = sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=arn)
        for there in (one for page in pages for one in page["Subscriptions"]):
            if (there["Protocol"], there["Endpoint"]) in gone:
                sns.unsubscribe(SubscriptionArn=there["SubscriptionArn"])


def _subscriptions(properties: Properties) -> list[tuple[str, str]]:
    return [(one["Protocol"], one["Endpoint"]) for one in properties.get("Subscription", [])]


def _tags(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _is_there(sns: Any, name: str) -> bool:
    pages = sns.get_paginator("list_topics").paginate()
    return any(topic["TopicArn"].endswith(f":{name}") for page in pages for topic in page["Topics"])


def _made(arn: str) -> Made:
    return Made(arn, {"TopicArn": arn, "TopicName": arn.rpartition(":")[2]})
