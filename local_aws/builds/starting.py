"""Starting builds: by StartBuild, by RetryBuild, by an event."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from local_aws.builds.errors import AccountLimitExceededException, InvalidInputException
from local_aws.builds.projects import find
from local_aws.builds.records import IN_PROGRESS, Build, Project, Settings
from local_aws.builds.settings import build_settings

if TYPE_CHECKING:
    from local_aws.builds.builds import Builds

MOST_WAITING = 100
# "idempotencyToken" in https://docs.aws.amazon.com/codebuild/latest/APIReference/API_StartBuild.html
TOKEN_LASTS = timedelta(minutes=5)
# what of a project is not of its builds
OF_THE_PROJECT = ("description", "tags", "concurrentBuildLimit", "badgeEnabled")


def start_build(builds: Builds, request: Mapping[str, Any], initiator: str) -> Build:
    """A build of a project with the overrides of a StartBuild; the one that this token started already.

    Raises ResourceNotFoundException, InvalidInputException, AccountLimitExceededException.
    """
    given = {member: value for member, value in request.items() if member != "idempotencyToken"}
    with builds.lock:
        if there := started_before(builds, "StartBuild", request.get("idempotencyToken"), given):
            return there
        project = find(builds, request["projectName"])
        build = begin(builds, project, build_settings(project.settings, request), initiator)
        remember(builds, "StartBuild", request.get("idempotencyToken"), given, build)
    return build


def begin(builds: Builds, project: Project, settings: Settings, initiator: str) -> Build:
    """A build with these settings. Raises AccountLimitExceededException. `builds.lock` is held."""
    _check_limits(builds, project)
    number, now = builds.store.next_number(project.name), builds.now()
    build_id = f"{project.name}:{uuid.uuid4()}"
    own = {member: value for member, value in settings.items() if member not in OF_THE_PROJECT}
    arn = builds.arn(f"build/{build_id}")
    return builds.begin(Build(build_id, arn, project.name, number, IN_PROGRESS, now, initiator, own))


def started_before(builds: Builds, operation: str, token: str | None, given: Mapping[str, Any]) -> Build | None:
    """The build that a request with this token has started. Raises InvalidInputException if it was another request."""
    found = builds.store.remembered(operation, token, builds.now() - TOKEN_LASTS) if token else None
    if found is None:
        return None
    request, build_id = found
    if request != given:
        raise InvalidInputException(f"The idempotency token {token} was used with other parameters.")
    try:
        return builds.store.build(build_id)
    except KeyError:
        return None


def remember(builds: Builds, operation: str, token: str | None, given: Mapping[str, Any], build: Build) -> None:
    """Keep which build a request has started."""
    if token:
        builds.store.remember(operation, token, given, build.id, builds.now())


def _check_limits(builds: Builds, project: Project) -> None:
    limit = project.settings.get("concurrentBuildLimit")
    if limit is not None and len(builds.store.running(project.name)) >= limit:
        raise AccountLimitExceededException(
            f"Cannot have more than {limit} active builds for the project {project.name}: its concurrentBuildLimit"
        )
    if builds.waiting >= MOST_WAITING:
        raise AccountLimitExceededException(f"Cannot have more than {MOST_WAITING} builds in queue for the account")
