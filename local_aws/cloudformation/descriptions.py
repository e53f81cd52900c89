"""Stacks and their resources, as the API describes them."""

from __future__ import annotations

from typing import Any

from local_aws.sagemaker.store import Record

SUMMARY = ("StackId", "StackName", "CreationTime", "LastUpdatedTime", "StackStatus", "StackStatusReason")


def describe_stack(record: Record) -> dict[str, Any]:
    """A member of DescribeStacks' Stacks."""
    body = record.body
    parameters = [
        {"ParameterKey": name, "ParameterValue": "****" if name in body["Hidden"] else value}
        for name, value in body["Parameters"].items()
    ]
    found = {
        "StackId": record.arn,
        "StackName": record.name,
        "Description": body.get("Description"),
        "Parameters": parameters,
        "CreationTime": record.created,
        "LastUpdatedTime": record.modified,
        "StackStatus": record.status,
        "StackStatusReason": body.get("StackStatusReason"),
        "DisableRollback": body["OnFailure"] == "DO_NOTHING",
        "Capabilities": body["Capabilities"],
        "Outputs": body["Outputs"],
        "Tags": body["Tags"],
    }
    return {member: value for member, value in found.items() if value is not None}


def summarize_stack(record: Record) -> dict[str, Any]:
    """A member of ListStacks' StackSummaries."""
    found = describe_stack(record)
    return {name: found[name] for name in SUMMARY if name in found}


def describe_resources(record: Record) -> list[dict[str, Any]]:
    """DescribeStackResources' StackResources."""
    return [
        {
            "StackName": record.name,
            "StackId": record.arn,
            "LogicalResourceId": name,
            "PhysicalResourceId": str(one.get("PhysicalId", "")),
            "ResourceType": one["Type"],
            "Timestamp": one["Timestamp"],
            "ResourceStatus": one["Status"],
            **({"ResourceStatusReason": one["Reason"]} if one.get("Reason") else {}),
        }
        for name, one in record.body["Resources"].items()
    ]


def summarize_resources(record: Record) -> list[dict[str, Any]]:
    """ListStackResources' StackResourceSummaries."""
    return [
        {
            "LastUpdatedTimestamp" if name == "Timestamp" else name: value
            for name, value in one.items()
            if name not in ("StackName", "StackId")
        }
        for one in describe_resources(record)
    ]
