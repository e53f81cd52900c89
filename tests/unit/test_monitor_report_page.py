"""The monitor's page: it loads nothing, says what was found and what is missing, and never takes data for markup."""

from __future__ import annotations

import base64
import io
import json
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from PIL import Image

from model_monitor.capture import Window
from model_monitor.capture.records import parse_line
from model_monitor.record_preprocessor import preprocess_handler
from model_monitor.report.collect import collect
from model_monitor.report.figures import figures_of
from model_monitor.report.model import Report, report_of
from model_monitor.report.observed import Columns
from model_monitor.report.page import SECTIONS, render
from pipelines.names import CLASSES
from tests.unit.endpoint_safeguards_services import ENDPOINT
from tests.unit.monitor_report_services import REPORTS, START, WINDOW, Watched, png, record
from tests.unit.test_processing_report import Page

HOSTILE = "<script>alert('x')</script>\"><img src=x onerror=alert(1)>&amp;"
DRIFT = {
    "feature_name": "brightness",
    "constraint_check_type": "baseline_drift_check",
    "description": "Baseline drift distance: 0.42 exceeds threshold: 0.1",
}


def moment(number: int) -> Any:
    return START + timedelta(minutes=number)


def traffic(count: int = 16, level: int = 128) -> list[dict[str, Any]]:
    return [record(moment(n), 0.03 + 0.6 * (n % 2), png(level + n)) for n in range(count)]


def with_baseline() -> Watched:
    made = Watched()
    made.baseline([preprocess_handler(parse_line(json.dumps(one).encode())) for one in traffic()])
    return made


def reported(watched: Watched, window: Window = WINDOW) -> Report:
    return report_of(collect(watched, ENDPOINT, window), window.end)  # type: ignore[arg-type]


def rendered(watched: Watched) -> Page:
    return Page(render(reported(watched)))


@pytest.fixture(scope="module")
def full() -> str:
    """Of traffic with all kinds of trouble, baseline, executions and labels."""
    watched = with_baseline()
    watched.capture([*traffic(), record(moment(20), 0.5, b"GIF89a"), record(moment(21), 0.4, png(3)), b"not json\n"])
    data = watched.world.schedule()
    watched.world.schedule("ModelQuality")
    bars = {"accuracy": {"threshold": 0.93, "comparison_operator": "LessThanThreshold"}}
    watched.s3.put("baselines/1/quality/constraints.json", {"binary_classification_constraints": bars})
    watched.ran(data, "Completed", START)
    watched.ran(data, "CompletedWithViolations", START + timedelta(hours=1), [DRIFT])
    figures = {"accuracy": {"value": 0.9, "standard_deviation": 0.02}}
    watched.ran(f"{ENDPOINT}-model-quality", "Completed", START + timedelta(hours=1), figures=figures)
    watched.report(f"{REPORTS}/{ENDPOINT}/{data}-now/2030/01/01/10/30")
    return render(reported(watched))


def test_nothing_is_loaded_from_elsewhere_and_nothing_runs(full: str) -> None:
    page = Page(full)
    assert not {"script", "link", "iframe", "object", "embed", "form", "base"} & {name for name, _ in page.elements}
    for name, attributes in page.elements:
        assert not [key for key in attributes if key.startswith("on")], name
        if "href" in attributes:
            assert (attributes["href"] or "").startswith("#")
        if "src" in attributes:
            assert (attributes["src"] or "").startswith("data:image/png;base64,")
    assert not re.search(r"url\(|@import|https?://", full)
    (policy,) = [meta["content"] for meta in page.named("meta") if meta.get("http-equiv")]
    assert policy is not None
    assert "default-src 'none'" in policy


def test_sections_have_headings_charts_have_names_and_pictures_are_whole(full: str) -> None:
    page = Page(full)
    assert [section["id"] for section in page.named("section")] == list(SECTIONS)
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {link["href"] for link in page.named("a")} == {f"#{name}" for name in SECTIONS}
    charts = page.named("svg")
    # confidence for two widths, three over time, and a feature each
    assert len(charts) == 2 + 3 + 14
    assert all(chart["role"] == "img" and chart["aria-label"] for chart in charts)
    pictures = page.named("img")
    assert len(pictures) == 10
    for picture in pictures:
        data = (picture["src"] or "").removeprefix("data:image/png;base64,")
        with Image.open(io.BytesIO(base64.b64decode(data))) as image:
            assert image.size == (32, 32)
        assert picture["alt"]


def test_the_first_plot_is_confidence_with_what_is_below_the_threshold(full: str) -> None:
    page = Page(full)
    assert (page.named("svg")[0]["aria-label"] or "").startswith("Confidence of 18 answers over time; 55.6")
    assert "That happened to 10 of 18 answers (55.6 %)." in page.text
    paths = [path for path in page.named("path") if "crosses" in (path["class"] or "")]
    # each chart has a path of crosses a class: 8 motorcycles of 0.63, the bicycles of 0.5 and of 0.6
    assert [(path["class"], (path["d"] or "").count("M")) for path in paths] == [
        ("crosses blue", 2),
        ("crosses orange", 8),
    ] * 2
    dots = [path for path in page.named("path") if "dots" in (path["class"] or "")]
    assert [(path["d"] or "").count("M") for path in dots] == [8, 8]


def test_it_says_what_was_found_and_what_to_do(full: str) -> None:
    text = Page(full).text
    assert "The traffic is not what the model was made for" in text
    assert "noticed: Brightness." in text
    assert "distance 0.42, bar 0.1" in text
    assert "What to do: Ask what has changed where the pictures are taken" in text
    assert "The service says: Baseline drift distance: 0.42 exceeds threshold: 0.1" in text
    assert "Executions: 4" in text
    assert "from its report in S3." in text


def test_it_says_what_could_not_be_read_and_how_good_the_model_is(full: str) -> None:
    text = Page(full).text
    assert "Records: 1 of 18 (5.6 %)" in text
    assert "request: neither PNG nor JPEG" in text
    assert "neither PNG nor JPEG: 6 bytes from b'GIF89a'" in text
    assert "Lines of capture files: 1" in text
    assert "on 40 answers with a label" in text
    assert "at least 0.930" in text
    assert "✗ violated" in text


def test_an_endpoint_with_nothing_has_a_page_that_says_what_to_do() -> None:
    page = rendered(Watched())
    assert [section["id"] for section in page.named("section")] == list(SECTIONS)
    assert page.named("svg") == []
    assert "Nothing was captured in this time." in page.text
    assert "scones monitor schedule makes its schedules." in page.text
    assert "Nothing to judge" in page.text


def test_a_baseline_without_records_is_shown_alone() -> None:
    page = rendered(with_baseline())
    assert len(page.named("svg")) == 14
    assert "No records." in page.text


def test_one_record_is_enough_and_records_of_the_same_moment_too() -> None:
    watched = Watched()
    watched.capture([record(START, 0.2)] * 3)
    page = rendered(watched)
    assert "All 3 answers." in page.text
    assert "sent 3 times" in page.text
    assert "nan" not in " ".join(str(chart) for chart in page.elements).lower()


def test_traffic_of_which_nothing_can_be_read_has_placeholders() -> None:
    watched = with_baseline()
    watched.capture([record(moment(n), 0.2, b"") for n in range(5)])
    page = rendered(watched)
    assert "100.0 % of the records not readable" in page.text
    assert page.named("img") == []


def test_hostile_names_labels_and_texts_are_text() -> None:
    watched = with_baseline()
    hostile = record(START, 0.4, HOSTILE.encode(), inferenceId=HOSTILE)
    answered = record(moment(1), 0.4, png(9), inferenceId=HOSTILE)
    answered["captureData"]["endpointOutput"]["data"] = HOSTILE
    watched.capture([hostile, answered, *traffic(4), f"{HOSTILE}\n".encode()])
    statistics = json.loads(watched.s3.found["baselines/1/statistics.json"])
    words = next(one for one in statistics["features"] if one["name"] == "predicted_class")
    words["string_statistics"]["distribution"]["categorical"]["buckets"].append({"value": HOSTILE, "count": 4})
    statistics["features"].append({**words, "name": HOSTILE})
    watched.s3.put("baselines/1/statistics.json", statistics)
    schedule = watched.world.schedule()
    violation = {"feature_name": HOSTILE, "constraint_check_type": HOSTILE, "description": HOSTILE}
    watched.ran(schedule, "CompletedWithViolations", START, [violation])
    watched.ran(schedule, "Failed", START + timedelta(hours=1), reason=HOSTILE)
    page = rendered(watched)
    assert page.named("script") == []
    assert all((picture["src"] or "").startswith("data:") for picture in page.named("img"))
    assert "<script>alert('x')</script>" in page.text


def test_a_hundred_thousand_records_are_a_page_of_reasonable_size() -> None:
    # their figures without their pictures: reading is measured elsewhere
    columns = Columns()
    for number in range(100_000):
        row = {"confidence": 0.5 + (number * 7919 % 5000) / 10_000, "predicted_class": CLASSES[number % 2]}
        columns.add(START + timedelta(seconds=number / 10), row)
    sources = collect(Watched(), ENDPOINT, WINDOW)  # type: ignore[arg-type]
    sources = replace(sources, reading=replace(sources.reading, observed=columns.observed()))
    page = render(report_of(sources, WINDOW.end))
    assert "Drawn are 4,000 of 100,000 answers, chosen at random" in page
    assert len(page) < 400_000


def test_the_figures_for_machines_are_json_and_the_pages_own() -> None:
    watched = with_baseline()
    watched.capture(traffic())
    watched.ran(watched.world.schedule(), "CompletedWithViolations", START, [DRIFT])
    figures = json.loads(json.dumps(figures_of(reported(watched)), default=str, allow_nan=False))
    assert (figures["records"], figures["below_threshold"], figures["share_below_threshold"]) == (16, 8, 0.5)
    assert figures["verdict"]["level"] == "bad"
    assert figures["data_quality"]["findings"][0]["figure"] == 0.42
    assert figures["executions"][0]["status"] == "CompletedWithViolations"
    assert {one["name"] for one in figures["features"]} >= {"confidence", "brightness"}
    assert "data:image" not in json.dumps(figures)


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_texts_and_marks_stand_out_in_light_and_dark(full: str) -> None:
    schemes = re.findall(r":root \{(.*?)\}", full, re.DOTALL)
    assert len(schemes) == 3
    for scheme in schemes:
        colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", scheme))
        for ground in ("paper", "panel"):
            for text in ("ink", "soft", "good", "bad"):
                assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground, scheme)
        for level in ("good", "bad"):
            # a headline: large and bold
            assert contrast(colours[level], colours[f"{level}-panel"]) >= 3
            assert contrast(colours["ink"], colours[f"{level}-panel"]) >= 4.5
        for mark in ("blue", "orange"):
            assert contrast(colours[mark], colours["paper"]) >= 3
