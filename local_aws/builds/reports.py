"""Reports of a build: the test results that it left, in groups.

https://docs.aws.amazon.com/codebuild/latest/userguide/test-reporting.html
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from local_aws.builds import junit
from local_aws.builds.buildspec import ReportSpec
from local_aws.builds.errors import PhaseFailed
from local_aws.builds.files import find
from local_aws.builds.records import FAILED, SUCCEEDED, Build, Report, ReportGroup, TestCase
from local_aws.builds.report_store import GroupThere, ReportStore

# a report has this many test cases at most, and is kept this long, as on the service
MOST_CASES = 500
LARGEST_FILE = 64 * 1024 * 1024
KEPT = timedelta(days=30)
STATUSES = ("SUCCEEDED", "FAILED", "ERROR", "SKIPPED", "UNKNOWN")
BAD = ("FAILED", "ERROR")


class Reports:
    """Makes them."""

    def __init__(self, store: ReportStore, arn: Callable[[str], str], now: Callable[[], datetime]) -> None:
        self._store, self._arn, self._now = store, arn, now

    def make(self, build: Build, name: str, spec: ReportSpec, root: Path) -> Report:
        """Read a report's files and keep what they say; its group is made where it is not there. Raises PhaseFailed."""
        if spec.format != "JUNITXML":
            raise PhaseFailed("CLIENT_ERROR", _told(name, f"file-format {spec.format} is not read here, JUNITXML is"))
        files = find(root, spec.files)
        if not files:
            raise PhaseFailed("CLIENT_ERROR", _told(name, "report files not found in build"))
        cases: list[TestCase] = []
        for file in files:
            try:
                if (size := file.path.stat().st_size) > LARGEST_FILE:
                    raise junit.NotReadable(f"the file has {size:,} bytes, more than {LARGEST_FILE:,}")
                cases += junit.read(file.path.read_bytes(), file.name)
            except (junit.NotReadable, OSError) as error:
                raise PhaseFailed("CLIENT_ERROR", _told(name, f"{file.name}: {error}")) from error
        group = self._group(build, name)
        report = report_of(cases, group.arn, build, self._now())
        self._store.add_report(report)
        return report

    def _group(self, build: Build, name: str) -> ReportGroup:
        if name.startswith("arn:"):
            try:
                return self._store.group(name)
            except KeyError as error:
                raise PhaseFailed("CLIENT_ERROR", _told(name, "there is no such report group")) from error
        own, now = f"{build.project}-{name}", self._now()
        group = ReportGroup(self._arn(f"report-group/{own}"), own, now, now)
        try:
            self._store.add_group(group)
        except GroupThere:
            return self._store.group(group.arn)
        return group


def report_of(cases: Sequence[TestCase], group_arn: str, build: Build, now: datetime) -> Report:
    """The report that test cases make: it has failed where one of them has. The failed ones are kept first."""
    counts = Counter(case.status for case in cases)
    kept = sorted(cases, key=lambda case: case.status not in BAD)[:MOST_CASES] if len(cases) > MOST_CASES else cases
    return Report(
        arn=f"{group_arn.replace(':report-group/', ':report/')}:{uuid.uuid4()}",
        group_arn=group_arn,
        build_arn=build.arn,
        status=FAILED if any(counts[status] for status in BAD) else SUCCEEDED,
        created=now,
        total=len(cases),
        counts={status: counts[status] for status in STATUSES},
        nanoseconds=sum(case.nanoseconds for case in cases),
        truncated=len(cases) > MOST_CASES,
        cases=tuple(kept),
    )


def _told(name: str, message: str) -> str:
    return f"Error in UPLOAD_ARTIFACTS phase: [{name}: [{message}]]"
