"""The operations on projects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from local_aws.builds.errors import InvalidInputException, ResourceAlreadyExistsException, ResourceNotFoundException
from local_aws.builds.paging import page
from local_aws.builds.records import Project
from local_aws.builds.settings import project_settings
from local_aws.builds.store import NameTaken

if TYPE_CHECKING:
    from local_aws.builds.builds import Builds

ORDERS = {
    "NAME": lambda project: project.name,
    "CREATED_TIME": lambda project: project.created,
    "LAST_MODIFIED_TIME": lambda project: project.modified,
}


def create(builds: Builds, request: Mapping[str, Any]) -> dict[str, Any]:
    """CreateProject."""
    name, now = request["name"], builds.now()
    given = {member: value for member, value in request.items() if member != "name"}
    project = Project(name, builds.arn(f"project/{name}"), now, now, project_settings(given, builds.encryption_key))
    try:
        builds.store.add_project(project)
    except NameTaken as error:
        raise ResourceAlreadyExistsException(f"Project already exists: {project.arn}") from error
    return {"project": described(project)}


def update(builds: Builds, request: Mapping[str, Any]) -> dict[str, Any]:
    """UpdateProject: what is given takes the place of what was; builds that run go on as they began."""
    with builds.lock:
        there = find(builds, request["name"])
        given = {member: value for member, value in request.items() if member != "name"}
        settings = {**there.settings, **given}
        # -1 is how the limit is taken away
        if settings.get("concurrentBuildLimit") == -1:
            del settings["concurrentBuildLimit"]
        project = replace(there, settings=project_settings(settings, builds.encryption_key), modified=builds.now())
        builds.store.put_project(project)
    return {"project": described(project)}


def delete(builds: Builds, request: Mapping[str, Any]) -> dict[str, Any]:
    """DeleteProject, with its builds; those that run go on to their end. No error where there is none."""
    builds.store.delete_project(_name_of(builds, request["name"]))
    return {}


def get(builds: Builds, request: Mapping[str, Any]) -> dict[str, Any]:
    """BatchGetProjects, by names or ARNs."""
    found, missing = [], []
    for name in dict.fromkeys(request["names"]):
        try:
            found.append(described(find(builds, name)))
        except ResourceNotFoundException:
            missing.append(name)
    return {"projects": found, "projectsNotFound": missing}


def all_of(builds: Builds, request: Mapping[str, Any]) -> dict[str, Any]:
    """ListProjects."""
    by, backwards = request.get("sortBy", "NAME"), request.get("sortOrder") == "DESCENDING"
    names = [project.name for project in sorted(builds.store.projects(), key=ORDERS[by], reverse=backwards)]
    shown, token = page(names, request, f"ListProjects {by} {backwards}")
    return {"projects": shown, "nextToken": token}


def find(builds: Builds, name: str) -> Project:
    """By name or ARN. Raises ResourceNotFoundException, InvalidInputException."""
    plain = _name_of(builds, name)
    try:
        return builds.store.project(plain)
    except KeyError as error:
        raise ResourceNotFoundException(f"Project cannot be found: {builds.arn(f'project/{plain}')}") from error


def described(project: Project) -> dict[str, Any]:
    """What the API says of a project."""
    settings = dict(project.settings)
    artifacts = settings["artifacts"]
    if artifacts["type"] == "S3":
        usual = {"name": project.name, "namespaceType": "NONE", "packaging": "NONE", "encryptionDisabled": False}
        settings["artifacts"] = {**usual, **artifacts}
    settings.pop("badgeEnabled", None)
    return {
        "tags": [],
        **settings,
        "name": project.name,
        "arn": project.arn,
        "created": project.created,
        "lastModified": project.modified,
        "badge": {"badgeEnabled": False},
        "projectVisibility": "PRIVATE",
    }


def _name_of(builds: Builds, name: str) -> str:
    prefix = builds.arn("project/")
    if name.startswith("arn:") and not name.startswith(prefix):
        raise InvalidInputException(f"Invalid project ARN: {name}. Those of this local AWS begin with {prefix}")
    return name.removeprefix(prefix)
