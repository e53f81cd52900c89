"""The baselines of a check step: the one its job calculates, and the earlier one it is to be compared with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from local_aws.objects import S3Uri
from local_aws.sagemaker.errors import ServiceError
from local_aws.sagemaker.pipeline.steps.base import Call

# where a model package keeps the baseline of each type of check, below its DriftCheckBaselines
PACKAGE_MEMBERS = {"DATA_QUALITY": "ModelDataQuality", "MODEL_QUALITY": "ModelQuality"}


class NoBaseline(Exception):
    """There is no earlier baseline; the message says where it was looked for, and what to do."""


@dataclass(frozen=True)
class Baseline:
    """The S3 URIs of a baseline's two files. The names of the fields are those of properties, without their prefix."""

    Statistics: str
    Constraints: str

    def named(self, prefix: str) -> dict[str, str]:
        """The URIs as properties of a step: `prefix` is CalculatedBaseline or BaselineUsedForDriftCheck."""
        return {f"{prefix}{name}": uri for name, uri in asdict(self).items()}


def earlier_baseline(check_type: str, members: Mapping[str, Any], call: Call) -> Baseline:
    """The baseline to check against and to carry over.

    `members` are the step's: each file is the supplied one, and where none is supplied that of the latest approved
    version of ModelPackageGroupName. Raises NoBaseline.
    """
    supplied = {
        field.name: str(members[f"SuppliedBaseline{field.name}"])
        for field in fields(Baseline)
        if members.get(f"SuppliedBaseline{field.name}")
    }
    if len(supplied) == len(fields(Baseline)):
        return _checked(Baseline(**supplied))
    group = members.get("ModelPackageGroupName")
    if not group:
        raise NoBaseline(
            "SuppliedBaselineStatistics and SuppliedBaselineConstraints are not both given, nor is a "
            "ModelPackageGroupName; give either, or set SkipCheck and RegisterNewBaseline"
        )
    return _checked(Baseline(**{**_registered(str(group), check_type, call), **supplied}))


def _checked(baseline: Baseline) -> Baseline:
    for field in fields(Baseline):
        uri = getattr(baseline, field.name)
        try:
            file = S3Uri.parse(uri).key
        except ValueError:
            file = ""
        if not file or file.endswith("/"):
            raise NoBaseline(f"the baseline's {field.name.lower()} {uri} is not the S3 URI of a file")
    return baseline


def _registered(group: str, check_type: str, call: Call) -> dict[str, str]:
    request = {
        "ModelPackageGroupName": group,
        "ModelApprovalStatus": "Approved",
        "SortBy": "CreationTime",
        "SortOrder": "Descending",
        "MaxResults": 1,
    }
    try:
        approved = call("ListModelPackages", request)["ModelPackageSummaryList"]
    except ServiceError as error:
        raise NoBaseline(f"the model package group {group} cannot be read: {error.message}") from error
    if not approved:
        raise NoBaseline(
            f"the model package group {group} has no approved version; approve one, supply a baseline, or set "
            "SkipCheck and RegisterNewBaseline"
        )
    arn = approved[0]["ModelPackageArn"]
    baselines = call("DescribeModelPackage", {"ModelPackageName": arn}).get("DriftCheckBaselines", {})
    member = PACKAGE_MEMBERS[check_type]
    found = {name: source.get("S3Uri") for name, source in baselines.get(member, {}).items()}
    for field in fields(Baseline):
        if not found.get(field.name):
            raise NoBaseline(
                f"the latest approved version {arn} has no DriftCheckBaselines.{member}.{field.name}; register one, "
                "supply a baseline, or set SkipCheck and RegisterNewBaseline"
            )
    return {field.name: str(found[field.name]) for field in fields(Baseline)}
