"""Why a deployment is refused. Each error's message is the one line that the step shows as its FailureReason."""

from __future__ import annotations


class Refused(Exception):
    """A deployment that must not go on."""


class InvalidRequest(Refused):
    """A setting is missing, of another type, or out of its range."""


class InvalidEndpointName(Refused, ValueError):
    """No endpoint can have that name."""


class PackageMissing(Refused):
    """There is no such model package."""


class PackageOfAnotherGroup(Refused):
    """The model package belongs to a group that this pipeline does not deploy."""


class PackageNotApproved(Refused):
    """The model package's ModelApprovalStatus is not Approved."""


class PackageNotCompleted(Refused):
    """The model package's ModelPackageStatus is not Completed."""


class ArtefactMissing(Refused):
    """The package's model archive is not in S3, or cannot be read there."""


class EndpointTaken(Refused):
    """An endpoint of that name serves what is not of this model package group."""


class NotConvertible(Refused):
    """No update makes of the endpoint what is wanted."""


class EndpointFailed(Refused):
    """The endpoint is in a status that no update leaves."""


class EndpointBusy(Refused):
    """The endpoint was being changed for longer than we wait."""
