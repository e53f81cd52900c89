"""Figures for notebooks: what is in them, without a screen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from pipelines.figures import confidence_over_time, contact_sheet

RED = np.full((4, 4, 3), (255, 0, 0), dtype=np.uint8)


def test_a_contact_sheet_shows_every_picture_under_its_caption(tmp_path: Path) -> None:
    file = tmp_path / "blue.png"
    Image.new("RGB", (4, 4), (0, 0, 255)).save(file)
    figure = contact_sheet([RED, file, RED], ["a", "b", "c"], columns=2)
    shown = [axes for axes in figure.axes if axes.images]
    assert [axes.get_title() for axes in shown] == ["a", "b", "c"]
    assert [tuple(np.asarray(axes.images[0].get_array())[0, 0]) for axes in shown] == [
        (255, 0, 0),
        (0, 0, 255),
        (255, 0, 0),
    ]
    assert len(figure.axes) == 4
    assert not any(axes.axison for axes in figure.axes)


@pytest.mark.parametrize(("pictures", "captions"), [([], []), ([RED], ["one", "two"])])
def test_a_contact_sheet_of_nothing_or_with_other_captions_is_refused(
    pictures: list[np.ndarray], captions: list[str]
) -> None:
    with pytest.raises(ValueError, match="one picture or more"):
        contact_sheet(pictures, captions)


def test_confidence_over_time_parts_the_answers_at_the_threshold() -> None:
    times = pd.to_datetime(["2030-01-01T00:00:00Z"] * 2 + ["2030-01-01T00:05:00Z"] * 2)
    captured = pd.DataFrame({"inference_time": times, "confidence": [0.99, 0.8, 0.93, None]})
    (axes,) = confidence_over_time(captured, 0.93).axes
    sure, unsure = axes.collections
    assert sorted(sure.get_offsets()[:, 1]) == [0.93, 0.99]
    assert list(unsure.get_offsets()[:, 1]) == [0.8]
    # matplotlib counts days: the second answer of two in a second lies in its middle
    assert (unsure.get_offsets()[0, 0] - sure.get_offsets()[0, 0]) * 86400 == pytest.approx(0.5, abs=1e-3)
    (line,) = axes.lines
    assert set(line.get_ydata()) == {0.93}
    legend = axes.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["acted upon: 2", "for a human: 1", "threshold 0.93"]


def test_confidence_over_time_of_no_answers_is_an_empty_picture() -> None:
    times = pd.to_datetime(pd.Series([], dtype="object"), utc=True)
    (axes,) = confidence_over_time(pd.DataFrame({"inference_time": times, "confidence": []}), 0.5).axes
    assert [len(points.get_offsets()) for points in axes.collections] == [0, 0]
