"""The phase UPLOAD_ARTIFACTS: reports and artifacts, each of them tried."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local_aws.builds import artifacts
from local_aws.builds.buildspec import Buildspec, FileSet
from local_aws.builds.container import BuildContainer
from local_aws.builds.errors import PhaseFailed
from local_aws.builds.files import find
from local_aws.builds.phase_recorder import PhaseRecorder
from local_aws.builds.progress import Progress
from local_aws.builds.reports import Reports
from local_aws.objects import ObjectStore


class Uploads:
    """Of one build, whose files are below `root`."""

    def __init__(
        self,
        objects: ObjectStore,
        reports: Reports,
        progress: Progress,
        recorder: PhaseRecorder,
        container: BuildContainer,
        root: Path,
    ) -> None:
        self._objects, self._reports, self._progress = objects, reports, progress
        self._recorder, self._container, self._root = recorder, container, root

    def upload(self, buildspec: Buildspec) -> None:
        """All that the project and the buildspec ask for. Raises PhaseFailed, ContainerEnded."""
        failures = [*self._upload_reports(buildspec), *self._upload_artifacts(buildspec)]
        if failures:
            raise failures[0]

    def _upload_reports(self, buildspec: Buildspec) -> list[PhaseFailed]:
        failures, arns = [], []
        for name, spec in buildspec.reports.items():
            try:
                report = self._reports.make(self._progress.build, name, spec, self._root)
            except PhaseFailed as failure:
                self._recorder.say(f"Report {name}: {failure.message}")
                failures.append(failure)
            else:
                counts = ", ".join(f"{count} {status}" for status, count in report.counts.items() if count)
                self._recorder.say(f"Report {report.arn}: {report.status}, {report.total} test cases ({counts})")
                arns.append(report.arn)
        if arns:
            self._progress.note(reportArns=arns)
        return failures

    def _upload_artifacts(self, buildspec: Buildspec) -> list[PhaseFailed]:
        settings, failures = self._progress.build.settings, []
        secondary = []
        try:
            primary = self._one(settings["artifacts"], buildspec.artifacts, "artifacts")
            if primary:
                self._progress.note(artifacts=primary)
        except PhaseFailed as failure:
            failures.append(failure)
        for target in settings.get("secondaryArtifacts", []):
            identifier = target["artifactIdentifier"]
            try:
                found = self._one(target, buildspec.secondary_artifacts.get(identifier), identifier)
            except PhaseFailed as failure:
                failures.append(failure)
            else:
                secondary += [found] if found else []
        if secondary:
            self._progress.note(secondaryArtifacts=secondary)
        return failures

    def _one(self, target: Mapping[str, Any], files: FileSet | None, what: str) -> dict[str, Any] | None:
        if target["type"] != "S3":
            return None
        if files is None:
            raise PhaseFailed("CLIENT_ERROR", f"no definition for {what} in buildspec")
        name = self._container.expanded(files.name) if files.name and target.get("overrideArtifactName") else None
        found = find(self._root, files)
        self._recorder.say(f"Found {len(found)} file(s) for {what}")
        return artifacts.upload(self._objects, self._progress.build, target, found, name)
