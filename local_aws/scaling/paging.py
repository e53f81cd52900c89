"""Pages of the Describe operations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from local_aws.sagemaker.errors import ValidationException
from local_aws.sagemaker.store import Record
from local_aws.scaling.errors import InvalidNextTokenException
from local_aws.scaling.records import described

LARGEST_PAGE = 50


def page(member: str, records: Sequence[Record], request: Mapping[str, Any]) -> dict[str, Any]:
    """The requested page under `member`, and the token of the next one. Raises InvalidNextTokenException.

    A token is the name of the last record given, so that records which come or go between two pages hide no other.
    """
    size = request.get("MaxResults") or LARGEST_PAGE
    if not 1 <= size <= LARGEST_PAGE:
        raise ValidationException(f"MaxResults must be between 1 and {LARGEST_PAGE}.")
    first = 0
    if token := request.get("NextToken"):
        names = [record.name for record in records]
        if token not in names:
            raise InvalidNextTokenException("The NextToken is not one that was given, or what it stands for is gone.")
        first = names.index(token) + 1
    given = records[first : first + size]
    more = first + size < len(records)
    return {member: [described(record) for record in given], "NextToken": given[-1].name if more else None}
