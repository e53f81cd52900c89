"""`scones retrain` and the monitor's function keep one history and the same limits."""

from __future__ import annotations

import re
from datetime import timedelta

import botocore.session

from model_monitor.request_retraining.decision import Limits
from model_monitor.stack import TEMPLATE
from pipelines.retraining.permission import DEFAULT_LIMITS
from pipelines.retraining.places import NEW_IMAGES_PREFIX, SNAPSHOTS_PREFIX, STATE_KEY
from pipelines.retraining.reason import LONGEST


def default_of(parameter: str) -> int:
    found = re.search(rf"^  {parameter}:\n(?:    .*\n)*?    Default: (\d+)$", TEMPLATE.read_text(), re.MULTILINE)
    assert found, parameter
    return int(found[1])


def test_without_a_monitor_the_templates_limits_count() -> None:
    assert Limits(timedelta(minutes=default_of("CoolDownMinutes")), default_of("DailyLimit")) == DEFAULT_LIMITS


def test_both_keep_the_same_history() -> None:
    assert f"STATE_KEY: {STATE_KEY}\n" in TEMPLATE.read_text()


def test_no_place_is_the_beginning_of_another_ones_keys() -> None:
    """An S3Prefix input takes every key that begins with it."""
    places = (NEW_IMAGES_PREFIX, SNAPSHOTS_PREFIX, STATE_KEY)
    assert not [(one, other) for one in places for other in places if one != other and other.startswith(one)]


def test_reasons_are_as_long_as_the_service_takes_them() -> None:
    value = botocore.session.get_session().get_service_model("sagemaker").shape_for("CustomerMetadataMap").value
    assert value.metadata["max"] == LONGEST
