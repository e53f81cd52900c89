"""What PutMetricData takes, checked and brought into the form in which metrics are kept."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from moto.cloudwatch.exceptions import InvalidParameterCombination, InvalidParameterValue

from local_aws.cloudwatch.distribution import Distribution
from local_aws.cloudwatch.series import MINUTE, Bucket, Series

LARGEST = 2.0**360
OLDEST = timedelta(weeks=2)
NEWEST = timedelta(hours=2)
FORMS = ("Value", "Values", "StatisticValues")


def measured(request: Mapping[str, Any], now: datetime) -> list[tuple[Series, Bucket]]:
    """What a request to PutMetricData measured. Raises InvalidParameterValue, InvalidParameterCombination.

    The namespaces of AWS itself are taken too, so that somebody can play traffic or errors to see alarms go off.
    """
    namespace = request["Namespace"]
    if namespace.startswith(":"):
        raise InvalidParameterValue("The value for parameter Namespace must not begin with a colon.")
    found = []
    for position, datum in enumerate(request.get("MetricData") or (), start=1):
        place = f"MetricData.member.{position}"
        distribution = _distribution(datum, place)
        if distribution is not None:
            series = Series.of(namespace, datum["MetricName"], _dimensions(datum, place))
            found.append((series, Bucket(_start(datum, place, now), datum.get("Unit") or "None", distribution)))
    return found


def _dimensions(datum: Mapping[str, Any], place: str) -> dict[str, str]:
    pairs = [(dimension["Name"], dimension["Value"]) for dimension in datum.get("Dimensions") or ()]
    dimensions = dict(pairs)
    if len(dimensions) < len(pairs):
        raise InvalidParameterValue(f"The parameter {place}.Dimensions must not name a dimension twice.")
    return dimensions


def _start(datum: Mapping[str, Any], place: str, now: datetime) -> int:
    resolution = datum.get("StorageResolution") or MINUTE
    if resolution not in (1, MINUTE):
        raise InvalidParameterValue(f"The parameter {place}.StorageResolution must be 1 or 60.")
    moment = datum.get("Timestamp") or now
    if moment < now - OLDEST:
        raise InvalidParameterValue(f"The parameter {place}.Timestamp must specify a time within the past two weeks.")
    if moment > now + NEWEST:
        raise InvalidParameterValue(
            f"The parameter {place}.Timestamp must specify a time no more than two hours ahead."
        )
    return int(moment.timestamp()) // resolution * resolution


def _distribution(datum: Mapping[str, Any], place: str) -> Distribution | None:
    """None where every count is 0."""
    given = [form for form in FORMS if datum.get(form) is not None]
    if len(given) != 1:
        raise InvalidParameterCombination(f"Exactly one of Value, Values and StatisticValues must be given in {place}.")
    if given == ["StatisticValues"]:
        return _statistic_set(datum["StatisticValues"], place)
    values = datum["Values"] if given == ["Values"] else [datum["Value"]]
    counts = datum.get("Counts") or [1.0] * len(values)
    if len(counts) != len(values) or not values:
        raise InvalidParameterValue(
            f"The parameters {place}.Values and {place}.Counts must be of the same size, and not empty."
        )
    _check_numbers(values, f"{place}.{given[0]}")
    _check_numbers(counts, f"{place}.Counts")
    if any(count < 0 for count in counts):
        raise InvalidParameterValue(f"The parameter {place}.Counts must not hold a negative number.")
    return Distribution.of(values, counts) if any(counts) else None


def _statistic_set(values: Mapping[str, float], place: str) -> Distribution | None:
    count, total, minimum, maximum = (values[name] for name in ("SampleCount", "Sum", "Minimum", "Maximum"))
    _check_numbers([count, total, minimum, maximum], f"{place}.StatisticValues")
    if minimum > maximum or count < 0:
        raise InvalidParameterValue(
            f"The parameter {place}.StatisticValues must not have a Minimum above its Maximum, nor a negative count."
        )
    return Distribution.of_statistics(count, total, minimum, maximum) if count else None


def _check_numbers(values: list[float], place: str) -> None:
    for value in values:
        if not math.isfinite(value) or abs(value) > LARGEST:
            raise InvalidParameterValue(f"The value {value} for parameter {place} is invalid.")
