"""The evaluation's pictures: one function a plot, one style, legible to the colour-blind and in grey."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from processing.coverage import ThresholdEffect
from processing.judged_images import JudgedImages

# Okabe and Ito's palette.
BLUE, ORANGE, GREY, INK = "#0072B2", "#E69F00", "#8A8A8A", "#222222"
_STYLE: dict[str, Any] = {
    "font.size": 11,
    "axes.titlesize": 13,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 12,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "savefig.dpi": 130,
}
_MISTAKES_SHOWN = 12
_COLUMNS = 6


def draw_confusion_matrix(judged: JudgedImages, file: Path) -> None:
    """Counts and the share of each true class, darker for more."""
    names, labels, predicted = judged.classes, judged.labels, judged.predicted
    counts = np.array(
        [[((labels == a) & (predicted == p)).sum() for p in range(len(names))] for a in range(len(names))]
    )
    shares = counts / counts.sum(axis=1, keepdims=True).clip(1)
    with rc_context(_STYLE):
        figure, axes = _figure(5.4, 4.6)
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        for (row, column), share in np.ndenumerate(shares):
            colour = "white" if share > 0.5 else INK
            axes.text(
                column,
                row - 0.06,
                str(counts[row, column]),
                ha="center",
                va="center",
                color=colour,
                fontsize=22,
            )
            axes.text(column, row + 0.2, f"{share:.1%}", ha="center", va="center", color=colour)
        axes.set_xticks(range(len(names)), names)
        axes.set_yticks(range(len(names)), names, rotation=90, va="center")
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        axes.set(xlabel="predicted", ylabel="true")
        correct = int((~judged.wrong).sum())
        axes.set_title(f"{correct} of {len(labels)} test images right")
        figure.savefig(file)


def draw_roc_curve(metrics: dict[str, Any], positive_class: str, file: Path) -> None:
    """The ROC curve of `binary_classification_metrics`, and where the larger probability puts the model."""
    curve, matrix = metrics["receiver_operating_characteristic_curve"], metrics["confusion_matrix"]
    with rc_context(_STYLE):
        figure, axes = _figure(5.4, 5.0)
        axes.plot([0, 1], [0, 1], color=GREY, linestyle=":", label="chance")
        axes.fill_between(curve["false_positive_rates"], curve["true_positive_rates"], color=BLUE, alpha=0.08)
        axes.plot(
            curve["false_positive_rates"],
            curve["true_positive_rates"],
            color=BLUE,
            linewidth=2,
            label="model",
        )
        x = matrix["0"]["1"] / sum(matrix["0"].values())
        y = matrix["1"]["1"] / sum(matrix["1"].values())
        axes.plot(x, y, "o", color=ORANGE, markeredgecolor=INK, markersize=9, label="at probability 0.5")
        axes.set(xlabel="false positive rate", ylabel="true positive rate", xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
        axes.set_aspect("equal")
        axes.set_title(f"ROC for {positive_class}, AUC {metrics['auc']['value']:.3f}")
        axes.legend(loc="lower right")
        figure.savefig(file)


def draw_confidence_histogram(judged: JudgedImages, file: Path) -> None:
    """How sure the model was where it was right, and where it was wrong."""
    confidence, wrong = judged.confidence, judged.wrong
    lowest = 1 / len(judged.classes)
    with rc_context(_STYLE):
        figure, axes = _figure(6.6, 4.2)
        bins = np.linspace(lowest, 1, 21)
        axes.hist(
            [confidence[~wrong], confidence[wrong]],
            bins=bins.tolist(),
            stacked=True,
            color=[BLUE, ORANGE],
            edgecolor="white",
            label=[f"right ({int((~wrong).sum())})", f"wrong ({int(wrong.sum())})"],
        )
        axes.set(xlabel="probability of the predicted class", ylabel="test images", xlim=(lowest, 1))
        axes.set_title("Confidence, where right and where wrong")
        axes.legend(loc="upper left")
        figure.savefig(file)


def draw_coverage_curve(curve: Sequence[ThresholdEffect], working: ThresholdEffect, file: Path) -> None:
    """What each confidence threshold leaves to the model, and how right that is, with 95 % intervals."""
    decided = [effect for effect in curve if effect.decided]
    with rc_context(_STYLE):
        figure = Figure(figsize=(10.4, 4.2), layout="constrained")
        covered, right = figure.subplots(1, 2)
        _draw_share(covered, curve, "coverage")
        covered.set(ylim=(0, 1.02), ylabel="share decided without a human")
        covered.set_title(f"Threshold {working.threshold:g} leaves {working.reviewed} to a human")
        if decided:
            _draw_share(right, decided, "accuracy")
            # the interval of the last few images reaches far down: cut off, so that the rest stays legible
            right.set_ylim(
                max(0, min(effect.accuracy for effect in decided if effect.accuracy is not None) - 0.1), 1.005
            )
        right.set(ylabel="share right of the decided")
        told = "none are decided" if working.accuracy is None else f"{working.accuracy:.1%} of the rest right"
        right.set_title(told)
        for axes in (covered, right):
            axes.axvline(working.threshold, color=ORANGE, linestyle=":", linewidth=2)
            axes.set(xlim=(0.5, 1), xlabel="threshold")
            axes.yaxis.set_major_formatter(PercentFormatter(1))
        figure.savefig(file)


def draw_worst_mistakes(judged: JudgedImages, file: Path) -> None:
    """The mistakes of which the model was most sure; without any, the right answers it was least sure of."""
    confidence, wrong = judged.confidence, judged.wrong
    if wrong.any():
        rows = np.flatnonzero(wrong)
        chosen = rows[np.argsort(-confidence[rows], kind="stable")][:_MISTAKES_SHOWN]
        title = f"Worst mistakes: the {len(chosen)} surest of {len(rows)}" if len(rows) > 1 else "The one mistake"
    else:
        chosen = np.argsort(confidence, kind="stable")[:_MISTAKES_SHOWN]
        title = "No mistakes; the least certain pictures"
    lines = -(-len(chosen) // _COLUMNS)
    with rc_context(_STYLE):
        figure = Figure(figsize=(1.75 * _COLUMNS, 2.12 * lines + 0.4), layout="constrained")
        figure.suptitle(title, x=0.01, ha="left", fontsize=13, fontweight="bold")
        grid = figure.subplots(lines, _COLUMNS, squeeze=False)
        for axes in grid.flat:
            axes.axis("off")
        for axes, row in zip(grid.flat, chosen, strict=False):
            axes.imshow(judged.images[row], interpolation="nearest")
            truth, guess = (judged.classes[label[row]] for label in (judged.labels, judged.predicted))
            axes.set_title(f"is {truth}\nsaid {guess} {confidence[row]:.0%}", fontsize=9.5, fontweight="normal", pad=5)
        figure.savefig(file)


def _draw_share(axes: Axes, curve: Sequence[ThresholdEffect], name: str) -> None:
    thresholds = [effect.threshold for effect in curve]
    share, lower, upper = ([getattr(effect, name + end) for effect in curve] for end in ("", "_lower", "_upper"))
    axes.fill_between(thresholds, lower, upper, color=BLUE, alpha=0.12, linewidth=0)
    axes.plot(thresholds, share, color=BLUE, linewidth=2)


def _figure(width: float, height: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots()
