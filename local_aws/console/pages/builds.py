"""CodeBuild's builds: the list of them, one with its phases, and the test cases of a report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from local_aws.builds.log import place_of
from local_aws.builds.records import SUCCEEDED, Build, Report
from local_aws.console.paging import PAGE_SIZE, Page, page_number, page_of
from local_aws.console.view import PageMissing, View, Visit
from local_aws.console.wording import words

CASES_ON_A_PAGE = 100


@dataclass(frozen=True)
class Figures:
    """What a report says in figures; `name` is its group's."""

    arn: str
    name: str
    status: str
    passed: int
    total: int
    others: str

    @classmethod
    def of(cls, report: Report) -> Figures:
        """From the report."""
        others = [f"{count} {status.lower()}" for status, count in report.counts.items() if count]
        return cls(
            report.arn,
            report.group_arn.rpartition("/")[2],
            report.status,
            report.counts.get("SUCCEEDED", 0),
            report.total,
            ", ".join(text for text in others if not text.endswith("succeeded")),
        )


@dataclass(frozen=True)
class BuildRow:
    """One build in the list: `log` is its group and stream.

    `phase` is where it is, or the first that did not succeed, empty for a build that did; `reason` why it did not.
    """

    build: Build
    phase: str
    reason: str
    log: tuple[str, str] | None
    figures: Sequence[Figures]


def builds(visit: Visit) -> View:
    """All builds, or those of one project, the latest first."""
    store, arguments = visit.sources.builds.store, visit.request.args
    project = arguments.get("project") or None
    number = page_number(arguments)
    ids = store.build_ids(project, False, (number - 1) * PAGE_SIZE, PAGE_SIZE)
    rows = [_row(visit, build) for build in _existing(visit, ids)]
    running = len(store.running(project))
    values = {
        "shown": Page(rows, number, store.count(project)),
        "project": project or "",
        "projects": [each.name for each in store.projects()],
    }
    return View("builds.html", "Builds", values, live=running > 0, news=f"{running} running")


def build(visit: Visit, project: str, uuid: str) -> View:
    """One build."""
    try:
        found = visit.sources.builds.store.build(f"{project}:{uuid}")
    except KeyError as error:
        raise PageMissing(f"There is no build {project}:{uuid}.") from error
    settings = found.settings
    values = {
        "row": _row(visit, found),
        "build": found,
        "source": " ".join(filter(None, (settings["source"]["type"], settings["source"].get("location")))),
        "version": found.outcome.get("resolvedSourceVersion") or settings.get("sourceVersion"),
        "variables": {each["name"]: _shown(each) for each in settings["environment"]["environmentVariables"]},
        "exported": {each["name"]: each["value"] for each in found.outcome.get("exportedEnvironmentVariables", [])},
        "artifacts": [
            each["location"]
            for each in [found.outcome.get("artifacts"), *found.outcome.get("secondaryArtifacts", [])]
            if each
        ],
    }
    return View("build.html", f"Build {found.number} of {project}", values, found.running, words(found.status))


def report(visit: Visit) -> View:
    """The test cases of a report, those that failed first."""
    arn = visit.request.args.get("arn", "")
    try:
        found = visit.sources.builds.reports.report(arn)
    except KeyError as error:
        raise PageMissing(f"There is no report {arn}.") from error
    bad = {"FAILED": 0, "ERROR": 0}
    cases = sorted(found.cases, key=lambda case: bad.get(case.status, 1))
    values = {
        "report": found,
        "figures": Figures.of(found),
        "build_id": found.build_arn.rpartition("/")[2].split(":"),
        "shown": page_of(cases, visit.request.args, CASES_ON_A_PAGE),
    }
    return View("report.html", f"Report {found.group_arn.rpartition('/')[2]}", values)


def _row(visit: Visit, found: Build) -> BuildRow:
    bad = [phase for phase in found.phases if phase.status not in (None, SUCCEEDED)]
    phase = found.current_phase if found.running else next((each.type for each in bad), "")
    reason = next((each.context.message for each in bad if each.context), "")
    figures = [Figures.of(one) for one in _reports(visit, found.outcome.get("reportArns", []))]
    return BuildRow(found, phase, reason, place_of(found), figures)


def _existing(visit: Visit, ids: Sequence[str]) -> list[Build]:
    """The builds of these ids, but for those that have been deleted meanwhile."""
    found = []
    for build_id in ids:
        try:
            found.append(visit.sources.builds.store.build(build_id))
        except KeyError:
            continue
    return found


def _reports(visit: Visit, arns: Sequence[str]) -> list[Report]:
    found = []
    for arn in arns:
        try:
            found.append(visit.sources.builds.reports.report(arn))
        except KeyError:
            continue
    return found


def _shown(variable: Mapping[str, Any]) -> str:
    """A value, or where it is: the values of secrets are nowhere shown."""
    kind = variable.get("type", "PLAINTEXT")
    return str(variable["value"]) if kind == "PLAINTEXT" else f"{words(kind)}: {variable['value']}"
