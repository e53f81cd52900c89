"""The model registry: groups, their versions, and one version as an approver wants to see it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from local_aws.console.pages.decisions import APPROVED, PENDING, REJECTED, Draft, os_user, seen_mark
from local_aws.console.pages.evidence import evidence_of, measured
from local_aws.console.pages.executions import Execution, existing
from local_aws.console.pages.packages import find_version, packages_named
from local_aws.console.paging import PAGE_SIZE, Page, page_number, page_of
from local_aws.console.protection import PREFIX
from local_aws.console.sources import Sources
from local_aws.console.view import PageMissing, View, Visit
from local_aws.console.wording import words
from local_aws.sagemaker.endpoints.records import ENDPOINT
from local_aws.sagemaker.operations.model_packages import KIND
from local_aws.sagemaker.pipeline.records import RUNNING
from local_aws.sagemaker.store import Record, RecordNotFound

GROUP = "ModelPackageGroup"
# executions that a decision starts begin within seconds, and the page watches for them so long
AWAITED = timedelta(seconds=60)
EXECUTIONS_SEARCHED = 200


@dataclass(frozen=True)
class GroupRow:
    """One model package group in the list."""

    name: str
    description: str
    created: datetime
    counts: Mapping[str, int]
    newest: int | None


def models(visit: Visit) -> View:
    """The groups, and the packages that belong to none."""
    sources = visit.sources
    counted = sources.records.approvals()
    rows = []
    for record in sorted(sources.context.store.all(GROUP), key=lambda group: group.created, reverse=True):
        counts = {each.approval: each.count for each in counted if each.group == record.name}
        newest = max((each.newest for each in counted if each.group == record.name), default=None)
        description = record.body.get("ModelPackageGroupDescription", "")
        rows.append(GroupRow(record.name, description, record.created, counts, newest))
    values = {"shown": page_of(rows, visit.request.args), "others": _unversioned(sources)}
    return View("models.html", "Model registry", values)


def group(visit: Visit, name: str) -> View:
    """The versions of a group, the newest first."""
    sources = visit.sources
    try:
        record = sources.context.store.get(GROUP, name)
    except RecordNotFound as error:
        raise PageMissing(f"There is no model package group {name}.") from error
    prefix = f"{sources.context.arn(f'model-package/{name}')}/"
    number = page_number(visit.request.args)
    found = packages_named(sources, sources.records.names(KIND, (number - 1) * PAGE_SIZE, PAGE_SIZE, prefix))
    pending = any(package.body.get("ModelApprovalStatus") == PENDING for package in found)
    values = {
        "group": record,
        "shown": Page(found, number, sources.records.count(KIND, prefix)),
        "columns": _common_figures(found),
        "serving": _serving(sources),
    }
    news = ", ".join(f"{each.body.get('ModelPackageVersion')} {each.body.get('ModelApprovalStatus')}" for each in found)
    return View("group.html", name, values, live=pending, news=news)


def version(visit: Visit, name: str, number: int) -> View:
    """One version, with the form to decide about it."""
    return version_view(visit, find_version(visit.sources, name, number), Draft())


def version_view(visit: Visit, package: Record, draft: Draft, status: int = 200) -> View:
    """The page of a version, with what was filled in and what was wrong with it."""
    body, sources = package.body, visit.sources
    approval = body.get("ModelApprovalStatus", "")
    related = _related(sources, package.arn)
    waits = approval == PENDING or sources.context.now() - package.modified < AWAITED
    values = {
        "package": package,
        "approval": approval,
        "metadata": body.get("CustomerMetadataProperties") or {},
        "evidence": evidence_of(sources, package),
        "measured": measured(sources, package),
        "containers": (body.get("InferenceSpecification") or {}).get("Containers") or [],
        "serving": _serving(sources).get(package.arn, []),
        "related": related,
        "draft": draft,
        "seen": seen_mark(package),
        "token": visit.protection.token(visit.session, f"{PREFIX}/models/{package.name}/decision"),
        "may_approve": package.status == "Completed",
        "os_user": os_user(),
        "pending": approval == PENDING,
        "choices": (APPROVED, REJECTED),
    }
    live = waits or any(each.status in RUNNING for each in related)
    news = f"{words(approval)}. " + ", ".join(f"{each.pipeline} {words(each.status).lower()}" for each in related)
    title = f"{body['ModelPackageGroupName']} version {body['ModelPackageVersion']}"
    return View("version.html", title, values, live, news, status)


def _unversioned(sources: Sources) -> list[Mapping[str, Any]]:
    answer = sources.context.call("ListModelPackages", {"MaxResults": 100})
    return list(answer["ModelPackageSummaryList"])


def _common_figures(packages: Sequence[Record]) -> list[str]:
    """The metadata that are numbers between 0 and 1 in most versions: what versions are compared by."""
    counted: dict[str, int] = {}
    for package in packages:
        for key, value in (package.body.get("CustomerMetadataProperties") or {}).items():
            counted[key] = counted.get(key, 0) + _is_fraction(value)
    return [key for key, count in counted.items() if count * 2 > len(packages)][:3]


def _is_fraction(text: str) -> bool:
    try:
        return 0 <= float(text) <= 1 and "." in text
    except ValueError:
        return False


def _serving(sources: Sources) -> dict[str, list[str]]:
    """The endpoints that serve each package, by the package's ARN."""
    found: dict[str, list[str]] = {}
    for endpoint in sources.context.store.all(ENDPOINT):
        for model in endpoint.body["Models"].values():
            for container in model.get("Containers") or [model.get("PrimaryContainer") or {}]:
                if arn := container.get("ModelPackageName"):
                    found.setdefault(arn, []).append(endpoint.name)
    return {arn: list(dict.fromkeys(names)) for arn, names in found.items()}


def _related(sources: Sources, arn: str) -> list[Execution]:
    """The executions that were started for this package, the latest first."""
    return existing(sources, sources.records.executions_given(arn, EXECUTIONS_SEARCHED))[:5]
