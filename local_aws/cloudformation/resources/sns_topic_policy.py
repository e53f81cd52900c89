"""AWS::SNS::TopicPolicy."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

from local_aws.cloudformation.resources.base import Clients, Made, Properties, ResourceType, taken_back_by

ACTIONS = (
    *("SNS:GetTopicAttributes", "SNS:SetTopicAttributes", "SNS:AddPermission", "SNS:RemovePermission"),
    *("SNS:DeleteTopic", "SNS:Subscribe", "SNS:ListSubscriptionsByTopic", "SNS:Publish"),
)


class TopicPolicy(ResourceType):
    """One policy for some topics, in the place of what policy they had."""

    type = "AWS::SNS::TopicPolicy"
    properties = frozenset({"Topics", "PolicyDocument"})
    required = properties

    def create(self, clients: Clients, name: str, wanted: Properties) -> Made:
        sns = clients("sns")
        with taken_back_by(lambda: self.delete(clients, name, wanted)):
            for arn in wanted["Topics"]:
                _put(sns, arn, wanted["PolicyDocument"])
        return Made(name, {"Id": name})

    def update(self, clients: Clients, physical_id: str, before: Properties, wanted: Properties) -> Made:
        sns = clients("sns")
        for arn in wanted["Topics"]:
            _put(sns, arn, wanted["PolicyDocument"])
        _take_away(sns, [arn for arn in before["Topics"] if arn not in wanted["Topics"]])
        return Made(physical_id, {"Id": physical_id})

    def delete(self, clients: Clients, physical_id: str, properties: Properties) -> None:
        _take_away(clients("sns"), properties["Topics"])


def _put(sns: Any, arn: str, policy: Any) -> None:
    sns.set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=json.dumps(policy))


def _take_away(sns: Any, arns: list[str]) -> None:
    for arn in arns:
        with suppress(sns.exceptions.NotFoundException):
            _put(sns, arn, _default_policy(arn))


def _default_policy(arn: str) -> dict[str, Any]:
    """A topic cannot be without a policy: this is the one that SNS gives to a new one."""
    return {
        "Version": "2008-10-17",
        "Id": "__default_policy_ID",
        "Statement": [
            {
                "Sid": "__default_statement_ID",
                "Effect": "Allow",
                "Principal": {"AWS": "*"},
                "Action": list(ACTIONS),
                "Resource": arn,
                "Condition": {"StringEquals": {"AWS:SourceOwner": arn.split(":")[4]}},
            }
        ],
    }
