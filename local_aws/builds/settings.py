"""What a project may be set to, what it is where nothing is said, and what a build takes from it.

Member names are those of CreateProject and StartBuild.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local_aws.builds.errors import InvalidInputException

GIT_SOURCES = ("CODECOMMIT", "GITHUB", "GITLAB", "GITLAB_SELF_MANAGED", "BITBUCKET", "GITHUB_ENTERPRISE")
DEFAULT_TIMEOUT_MINUTES, DEFAULT_QUEUED_TIMEOUT_MINUTES = 60, 480
OTHER_MACHINES = ("WINDOWS_", "MAC_")
NOT_HERE = {
    "buildBatchConfig": "batch builds",
    "fileSystemLocations": "EFS file systems",
    "autoRetryLimit": "automatic retries",
    "autoRetryLimitOverride": "automatic retries",
    "fleetOverride": "fleets",
    "debugSessionEnabled": "debug sessions",
}
IDENTIFIER = re.compile(r"[A-Za-z0-9_]{1,128}")
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# override in StartBuild -> member of the project's settings
OVERRIDES = {
    "secondarySourcesOverride": "secondarySources",
    "secondarySourcesVersionOverride": "secondarySourceVersions",
    "sourceVersion": "sourceVersion",
    "artifactsOverride": "artifacts",
    "secondaryArtifactsOverride": "secondaryArtifacts",
    "cacheOverride": "cache",
    "serviceRoleOverride": "serviceRole",
    "timeoutInMinutesOverride": "timeoutInMinutes",
    "queuedTimeoutInMinutesOverride": "queuedTimeoutInMinutes",
    "encryptionKeyOverride": "encryptionKey",
    "logsConfigOverride": "logsConfig",
}
SOURCE_OVERRIDES = {
    "sourceTypeOverride": "type",
    "sourceLocationOverride": "location",
    "sourceAuthOverride": "auth",
    "gitCloneDepthOverride": "gitCloneDepth",
    "gitSubmodulesConfigOverride": "gitSubmodulesConfig",
    "buildspecOverride": "buildspec",
    "insecureSslOverride": "insecureSsl",
    "reportBuildStatusOverride": "reportBuildStatus",
    "buildStatusConfigOverride": "buildStatusConfig",
}
ENVIRONMENT_OVERRIDES = {
    "environmentTypeOverride": "type",
    "imageOverride": "image",
    "computeTypeOverride": "computeType",
    "certificateOverride": "certificate",
    "privilegedModeOverride": "privilegedMode",
    "registryCredentialOverride": "registryCredential",
    "imagePullCredentialsTypeOverride": "imagePullCredentialsType",
    "hostKernelOverride": "hostKernel",
}


@dataclass(frozen=True)
class S3Location:
    """`bucket/key`, as CodeBuild writes places in S3; a key that ends in a slash is a folder."""

    bucket: str
    key: str

    @classmethod
    def parse(cls, text: str) -> S3Location:
        """Raises InvalidInputException. Also takes the ARN of an object."""
        bucket, _, key = text.removeprefix("arn:aws:s3:::").partition("/")
        if not bucket or not key or "://" in text:
            raise InvalidInputException(
                f"Invalid S3 location: {text!r}. It must have the form bucket/key or bucket/folder/."
            )
        return cls(bucket, key)


def project_settings(given: Mapping[str, Any], encryption_key: str) -> dict[str, Any]:
    """A project's settings with what is usual where nothing is said. Raises InvalidInputException."""
    found = {
        "encryptionKey": encryption_key,
        "timeoutInMinutes": DEFAULT_TIMEOUT_MINUTES,
        "queuedTimeoutInMinutes": DEFAULT_QUEUED_TIMEOUT_MINUTES,
        "cache": {"type": "NO_CACHE"},
        **{name: value for name, value in given.items() if value is not None},
    }
    found["environment"] = {
        "environmentVariables": [],
        "privilegedMode": False,
        "imagePullCredentialsType": "CODEBUILD",
        **found["environment"],
    }
    check(found)
    return found


def build_settings(project: Mapping[str, Any], request: Mapping[str, Any]) -> dict[str, Any]:
    """What a build is set to: the project's settings with a StartBuild's overrides. Raises InvalidInputException."""
    refuse_what_is_not_here(request)
    found = dict(project)
    for override, member in OVERRIDES.items():
        if override in request:
            found[member] = request[override]
    source = {member: request[override] for override, member in SOURCE_OVERRIDES.items() if override in request}
    if source.get("type") == "NO_SOURCE":
        source.setdefault("location", None)
    found["source"] = _without_none({**project["source"], **source})
    environment = {m: request[override] for override, m in ENVIRONMENT_OVERRIDES.items() if override in request}
    variables = {each["name"]: each for each in project["environment"].get("environmentVariables", [])}
    variables |= {each["name"]: each for each in request.get("environmentVariablesOverride", [])}
    found["environment"] = {**project["environment"], **environment, "environmentVariables": list(variables.values())}
    check(found)
    return found


def refuse_what_is_not_here(request: Mapping[str, Any]) -> None:
    """Raises InvalidInputException for what this local AWS does not have."""
    for member, what in NOT_HERE.items():
        if request.get(member):
            raise InvalidInputException(f"{member}: this local AWS has no {what}.")


def check(settings: Mapping[str, Any]) -> None:
    """Raises InvalidInputException for settings of a project, or build, that the service would not take."""
    refuse_what_is_not_here(settings)
    _check_source(settings["source"])
    for source in settings.get("secondarySources", []):
        _check_identifier(source, "sourceIdentifier")
        _check_source(source, primary=False)
    _check_artifacts(settings["artifacts"])
    for artifacts in settings.get("secondaryArtifacts", []):
        _check_identifier(artifacts, "artifactIdentifier")
        _check_artifacts(artifacts)
    _check_environment(settings["environment"])
    if settings.get("badgeEnabled"):
        raise InvalidInputException("badgeEnabled: this local AWS has no build badges.")
    if (settings.get("logsConfig") or {}).get("s3Logs", {}).get("status") == "ENABLED":
        raise InvalidInputException("logsConfig.s3Logs: this local AWS keeps the logs of builds in CloudWatch alone.")
    if settings.get("concurrentBuildLimit") is not None and settings["concurrentBuildLimit"] < 1:
        raise InvalidInputException("concurrentBuildLimit must be at least 1.")


def _check_source(source: Mapping[str, Any], primary: bool = True) -> None:
    kind, location = source["type"], source.get("location")
    if kind == "CODEPIPELINE":
        raise InvalidInputException("source.type CODEPIPELINE: this local AWS has no CodePipeline.")
    if kind == "NO_SOURCE":
        if location:
            raise InvalidInputException("Invalid source: location must not be given for type NO_SOURCE.")
        if primary and not is_inline(source.get("buildspec")) and not is_in_s3(source.get("buildspec")):
            raise InvalidInputException("Invalid source: a buildspec is required for type NO_SOURCE, in YAML.")
    elif not location:
        raise InvalidInputException(f"Invalid source: location is required for type {kind}.")
    elif kind == "S3":
        S3Location.parse(location)


def _check_artifacts(artifacts: Mapping[str, Any]) -> None:
    if artifacts["type"] == "CODEPIPELINE":
        raise InvalidInputException("artifacts.type CODEPIPELINE: this local AWS has no CodePipeline.")
    if artifacts["type"] == "S3" and not artifacts.get("location"):
        raise InvalidInputException("Invalid artifacts: location, the name of a bucket, is required for type S3.")


def _check_environment(environment: Mapping[str, Any]) -> None:
    if environment["type"].startswith(OTHER_MACHINES):
        raise InvalidInputException(
            f"environment.type {environment['type']}: this local AWS runs builds on its own machine."
        )
    if environment.get("fleet"):
        raise InvalidInputException("environment.fleet: this local AWS has no fleets.")
    if environment.get("dockerServer"):
        raise InvalidInputException("environment.dockerServer: this local AWS has no Docker.")
    names = [variable["name"] for variable in environment.get("environmentVariables", [])]
    for name in names:
        if not VARIABLE.fullmatch(name):
            raise InvalidInputException(f"Invalid environment variable name: {name!r}.")
        if names.count(name) > 1:
            raise InvalidInputException(f"Duplicate environment variable name: {name}.")


def _check_identifier(section: Mapping[str, Any], member: str) -> None:
    if not IDENTIFIER.fullmatch(section.get(member, "")):
        raise InvalidInputException(f"{member} is required: letters, digits and underscores, at most 128.")


def is_inline(buildspec: str | None) -> bool:
    """Whether a buildspec is given itself, and not where it is."""
    return bool(buildspec) and ("\n" in str(buildspec) or str(buildspec).lstrip().startswith(("version", "{")))


def is_in_s3(buildspec: str | None) -> bool:
    """Whether a buildspec is named by the ARN of an object."""
    return str(buildspec).startswith("arn:aws:s3:::")


def _without_none(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}
