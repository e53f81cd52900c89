"""The report: one page that loads nothing, says what was found, and never takes data for markup."""

from __future__ import annotations

import base64
import dataclasses
import io
import re
from datetime import datetime, timezone
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from processing.coverage import CURVE_THRESHOLDS, THRESHOLDS, threshold_effects
from processing.lineage import JobRecord, Lineage
from processing.report.markup import Markup, join, tag
from processing.report.page import SECTIONS, render
from tests.unit.processing_evidence import DATASET, made_up_evaluation

WRITTEN = datetime(2026, 11, 21, 9, 30, tzinfo=timezone.utc)
HOSTILE = "<script>alert('x')</script>\"><img src=x onerror=alert(1)>&amp;"
LINEAGE = Lineage(
    facts={
        "code_version": "0123456789abcdef-modified",
        "execution_arn": "arn:aws:sagemaker:us-east-1:123456789012:pipeline/SconesTraining/execution/abc123",
        "training_code_sha256": "c" * 64,
    },
    parameters={"Epochs": "60", "InputDataUri": "s3://bucket/data"},
    jobs=[JobRecord("TrainClassifier", "ml.m5.2xlarge", 1, 3600.0), JobRecord("ScoreTestSet", "ml.other", 1, None)],
)
UNSURE = {"thresholds": THRESHOLDS, "coverage_curve": CURVE_THRESHOLDS}
VOID = {"meta", "img", "br", "col"}


class Page(HTMLParser):
    """A page taken apart: its text, elements by name, and whether every element is closed in its turn."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(page)
        self.close()
        assert self._open == []

    def handle_starttag(self, name: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((name, dict(attributes)))
        self.words.append(" ")
        if name not in VOID:
            self._open.append(name)

    def handle_endtag(self, name: str) -> None:
        assert self._open.pop() == name

    def handle_data(self, data: str) -> None:
        if "style" not in self._open:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.words).replace("\u00a0", " ").split())

    def named(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for found, attributes in self.elements if found == name]


def page_of(lineage: Lineage = LINEAGE, **choices: object) -> Page:
    return Page(render(made_up_evaluation(**choices), lineage, WRITTEN))  # type: ignore[arg-type]


def test_nothing_is_loaded_from_elsewhere_and_nothing_runs() -> None:
    text = render(made_up_evaluation(champion_mistakes=5), LINEAGE, WRITTEN)
    page = Page(text)
    assert not {"script", "link", "iframe", "object", "embed", "form", "base"} & {name for name, _ in page.elements}
    for name, attributes in page.elements:
        assert not [key for key in attributes if key.startswith("on")], name
        for key in ("src", "srcset", "data", "poster", "action"):
            assert (attributes.get(key) or "data:").startswith("data:image/png;base64,") or key not in attributes
        if "href" in attributes:
            assert (attributes["href"] or "").startswith("#")
    assert not re.search(r"url\(|@import|https?://", text)
    (policy,) = [meta["content"] for meta in page.named("meta") if meta.get("http-equiv")]
    assert policy is not None and "default-src 'none'" in policy


def test_pictures_are_whole_and_have_an_alternative_text() -> None:
    pictures = page_of(champion_mistakes=3).named("img")
    assert len(pictures) > 8
    for picture in pictures:
        assert picture["alt"]
        data = (picture["src"] or "").removeprefix("data:image/png;base64,")
        with Image.open(io.BytesIO(base64.b64decode(data))) as image:
            assert image.size == (6, 6)


def test_the_page_has_one_title_sections_with_headings_and_charts_with_names() -> None:
    page = page_of(champion_mistakes=3)
    assert len(page.named("h1")) == 1
    assert [section["id"] for section in page.named("section")] == list(SECTIONS)
    assert {link["href"] for link in page.named("a")} == {f"#{name}" for name in SECTIONS}
    ids = {attributes["id"] for _, attributes in page.elements if "id" in attributes}
    assert all(section["aria-labelledby"] in ids for section in page.named("section"))
    charts = page.named("svg")
    assert len(charts) == 7
    assert all(chart["role"] == "img" and chart["aria-label"] for chart in charts)
    assert page.named("html")[0]["lang"] == "en"


def test_hostile_names_labels_and_facts_are_text() -> None:
    lineage = Lineage(
        {"code_version": HOSTILE, HOSTILE: HOSTILE},
        {HOSTILE: HOSTILE},
        [JobRecord(HOSTILE, HOSTILE, 1, 1.0)],
    )
    dataset = {**DATASET, "source": HOSTILE, "archive": {**DATASET["archive"], "file": HOSTILE, "official": False}}
    page = page_of(
        lineage,
        file_name=HOSTILE + "{row}.png",
        classes=(HOSTILE, "</table>" + HOSTILE),
        dataset=dataset,
        champion_mistakes=5,
    )
    assert page.named("script") == []
    assert all((picture["src"] or "").startswith("data:") for picture in page.named("img"))
    assert "<script>alert('x')</script>" in page.text
    assert f"{' '.join(HOSTILE.split())}0.png" in page.text


def test_the_verdict_names_every_gate_with_value_bar_and_gap() -> None:
    passed = page_of(mistakes=4, champion_mistakes=5).text
    assert "Passed every gate" in passed
    assert "Accuracy 90.0 % (95 % interval 76.9 to 96.0) on 40 test images." in passed
    failed = page_of(mistakes=10, champion_mistakes=1).text
    assert "Not good enough" in failed
    assert "Accuracy 0.75 is below AccuracyThreshold 0.85; significantly worse than the champion: p-value" in failed
    assert "-0.1000" in failed


def test_the_champion_stands_beside_the_candidate_with_the_images_on_which_they_differ() -> None:
    page = page_of(mistakes=4, champion_mistakes=5)
    assert "Right by the champion, wrong by the candidate: 4" in page.text
    assert "Right by the candidate, wrong by the champion: 5" in page.text
    assert "+2.5 points" in page.text
    assert "McNemar" in page.text


@pytest.mark.parametrize(
    ("choices", "told"),
    [
        ({}, "There is no champion to compare with: the accuracy's bar alone counts."),
        (
            {"champion_mistakes": 1, "champion_of_others": True},
            "The champion was judged on 40 images, none of which is in this test set: they cannot be compared, "
            "and the accuracy's bar alone counts.",
        ),
    ],
)
def test_without_a_comparison_it_says_why(choices: dict[str, object], told: str) -> None:
    page = page_of(**choices)
    assert told in page.text
    assert "nothing to compare" in page.text


def test_mistakes_behaviour_and_thresholds_are_told() -> None:
    text = page_of(mistakes=4).text
    assert "All 4, the surest first." in text
    assert "greyscale 2 of 10 20.0 %" in text
    assert "At the working threshold of 0.93," in text
    assert "Expected calibration error: 0." in text
    assert "10 bins of equal width from 0.5 to 1 (Guo et al.," in text
    assert "even a perfectly calibrated model shows 0." in text
    assert "It made none on the test images." in page_of(mistakes=0).text


def test_the_curve_marks_the_working_threshold_and_the_table_tells_it_in_figures() -> None:
    evaluation = made_up_evaluation(mistakes=4)
    page, working = page_of(mistakes=4), evaluation.working_threshold
    names = [str(attributes.get("aria-label")) for attributes in page.named("svg")]
    assert f"Share decided without a human, by threshold: {100 * working.coverage:.1f}\u00a0% at 0.93" in names
    assert f"Share right of what is decided, by threshold: {100 * working.accuracy:.1f}\u00a0% at 0.93" in names
    assert (
        f"0.93 (working) {working.reviewed} {100 * working.coverage:.1f} % "
        f"({100 * working.coverage_lower:.1f} to {100 * working.coverage_upper:.1f})"
    ) in page.text


def test_a_threshold_that_nothing_reaches_is_told_and_drawn_without_an_accuracy() -> None:
    judged = made_up_evaluation()
    unsure = dataclasses.replace(judged.judged, probabilities=np.full((len(judged.judged.labels), 2), 0.5))
    confidence, right = unsure.confidence, ~unsure.wrong
    effects = {name: threshold_effects(confidence, right, at) for name, at in UNSURE.items()}
    text = Page(render(dataclasses.replace(judged, judged=unsure, **effects), LINEAGE, WRITTEN)).text
    assert "Nothing would be decided without one." in text
    assert "0.93 (working) 40 0.0 % (0.0 to 8.8) —" in text


def test_origin_tells_data_code_jobs_cost_and_how_to_make_it_again() -> None:
    text = page_of().text
    for told in (
        "the official CIFAR-100 archive",
        "5" * 64,
        "3 training images were dropped",
        "pipeline execution abc123",
        "git checkout 0123456789abcdef scones run --wait \\ --param Epochs=60",
        "changes that were not committed",
        "60.0 min $0.46",
        "1 x ml.other not known not known",
    ):
        assert told in text, told


def test_what_is_not_known_is_left_out() -> None:
    text = page_of(Lineage()).text
    assert "The pipeline told nothing about code and execution." in text
    assert "Jobs, time and cost" not in text
    assert "Parameters" not in text


def test_a_generated_sample_is_not_passed_off_as_photographs() -> None:
    assert "These are drawings, not photographs." in page_of(dataset={**DATASET, "source": "generated"}).text


def test_new_images_are_told_with_what_became_of_every_file() -> None:
    assert "New images" not in page_of().text
    nothing = {"files": 0, "added": {"bicycle": 0, "motorcycle": 0, "total": 0}}
    assert "New images" not in page_of(dataset={**DATASET, "new_images": nothing}).text
    new = {
        "files": 9,
        "added": {"bicycle": 3, "motorcycle": 1, "total": 4},
        "sha256": "a" * 64,
        "duplicates_of_test_refused": 2,
        "duplicates_of_validation_refused": 0,
        "of_several_classes_refused": 2,
        "unreadable": 1,
        "unreadable_files": {"bicycle/<b>.png": "empty"},
    }
    text = page_of(dataset={**DATASET, "new_images": new}).text
    for said in (
        "New images",
        "4: 3 bicycle, 1 motorcycle",
        "Refused as copies of test images",
        "Not readable",
        "a" * 64,
    ):
        assert said in text
    assert "Refused as copies of validation images" not in text
    assert "bicycle/<b>.png" in text, "escaped, and so it is text"


def test_what_the_net_learnt_from_first_is_told() -> None:
    assert "Pretrained" not in page_of().text
    others = {"classes": 98, "images": {"apple": 500, "total": 48990}, "duplicates_of_test_or_validation_dropped": 10}
    text = page_of(dataset={**DATASET, "pretraining": others}).text
    assert "Pretrained on" in text
    assert "48,990 images of 98 other classes" in text


@pytest.mark.parametrize("mistakes", [0, 20, 40])
def test_extreme_models_have_a_page_too(mistakes: int) -> None:
    assert "Verdict" in page_of(mistakes=mistakes, champion_mistakes=mistakes).text


def test_markup_escapes_children_and_attributes() -> None:
    assert tag("p", "<b>", Markup("<i>x</i>"), None, 3, title='"&') == '<p title="&quot;&amp;">&lt;b&gt;<i>x</i>3</p>'
    assert tag("br") == "<br>"
    assert join("<", Markup("<br>")) == "&lt;<br>"
