"""What the account itself says, asked read-only: who we are, the bucket, the role."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pipelines.console import explain
from pipelines.readiness.finding import Finding
from pipelines.readiness.quotas import Quota, applied, to_request
from pipelines.session import Target, TargetNotConfigured, open_target

TRUSTED = "sagemaker.amazonaws.com"
Open = Callable[[], Target]


def check_account(quotas: list[Quota], open_aws: Open | None = None) -> Iterator[Finding]:
    """Credentials, bucket, role, quotas. Without credentials one line says so, and what to request is listed."""
    try:
        place = (open_aws or (lambda: open_target("aws", environ=os.environ)))()
    except TargetNotConfigured as error:
        yield Finding("AWS account", None, f"{error}")
        yield from to_request(quotas)
        return
    known, finding = _identity(place)
    yield finding
    if not known:
        yield from to_request(quotas)
        return
    yield from _asked("Bucket", lambda: _bucket(place))
    yield from _asked("Role", lambda: _role(place))
    yield from _asked("Quotas", lambda: list(applied(place.client("service-quotas"), quotas)))


def _identity(place: Target) -> tuple[bool, Finding]:
    try:
        answer = place.client("sts").get_caller_identity()
    except Exception as error:
        return False, Finding("AWS account", None, f"{_told(error)}")
    account, role_account = answer["Account"], place.role_arn.split(":")[4:5]
    if role_account and role_account[0] != account:
        told = f"credentials are of {account}, the role is {place.role_arn}"
        return True, Finding("AWS account", False, told, "use the credentials or the role of one account")
    return True, Finding("AWS account", True, f"{answer['Arn']} in {place.region}")


def _bucket(place: Target) -> list[Finding]:
    """Reachable, in the region, closed to the public, encrypted."""
    s3, bucket, check = place.client("s3"), place.bucket, f"Bucket {place.bucket}"
    s3.head_bucket(Bucket=bucket)
    region = s3.get_bucket_location(Bucket=bucket).get("LocationConstraint") or "us-east-1"
    problems = []
    if region != place.region:
        problems.append(f"it is in {region}, not in {place.region}: SageMaker's jobs read buckets of their own region")
    if not all(_public_access_block(s3, bucket).values()):
        problems.append("public access is not blocked")
    return [Finding(check, not problems, "; ".join(problems) or f"in {region}, public access blocked")]


def _public_access_block(s3: Any, bucket: str) -> Mapping[str, bool]:
    """The bucket's own setting; {"": False} where there is none."""
    from botocore.exceptions import ClientError

    try:
        found: Mapping[str, bool] = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "NoSuchPublicAccessBlockConfiguration":
            return {"": False}
        raise
    return found


def _role(place: Target) -> list[Finding]:
    """There, and SageMaker may take it."""
    name, check = place.role_arn.rpartition("/")[2], f"Role {place.role_arn}"
    document = place.client("iam").get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
    if TRUSTED in str(document):
        return [Finding(check, True, f"{TRUSTED} may take it")]
    return [Finding(check, False, f"{TRUSTED} may not take it", "add it to the role's trust policy")]


def _asked(check: str, ask: Callable[[], list[Finding]]) -> Iterator[Finding]:
    """What was found; a question that is refused is not a check that failed, and none that passed."""
    try:
        yield from ask()
    except Exception as error:
        missing = _code(error) in {"404", "NoSuchBucket", "NoSuchEntity"}
        if missing:
            yield Finding(check, False, _told(error), "make it, or correct its name")
        else:
            yield Finding(check, None, f"{_told(error)}", "allow the question, or look by hand")


def _code(error: Exception) -> str:
    return str(getattr(error, "response", {}).get("Error", {}).get("Code", ""))


def _told(error: Exception) -> str:
    line = explain(error)
    if line is None:
        raise error
    return line
