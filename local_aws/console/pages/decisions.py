"""Approving and rejecting a version: checked, and written through UpdateModelPackage.

The reason is kept as ApprovalDescription, who and when as the metadata `decided_by` and `decided_at`. An earlier
decision stays behind the new reason, as far as there is room.
"""

from __future__ import annotations

import getpass
import re
import threading
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from werkzeug.datastructures import MultiDict

from local_aws.console.wording import iso, words
from local_aws.sagemaker.context import Context
from local_aws.sagemaker.operations.model_packages import find_package
from local_aws.sagemaker.store import Record

APPROVED, REJECTED, PENDING = "Approved", "Rejected", "PendingManualApproval"
# limits of UpdateModelPackage: ApprovalDescription, and a value of CustomerMetadataProperties
LONGEST_REASON = 1024
LONGEST_VALUE = 256
NOT_IN_VALUES = re.compile(r"[^\w .:/=+\-@]")
# two decisions at once: the second one sees the first
DECIDING = threading.Lock()


class DecisionRefused(Exception):
    """Nothing was changed; the message says why, to the person who decided."""


def os_user() -> str:
    """Who runs this server, empty where the system does not know."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""


@dataclass(frozen=True)
class Draft:
    """What a person filled in. `seen` is the version as it was on the page; `problem` what is wrong with it."""

    decision: str = ""
    reason: str = ""
    by: str = ""
    again: bool = False
    seen: str = ""
    problem: str = ""

    @classmethod
    def of(cls, form: MultiDict[str, str]) -> Draft:
        """From the fields of the form; what was written over several lines is one line in the registry."""
        return cls(
            decision=form.get("decision", ""),
            reason=" ".join(form.get("reason", "").split()),
            by=" ".join(form.get("by", "").split()),
            again=form.get("again") == "yes",
            seen=form.get("seen", ""),
        )

    def refused(self, problem: str) -> Draft:
        """The same, with what is wrong."""
        return replace(self, problem=problem)


def seen_mark(package: Record) -> str:
    """What changes whenever a version is decided about, or changed in another way."""
    return f"{package.body.get('ModelApprovalStatus')} {iso(package.modified)} {package.modified.microsecond}"


def decide(context: Context, arn: str, draft: Draft) -> None:
    """Check and write. Raises DecisionRefused, ServiceError."""
    _check_draft(draft)
    with DECIDING:
        package = find_package(context, arn)
        _check_version(package, draft)
        context.call("UpdateModelPackage", _request(package, draft, context.now()))


def _check_draft(draft: Draft) -> None:
    if draft.decision not in (APPROVED, REJECTED):
        raise DecisionRefused("Choose whether to approve or to reject.")
    if not draft.reason:
        raise DecisionRefused("Give a reason: it stays in the registry, beside your name.")
    if len(draft.reason) > LONGEST_REASON:
        raise DecisionRefused(f"The reason has {len(draft.reason)} characters. The registry keeps {LONGEST_REASON}.")
    if not draft.by:
        raise DecisionRefused("Say who decides.")
    if len(draft.by) > LONGEST_VALUE:
        raise DecisionRefused(f"The name has {len(draft.by)} characters. The registry keeps {LONGEST_VALUE}.")


def _check_version(package: Record, draft: Draft) -> None:
    approval = package.body.get("ModelApprovalStatus", "")
    if draft.decision == APPROVED and package.status != "Completed":
        raise DecisionRefused(f"The version cannot be approved: its package is {words(package.status).lower()}.")
    if approval != PENDING and not draft.again:
        raise DecisionRefused(
            f"The version is {words(approval).lower()} already{decided_by(package)}. "
            "Tick \N{LEFT DOUBLE QUOTATION MARK}Decide again\N{RIGHT DOUBLE QUOTATION MARK} to change that."
        )
    if draft.seen != seen_mark(package):
        raise DecisionRefused(
            "The version was changed since you loaded the page. Look at it as it is now, and decide then."
        )


def _request(package: Record, draft: Draft, now: datetime) -> dict[str, Any]:
    return {
        "ModelPackageArn": package.arn,
        "ModelApprovalStatus": draft.decision,
        "ApprovalDescription": (draft.reason + _before(package))[:LONGEST_REASON],
        "CustomerMetadataProperties": {
            "decided_by": NOT_IN_VALUES.sub("-", draft.by),
            "decided_at": iso(now),
        },
    }


def decided_by(package: Record) -> str:
    """ ", by ada at 2030-01-01T00:00:00Z", empty where the registry does not say."""
    metadata = package.body.get("CustomerMetadataProperties") or {}
    by, at = metadata.get("decided_by"), metadata.get("decided_at")
    return f", by {by} at {at}" if by and at else ""


def _before(package: Record) -> str:
    approval = package.body.get("ModelApprovalStatus")
    if approval == PENDING:
        return ""
    return f" [before: {approval}{decided_by(package)}: {package.body.get('ApprovalDescription') or 'no reason given'}]"
