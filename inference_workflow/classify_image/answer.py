"""The endpoint's answer, believed only when it is what the contract says."""

from __future__ import annotations

from pydantic import TypeAdapter, ValidationError

from contracts import CLASSES, Inferences

SHOWN_BYTES = 80
_PROBABILITIES: TypeAdapter[tuple[float, float]] = TypeAdapter(Inferences)


class AnswerNotUnderstood(ValueError):
    """The endpoint answered something else than `[p_bicycle, p_motorcycle]`."""


def read_answer(body: bytes) -> tuple[float, float]:
    """The probability of each class. Raises AnswerNotUnderstood: two finite numbers from 0 to 1 that sum to 1."""
    try:
        return _PROBABILITIES.validate_python(body)
    except (ValidationError, ValueError) as error:
        why = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        wanted = ", ".join(f"p_{name}" for name in CLASSES)
        raise AnswerNotUnderstood(f"expected [{wanted}], the endpoint answered {_shown(body)}: {why}") from None


def _shown(body: bytes) -> str:
    text = body[:SHOWN_BYTES].decode("utf-8", "replace")
    return repr(text) + (f" … ({len(body)} bytes)" if len(body) > SHOWN_BYTES else "")
