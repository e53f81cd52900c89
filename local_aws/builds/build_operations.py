"""The operations on builds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from local_aws.builds import projects
from local_aws.builds.errors import InvalidInputException, ResourceNotFoundException
from local_aws.builds.log import place_of
from local_aws.builds.paging import PAGE_SIZE, offset, token_after
from local_aws.builds.records import Build, Phase
from local_aws.builds.starting import begin, remember, start_build, started_before

if TYPE_CHECKING:
    from local_aws.builds.builds import Builds

# who starts a build by the API: nobody's name is known here
INITIATOR = "local"


def start(builds: Builds, request: Mapping[str, Any]) -> dict[str, Any]:
    """StartBuild."""
    return {"build": described(builds, start_build(builds, request, INITIATOR))}


def retry(builds: Builds, request: Mapping[str, Any]) -> dict[str, Any]:
    """RetryBuild: another build with the settings of one that has ended."""
    if "id" not in request:
        raise InvalidInputException("The id of the build is required.")
    token = request.get("idempotencyToken")
    given = {"id": request["id"]}
    with builds.lock:
        if there := started_before(builds, "RetryBuild", token, given):
            return {"build": described(builds, there)}
        build = find(builds, request["id"])
        if build.running:
            raise InvalidInputException(f"Build {build.id} is in progress: it cannot be retried.")
        project = projects.find(builds, build.project)
        another = begin(builds, project, build.settings, INITIATOR)
        remember(builds, "RetryBuild", token, given, another)
    return {"build": described(builds, another)}


def stop(builds: Builds, request: Mapping[str, Any]) -> dict[str, Any]:
    """StopBuild: its processes are ended; one that has ended stays as it is."""
    build = find(builds, request["id"])
    builds.stop_build(build.id)
    return {"build": described(builds, build)}


def get(builds: Builds, request: Mapping[str, Any]) -> dict[str, Any]:
    """BatchGetBuilds, by ids or ARNs."""
    found, missing = [], []
    for build_id in dict.fromkeys(request["ids"]):
        try:
            found.append(described(builds, find(builds, build_id)))
        except ResourceNotFoundException:
            missing.append(build_id)
    return {"builds": found, "buildsNotFound": missing}


def all_of(builds: Builds, request: Mapping[str, Any]) -> dict[str, Any]:
    """ListBuilds, the latest first where no other order is asked for."""
    return _listed(builds, request, None)


def of_project(builds: Builds, request: Mapping[str, Any]) -> dict[str, Any]:
    """ListBuildsForProject."""
    return _listed(builds, request, projects.find(builds, request["projectName"]).name)


def delete(builds: Builds, request: Mapping[str, Any]) -> dict[str, Any]:
    """BatchDeleteBuilds: those that run are not deleted."""
    deleted, kept = [], []
    for build_id in dict.fromkeys(request["ids"]):
        try:
            build = find(builds, build_id)
        except ResourceNotFoundException:
            kept.append({"id": build_id, "statusCode": "NOT_FOUND"})
            continue
        if build.running:
            kept.append({"id": build_id, "statusCode": "BUILD_IN_PROGRESS"})
        else:
            builds.store.delete_build(build.id)
            deleted.append(build.arn)
    return {"buildsDeleted": deleted, "buildsNotDeleted": kept}


def find(builds: Builds, build_id: str) -> Build:
    """By id or ARN. Raises ResourceNotFoundException."""
    try:
        return builds.store.build(build_id.removeprefix(builds.arn("build/")))
    except KeyError as error:
        raise ResourceNotFoundException(f"Build {build_id} does not exist") from error


def described(builds: Builds, build: Build) -> dict[str, Any]:
    """What the API says of a build."""
    settings = {
        name: value for name, value in build.settings.items() if name not in ("artifacts", "secondaryArtifacts")
    }
    settings.pop("logsConfig", None)
    return {
        "artifacts": {"location": ""},
        **settings,
        **build.outcome,
        "id": build.id,
        "arn": build.arn,
        "projectName": build.project,
        "buildNumber": build.number,
        "buildStatus": build.status,
        "buildComplete": not build.running,
        "currentPhase": build.current_phase,
        "startTime": build.submitted,
        "endTime": build.ended,
        "initiator": build.initiator,
        "phases": [_described_phase(phase) for phase in build.phases],
        "logs": _logs(builds, build),
    }


def _described_phase(phase: Phase) -> dict[str, Any]:
    context = phase.context
    told = (
        {"statusCode": context.status_code, "message": context.message}
        if context
        else {"statusCode": "", "message": ""}
    )
    return {
        "phaseType": phase.type,
        "phaseStatus": phase.status,
        "startTime": phase.started,
        "endTime": phase.ended,
        "durationInSeconds": phase.seconds,
        "contexts": [told] if phase.status else None,
    }


def _logs(builds: Builds, build: Build) -> dict[str, Any]:
    place = place_of(build)
    if place is None:
        return {"cloudWatchLogs": {"status": "DISABLED"}, "s3Logs": {"status": "DISABLED"}}
    group, stream = place
    region, account = build.arn.split(":")[3:5]
    return {
        "groupName": group,
        "streamName": stream,
        "deepLink": f"{builds.console_url}/logs/stream?{urlencode({'group': group, 'stream': stream})}",
        "cloudWatchLogsArn": f"arn:aws:logs:{region}:{account}:log-group:{group}:log-stream:{stream}",
        "cloudWatchLogs": {"status": "ENABLED"},
        "s3Logs": {"status": "DISABLED"},
    }


def _listed(builds: Builds, request: Mapping[str, Any], project: str | None) -> dict[str, Any]:
    ascending = request.get("sortOrder") == "ASCENDING"
    scope = f"builds {project} {ascending}"
    start = offset(request, scope)
    ids = builds.store.build_ids(project, ascending, start, PAGE_SIZE + 1)
    following = token_after(start + PAGE_SIZE, scope) if len(ids) > PAGE_SIZE else None
    return {"ids": ids[:PAGE_SIZE], "nextToken": following}
