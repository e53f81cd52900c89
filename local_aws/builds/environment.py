"""A build's environment variables.

https://docs.aws.amazon.com/codebuild/latest/userguide/build-env-ref-env-vars.html. A variable of the start goes before
one of the project, that before one of the buildspec; nothing is the server's own but where libraries are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local_aws.builds.buildspec import Buildspec
from local_aws.builds.records import Build
from local_aws.builds.secrets import SecretValues
from local_aws.process_environment import base_environment

PLAINTEXT, PARAMETER_STORE, SECRETS_MANAGER = "PLAINTEXT", "PARAMETER_STORE", "SECRETS_MANAGER"


@dataclass(frozen=True)
class Place:
    """Where builds run: the server's region, account and address."""

    region: str
    account: str
    endpoint_url: str


@dataclass(frozen=True)
class BuildFolders:
    """The folders of one build."""

    root: Path

    @property
    def source(self) -> Path:
        """CODEBUILD_SRC_DIR."""
        return self.root / "src"

    @property
    def home(self) -> Path:
        """HOME, of this build alone: what one leaves there another does not find."""
        return self.root / "home"

    @property
    def scratch(self) -> Path:
        """TMPDIR."""
        return self.root / "tmp"

    @property
    def agent(self) -> Path:
        """What is kept between commands."""
        return self.root / "agent"

    @property
    def python(self) -> Path:
        """The build's own Python packages."""
        return self.root / "python"

    def secondary(self, identifier: str) -> Path:
        """CODEBUILD_SRC_DIR_identifier."""
        return self.root / f"src-{identifier}"

    def make(self) -> None:
        """Make those that every build has."""
        # the variables that are kept between commands are among them
        self.root.mkdir(mode=0o700, parents=True)
        for folder in (self.home, self.scratch, self.agent):
            folder.mkdir()


@dataclass(frozen=True)
class Declared:
    """The variables of project, start and buildspec, resolved; `secrets` are the values that nobody may see."""

    variables: Mapping[str, str]
    secrets: tuple[str, ...]


def declared_variables(build: Build, buildspec: Buildspec, values: SecretValues) -> Declared:
    """Raises PhaseFailed for a parameter or secret that is not there."""
    kinds = {name: (PLAINTEXT, value) for name, value in buildspec.variables.items()}
    kinds |= {name: (PARAMETER_STORE, value) for name, value in buildspec.parameters.items()}
    kinds |= {name: (SECRETS_MANAGER, value) for name, value in buildspec.secrets.items()}
    for variable in build.settings["environment"]["environmentVariables"]:
        kinds[variable["name"]] = (variable.get("type", PLAINTEXT), variable["value"])
    found, secrets = {}, []
    for name, (kind, value) in kinds.items():
        if kind == PLAINTEXT:
            found[name] = value
            continue
        found[name] = values.parameter(value) if kind == PARAMETER_STORE else values.secret(value)
        secrets.append(found[name])
    return Declared(found, tuple(secrets))


def environment(
    build: Build, place: Place, folders: BuildFolders, declared: Mapping[str, str], programs: Path
) -> dict[str, str]:
    """All variables of the build's container. `programs` is the folder that PATH begins with."""
    found = base_environment(place.region, place.endpoint_url, folders.home, folders.scratch, str(programs))
    found["AWS_ACCOUNT_ID"] = place.account
    return found | dict(declared) | codebuild_variables(build, place, folders)


def codebuild_variables(build: Build, place: Place, folders: BuildFolders) -> dict[str, str]:
    """CODEBUILD_*, which nobody else may set."""
    settings, source = build.settings, build.settings["source"]
    found = {
        "CODEBUILD_BUILD_ARN": build.arn,
        "CODEBUILD_BUILD_ID": build.id,
        "CODEBUILD_BUILD_IMAGE": settings["environment"]["image"],
        "CODEBUILD_BUILD_NUMBER": str(build.number),
        "CODEBUILD_BUILD_SUCCEEDING": "1",
        "CODEBUILD_BUILD_URL": f"{place.endpoint_url}/_console/builds/{build.project}/{build.uuid}",
        "CODEBUILD_CI": "true",
        "CODEBUILD_INITIATOR": build.initiator,
        "CODEBUILD_KMS_KEY_ID": settings["encryptionKey"],
        "CODEBUILD_LAST_EXIT": "0",
        "CODEBUILD_LOG_PATH": build.uuid,
        "CODEBUILD_PROJECT_ARN": build.arn.replace(":build/", ":project/").rpartition(":")[0],
        "CODEBUILD_RESOLVED_SOURCE_VERSION": build.outcome.get("resolvedSourceVersion", ""),
        "CODEBUILD_SOURCE_REPO_URL": source.get("location", ""),
        "CODEBUILD_SOURCE_VERSION": _source_version(source, settings.get("sourceVersion")),
        "CODEBUILD_SRC_DIR": str(folders.source),
        "CODEBUILD_START_TIME": str(round(build.submitted.timestamp() * 1000)),
    }
    for secondary in settings.get("secondarySources", []):
        identifier = secondary["sourceIdentifier"]
        found[f"CODEBUILD_SRC_DIR_{identifier}"] = str(folders.secondary(identifier))
    return {name: value for name, value in found.items() if value}


def _source_version(source: Mapping[str, str], version: str | None) -> str:
    """Of a source in S3 its ARN, as on the service."""
    if source["type"] == "S3":
        return version or f"arn:aws:s3:::{source['location'].removeprefix('arn:aws:s3:::')}"
    return version or ""
