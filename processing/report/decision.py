"""The sections that an approver reads first: the verdict with its gates, and the champion beside the candidate."""

import numpy as np

from processing.champion import COMPARED, NO_CHAMPION
from processing.evaluation import Evaluation
from processing.gates import CHAMPION, GateCheck, explain_failures
from processing.paired_comparison import PairedComparison, difference_interval, p_differ, p_worse
from processing.report.charts import chart, difference_chart
from processing.report.markup import Markup, join, table, tag
from processing.report.pictures import answer, gallery, judged_picture
from processing.report.words import percent, points, section

DIFFERENCES_SHOWN = 24
_ASKS = {
    "accuracy": "Is the accuracy on the test images at least AccuracyThreshold?",
    CHAMPION: "Is the candidate not significantly worse than the champion? (exact one-sided McNemar p-value)",
}


def verdict(evaluation: Evaluation) -> Markup:
    accuracy, interval = evaluation.metrics["accuracy"]["value"], evaluation.intervals["accuracy"]
    headline = "Passed every gate" if evaluation.passed else "Not good enough"
    reason = None if evaluation.passed else tag("p", f"{_capital(explain_failures(evaluation.checks))}.")
    told = (
        f"Accuracy {percent(accuracy)} (95 % interval {100 * interval.lower:.1f} to {100 * interval.upper:.1f}) on "
        f"{len(evaluation.judged.labels)} test images. {_champion_sentence(evaluation)}"
    )
    box = tag(
        "div",
        tag("strong", ("✓ " if evaluation.passed else "✗ ") + headline),
        reason,
        tag("p", told),
        class_=f"verdict {'passed' if evaluation.passed else 'failed'}",
    )
    gates = table(("gate", "outcome", "value", "bar", "gap", "asks"), [_gate_row(check) for check in evaluation.checks])
    return tag(
        "section", tag("h2", "Verdict", id="verdict-title"), box, gates, id="verdict", aria_labelledby="verdict-title"
    )


def champion_section(evaluation: Evaluation) -> Markup:
    comparison = evaluation.champion
    if comparison.paired is None:
        return section("champion", "Beside the champion", tag("p", _champion_sentence(evaluation)))
    paired = comparison.paired
    lower, upper = difference_interval(paired)
    return section(
        "champion",
        "Beside the champion",
        tag(
            "p",
            f"The champion is the version that was approved last. Both were judged on the same {paired.images} images "
            f"(of {len(evaluation.judged.labels)} here and {comparison.champion_images} there), matched by the SHA-256 "
            "of their pixels.",
        ),
        _paired_table(paired),
        tag(
            "div",
            chart(
                difference_chart(paired.difference, lower, upper),
                f"Accuracy of the candidate minus the champion's: {points(paired.difference)}, 95 % interval "
                f"{100 * lower:+.1f} to {100 * upper:+.1f} (Newcombe's for paired shares).",
            ),
            class_="charts",
        ),
        tag(
            "p",
            f"On {paired.discordant} images exactly one of the two is right. Were both equally good, the candidate "
            f"would do this badly or worse with probability {p_worse(paired):.4g}, and the two would differ at least "
            f"this much with probability {p_differ(paired):.4g} (McNemar's exact test, one- and two-sided).",
        ),
        _differing_pictures(evaluation),
    )


def _champion_sentence(evaluation: Evaluation) -> str:
    comparison = evaluation.champion
    if comparison.status == NO_CHAMPION:
        return "There is no champion to compare with: the accuracy's bar alone counts."
    if comparison.paired is None:
        return (
            f"The champion was judged on {comparison.champion_images} images, none of which is in this test set: they "
            "cannot be compared, and the accuracy's bar alone counts."
        )
    difference = points(comparison.paired.difference)
    return f"Against the champion, on {comparison.paired.images} shared images: {difference}."


def _gate_row(check: GateCheck) -> tuple[object, ...]:
    outcome = tag("span", "✓ passed", class_="good") if check.passed else tag("span", "✗ failed", class_="bad")
    asks = tag("span", _ASKS.get(check.name), class_="words")
    if check.value is None or check.gap is None:
        return check.name, outcome, "nothing to compare", f"{check.bar:g}", "—", asks
    return check.name, outcome, f"{check.value:.4g}", f"{check.bar:g}", f"{check.gap:+.4f}", asks


def _paired_table(paired: PairedComparison) -> Markup:
    rows = [
        ("candidate", percent(paired.candidate_accuracy), paired.both_right, paired.only_candidate_right),
        ("champion", percent(paired.champion_accuracy), paired.both_right, paired.only_champion_right),
    ]
    return table(("", "accuracy", "right together", "right alone"), rows)


def _differing_pictures(evaluation: Evaluation) -> Markup:
    judged, comparison = evaluation.judged, evaluation.champion
    if comparison.status != COMPARED:
        return Markup("")
    labels = judged.labels[comparison.rows]
    ours = judged.probabilities[comparison.rows].argmax(axis=1) == labels
    theirs = comparison.champion_probabilities.argmax(axis=1) == labels
    lost, won = np.flatnonzero(~ours & theirs), np.flatnonzero(ours & ~theirs)
    return join(
        _group(evaluation, lost, "Right by the champion, wrong by the candidate"),
        _group(evaluation, won, "Right by the candidate, wrong by the champion"),
    )


def _group(evaluation: Evaluation, places: np.ndarray, title: str) -> Markup:
    judged, comparison = evaluation.judged, evaluation.champion
    heading = tag("h3", f"{title}: {len(places)}")
    if not len(places):
        return join(heading, tag("p", "None."))
    figures = [
        judged_picture(
            judged,
            int(comparison.rows[place]),
            (
                f"is {judged.classes[judged.labels[comparison.rows[place]]]}",
                f"candidate: {answer(judged, judged.probabilities[comparison.rows[place]])}",
                f"champion: {answer(judged, comparison.champion_probabilities[place])}",
            ),
        )
        for place in places[:DIFFERENCES_SHOWN].tolist()
    ]
    more = len(places) - len(figures)
    return join(heading, gallery(figures), tag("p", f"And {more} more.") if more > 0 else None)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
