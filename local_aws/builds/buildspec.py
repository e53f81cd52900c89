"""Buildspecs: YAML of version 0.2 as data, refused in the words of the service where it is none.

https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from local_aws.builds.errors import PhaseFailed

PHASES = ("install", "pre_build", "build", "post_build")
SHELLS = {"bash": "/bin/bash", "/bin/bash": "/bin/bash", "sh": "/bin/sh", "/bin/sh": "/bin/sh"}
ABORT, CONTINUE = "ABORT", "CONTINUE"
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# what is read, in a buildspec and in one of its phases; the rest is named in the log
SECTIONS = ("version", "env", "phases", "artifacts", "reports", "cache")
OF_A_PHASE = ("commands", "finally", "on-failure", "runtime-versions")


@dataclass(frozen=True)
class PhaseSpec:
    """What a phase does: `on_failure` is ABORT, CONTINUE, or None for what is usual of the phase."""

    commands: tuple[str, ...] = ()
    finally_: tuple[str, ...] = ()
    on_failure: str | None = None
    runtimes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class FileSet:
    """Files of the build by patterns below base directories, which may be patterns too."""

    files: tuple[str, ...]
    exclude: tuple[str, ...] = ()
    base_directory: str = "."
    discard_paths: bool = False
    name: str | None = None


@dataclass(frozen=True)
class ReportSpec:
    """The files of a report. `format` is JUNITXML where the buildspec gives none."""

    files: FileSet
    format: str = "JUNITXML"


@dataclass(frozen=True)
class Buildspec:
    """`ignored` names what the buildspec declares and nothing here acts upon."""

    phases: Mapping[str, PhaseSpec]
    shell: str = "/bin/sh"
    variables: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    exported: tuple[str, ...] = ()
    artifacts: FileSet | None = None
    secondary_artifacts: Mapping[str, FileSet] = field(default_factory=dict)
    reports: Mapping[str, ReportSpec] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()


def parse(text: str) -> Buildspec:
    """Raises PhaseFailed, as YAML_FILE_ERROR, for what is not a buildspec of version 0.2."""
    try:
        document = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise _refused(" ".join(str(error).split())) from error
    if not isinstance(document, dict):
        raise _refused("the buildspec is not a mapping")
    if str(document.get("version")) != "0.2":
        raise _refused(f"buildspec version {document.get('version')} is not supported here: use version 0.2")
    env, artifacts = _mapping(document, "env"), _mapping(document, "artifacts")
    phases = _mapping(document, "phases")
    if not phases or set(phases) - set(PHASES):
        unknown = ", ".join(sorted(map(str, set(phases) - set(PHASES))))
        raise _refused(f"unknown phases: {unknown}" if unknown else "at least one phase is needed")
    return Buildspec(
        phases={name: _phase(name, _mapping(phases, name)) for name in phases},
        shell=_shell(env),
        variables=_variables(env, "variables"),
        parameters=_variables(env, "parameter-store"),
        secrets=_variables(env, "secrets-manager"),
        exported=_exported(env),
        artifacts=_file_set("artifacts", artifacts) if "files" in artifacts else None,
        secondary_artifacts=_each(_mapping(artifacts, "secondary-artifacts"), _file_set),
        reports=_each(_mapping(document, "reports"), _report),
        ignored=tuple(_ignored(document, phases, env)),
    )


def _phase(name: str, phase: Mapping[str, Any]) -> PhaseSpec:
    on_failure = phase.get("on-failure")
    if on_failure not in (None, ABORT, CONTINUE):
        raise _refused(f"on-failure of {name} is {on_failure}: ABORT and CONTINUE are supported here")
    runtimes = _mapping(phase, "runtime-versions")
    if runtimes and name != "install":
        raise _refused("runtime-versions belong to the phase install")
    other = [runtime for runtime in runtimes if runtime != "python"]
    if other:
        raise _refused(f"the runtime {', '.join(other)} is not there: this local AWS has python alone")
    if "commands" not in phase and not runtimes:
        raise _refused(f"the phase {name} has no commands")
    commands, last = _texts(phase, "commands", name), _texts(phase, "finally", name)
    return PhaseSpec(commands, last, on_failure, {key: str(value) for key, value in runtimes.items()})


def _file_set(name: str, section: Mapping[str, Any]) -> FileSet:
    files = _texts(section, "files", name)
    if not files:
        raise _refused(f"{name} names no files")
    return FileSet(
        files,
        _texts(section, "exclude-paths", name),
        str(section.get("base-directory") or "."),
        _yes(section.get("discard-paths", False)),
        None if section.get("name") is None else str(section["name"]),
    )


def _report(name: str, section: Mapping[str, Any]) -> ReportSpec:
    return ReportSpec(_file_set(name, section), str(section.get("file-format", "JUNITXML")).upper())


def _shell(env: Mapping[str, Any]) -> str:
    wanted = str(env.get("shell", "/bin/sh"))
    if wanted not in SHELLS:
        raise _refused(f"the shell {wanted} is not there: bash and /bin/sh are")
    return SHELLS[wanted]


def _variables(env: Mapping[str, Any], name: str) -> dict[str, str]:
    found = {}
    for key, value in _mapping(env, name).items():
        if not isinstance(value, (str, int, float, bool)) or not VARIABLE.fullmatch(str(key)):
            raise _refused(f"env/{name}/{key} is not a variable with a text")
        # as YAML wrote it: true, not True
        found[str(key)] = str(value).lower() if isinstance(value, bool) else str(value)
    return found


def _exported(env: Mapping[str, Any]) -> tuple[str, ...]:
    names = _texts(env, "exported-variables", "env")
    wrong = [name for name in names if not VARIABLE.fullmatch(name)]
    if wrong:
        raise _refused(f"env/exported-variables names {wrong[0]!r}, which is not a variable")
    return names


def _ignored(document: Mapping[str, Any], phases: Mapping[str, Any], env: Mapping[str, Any]) -> Sequence[str]:
    found = [str(name) for name in document if name not in SECTIONS]
    found += ["cache"] if "cache" in document else []
    found += ["env/git-credential-helper"] if "git-credential-helper" in env else []
    return found + [f"{phase}/{name}" for phase in phases for name in phases[phase] or () if name not in OF_A_PHASE]


def _each(section: Mapping[str, Any], read: Callable[[str, Mapping[str, Any]], Any]) -> dict[str, Any]:
    return {str(name): read(str(name), _mapping(section, name)) for name in section}


def _mapping(section: Mapping[Any, Any], name: Any) -> dict[str, Any]:
    found = section.get(name)
    if found is not None and not isinstance(found, dict):
        raise _refused(f"{name} is not a mapping")
    return found or {}


def _texts(section: Mapping[str, Any], name: str, place: str) -> tuple[str, ...]:
    """A list of texts; one alone is taken for a list, as the service does."""
    found = section.get(name)
    found = [] if found is None else found if isinstance(found, list) else [found]
    wrong = [each for each in found if not isinstance(each, (str, int, float))]
    if wrong:
        # a colon and a blank in a command makes a mapping of it
        raise _refused(f"{place}/{name} holds {wrong[0]!r}, which is not a text: put it in quotes")
    return tuple(str(each) for each in found)


def _yes(value: Any) -> bool:
    return value is True or str(value).lower() in ("yes", "true")


def _refused(message: str) -> PhaseFailed:
    return PhaseFailed("YAML_FILE_ERROR", message)
