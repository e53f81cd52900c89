"""What a version's metadata and metrics refer to in S3, shown safely."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import StringIO
from pathlib import PurePosixPath
from typing import Any

from werkzeug.wrappers import Response

from local_aws.console.pages.packages import find_version
from local_aws.console.protection import protect_content
from local_aws.console.sources import Sources
from local_aws.console.view import PageMissing, View, Visit
from local_aws.objects import ObjectNotFound, S3Uri
from local_aws.sagemaker.store import Record

# the types that the content is served with; JSON and CSV as text, which a browser does nothing with
TYPES = {".html": "text/html", ".png": "image/png", ".json": "text/plain", ".csv": "text/plain"}
MOST_SHOWN_BYTES = 2_000_000
MOST_ROWS = 200


@dataclass(frozen=True)
class Evidence:
    """One object in S3 that a version names; `size` is None where there is no such object."""

    name: str
    uri: S3Uri
    ending: str
    size: int | None


@dataclass(frozen=True)
class Measure:
    """One metric of an evaluation."""

    name: str
    value: float
    deviation: float | None


def evidence_of(sources: Sources, package: Record) -> list[Evidence]:
    """Everything that the package names and that can be shown, reports first."""
    named = {name: uri for name, uri in _named(package) if _ending(uri) in TYPES}
    found = [_evidence(sources, name, uri) for name, uri in named.items()]
    return sorted((each for each in found if each), key=lambda each: list(TYPES).index(each.ending))


def measured(sources: Sources, package: Record) -> list[Measure]:
    """The metrics of ModelQuality's statistics, in the form that SageMaker reads; none where they are not there."""
    uri = (((package.body.get("ModelMetrics") or {}).get("ModelQuality") or {}).get("Statistics") or {}).get("S3Uri")
    document = _json(sources, str(uri)) if uri else None
    if not isinstance(document, dict):
        return []
    return [measure for metrics in document.values() if isinstance(metrics, dict) for measure in _measures(metrics)]


def evidence(visit: Visit, group: str, number: int) -> View:
    """One object, with a way back to the decision."""
    found = _wanted(visit, group, number)
    values: dict[str, Any] = {
        "group": group,
        "number": number,
        "evidence": found,
        "text": "",
        "rows": [],
        "more": False,
    }
    if found.size is not None and found.ending in (".json", ".csv"):
        if found.size > MOST_SHOWN_BYTES:
            values["more"] = True
        else:
            text = _read(visit.sources, found).decode(errors="replace")
            values |= (
                {"text": text} if found.ending == ".json" else dict(zip(("rows", "more"), _rows(text), strict=True))
            )
    return View("evidence.html", f"{found.name} of {group} version {number}", values)


def evidence_content(visit: Visit, group: str, number: int) -> Response:
    """The object itself: as a document that can do nothing, or to be saved."""
    found = _wanted(visit, group, number)
    if found.size is None:
        raise PageMissing(f"There is no object {found.uri}.")
    response = Response(_read(visit.sources, found), content_type=f"{TYPES[found.ending]}; charset=utf-8")
    protect_content(visit.request, response.headers)
    if "save" in visit.request.args or found.ending in (".json", ".csv"):
        response.headers.set("Content-Disposition", "attachment", filename=PurePosixPath(found.uri.key).name)
    return response


def _wanted(visit: Visit, group: str, number: int) -> Evidence:
    """What the address names, of what the version names: the console shows no other objects."""
    wanted = visit.request.args.get("name", "")
    for each in evidence_of(visit.sources, find_version(visit.sources, group, number)):
        if each.name == wanted:
            return each
    raise PageMissing(f"Version {number} of {group} has no evidence of the name {wanted}.")


def _named(package: Record) -> Iterator[tuple[str, str]]:
    yield from (package.body.get("CustomerMetadataProperties") or {}).items()
    yield from _metrics_sources("", package.body.get("ModelMetrics") or {})


def _metrics_sources(path: str, metrics: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for member, value in metrics.items():
        if isinstance(value, Mapping):
            yield from _metrics_sources(f"{path}{member} ", value)
        elif member == "S3Uri":
            yield path.strip(), str(value)


def _ending(uri: str) -> str:
    return PurePosixPath(uri).suffix.lower() if uri.startswith("s3://") else ""


def _evidence(sources: Sources, name: str, text: str) -> Evidence | None:
    try:
        uri = S3Uri.parse(text)
    except ValueError:
        return None
    try:
        size = sources.context.objects.size(uri.bucket, uri.key)
    except ObjectNotFound:
        return Evidence(name, uri, _ending(text), None)
    return Evidence(name, uri, _ending(text), size)


def _read(sources: Sources, found: Evidence) -> bytes:
    try:
        return sources.context.objects.read(found.uri.bucket, found.uri.key)
    except ObjectNotFound as error:
        raise PageMissing(f"There is no object {found.uri}.") from error


def _json(sources: Sources, text: str) -> Any:
    try:
        uri = S3Uri.parse(text)
        if sources.context.objects.size(uri.bucket, uri.key) > MOST_SHOWN_BYTES:
            return None
        return json.loads(sources.context.objects.read(uri.bucket, uri.key))
    except (ObjectNotFound, ValueError, RecursionError):
        return None


def _measures(metrics: Mapping[str, Any]) -> Iterator[Measure]:
    for name, metric in metrics.items():
        value = metric.get("value") if isinstance(metric, dict) else None
        if isinstance(value, int | float) and not isinstance(value, bool):
            deviation = metric.get("standard_deviation")
            yield Measure(name, value, deviation if isinstance(deviation, int | float) else None)


def _rows(text: str) -> tuple[list[list[str]], bool]:
    """The first rows of a CSV file, and whether there are more."""
    found: list[list[str]] = []
    try:
        for row in csv.reader(StringIO(text)):
            if len(found) > MOST_ROWS:
                return found, True
            found.append(row)
    except csv.Error:
        return found, True
    return found, False
