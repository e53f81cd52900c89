"""Tags of any resource: AddTags, ListTags, DeleteTags, and how a Create request's own are kept."""

from __future__ import annotations

from typing import Any

from local_aws.sagemaker.context import Context
from local_aws.sagemaker.control_plane import operation
from local_aws.sagemaker.errors import ResourceLimitExceeded, ValidationException
from local_aws.sagemaker.listing import Listing
from local_aws.sagemaker.store import RecordNotFound

MOST_TAGS = 50

LIST_TAGS: Listing[tuple[str, str]] = Listing(
    operation="ListTags",
    sort_keys={"Key": lambda tag: tag[0]},
    filters={},
    identity=lambda tag: tag[0],
    scope=("ResourceArn",),
    sort_by="Key",
    page_size=MOST_TAGS,
)


def keep_tags(context: Context, arn: str, request: dict[str, Any]) -> None:
    """Store the `Tags` of a Create request, if it has any, for the resource it made.

    Call it after the record is inserted. The tags have passed `validate_request`, so this raises nothing.
    """
    context.store.put_tags(arn, {tag["Key"]: tag["Value"] for tag in request.get("Tags") or []})


@operation("AddTags")
def add_tags(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    arn = _existing(context, request["ResourceArn"])
    added = {tag["Key"]: tag["Value"] for tag in request["Tags"]}
    count = len(context.store.tags(arn) | added)
    if count > MOST_TAGS:
        raise ResourceLimitExceeded(
            f"The resource {arn} would have {count} tags; a resource can have at most {MOST_TAGS}."
        )
    context.store.put_tags(arn, added)
    return {"Tags": _as_list(context.store.tags(arn))}


@operation("ListTags")
def list_tags(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    arn = _existing(context, request["ResourceArn"])
    tags = context.store.tags(arn).items()
    return LIST_TAGS.answer(tags, request, "Tags", lambda tag: {"Key": tag[0], "Value": tag[1]})


@operation("DeleteTags")
def delete_tags(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    context.store.remove_tags(_existing(context, request["ResourceArn"]), request["TagKeys"])
    return {}


def _existing(context: Context, arn: str) -> str:
    """The ARN as the store writes it. Raises ValidationException where no resource has it."""
    try:
        return context.store.find_arn(arn).arn
    except RecordNotFound as error:
        raise ValidationException(f"The resource {arn} does not exist.") from error


def _as_list(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]
