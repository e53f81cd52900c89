"""Lists are filtered, sorted and paged as the service does it."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from local_aws.sagemaker.errors import ValidationException
from local_aws.sagemaker.listing import LISTINGS, Listing, RecordListing
from local_aws.sagemaker.store import Record

START = datetime(2026, 1, 1, tzinfo=timezone.utc)


@pytest.fixture
def listing() -> Iterator[RecordListing]:
    yield RecordListing("ListThings", page_size=3)
    del LISTINGS["ListThings"]


def thing(name: str, second: int = 0, status: str | None = None, modified: int | None = None) -> Record:
    created = START + timedelta(seconds=second)
    changed = created if modified is None else START + timedelta(seconds=modified)
    return Record("Thing", name, f"arn:{name}", status, created, changed, {})


def names(listing: RecordListing, things: list[Record], **request: Any) -> list[str]:
    return [record.name for record in listing.page(things, request)[0]]


def all_pages(listing: RecordListing, things: list[Record], **request: Any) -> list[str]:
    found: list[str] = []
    token: str | None = None
    while True:
        page, token = listing.page(things, {**request, **({"NextToken": token} if token else {})})
        found += [record.name for record in page]
        if token is None:
            return found


def test_the_oldest_comes_first_unless_the_request_says_otherwise(listing: RecordListing) -> None:
    things = [thing("b", 2), thing("a", 3), thing("c", 1)]
    assert names(listing, things) == ["c", "b", "a"]
    assert names(listing, things, SortOrder="Descending") == ["a", "b", "c"]
    assert names(listing, things, SortBy="Name") == ["a", "b", "c"]
    assert names(listing, things, SortBy="Name", SortOrder="Descending") == ["c", "b", "a"]


def test_sorting_by_last_modification_and_by_status(listing: RecordListing) -> None:
    things = [thing("a", 1, "Stopped", modified=9), thing("b", 2, None, modified=5), thing("c", 3, "Failed")]
    assert names(listing, things, SortBy="LastModifiedTime") == ["c", "b", "a"]
    assert names(listing, things, SortBy="Status") == ["b", "c", "a"]


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        ({"CreationTimeAfter": START + timedelta(seconds=1)}, ["bay", "cab"]),
        ({"CreationTimeBefore": START + timedelta(seconds=2)}, ["abc"]),
        ({"CreatedAfter": START + timedelta(seconds=2)}, ["cab"]),
        ({"CreatedBefore": START + timedelta(seconds=3)}, ["abc", "bay"]),
        ({"LastModifiedTimeAfter": START + timedelta(seconds=5)}, ["cab"]),
        ({"LastModifiedTimeBefore": START + timedelta(seconds=5)}, ["bay"]),
        ({"NameContains": "ab"}, ["abc", "cab"]),
        ({"StatusEquals": "Failed"}, ["bay"]),
        ({"NameContains": "ab", "StatusEquals": "Completed"}, ["cab"]),
        ({"NameContains": "zebra"}, []),
    ],
)
def test_every_filter_keeps_what_it_names(
    listing: RecordListing, request_: dict[str, Any], expected: list[str]
) -> None:
    things = [
        thing("abc", 1, "InProgress", modified=5),
        thing("bay", 2, "Failed", modified=4),
        thing("cab", 3, "Completed", modified=6),
    ]
    assert names(listing, things, **request_) == expected


@pytest.mark.parametrize("order", ["Ascending", "Descending"])
@pytest.mark.parametrize("size", [1, 2, 3, 7, 10])
def test_pages_give_every_record_once_in_order(listing: RecordListing, order: str, size: int) -> None:
    things = [thing(f"t{index}", index // 3) for index in range(7)]
    whole = names(listing, things, SortOrder=order, MaxResults=100)
    assert all_pages(listing, things, SortOrder=order, MaxResults=size) == whole
    assert len(whole) == 7


def test_a_full_last_page_has_no_token(listing: RecordListing) -> None:
    things = [thing("a", 1), thing("b", 2)]
    assert listing.page(things, {"MaxResults": 2})[1] is None


def test_records_added_between_pages_neither_repeat_nor_hide_another(listing: RecordListing) -> None:
    things = [thing(name, second) for second, name in enumerate("abcdef")]
    page, token = listing.page(things, {"SortOrder": "Descending", "MaxResults": 2})
    assert [record.name for record in page] == ["f", "e"]
    things += [thing("new", 99)]
    page, token = listing.page(things, {"SortOrder": "Descending", "MaxResults": 2, "NextToken": token})
    assert [record.name for record in page] == ["d", "c"]


def test_a_record_removed_between_pages_hides_no_other(listing: RecordListing) -> None:
    things = [thing(name, second) for second, name in enumerate("abcd")]
    _, token = listing.page(things, {"MaxResults": 2})
    assert names(listing, things[2:], MaxResults=2, NextToken=token) == ["c", "d"]


def test_filters_go_on_holding_on_the_next_page(listing: RecordListing) -> None:
    things = [thing(f"{letter}{index}", index) for index in range(4) for letter in "ab"]
    assert all_pages(listing, things, NameContains="a", MaxResults=1) == ["a0", "a1", "a2", "a3"]


def forged(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


@pytest.mark.parametrize(
    "token",
    [
        "nonsense",
        "%%%",
        "",
        "é",
        forged(3),
        forged({}),
        forged([["ListOther", "CreationTime", False], [[1.0], "arn:a"]]),
        forged([["ListThings", "CreationTime", True], [[1.0], "arn:a"]]),
        forged([["ListThings", "CreationTime", False], "arn:a"]),
        forged([["ListThings", "CreationTime", False], [["text"], "arn:a"]]),
        forged([["ListThings", "CreationTime", False], [1.0, 2]]),
    ],
)
def test_a_token_that_is_not_of_this_list_is_refused(listing: RecordListing, token: str) -> None:
    if not token:
        assert names(listing, [thing("a")], NextToken=token) == ["a"]
        return
    with pytest.raises(ValidationException, match=r"^Invalid pagination token$"):
        listing.page([thing("a")], {"NextToken": token})


def test_a_listing_of_anything_else_sorts_by_tuples_and_missing_values() -> None:
    numbers: Listing[tuple[str, int | None]] = Listing(
        operation="ListNumbers",
        sort_keys={"CreationTime": lambda pair: (pair[0], pair[1])},
        filters={},
        identity=lambda pair: str(pair),
    )
    del LISTINGS["ListNumbers"]
    pairs: list[tuple[str, int | None]] = [("b", 10), ("b", 9), ("a", None), ("b", None)]
    page, token = numbers.page(pairs, {"MaxResults": 2})
    assert page == [("a", None), ("b", None)]
    assert numbers.page(pairs, {"MaxResults": 2, "NextToken": token})[0] == [("b", 9), ("b", 10)]


def test_an_answer_has_a_token_only_where_there_is_more(listing: RecordListing) -> None:
    things = [thing("a", 1), thing("b", 2)]
    answer = listing.answer(things, {}, "Things", lambda record: {"ThingName": record.name})
    assert answer == {"Things": [{"ThingName": "a"}, {"ThingName": "b"}]}
    assert "NextToken" in listing.answer(things, {"MaxResults": 1}, "Things", lambda record: {})
