"""One build: its phases from PROVISIONING to FINALIZING.

Transitions as on the service: after a failure in INSTALL or PRE_BUILD nothing more is run, after one in BUILD
POST_BUILD and UPLOAD_ARTIFACTS are, unless the buildspec says otherwise by on-failure.
https://docs.aws.amazon.com/codebuild/latest/userguide/view-build-details-phases.html
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from local_aws.builds import python_overlay, records
from local_aws.builds.buildspec import CONTINUE, Buildspec, PhaseSpec, parse
from local_aws.builds.container import BuildContainer, ContainerEnded
from local_aws.builds.environment import BuildFolders, Place, declared_variables, environment
from local_aws.builds.errors import PhaseFailed
from local_aws.builds.log import BuildLog
from local_aws.builds.phase_recorder import PhaseEnded, PhaseRecorder
from local_aws.builds.progress import Progress
from local_aws.builds.remarks import remarks
from local_aws.builds.reports import Reports
from local_aws.builds.secrets import Mask, SecretValues
from local_aws.builds.source import Sources, remove
from local_aws.builds.uploads import Uploads
from local_aws.objects import ObjectStore
from local_aws.sagemaker.jobs.control import JobControl

COMMAND_PHASES = {
    records.INSTALL: "install",
    records.PRE_BUILD: "pre_build",
    records.BUILD: "build",
    records.POST_BUILD: "post_build",
}
GO_ON_AFTER = (records.BUILD, records.POST_BUILD)


@dataclass(frozen=True)
class Tools:
    """What builds run with."""

    place: Place
    sources: Sources
    secrets: SecretValues
    objects: ObjectStore
    reports: Reports
    make_durable: Callable[[], None]
    now: Callable[[], datetime]


class BuildRun:
    """Used by one thread; `control` stops it from any. `deadline` is of time.monotonic."""

    def __init__(
        self,
        tools: Tools,
        progress: Progress,
        log: BuildLog,
        folders: BuildFolders,
        control: JobControl,
        deadline: float,
    ) -> None:
        self._tools, self._progress, self._log, self._folders = tools, progress, log, folders
        self._control, self._deadline = control, deadline
        self._recorder = PhaseRecorder(progress, log, control, deadline)
        self._succeeding = True

    def execute(self) -> None:
        """Run all phases, and record how the build ended. Raises ServerStops."""
        try:
            status = self._phases()
        except PhaseEnded as ended:
            status = ended.status
        finally:
            self._recorder.close()
            remove(self._folders.root)
        self._progress.enter(records.FINALIZING)
        self._tools.make_durable()
        self._progress.leave(records.SUCCEEDED)
        self._progress.finish(status)

    def _phases(self) -> str:
        with self._recorder.phase(records.PROVISIONING):
            self._folders.make()
            programs = python_overlay.make(self._folders.python)
        with self._recorder.phase(records.DOWNLOAD_SOURCE):
            buildspec = self._download()
            container = self._start(buildspec, programs)
            self._recorder.say(*remarks(self._progress.build, buildspec))
        upload = self._run_commands(container, buildspec)
        self._export(container, buildspec)
        if upload:
            self._upload(container, buildspec)
        return records.SUCCEEDED if self._succeeding else records.FAILED

    def _download(self) -> Buildspec:
        settings, sources = self._progress.build.settings, self._tools.sources
        version = sources.download(settings["source"], settings.get("sourceVersion"), self._folders.source)
        if version:
            self._progress.note(resolvedSourceVersion=version)
        versions = {
            one["sourceIdentifier"]: one["sourceVersion"] for one in settings.get("secondarySourceVersions", [])
        }
        for source in settings.get("secondarySources", []):
            identifier = source["sourceIdentifier"]
            sources.download(source, versions.get(identifier), self._folders.secondary(identifier))
        text, where = sources.buildspec(settings["source"], self._folders.source)
        self._recorder.say(f"YAML location is {where}")
        return parse(text)

    def _start(self, buildspec: Buildspec, programs: Path) -> BuildContainer:
        build, folders = self._progress.build, self._folders
        self._recorder.say("Processing environment variables")
        declared = declared_variables(build, buildspec, self._tools.secrets)
        self._log.mask = Mask(declared.secrets)
        variables = environment(build, self._tools.place, folders, declared.variables, programs)
        container = BuildContainer(
            *(buildspec.shell, variables, folders.agent, folders.source),
            *(self._log.lines, self._control, self._deadline),
        )
        self._recorder.container = container
        return container

    def _run_commands(self, container: BuildContainer, buildspec: Buildspec) -> bool:
        """Whether artifacts are to be uploaded. Raises PhaseEnded where the build was stopped, or took too long."""
        for phase_type, name in COMMAND_PHASES.items():
            spec = buildspec.phases.get(name, PhaseSpec())
            try:
                with self._recorder.phase(phase_type):
                    self._run_phase(container, spec)
            except PhaseEnded as ended:
                if ended.status != records.FAILED:
                    raise
                self._succeeding = False
                if not (spec.on_failure == CONTINUE or (spec.on_failure is None and phase_type in GO_ON_AFTER)):
                    return False
        return True

    def _run_phase(self, container: BuildContainer, spec: PhaseSpec) -> None:
        """All commands up to one that fails, then those of `finally`. Raises PhaseFailed."""
        failure = self._first_failure(container, spec.commands)
        failure_of_last = self._first_failure(container, spec.finally_)
        if failure is not None:
            raise failure
        if failure_of_last is not None:
            raise failure_of_last

    def _first_failure(self, container: BuildContainer, commands: tuple[str, ...]) -> PhaseFailed | None:
        for command in commands:
            self._recorder.say(f"Running command {command}")
            code = container.run(command, {"CODEBUILD_BUILD_SUCCEEDING": "1" if self._succeeding else "0"})
            if code != 0:
                self._recorder.say(f"Command did not exit successfully {command} exit status {code}")
                told = f"Error while executing command: {command}. Reason: exit status {code}"
                return PhaseFailed("COMMAND_EXECUTION_ERROR", told)
        return None

    def _export(self, container: BuildContainer, buildspec: Buildspec) -> None:
        try:
            values = container.values(buildspec.exported)
        except ContainerEnded:
            return  # stopped, or too late: the next phase says so
        shown = [{"name": name, "value": self._log.mask(value)} for name, value in values.items()]
        self._progress.note(exportedEnvironmentVariables=shown)

    def _upload(self, container: BuildContainer, buildspec: Buildspec) -> None:
        tools = self._tools
        uploads = Uploads(
            *(tools.objects, tools.reports, self._progress, self._recorder, container, self._folders.source)
        )
        try:
            with self._recorder.phase(records.UPLOAD_ARTIFACTS):
                uploads.upload(buildspec)
        except PhaseEnded as ended:
            if ended.status != records.FAILED:
                raise
            self._succeeding = False
