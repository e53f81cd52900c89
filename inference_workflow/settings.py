"""What the template sets through the environment."""

from __future__ import annotations

import math
import os

from contracts import DEFAULT_THRESHOLD

METRICS_NAMESPACE = "Scones"


class SettingInvalid(ValueError):
    """An environment variable of the function is missing or not what it should be."""


def endpoint_name() -> str:
    """ENDPOINT_NAME. Raises SettingInvalid."""
    name = os.environ.get("ENDPOINT_NAME", "").strip()
    if not name:
        raise SettingInvalid("ENDPOINT_NAME is not set: the name of the endpoint to ask")
    return name


def threshold() -> float:
    """THRESHOLD, 0 to 1, by default 0.93. Raises SettingInvalid."""
    text = os.environ.get("THRESHOLD", "").strip()
    if not text:
        return DEFAULT_THRESHOLD
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0.0 <= value <= 1.0:
        raise SettingInvalid(f"THRESHOLD is {text!r}: a number from 0 to 1 is expected")
    return value
