"""What the monitor's report is made of: read from an endpoint of which ever less is there."""

from __future__ import annotations

import json
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from model_monitor.capture.records import parse_line
from model_monitor.record_preprocessor import preprocess_handler
from model_monitor.report import reading
from model_monitor.report.collect import WORKFLOW_TEMPLATE, Sources, collect, template_default, workflow_threshold
from model_monitor.report.gaps import ReportImpossible
from model_monitor.report.model import report_of
from model_monitor.report.write import write_report
from pipelines.console import explain
from pipelines.names import WORKFLOW_STACK_NAME
from tests.unit.endpoint_safeguards_services import ENDPOINT, package_arn
from tests.unit.monitor_report_services import REPORTS, START, WINDOW, Watched, png, record

DRIFT = {
    "feature_name": "brightness",
    "constraint_check_type": "baseline_drift_check",
    "description": "Baseline drift distance: 0.42 exceeds threshold: 0.1",
}
END = WINDOW.end


def sent(count: int, level: int = 128, spread: int = 40) -> list[dict[str, Any]]:
    """Records of pictures of about that brightness."""
    return [
        record(START + timedelta(minutes=number), 0.02 + 0.9 * (number % 2), png(level + number % spread - spread // 2))
        for number in range(count)
    ]


@lru_cache
def rows() -> list[dict[str, Any]]:
    return [preprocess_handler(parse_line(json.dumps(one).encode())) for one in sent(60)]


@pytest.fixture
def watched() -> Watched:
    """Everything there: ordinary traffic, a baseline of the same, two schedules that have run."""
    made = Watched()
    made.baseline(rows())
    made.capture(sent(20))
    data = made.world.schedule()
    made.world.schedule("ModelQuality")
    made.ran(data, "Completed", START + timedelta(hours=1))
    return made


def collected(watched: Watched, **more: Any) -> Sources:
    return collect(watched, ENDPOINT, WINDOW, **more)  # type: ignore[arg-type]


def gaps(sources: Sources) -> str:
    return " ".join(f"{gap.missing} {gap.remedy}" for gap in sources.gaps)


def test_ordinary_traffic_is_nothing_unusual(watched: Watched) -> None:
    sources = collected(watched)
    report = report_of(sources, END)
    assert sources.gaps == ()
    assert (report.verdict.level, report.verdict.headline) == ("good", "Nothing unusual")
    assert report.reading.records == 20
    assert report.timeline is not None
    # of the odd ones the probability of a motorcycle is 0.92
    assert (report.timeline.below, report.threshold) == (10, 0.93)
    assert not any(view.drifted for view in report.features)
    assert [(run.execution.status, run.records) for run in report.runs] == [("Completed", 40)]
    assert report.subject.package_arn == package_arn(1)


def test_dark_traffic_is_noticed_before_and_after_an_execution(watched: Watched) -> None:
    watched.capture(sent(80, level=40))
    report = report_of(collected(watched), END)
    brightness = next(view for view in report.features if view.name == "brightness")
    assert brightness.drifted
    assert brightness.direction == -1
    assert report.verdict.level == "bad"
    assert "found nothing" in report.verdict.told[0]
    watched.ran(f"{ENDPOINT}-data-quality", "CompletedWithViolations", START + timedelta(hours=2), [DRIFT])
    report = report_of(collected(watched), END)
    assert report.verdict.headline == "The traffic is not what the model was made for"
    assert report.data is not None
    assert [one.said for one in report.data.findings] == [
        "Compared with the pictures that the model was tested on, the pictures are darker."
    ]
    assert [run.execution.status for run in report.runs] == ["CompletedWithViolations", "Completed"]


def test_without_anything_but_the_endpoint_the_report_says_what_is_missing() -> None:
    sources = collected(Watched())
    assert [gap.missing for gap in sources.gaps] == [
        f"Nothing watches endpoint {ENDPOINT} yet.",
        "The baseline cannot be read: there is nothing at s3://bucket/baselines/1/statistics.json.",
        "Nothing was captured in this time.",
    ]
    assert all(gap.remedy for gap in sources.gaps)
    report = report_of(sources, END)
    assert (report.verdict.level, report.timeline, report.features, report.runs) == ("unknown", None, (), ())


def test_a_package_without_baselines_is_told(watched: Watched) -> None:
    del watched.world.sagemaker._packages[package_arn(1)]["DriftCheckBaselines"]
    watched.world.sagemaker._schedules.clear()
    sources = collected(watched)
    assert "There is no baseline to compare with." in gaps(sources)
    assert sources.reading.records == 20


def test_before_there_is_a_schedule_the_baseline_is_that_of_the_package(watched: Watched) -> None:
    watched.world.sagemaker._schedules.clear()
    sources = collected(watched)
    assert "Nothing watches endpoint" in gaps(sources)
    assert sources.subject.statistics_uri == "s3://bucket/baselines/1/statistics.json"
    assert sources.subject.baseline is not None


def test_neither_endpoint_nor_records_is_an_error_in_one_line() -> None:
    watched = Watched()
    watched.world.sagemaker._endpoints.clear()
    with pytest.raises(ReportImpossible) as caught:
        collected(watched)
    line = explain(caught.value)
    assert line is not None
    assert line.startswith(
        f"there is no endpoint {ENDPOINT}, and nothing captured under s3://bucket/scones/data-capture/"
    )


def test_a_deleted_endpoint_leaves_what_it_captured(watched: Watched) -> None:
    watched.world.sagemaker._endpoints.clear()
    sources = collected(watched)
    assert sources.reading.records == 20
    assert f"There is no endpoint {ENDPOINT}." in gaps(sources)
    assert sources.subject.baseline is not None


def test_an_endpoint_that_captures_no_more_is_told(watched: Watched) -> None:
    watched.world.sagemaker._configs["config"]["DataCaptureConfig"]["EnableCapture"] = False
    sources = collected(watched)
    assert "captures nothing now" in gaps(sources)
    assert sources.reading.records == 20


def test_a_bucket_that_is_gone_is_nothing_captured(watched: Watched) -> None:
    watched.world.sagemaker._configs["config"]["DataCaptureConfig"]["DestinationS3Uri"] = "s3://other/capture"
    assert "Nothing was captured" in gaps(collected(watched))


def test_a_damaged_baseline_is_a_gap_and_no_error(watched: Watched) -> None:
    watched.s3.put("baselines/1/statistics.json", b"{ half of i")
    sources = collected(watched)
    assert "The baseline cannot be read: s3://bucket/baselines/1/statistics.json is not JSON" in gaps(sources)
    assert report_of(sources, END).features[0].distance is None


def test_schedules_of_an_older_version_and_another_preprocessor_are_told(watched: Watched) -> None:
    watched.world.endpoint(package_arn(2))
    watched.world.sagemaker._endpoints[ENDPOINT] |= {"CreationTime": START, "LastModifiedTime": START}
    watched.s3.put("code/1/record_preprocessor.py", b"FEATURES = ('confidence',)\n")
    told = gaps(collected(watched))
    assert "Version 2 is served, and the schedule compares with the baseline of version 1." in told
    assert "another record preprocessor" in told
    del watched.s3.found["code/1/record_preprocessor.py"]
    assert "The record preprocessor is gone" in gaps(collected(watched))


def test_one_schedule_alone_and_one_that_is_not_there(watched: Watched) -> None:
    watched.ran(f"{ENDPOINT}-model-quality", "Failed", START + timedelta(hours=2), reason="no labels")
    only = collected(watched, schedule=f"{ENDPOINT}-model-quality")
    assert [run.execution.schedule for run in only.runs] == [f"{ENDPOINT}-model-quality"]
    assert only.runs[0].execution.reason == "no labels"
    # without labels in time: that says nothing of the traffic
    assert report_of(collected(watched), END).verdict.level == "good"
    assert "There is no schedule elsewhere." in gaps(collected(watched, schedule="elsewhere"))


def test_a_schedule_whose_definition_is_gone_or_anothers_is_told(watched: Watched) -> None:
    watched.world.sagemaker._definitions.clear()
    assert f"The job definition of schedule {ENDPOINT}-data-quality is gone." in gaps(collected(watched))
    watched.world.sagemaker._schedules[f"{ENDPOINT}-data-quality"] = {"MonitoringType": "ModelBias"}
    assert "was not made by this project" in gaps(collected(watched))


def test_an_execution_that_failed_leaves_the_question_open(watched: Watched) -> None:
    watched.ran(f"{ENDPOINT}-data-quality", "Failed", START + timedelta(hours=2), reason="AlgorithmError: no\nspace")
    verdict = report_of(collected(watched), END).verdict
    assert (verdict.level, verdict.headline) == ("unknown", "The latest execution has no result")
    assert "AlgorithmError: no space" in verdict.told[0]


def test_reports_of_forgotten_executions_are_found_in_s3(watched: Watched) -> None:
    folder = f"{REPORTS}/{ENDPOINT}/{ENDPOINT}-data-quality-now"
    watched.report(f"{folder}/2030/01/01/10/07", [DRIFT])
    watched.report(f"{folder}/2030/01/01/11/09")
    # of another day, and what is no report
    watched.report(f"{folder}/2029/12/31/10/07", [DRIFT])
    watched.s3.put(f"{folder}/2030/13/41/99/statistics.json", {})
    runs = [run for run in collected(watched).runs if not run.recorded]
    assert sorted((run.execution.scheduled.minute, run.execution.status, run.records) for run in runs) == [
        (7, "CompletedWithViolations", 40),
        (9, "Completed", 40),
    ]
    assert all(run.execution.schedule == f"{ENDPOINT}-data-quality-now" for run in runs)


def test_half_a_report_is_told_and_the_rest_is_shown(watched: Watched) -> None:
    folder = f"{REPORTS}/{ENDPOINT}/{ENDPOINT}-data-quality-now/2030/01/01/10/07"
    watched.s3.put(f"{folder}/constraint_violations.json", {"violations": [DRIFT]})
    key = watched.ran(f"{ENDPOINT}-data-quality", "CompletedWithViolations", START + timedelta(hours=2), [DRIFT])
    watched.s3.put(f"{key}/constraint_violations.json", b"[1, 2")
    sources = collected(watched)
    assert "half a report" in gaps(sources)
    assert "constraint_violations.json is not JSON" in gaps(sources)
    assert len(sources.runs) == 3


def test_executions_before_the_window_are_left_out_but_for_the_latest() -> None:
    watched = Watched()
    schedule = watched.world.schedule()
    for day in (3, 2):
        watched.ran(schedule, "Completed", START - timedelta(days=day))
    assert [run.execution.scheduled for run in collected(watched).runs] == [START - timedelta(days=2)]


def test_model_quality_has_figures_bars_and_the_number_of_labels(watched: Watched) -> None:
    bars = {"accuracy": {"threshold": 0.93, "comparison_operator": "LessThanThreshold"}}
    watched.s3.put("baselines/1/quality/constraints.json", {"binary_classification_constraints": bars})
    figures = {
        "accuracy": {"value": 0.9, "standard_deviation": 0.02},
        "auc": {"value": "NaN", "standard_deviation": "NaN"},
    }
    watched.ran(f"{ENDPOINT}-model-quality", "Completed", START + timedelta(hours=1), figures=figures)
    for hour in ("09", "10"):
        watched.s3.put(f"scones/ground-truth/{ENDPOINT}/2030/01/01/{hour}/x.jsonl", {})
    watched.s3.put(f"scones/ground-truth/{ENDPOINT}/2030/01/02/10/late.jsonl", {})
    sources = collected(watched)
    assert sources.labels == 2
    assert sources.quality is not None
    (accuracy,) = sources.quality.metrics
    assert (accuracy.value, accuracy.bar, accuracy.violated, sources.quality.labelled) == (0.9, 0.93, True, 40)


def test_what_cannot_be_read_is_counted_by_kind(watched: Watched) -> None:
    records = [record(START, body=b"GIF89a"), record(START, body=b"GIF87a"), record(START, probability=7.0)]
    watched.capture([*records, b"not json\n", b"\n", b'{"captureData": '])
    found = collected(watched).reading
    assert (found.records, found.unreadable) == (23, 3)
    assert found.unreadable_kinds == {
        "request: neither PNG nor JPEG": 2,
        "answer: not the probabilities of … classes": 1,
    }
    assert found.damaged == {"not JSON": 1, "empty": 1, "unfinished": 1}
    assert len(found.first_damaged) == 3


def test_the_threshold_is_the_deployed_workflows_else_its_templates(watched: Watched) -> None:
    assert template_default(WORKFLOW_TEMPLATE) == 0.93
    assert workflow_threshold(watched) == 0.93  # type: ignore[arg-type]
    watched.stacks[WORKFLOW_STACK_NAME] = {"Threshold": "0.8"}
    assert workflow_threshold(watched) == 0.8  # type: ignore[arg-type]


def test_long_reading_tells_how_far_it_is(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "PROGRESS_EVERY", 8)
    told: list[int] = []
    collected(watched, on_records=told.append)
    assert told == [8, 16, 20]


def test_the_page_is_there_whole_or_not_at_all(
    watched: Watched, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "new" / "report.html"
    write_report(watched, ENDPOINT, WINDOW, page, END)  # type: ignore[arg-type]
    first = page.read_text(encoding="utf-8")
    assert first.startswith("<!doctype html>")
    assert first.endswith("</html>\n")

    def broken(self: Path, text: str, encoding: str) -> int:
        self.write_bytes(text[:100].encode())
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", broken)
    with pytest.raises(OSError, match="No space"):
        write_report(watched, ENDPOINT, WINDOW, page, END)  # type: ignore[arg-type]
    assert page.read_bytes().decode() == first
    assert [file.name for file in page.parent.iterdir()] == ["report.html"]
