"""Filtering, sorting and paging, the same in every List operation.

A `Listing` says what an operation can filter and sort by; it is declared once, beside the handler. A page
token holds the position of the last item given, not a count, so records added or removed between two pages
neither repeat nor hide another record.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

from local_aws.sagemaker.errors import ValidationException
from local_aws.sagemaker.store import Record

Item = TypeVar("Item")
SortKey = Callable[[Item], Any]
Filter = Callable[[Item, Any], bool]

DEFAULT_PAGE = 10
PAGING_MEMBERS = ("SortBy", "SortOrder", "MaxResults", "NextToken")
LISTINGS: dict[str, Listing[Any]] = {}

RECORD_SORT_KEYS: dict[str, SortKey[Record]] = {
    "CreationTime": lambda record: record.created,
    "LastModifiedTime": lambda record: record.modified,
    "Name": lambda record: record.name,
    "Status": lambda record: record.status,
}

RECORD_FILTERS: dict[str, Filter[Record]] = {
    "CreationTimeAfter": lambda record, moment: record.created > moment,
    "CreationTimeBefore": lambda record, moment: record.created < moment,
    "CreatedAfter": lambda record, moment: record.created > moment,
    "CreatedBefore": lambda record, moment: record.created < moment,
    "LastModifiedTimeAfter": lambda record, moment: record.modified > moment,
    "LastModifiedTimeBefore": lambda record, moment: record.modified < moment,
    "NameContains": lambda record, text: text in record.name,
    "StatusEquals": lambda record, status: record.status == status,
}


@dataclass(frozen=True)
class Listing(Generic[Item]):
    """What one List operation understands.

    operation     its name; a listing enters itself in LISTINGS, which a contract test holds against botocore
    sort_keys     the values of SortBy, each with the key it sorts by (datetime, text, number, tuple of these)
    filters       the filtering members of the request: `filter(item, value)` says whether the item stays
    identity      text that is unique among the items and never changes; it breaks ties
    scope         members of the request that choose which items the handler passes in (a parent's name, say)
    sort_by       the SortBy of a request that names none
    descending    the SortOrder of a request that names none
    page_size     the MaxResults of a request that names none
    """

    operation: str
    sort_keys: Mapping[str, SortKey[Item]]
    filters: Mapping[str, Filter[Item]]
    identity: Callable[[Item], str]
    scope: tuple[str, ...] = ()
    sort_by: str = "CreationTime"
    descending: bool = False
    page_size: int = DEFAULT_PAGE

    def __post_init__(self) -> None:
        LISTINGS[self.operation] = self

    def page(self, items: Iterable[Item], request: Mapping[str, Any]) -> tuple[list[Item], str | None]:
        """The requested page, and the token of the next one, None on the last.

        Raises ValidationException "Invalid pagination token" for a token that is damaged or belongs to
        another operation or sort order.
        """
        sort_by = request.get("SortBy") or self.sort_by
        descending = request["SortOrder"] == "Descending" if request.get("SortOrder") else self.descending
        order = [self.operation, sort_by, descending]

        def position(item: Item) -> list[Any]:
            return [_comparable(self.sort_keys[sort_by](item)), self.identity(item)]

        kept = [item for item in items if self._keeps(item, request)]
        kept.sort(key=position, reverse=descending)
        if request.get("NextToken"):
            last = _read_token(request["NextToken"], order)
            kept = [item for item in kept if _follows(position(item), last, descending)]
        size = request.get("MaxResults") or self.page_size
        if len(kept) <= size:
            return kept, None
        return kept[:size], _write_token(order, position(kept[size - 1]))

    def answer(
        self,
        items: Iterable[Item],
        request: Mapping[str, Any],
        member: str,
        summary: Callable[[Item], dict[str, Any]],
    ) -> dict[str, Any]:
        """The whole response: the page's summaries under `member`, and NextToken unless it is the last."""
        page, token = self.page(items, request)
        response: dict[str, Any] = {member: [summary(item) for item in page]}
        if token is not None:
            response["NextToken"] = token
        return response

    def _keeps(self, item: Item, request: Mapping[str, Any]) -> bool:
        asked = ((keeps, request.get(member)) for member, keeps in self.filters.items())
        return all(value is None or keeps(item, value) for keeps, value in asked)


@dataclass(frozen=True)
class RecordListing(Listing[Record]):
    """A listing of records, with the service's usual sort keys and filters; more can be given by name.

    The usual ones: SortBy CreationTime, LastModifiedTime, Name, Status; CreationTimeAfter/Before,
    CreatedAfter/Before, LastModifiedTimeAfter/Before (all exclusive), NameContains, StatusEquals.
    """

    sort_keys: Mapping[str, SortKey[Record]] = field(default_factory=dict)
    filters: Mapping[str, Filter[Record]] = field(default_factory=dict)
    identity: Callable[[Record], str] = lambda record: record.arn

    def __post_init__(self) -> None:
        object.__setattr__(self, "sort_keys", {**RECORD_SORT_KEYS, **self.sort_keys})
        object.__setattr__(self, "filters", {**RECORD_FILTERS, **self.filters})
        super().__post_init__()


def _comparable(key: Any) -> Any:
    """The key as JSON that compares as it does; None comes before everything."""
    if isinstance(key, tuple):
        return [_comparable(part) for part in key]
    if isinstance(key, datetime):
        key = key.timestamp()
    return [] if key is None else [key]


def _follows(position: list[Any], last: list[Any], descending: bool) -> bool:
    try:
        return position < last if descending else position > last
    except TypeError as error:
        raise ValidationException("Invalid pagination token") from error


def _write_token(order: list[Any], position: list[Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps([order, position], separators=(",", ":")).encode()).decode()


def _read_token(token: str, order: list[Any]) -> list[Any]:
    """The position in the token. Raises ValidationException."""
    try:
        written_order, position = json.loads(base64.b64decode(token, altchars=b"-_", validate=True))
    except (ValueError, TypeError) as error:
        raise ValidationException("Invalid pagination token") from error
    if written_order != order or not isinstance(position, list) or len(position) != 2:
        raise ValidationException("Invalid pagination token")
    return position
