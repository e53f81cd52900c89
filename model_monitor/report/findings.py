"""The violations of an execution in plain words, with figure, bar and what to do. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from model_monitor.execution import Violation
from model_monitor.report.features import FeatureView
from model_monitor.report.plain_words import words_of

# As the service words them: https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-interpreting-violations.html
_NUMBER = r"(-?[\d.]+(?:[eE][-+]?\d+)?)"
_DISTANCE = re.compile(rf"distance: {_NUMBER} exceeds (?:threshold|thresold): {_NUMBER}")
_SHARES = re.compile(rf"Expected (?:completeness|match): {_NUMBER}%.*?Only {_NUMBER}%")
_METRIC = re.compile(rf"Metric \S+ with {_NUMBER} was \S+ {_NUMBER}")
_SENDERS = "Ask whether the app that sends the pictures was changed. "
_PREPROCESSOR = (
    "Records and baseline were made by different preprocessors: `scones monitor schedule` brings them together."
)


@dataclass(frozen=True)
class Finding:
    """`said` is what happened, in one sentence, `advice` what to do. `figure` and `bar` are of the unit that `measure`
    names (a distance of 0 to 1, or a share), None where the description has none; `original` is the service's text."""

    name: str
    title: str
    said: str
    advice: str
    measure: str
    figure: float | None
    bar: float | None
    original: str


def findings_of(violations: Iterable[Violation], views: Iterable[FeatureView]) -> tuple[Finding, ...]:
    """Those with the largest figure above its bar first; `views` say in which direction a feature moved."""
    by_name = {view.name: view for view in views}
    found = [_finding(violation, by_name) for violation in violations]
    return tuple(sorted(found, key=lambda one: -abs((one.figure or 0.0) - (one.bar or 0.0))))


def _finding(violation: Violation, views: Mapping[str, FeatureView]) -> Finding:
    original = " ".join(violation.description.split())
    words = words_of(violation.name)
    maker = _CHECKS.get(violation.constraint_check_type, _other)
    said, advice, measure, pattern = maker(violation, views.get(violation.name))
    figure, bar = _figures(pattern, original, measure)
    return Finding(violation.name, words.title, said, advice, measure, figure, bar, original)


def _figures(pattern: re.Pattern[str], text: str, measure: str) -> tuple[float | None, float | None]:
    found = pattern.search(text)
    if found is None:
        return None, None
    first, second = (float(part.rstrip(".")) for part in found.groups())
    # of shares the service names the expected one first, in per cent
    return (second / 100, first / 100) if measure == "share" else (first, second)


_Parts = tuple[str, str, str, "re.Pattern[str]"]


def _drift(violation: Violation, view: FeatureView | None) -> _Parts:
    words = words_of(violation.name)
    change = {1: words.higher, -1: words.lower}.get(view.direction if view else 0, words.other)
    return f"Compared with the pictures that the model was tested on, {change}.", words.advice, "distance", _DISTANCE


def _completeness(violation: Violation, view: FeatureView | None) -> _Parts:
    return (
        f"{words_of(violation.name).title} is not known of as many requests as it should be.",
        "Colours of a JPEG are not measured, nor anything of what is no picture: see “What could not be read” below. "
        + _SENDERS,
        "share",
        _SHARES,
    )


def _types(violation: Violation, view: FeatureView | None) -> _Parts:
    return (
        f"{words_of(violation.name).title} has values of another type than in the baseline.",
        ("Compare the record preprocessor with the one that the baseline was made with. "),
        "share",
        _SHARES,
    )


def _categories(violation: Violation, view: FeatureView | None) -> _Parts:
    said = f"{words_of(violation.name).title} has values that were not there in the baseline."
    return (
        said,
        "If the model has got another class, make a new baseline: `scones monitor baseline --renew`.",
        "share",
        _SHARES,
    )


def _missing_column(violation: Violation, view: FeatureView | None) -> _Parts:
    return "A feature of the baseline is not among what was captured.", _PREPROCESSOR, "", _DISTANCE


def _extra_column(violation: Violation, view: FeatureView | None) -> _Parts:
    return "What was captured has a feature that the baseline does not have.", _PREPROCESSOR, "", _DISTANCE


def _metric(violation: Violation, view: FeatureView | None) -> _Parts:
    worse = "below" if violation.constraint_check_type == "LessThanThreshold" else "above"
    return (
        f"Held against the labels that people gave, the model's {violation.name.replace('_', ' ')} is {worse} its bar.",
        "Few labels move this figure much, and people label what the model doubted: see how many there are. If it "
        "stays, retrain with the labelled pictures.",
        "metric",
        _METRIC,
    )


def _other(violation: Violation, view: FeatureView | None) -> _Parts:
    return f"The check {violation.constraint_check_type} found something.", "Read what the service says.", "", _DISTANCE


_CHECKS = {
    "baseline_drift_check": _drift,
    "completeness_check": _completeness,
    "data_type_check": _types,
    "categorical_values_check": _categories,
    "missing_column_check": _missing_column,
    "extra_column_check": _extra_column,
    "GreaterThanThreshold": _metric,
    "LessThanThreshold": _metric,
}
