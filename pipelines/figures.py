"""Figures for notebooks: pictures under their captions, and confidence over time. Nothing is written to a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

DOTS_PER_INCH = 144
CAPTION_INCHES = 0.25
SURE, UNSURE, LINE = "#2b6cb0", "#dd6b20", "#4a5568"


def contact_sheet(
    pictures: Sequence[Path | NDArray[np.uint8]], captions: Sequence[str] = (), columns: int = 12, inches: float = 11.0
) -> Figure:
    """The pictures in rows, each under its caption if there are any; `inches` is the width of a row.

    A picture is a file, or (height, width, 3) uint8.

    Raises ValueError for no pictures, or for as many captions as do not fit them.
    """
    import numpy as np
    from matplotlib.figure import Figure
    from PIL import Image

    if not pictures or (captions and len(captions) != len(pictures)):
        raise ValueError(
            f"{len(captions)} captions for {len(pictures)} pictures: give one picture or more, a caption each"
        )
    rows = -(-len(pictures) // columns)
    side = inches / columns
    size = (inches, rows * (side + CAPTION_INCHES if captions else side))
    figure = Figure(figsize=size, dpi=DOTS_PER_INCH, layout="constrained")
    for number, axes in enumerate(np.ravel(figure.subplots(rows, columns, squeeze=False))):
        axes.axis("off")
        if number >= len(pictures):
            continue
        picture = pictures[number]
        axes.imshow(Image.open(picture).convert("RGB") if isinstance(picture, Path) else picture)
        if captions:
            axes.set_title(captions[number], fontsize=7.5)
    return figure


def confidence_over_time(captured: pd.DataFrame, threshold: float) -> Figure:
    """Each captured answer's confidence (0.5 to 1 with two classes) by its time, and the bar it has to reach.

    `captured` has columns inference_time and confidence, as `Captured.to_frame` makes them. Times are whole seconds:
    the answers of a second are spread over it, in their order. One that could not be read has no confidence, and no
    point.
    """
    import pandas as pd
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
    from matplotlib.figure import Figure

    known = captured.dropna(subset=["confidence"])
    same_second = known.groupby("inference_time")["confidence"]
    share = same_second.cumcount() / same_second.transform("size")
    times = known["inference_time"] + pd.to_timedelta(share, unit="s")
    sure = known["confidence"] >= threshold
    figure = Figure(figsize=(11, 3.6), dpi=DOTS_PER_INCH, layout="constrained")
    axes = figure.subplots()
    for chosen, colour, words in ((sure, SURE, "acted upon"), (~sure, UNSURE, "for a human")):
        label = f"{words}: {chosen.sum()}"
        axes.scatter(times[chosen], known["confidence"][chosen], s=14, color=colour, alpha=0.7, label=label)
    axes.axhline(threshold, color=LINE, linestyle="--", linewidth=1, label=f"threshold {threshold:g}")
    axes.set_ylim(min(0.48, threshold - 0.02), 1.02)
    axes.set_ylabel("confidence")
    locator = AutoDateLocator(maxticks=8)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator, tz=known["inference_time"].dt.tz))
    axes.set_xlabel("time of the answer (UTC)")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3, frameon=False)
    return figure
