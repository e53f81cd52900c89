"""How values read, and whether they can be read: the colours of the style sheet."""

from __future__ import annotations

import re
import time
from datetime import datetime, timedelta, timezone

import pytest

from local_aws.console import wording
from local_aws.console.rendering import STATIC

PAIRS = [
    *((ink, ground) for ink in ("ink", "quiet", "link") for ground in ("page", "card")),
    *((tone, ground) for tone in wording.TONES for ground in (f"{tone}-back", "card")),
    *(("ink", f"{tone}-back") for tone in wording.TONES),
    *(("idle", ground) for ground in ("idle-back", "card", "page")),
    *(("link", "busy-back"), ("quiet", "busy-back")),
]
# what shows a part of the page rather than text needs less
PARTS = [("line", "card"), ("line", "page"), ("focus", "page"), ("focus", "card")]


def colours(dark: bool) -> dict[str, str]:
    sheets = re.findall(r":root \{(.*?)\}", (STATIC / "console.css").read_text(), re.DOTALL)
    assert len(sheets) == 2
    return dict(re.findall(r"--([\w-]+): #([0-9a-f]{3,6});", sheets[dark]))


def luminance(colour: str) -> float:
    """Relative luminance: https://www.w3.org/TR/WCAG22/#dfn-relative-luminance."""
    whole = "".join(2 * digit for digit in colour) if len(colour) == 3 else colour
    parts = [int(whole[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_colour_of_text_has_contrast_enough(dark):
    named = colours(dark)
    poor = {pair: contrast(named[pair[0]], named[pair[1]]) for pair in PAIRS}
    assert {pair: ratio for pair, ratio in poor.items() if ratio < 4.5} == {}
    parts = {pair: contrast(named[pair[0]], named[pair[1]]) for pair in PARTS}
    assert {pair: ratio for pair, ratio in parts.items() if ratio < 3} == {}


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 ms"), (0.0854, "85 ms"), (4.21, "4.2 s"), (65, "1 min 05 s"), (7384, "2 h 03 min"), (-3, "0 ms")],
)
def test_durations(seconds, text):
    assert wording.duration(seconds) == text


def test_what_goes_on_is_measured_until_now():
    start = datetime(2030, 1, 1, tzinfo=timezone.utc)
    assert wording.between(start, None, start + timedelta(seconds=2)) == "2.0 s"
    assert wording.between(start, start + timedelta(seconds=1), start + timedelta(days=1)) == "1.0 s"


def test_a_time_that_somebody_wrote_down_reads_like_the_others(monkeypatch):
    monkeypatch.setenv("TZ", "UTC-2")
    time.tzset()
    assert wording.moment_in("2030-01-02T03:04:05Z") == "2030-01-02 05:04:05"
    assert wording.moment_in("last Tuesday") == "last Tuesday"
    monkeypatch.undo()
    time.tzset()


def test_statuses_read_as_words_with_a_tone():
    assert wording.words("PendingManualApproval") == "Pending manual approval"
    assert wording.words("TIMED_OUT") == "Timed out"
    assert wording.words("InService") == "In service"
    assert wording.words("succeeded") == "Succeeded"
    assert wording.words(None) == "unknown"
    assert [wording.tone(status) for status in ("Approved", "Rejected", "Executing", "Stopped", "Never heard of")] == [
        *("good", "bad", "busy", "warn", "idle")
    ]


def test_text_loses_what_a_terminal_or_the_direction_of_writing_would_be_told():
    assert wording.printable("\x1b[31mred\x1b[0m \x1b]0;title\x07done\x00") == "red done\N{REPLACEMENT CHARACTER}"
    assert wording.printable("10%\r20%\r\nend\tx") == "10%\n20%\nend\tx"
    assert wording.printable("ap\u202eproved") == "ap\N{REPLACEMENT CHARACTER}proved"


def test_json_is_spread_over_lines_and_a_long_one_is_cut():
    assert wording.pretty('{"a":[1,"\\u00e9"]}') == '{\n  "a": [\n    1,\n    "é"\n  ]\n}'
    assert wording.pretty("no json") == "no json"
    cut = wording.pretty("x" * 25_000)
    assert len(cut) < 21_000
    assert cut.endswith("… 5,000 more characters are not shown")


def test_sizes():
    assert [wording.size(count) for count in (12, 1234, 5_600_000, 7e9)] == ["12 bytes", "1.2 kB", "5.6 MB", "7.0 GB"]
