"""The page's sections on how good the candidate is: figures, mistakes, behaviour."""

import numpy as np

from processing.evaluation import Evaluation
from processing.perturbations import PERTURBATIONS
from processing.report.charts import behaviour_chart, chart, roc_chart
from processing.report.markup import Markup, join, table, tag
from processing.report.pictures import answer, file_name, gallery, judged_picture, picture
from processing.report.words import percent, section, share

MISTAKES_SHOWN = 24
CHANGES_SHOWN = 8
_DISPLAYED = {"f1": "F1", "auc": "AUC"}
_MEANING = {
    "accuracy": "share of all test images answered rightly",
    "precision": "of the images called {positive}, the share that is",
    "recall": "of the {positive} images, the share that is called so",
    "f1": "harmonic mean of precision and recall",
    "auc": "chance that a {positive} scores above a {negative}",
}


def quality_section(evaluation: Evaluation) -> Markup:
    judged, metrics = evaluation.judged, evaluation.metrics
    negative, positive = judged.classes
    rows = [
        (
            _DISPLAYED.get(name, name),
            f"{metrics[name]['value']:.3f}",
            f"{interval.lower:.3f} to {interval.upper:.3f}",
            "Wilson" if interval.method == "wilson" else "bootstrap",
            tag("span", _MEANING[name].format(positive=positive, negative=negative), class_="words"),
        )
        for name, interval in evaluation.intervals.items()
    ]
    return section(
        "quality",
        "How good it is",
        tag(
            "p",
            f"Measured on {len(judged.labels)} test images that training never saw, through the container that would "
            "serve the model. The intervals are 95 % ones: Wilson's score interval where the figure is a share, "
            "percentiles of 1,000 bootstrap resamples where it is none.",
        ),
        table(("figure", "value", "95 % interval", "method", "is"), rows),
        tag(
            "div",
            tag("div", tag("h3", "Confusion matrix"), _confusion_matrix(evaluation)),
            chart(roc_chart(metrics, positive), "ROC curve; the dot is where the likelier class is the answer."),
            class_="charts",
        ),
    )


def mistakes_section(evaluation: Evaluation) -> Markup:
    judged = evaluation.judged
    rows = np.flatnonzero(judged.wrong)
    surest = rows[np.argsort(-judged.confidence[rows], kind="stable")][:MISTAKES_SHOWN]
    if not len(rows):
        return section("mistakes", "Its mistakes", tag("p", "It made none on the test images."))
    told = (
        f"All {len(rows)}, the surest first."
        if len(rows) <= MISTAKES_SHOWN
        else f"The {len(surest)} of which it was most sure, of {len(rows)}."
    )
    pictures = (
        judged_picture(
            judged,
            row,
            (f"is {judged.classes[judged.labels[row]]}", f"said {answer(judged, judged.probabilities[row])}"),
        )
        for row in surest.tolist()
    )
    return section("mistakes", "Its mistakes", tag("p", told), gallery(pictures))


def behaviour_section(evaluation: Evaluation) -> Markup:
    tests = evaluation.behaviour
    rows = [
        (
            test.name.replace("_", " "),
            f"{test.changed} of {test.images}",
            share(test.share, test.lower, test.upper),
            percent(test.accuracy_before),
            percent(test.accuracy),
            f"{test.mean_shift:.3f}",
        )
        for test in tests
    ]
    return section(
        "behaviour",
        "How it behaves",
        tag(
            "p",
            "A bicycle that is mirrored, moved by one pixel, a fifth brighter or darker, or without colour, is still a "
            "bicycle. These are the answers that change all the same, right or wrong, on "
            f"{tests[0].images} test images that were changed and scored like the others.",
        ),
        tag(
            "div",
            chart(behaviour_chart(tests), "Share of answers that change, with 95 % Wilson intervals."),
            class_="charts",
        ),
        table(
            ("change", "answers changed", "share (95 % interval)", "right before", "right after", "mean shift"), rows
        ),
        tag("p", "Mean shift: how far the probability of the first answer moves on average.", class_="soft"),
        _changed_pictures(evaluation),
    )


def _confusion_matrix(evaluation: Evaluation) -> Markup:
    classes, matrix = evaluation.judged.classes, evaluation.metrics["confusion_matrix"]
    head = tag("tr", tag("td", "", class_="corner"), *(tag("th", f"said {name}", scope="col") for name in classes))
    rows = [
        tag(
            "tr",
            tag("th", f"is {name}", scope="row"),
            *(_matrix_cell(count, sum(matrix[str(label)].values())) for count in matrix[str(label)].values()),
        )
        for label, name in enumerate(classes)
    ]
    return tag(
        "div", tag("table", tag("thead", head), tag("tbody", *rows), class_="matrix"), class_="scroll", tabindex="0"
    )


def _matrix_cell(count: int, images: int) -> Markup:
    strength = round(45 * count / images) if images else 0
    tint = f"background: color-mix(in srgb, var(--blue) {strength}%, transparent)"
    return tag("td", count, tag("small", percent(count / images if images else 0.0)), style=tint)


def _changed_pictures(evaluation: Evaluation) -> Markup | None:
    judged = evaluation.judged
    changed = [(test.name, row) for test in evaluation.behaviour for row in test.changed_rows]
    if not changed:
        return tag("p", "No answer changed.")
    # every picture once, under the first change that turned its answer
    shown = {row: name for name, row in reversed(changed)}
    figures = []
    for row, name in list(shown.items())[-CHANGES_SHOWN:][::-1]:
        original = judged.images[row]
        truth = judged.classes[judged.labels[row]]
        pair = tag(
            "div",
            picture(original, f"Test image of a {truth}"),
            picture(PERTURBATIONS[name](original), f"The same, {name.replace('_', ' ')}"),
            class_="pair",
        )
        said = f"said {answer(judged, judged.probabilities[row])}; another answer when {name.replace('_', ' ')}"
        lines = join(f"is {truth}", tag("br"), said, tag("br"), file_name(judged.file_names[row]))
        figures.append(tag("figure", pair, tag("figcaption", lines)))
    return join(tag("h3", "Some images whose answer changed"), gallery(figures))
