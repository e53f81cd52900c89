"""AWS::SNS::Subscription."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

from local_aws.cloudformation.functions import as_text
from local_aws.cloudformation.resources.base import Clients, Made, Properties, ResourceType

# the attributes that are properties too, in the order in which they may be set, by what takes them away again
DEFAULTS = {"FilterPolicyScope": "MessageAttributes", "FilterPolicy": "", "RawMessageDelivery": "false"}


class Subscription(ResourceType):
    """An endpoint's subscription to a topic."""

    type = "AWS::SNS::Subscription"
    properties = frozenset({*DEFAULTS, "TopicArn", "Protocol", "Endpoint"})
    required = frozenset({"TopicArn", "Protocol"})
    replacing = frozenset({"TopicArn", "Protocol", "Endpoint"})

    def create(self, clients: Clients, name: str, wanted: Properties) -> Made:
        request = {member: wanted[member] for member in ("TopicArn", "Protocol", "Endpoint") if member in wanted}
        made = clients("sns").subscribe(Attributes=_attributes(wanted), ReturnSubscriptionArn=True, **request)
        return Made(made["SubscriptionArn"], {"Arn": made["SubscriptionArn"]})

    def update(self, clients: Clients, physical_id: str, before: Properties, wanted: Properties) -> Made:
        sns, old, new = clients("sns"), _attributes(before), _attributes(wanted)
        for name, default in DEFAULTS.items():
            if old.get(name) != new.get(name):
                _set(sns, physical_id, name, new.get(name, default))
        return Made(physical_id, {"Arn": physical_id})

    def delete(self, clients: Clients, physical_id: str, properties: Properties) -> None:
        sns = clients("sns")
        with suppress(sns.exceptions.NotFoundException):
            sns.unsubscribe(SubscriptionArn=physical_id)


def _set(sns: Any, arn: str, name: str, value: str) -> None:
    sns.set_subscription_attributes(SubscriptionArn=arn, AttributeName=name, AttributeValue=value)


def _attributes(wanted: Properties) -> dict[str, str]:
    return {
        name: json.dumps(wanted[name]) if isinstance(wanted[name], dict) else as_text(wanted[name])
        for name in DEFAULTS
        if name in wanted
    }
