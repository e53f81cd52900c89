"""Sure enough to send a courier? A function from probabilities and threshold to a label, or to a named doubt."""

from __future__ import annotations

from dataclasses import dataclass

from contracts import CLASSES, Doubt, Label


class ThresholdNotMet(ValueError):
    """The model is less sure than the threshold asks. The message is a contracts.Doubt as JSON, for the state machine
    to take apart. (The learner projects called this error THRESHOLD_CONFIDENCE_NOT_MET.)
    """

    def __init__(self, label: Label, confidence: float, threshold: float) -> None:
        self.label = label
        self.confidence = confidence
        self.threshold = threshold
        told = f"{label} with confidence {confidence:.4g}, below the threshold {threshold:.4g}"
        doubt = Doubt(message=told, label=label, confidence=confidence, threshold=threshold)
        super().__init__(doubt.model_dump_json())


@dataclass(frozen=True)
class Decision:
    """The likelier class and its probability."""

    label: Label
    confidence: float


def decide(inferences: tuple[float, float], threshold: float) -> Decision:
    """The label whose probability is at least the threshold. Raises ThresholdNotMet.

    Equal probabilities meet a threshold of one half; the first class, bicycle with the nearby orders, is given then.
    """
    best = max(range(len(inferences)), key=inferences.__getitem__)
    label, confidence = CLASSES[best], inferences[best]
    if confidence < threshold:
        raise ThresholdNotMet(label, confidence, threshold)
    return Decision(label, confidence)
