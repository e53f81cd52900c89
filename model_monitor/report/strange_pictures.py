"""The sections on single records: the strangest pictures, and what could not be read."""

from __future__ import annotations

import base64
from collections.abc import Iterable

from model_monitor.report.features import number_text
from model_monitor.report.model import Report
from model_monitor.report.plain_words import words_of
from model_monitor.report.strange import StrangePicture
from model_monitor.report.thumbnails import Thumbnail
from processing.report.markup import Markup, join, table, tag
from processing.report.pictures import file_name, gallery
from processing.report.words import percent, section, whole_percent


def strangest_section(report: Report) -> Markup:
    found = report.reading.gallery
    parts = [
        _group("Least sure", "Where the model was least sure of its answer.", found.least_sure),
        _group(
            "Least like the test pictures",
            "Those with the most extreme figures, one feature after the other. 98 % of the baseline lie between "
            "the two numbers.",
            found.unusual,
        ),
    ]
    shown = [part for part in parts if part is not None]
    told = "Every picture once, however often it was sent."
    return section("strangest", "The strangest pictures", tag("p", told if shown else "None."), *shown)


def unreadable_section(report: Report) -> Markup:
    reading = report.reading
    damaged = sum(reading.damaged.values())
    if not reading.unreadable and not damaged:
        told = "Every record and every line could be read." if reading.records else "There was nothing to read."
        return section("unreadable", "What could not be read", tag("p", told))
    return section("unreadable", "What could not be read", _records(report), _lines(report))


def _group(title: str, told: str, pictures: tuple[StrangePicture, ...]) -> Markup | None:
    if not pictures:
        return None
    return join(tag("h3", title), tag("p", told), gallery(_figure(one) for one in pictures))


def _figure(one: StrangePicture) -> Markup:
    seen = f"sent {one.seen} times" if one.seen > 1 else None
    lines = [*_words(one), f"{one.moment:%d %b %H:%M:%S}", seen]
    return tag(
        "figure",
        _picture(one.thumbnail),
        tag("figcaption", *(join(line, tag("br")) for line in lines if line), file_name(one.record_id)),
    )


def _words(one: StrangePicture) -> Iterable[str]:
    confidence, said = one.row.get("confidence"), one.row.get("predicted_class")
    if isinstance(confidence, float) and said is not None:
        yield f"{said} {whole_percent(confidence)}"
    if one.limits is not None:
        value = number_text(float(one.row[one.feature]))
        low, high = number_text(one.limits.low), number_text(one.limits.high)
        usual = low if low == high else f"{low} to {high}"
        yield f"{words_of(one.feature).title} {value}, usually {usual}"


def _picture(thumbnail: Thumbnail) -> Markup:
    if thumbnail.png is None:
        return tag("div", thumbnail.problem, class_="placeholder")
    data = base64.b64encode(thumbnail.png).decode("ascii")
    return tag(
        "img",
        src=f"data:image/png;base64,{data}",
        alt="A picture that was sent",
        width=thumbnail.width,
        height=thumbnail.height,
    )


def _records(report: Report) -> Markup | None:
    reading = report.reading
    if not reading.unreadable:
        return None
    share = percent(reading.unreadable / reading.records)
    rows = [(kind, f"{count:,}") for kind, count in reading.unreadable_kinds.items()]
    return join(
        tag("h3", f"Records: {reading.unreadable:,} of {reading.records:,} ({share})"),
        tag("p", "The endpoint got or gave something other than a picture and its probabilities."),
        table(("why", "records"), rows),
        gallery(_figure(one) for one in reading.gallery.unreadable),
    )


def _lines(report: Report) -> Markup | None:
    damaged, first = report.reading.damaged, report.reading.first_damaged
    if not damaged:
        return None
    rows = [(kind, f"{count:,}") for kind, count in sorted(damaged.items())]
    return join(
        tag("h3", f"Lines of capture files: {sum(damaged.values()):,}"),
        tag("p", "They are in no other figure of this page. A last line that is unfinished is being written."),
        table(("damage", "lines"), rows),
        tag("p", f"The first {len(first)}:" if len(first) > 1 else "It is:"),
        tag("pre", "\n".join(str(line) for line in first)),
    )
