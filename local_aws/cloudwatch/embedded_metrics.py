"""Metrics in lines of a log: CloudWatch's embedded metric format.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
What is malformed is no metric, and no error: of a document its sound parts count. Storage resolution is not heeded.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from functools import cache
from typing import Any

from local_aws.cloudwatch.put_metric_data import LARGEST, NEWEST, OLDEST
from local_aws.metrics import MetricDatum
from local_aws.service_shapes import service_model

MARK = '"_aws"'
MOST_METRICS = 100
MOST_VALUES = 100
MOST_DIMENSIONS = 30
LONGEST_NAME = 1024


def metrics_in(line: str, now: datetime) -> list[tuple[str, MetricDatum]]:
    """What a line measures, each with its namespace. Before the document there may be other text, as Lambda's is."""
    document = _document(line)
    metadata = document.get("_aws")
    if not isinstance(metadata, Mapping):
        return []
    moment = _moment(metadata.get("Timestamp"), now)
    directives = metadata.get("CloudWatchMetrics")
    if moment is None or not isinstance(directives, list):
        return []
    return [found for directive in directives for found in _of_directive(directive, document, moment)]


def _document(line: str) -> Mapping[str, Any]:
    if MARK not in line:
        return {}
    try:
        found = json.loads(line[line.index("{") :], parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, Mapping) else {}


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not of JSON")


def _moment(timestamp: Any, now: datetime) -> datetime | None:
    if not _is_number(timestamp):
        return None
    try:
        moment = datetime.fromtimestamp(timestamp / 1000, timezone.utc)
    except (OverflowError, OSError, ValueError):
        return None
    return moment if now - OLDEST <= moment <= now + NEWEST else None


def _of_directive(directive: Any, document: Mapping[str, Any], moment: datetime) -> Iterator[tuple[str, MetricDatum]]:
    if not isinstance(directive, Mapping):
        return
    namespace, definitions = directive.get("Namespace"), directive.get("Metrics")
    dimension_sets = directive.get("Dimensions")
    if not _is_name(namespace) or not isinstance(definitions, list) or not isinstance(dimension_sets, list):
        return
    if len(definitions) > MOST_METRICS:
        return
    for dimensions in _dimension_sets(dimension_sets, document):
        for definition in definitions:
            datum = _datum(definition, document, dimensions, moment)
            if datum is not None:
                yield str(namespace), datum


def _dimension_sets(dimension_sets: list[Any], document: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    for names in dimension_sets:
        if not isinstance(names, list) or len(names) > MOST_DIMENSIONS:
            continue
        if all(isinstance(name, str) and _is_name(document.get(name)) for name in names):
            yield {name: document[name] for name in names}


def _datum(
    definition: Any, document: Mapping[str, Any], dimensions: Mapping[str, str], moment: datetime
) -> MetricDatum | None:
    if not isinstance(definition, Mapping) or not _is_name(definition.get("Name")):
        return None
    target = document.get(definition["Name"])
    values: list[Any] = target if isinstance(target, list) else [target]
    if not 0 < len(values) <= MOST_VALUES or not all(_is_number(value) and abs(value) <= LARGEST for value in values):
        return None
    unit = definition.get("Unit")
    return MetricDatum(
        name=definition["Name"],
        dimensions=dimensions,
        unit=unit if unit in _units() else "None",
        timestamp=moment,
        values=tuple(float(value) for value in values),
        counts=(1.0,) * len(values),
    )


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= LONGEST_NAME


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


@cache
def _units() -> frozenset[str]:
    return frozenset(service_model("cloudwatch").shape_for("StandardUnit").enum)
