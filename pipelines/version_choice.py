"""Which registered version to deploy: functions from the registry's versions to one of them."""

from __future__ import annotations

from collections.abc import Sequence

from pipelines.registry import ModelVersion, ModelVersionMissing

APPROVED = "Approved"


class VersionNotApproved(ValueError):
    """The version may not be deployed; the message names its status."""


class NothingToRollBackTo(LookupError):
    """There is no approved version before the one that serves."""


def version_to_deploy(versions: Sequence[ModelVersion], wanted: int | None) -> ModelVersion:
    """The wanted version, or the newest approved one. `versions` may be in any order.

    Raises ModelVersionMissing, VersionNotApproved.
    """
    if wanted is not None:
        return _approved(find_version(versions, wanted))
    approved = [version for version in versions if _may_serve(version)]
    if not approved:
        told = ", ".join(f"{version.version} is {version.approval_status}" for version in _newest_first(versions)[:3])
        raise VersionNotApproved(f"no version is approved ({told or 'there is none at all'}): approve one first")
    return _newest_first(approved)[0]


def version_before(versions: Sequence[ModelVersion], serving_arn: str | None) -> ModelVersion:
    """The newest approved version before the one that serves, given by its ARN. Raises NothingToRollBackTo."""
    serving = next((version for version in versions if version.arn == serving_arn), None)
    if serving is None:
        what = f"serves {serving_arn}, which" if serving_arn else "serves a model that"
        raise NothingToRollBackTo(f"the endpoint {what} is no version of this group: name one with `scones deploy`")
    earlier = [version for version in versions if version.version < serving.version and _may_serve(version)]
    if not earlier:
        raise NothingToRollBackTo(f"no approved version before {serving.version}, which serves now")
    return _newest_first(earlier)[0]


def find_version(versions: Sequence[ModelVersion], wanted: int) -> ModelVersion:
    """The version of this number. Raises ModelVersionMissing."""
    found = next((version for version in versions if version.version == wanted), None)
    if found is None:
        known = ", ".join(str(version.version) for version in _newest_first(versions)) or "none"
        raise ModelVersionMissing(f"no version {wanted}; there are: {known}")
    return found


def _approved(version: ModelVersion) -> ModelVersion:
    if version.status != "Completed":
        raise VersionNotApproved(f"version {version.version} cannot be deployed: its package is {version.status}")
    if version.approval_status != APPROVED:
        raise VersionNotApproved(f"version {version.version} is {version.approval_status}, not {APPROVED}")
    return version


def _may_serve(version: ModelVersion) -> bool:
    return version.status == "Completed" and version.approval_status == APPROVED


def _newest_first(versions: Sequence[ModelVersion]) -> list[ModelVersion]:
    return sorted(versions, key=lambda version: version.version, reverse=True)
