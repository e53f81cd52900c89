"""The page's section on confidence: what a threshold costs, and whether the model is as sure as it is right."""

from processing.calibration import BINS, ERROR_BAR
from processing.coverage import WORKING_THRESHOLD, ThresholdEffect
from processing.evaluation import Evaluation
from processing.report.charts import chart
from processing.report.confidence_charts import (
    confidence_chart,
    coverage_chart,
    decided_accuracy_chart,
    reliability_chart,
)
from processing.report.markup import Markup, join, table, tag
from processing.report.words import NO_BREAK, percent, section, share


def confidence_section(evaluation: Evaluation) -> Markup:
    return section(
        "confidence", "What its confidence means", _threshold_part(evaluation), _calibration_part(evaluation)
    )


def _threshold_part(evaluation: Evaluation) -> Markup:
    curve, working = evaluation.coverage_curve, evaluation.working_threshold
    return join(
        tag("h3", "What a threshold costs"),
        tag("p", _working_threshold(working)),
        table(
            ("threshold", "to a human", "decided", "right"),
            [_threshold_row(effect) for effect in evaluation.thresholds],
            "Images left to a human; the share decided without one, and the share right of these, with 95 % intervals",
        ),
        tag(
            "div",
            chart(
                coverage_chart(curve, working),
                "How much is decided without a human; the shaded band is the 95 % interval (Wilson's). Dotted: the "
                f"working threshold {WORKING_THRESHOLD:g}.",
            ),
            chart(
                decided_accuracy_chart(curve, working),
                "How much of that is right. To the right fewer images are decided, and less is known of them.",
            ),
            class_="charts",
        ),
        tag(
            "p",
            "Each interval is that of a threshold chosen beforehand. One that is picked here because it looks best "
            "will do somewhat worse on other images, and live ones may be harder than these.",
            class_="soft",
        ),
    )


def _calibration_part(evaluation: Evaluation) -> Markup:
    judged, chance = evaluation.judged, evaluation.calibration_error_by_chance
    error = evaluation.calibration_error
    verdict = "within" if error <= ERROR_BAR else "above"
    return join(
        tag("h3", "Is it as right as it is sure?"),
        tag(
            "p",
            f"Expected calibration error: {error:.3f}, {verdict} the {ERROR_BAR:g} that the project wants (0 is "
            "perfect; it is no gate). It is the distance between confidence and share right, averaged over the "
            f"images, in {BINS} bins of equal width from 0.5 to 1 (Guo et al., On Calibration of Modern Neural "
            "Networks, 2017). "
            f"On {len(judged.labels)} images even a perfectly calibrated model shows {chance.mean:.3f} on average, and "
            f"one in twenty shows more than {chance.upper:.3f}.",
        ),
        tag(
            "div",
            chart(
                reliability_chart(evaluation.bins),
                "Reliability, with 95 % intervals. On the dotted line the model is right as often as it is sure; below "
                "it is too sure.",
            ),
            chart(
                confidence_chart(judged.confidence, judged.wrong, WORKING_THRESHOLD),
                f"Confidence, right answers in blue and wrong ones in orange; dotted the working threshold "
                f"{WORKING_THRESHOLD:g}.",
            ),
            class_="charts",
        ),
    )


def _working_threshold(effect: ThresholdEffect) -> str:
    told = (
        f"At the working threshold of {effect.threshold:g}, {effect.reviewed} of "
        f"{effect.reviewed + effect.decided} images ({percent(effect.review_share)}) would go to a human."
    )
    if effect.accuracy is None or effect.accuracy_lower is None or effect.accuracy_upper is None:
        return f"{told} Nothing would be decided without one."
    interval = share(effect.accuracy, effect.accuracy_lower, effect.accuracy_upper)
    return f"{told} Of the {effect.decided} decided without one, {interval} are right."


def _threshold_row(effect: ThresholdEffect) -> tuple[object, ...]:
    label = f"{effect.threshold:g}" + (" (working)" if effect.threshold == WORKING_THRESHOLD else "")
    decided = _share_cell(effect.coverage, effect.coverage_lower, effect.coverage_upper)
    if effect.accuracy is None or effect.accuracy_lower is None or effect.accuracy_upper is None:
        return label, effect.reviewed, decided, "—"
    return label, effect.reviewed, decided, _share_cell(effect.accuracy, effect.accuracy_lower, effect.accuracy_upper)


def _share_cell(value: float, lower: float, upper: float) -> str:
    """A share which breaks before its interval and nowhere else: the table has to fit on a telephone."""
    return f"{percent(value)} ({100 * lower:.1f}{NO_BREAK}to{NO_BREAK}{100 * upper:.1f})"
