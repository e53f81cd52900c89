"""Why a training was started: what people say and machines say, as a version's metadata may hold it."""

from __future__ import annotations

import pytest

from pipelines.retraining.reason import BY_HAND, LONGEST, ReasonRefused, check_text, fitted


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("drift of brightness", "drift of brightness"),
        ("  two\n lines\t", "two lines"),
        ("Müller's “new” pictures, 50 %", "Müller-s -new- pictures- 50 -"),
        ("Mu\u0308ller", "Müller"),
        ("in alarm: a-b, c_d=1+2@x.y/z", "in alarm: a-b- c_d=1+2@x.y/z"),
        ("\u81ea\u8ee2\u8eca 3", "\u81ea\u8ee2\u8eca 3"),
        ("x" * LONGEST, "x" * LONGEST),
    ],
)
def test_what_metadata_cannot_hold_becomes_a_dash(given: str, kept: str) -> None:
    assert check_text(given, "--reason") == kept
    assert fitted(given, BY_HAND) == kept


@pytest.mark.parametrize(("given", "said"), [("", "--reason is empty"), (" \n", "is empty"), ("x" * 257, "257")])
def test_a_person_is_told_what_cannot_be_kept(given: str, said: str) -> None:
    with pytest.raises(ReasonRefused, match=said) as refused:
        check_text(given, "--reason")
    assert "\n" not in str(refused.value)


def test_a_machines_reason_is_made_to_fit() -> None:
    assert fitted("", BY_HAND) == BY_HAND
    assert fitted(" \0 ", BY_HAND) == "-"
    long = fitted("Threshold Crossed: " + "1 datapoint, " * 100, BY_HAND)
    assert len(long) <= LONGEST and long.endswith("...")
