"""Why a training was started and by whom, as an execution's parameters and a version's metadata can hold it."""

from __future__ import annotations

import re
import unicodedata

TRAINING_REASON = "TrainingReason"
TRAINING_TRIGGER = "TrainingTrigger"
BY_HAND = "started by hand"
USER = "user"
PUSH, CODEBUILD = "push", "codebuild"
# of a value of CustomerMetadataProperties, in botocore's service model: [\p{L}\p{Z}\p{N}_.:\/=+\-@]*, 256 characters
LONGEST = 256
NOT_IN_METADATA = re.compile(r"[^\w .:/=+\-@]")


class ReasonRefused(ValueError):
    """A reason or trigger that cannot be kept; the message says why."""


def check_text(text: str, option: str) -> str:
    """What a person gave for `option`, as metadata may hold it. Raises ReasonRefused: empty, or over 256 characters."""
    kept = _cleaned(text)
    if not kept:
        raise ReasonRefused(f"{option} is empty: say it in a few words, they stay on the execution and the version")
    if len(kept) > LONGEST:
        raise ReasonRefused(f"{option} has {len(kept)} characters: a version's metadata keeps {LONGEST}")
    return kept


def fitted(text: str, otherwise: str) -> str:
    """What a machine gave, as metadata may hold it: cut where it is too long, `otherwise` where nothing is left."""
    kept = _cleaned(text) or otherwise
    return kept if len(kept) <= LONGEST else f"{kept[: LONGEST - 3].rstrip()}..."


def _cleaned(text: str) -> str:
    """One line, composed (a combining accent is no letter), and a dash for each character that is not allowed."""
    return NOT_IN_METADATA.sub("-", " ".join(unicodedata.normalize("NFC", text).split()))
