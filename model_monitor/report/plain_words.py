"""What a feature is, and what it means that it moved, for somebody who sends out couriers. Pure.

A feature without an entry is spoken of by its name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from processing.report.markup import Markup, join, tag

LOOK = "See below whether these are pictures that the model should know."
CAMERA = "Ask what has changed where the pictures are taken: time of day, cameras, the app that sends them."
ENCODER = "Ask whether the app that sends the pictures was changed: how it scales, compresses or converts them."


@dataclass(frozen=True)
class FeatureWords:
    """`title` names it on the page and `means` says what it is; `higher`, `lower` and `other` complete the sentence
    "Compared with the pictures that the model was tested on, …"."""

    title: str
    means: str
    higher: str
    lower: str
    other: str
    advice: str


_UNSURE = "the model is less sure of its answers"
_OTHER_MIX = "bicycles and motorcycles come in another mix"
_SURER = "the model is surer of its answers"
_SURENESS = "the model is sure of some answers and unsure of others in another way"
_SURE_ADVICE = "See below what it is least sure of. While it is unsure, more pictures go to people: plan for them."
_MIX_ADVICE = (
    "Compare with the fleet: the couriers themselves may have changed. If they have not, the model errs on what is "
    "sent now."
)

WORDS: Mapping[str, FeatureWords] = {
    "confidence": FeatureWords(
        "Confidence", "how sure the model is of its answer", _SURER, _UNSURE, _SURENESS, _SURE_ADVICE
    ),
    "margin": FeatureWords(
        "Margin", "lead of the answer over the second likeliest", _SURER, _UNSURE, _SURENESS, _SURE_ADVICE
    ),
    "entropy": FeatureWords(
        "Entropy", "how undecided the model is, 0 not at all", _UNSURE, _SURER, _SURENESS, _SURE_ADVICE
    ),
    "probability": FeatureWords(
        "Probability of a motorcycle",
        "0 surely a bicycle, 1 surely a motorcycle",
        "more pictures look like motorcycles to the model",
        "more pictures look like bicycles to the model",
        _OTHER_MIX,
        _MIX_ADVICE,
    ),
    "predicted_class": FeatureWords(
        "Answer", "what the model says the picture shows", _OTHER_MIX, _OTHER_MIX, _OTHER_MIX, _MIX_ADVICE
    ),
    "payload_bytes": FeatureWords(
        "Size of the request",
        "how many bytes are sent for a picture",
        "the files are larger",
        "the files are smaller",
        "the files have other sizes",
        ENCODER,
    ),
    "width": FeatureWords(
        "Width",
        "in pixels",
        "the pictures are wider",
        "the pictures are narrower",
        "the widths vary otherwise",
        ENCODER,
    ),
    "height": FeatureWords(
        "Height",
        "in pixels",
        "the pictures are taller",
        "the pictures are lower",
        "the heights vary otherwise",
        ENCODER,
    ),
    "brightness": FeatureWords(
        "Brightness",
        "0 black, 1 white",
        "the pictures are brighter",
        "the pictures are darker",
        "bright and dark pictures come in another mix",
        CAMERA,
    ),
    "contrast": FeatureWords(
        "Contrast",
        "how far light and dark are apart",
        "the pictures have more contrast",
        "the pictures are flatter, with less contrast",
        "contrasts vary otherwise",
        CAMERA,
    ),
    "saturation": FeatureWords(
        "Saturation",
        "how strong the colours are",
        "the colours are stronger",
        "the colours are paler",
        "pale and strong colours come in another mix",
        CAMERA,
    ),
    "sharpness": FeatureWords(
        "Sharpness",
        "how much detail there is",
        "the pictures are sharper, or noisier",
        "the pictures are blurred",
        "sharp and blurred pictures come in another mix",
        "Ask whether lenses are dirty, or the app scales the pictures up.",
    ),
    "warmth": FeatureWords(
        "Warmth",
        "red less blue",
        "the pictures are redder",
        "the pictures are bluer",
        "red and blue pictures come in another mix",
        "Ask whether red and blue are swapped on the way, or the light has changed.",
    ),
    "readable": FeatureWords(
        "Readable",
        "1 picture and answer understood, else 0",
        "more pictures can be read",
        "more of what is sent cannot be read as a picture",
        "other shares can be read",
        "See “What could not be read” below, and tell the sender which formats are taken: PNG, JPEG.",
    ),
}


def words_of(name: str) -> FeatureWords:
    """Of any feature."""
    shown = name.replace("_", " ")
    return WORDS.get(name) or FeatureWords(
        shown[:1].upper() + shown[1:],
        "a figure of the record preprocessor",
        f"{shown} is higher",
        f"{shown} is lower",
        f"{shown} is distributed otherwise",
        LOOK,
    )


def with_code(text: str) -> Markup:
    """The text with what stands between `backticks` as code."""
    parts = text.split("`")
    return join(*(tag("code", part) if place % 2 else part for place, part in enumerate(parts)))


def shortened(text: str, most: int) -> str:
    """At most so many characters, the last one an ellipsis where some were left out."""
    return text if len(text) <= most else f"{text[: most - 1]}…"
