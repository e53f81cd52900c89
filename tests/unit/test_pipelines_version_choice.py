"""Which version is deployed, and which one a rollback goes to."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from pipelines.registry import ModelVersion, ModelVersionMissing
from pipelines.version_choice import (
    NothingToRollBackTo,
    VersionNotApproved,
    version_before,
    version_to_deploy,
)


def arn(number: int) -> str:
    return f"arn:aws:sagemaker:us-east-1:123456789012:model-package/scones/{number}"


def versions(*statuses: str, failed: tuple[int, ...] = ()) -> list[ModelVersion]:
    """Versions 1, 2, 3 … with these approval statuses, as the registry lists them: newest first."""
    made = [
        ModelVersion(
            version=number,
            arn=arn(number),
            status="Failed" if number in failed else "Completed",
            approval_status=status,
            accuracy=0.9,
            created=datetime(2026, 11, number, tzinfo=timezone.utc),
            description=None,
            model_data_url=None,
            metadata={},
        )
        for number, status in enumerate(statuses, start=1)
    ]
    return made[::-1]


PENDING, YES, NO = "PendingManualApproval", "Approved", "Rejected"


def test_the_newest_approved_version_is_deployed_unless_one_is_named() -> None:
    known = versions(YES, YES, NO, PENDING)
    assert version_to_deploy(known, None).version == 2
    assert version_to_deploy(known, 1).version == 1


@pytest.mark.parametrize(("wanted", "status"), [(3, NO), (4, PENDING)])
def test_a_version_that_is_not_approved_is_refused_with_its_status(wanted: int, status: str) -> None:
    with pytest.raises(VersionNotApproved, match=f"version {wanted} is {status}, not Approved"):
        version_to_deploy(versions(YES, YES, NO, PENDING), wanted)


def test_a_package_that_failed_is_refused_though_it_is_approved() -> None:
    known = versions(YES, YES, failed=(2,))
    assert version_to_deploy(known, None).version == 1
    with pytest.raises(VersionNotApproved, match="its package is Failed"):
        version_to_deploy(known, 2)


def test_an_unknown_version_is_refused_with_those_there_are() -> None:
    with pytest.raises(ModelVersionMissing, match="no version 7; there are: 2, 1"):
        version_to_deploy(versions(YES, NO), 7)


@pytest.mark.parametrize(
    ("statuses", "told"), [((NO, PENDING), f"2 is {PENDING}, 1 is {NO}"), ((), "there is none at all")]
)
def test_without_an_approved_version_there_is_nothing_to_deploy(statuses: tuple[str, ...], told: str) -> None:
    with pytest.raises(VersionNotApproved, match=told):
        version_to_deploy(versions(*statuses), None)


def test_a_rollback_goes_to_the_newest_approved_version_before_the_one_that_serves() -> None:
    known = versions(YES, YES, NO, YES, YES)
    assert version_before(known, arn(5)).version == 4
    assert version_before(known, arn(4)).version == 2
    # the one that serves may have been rejected since
    assert version_before(known, arn(3)).version == 2


def test_a_rollback_from_the_first_approved_version_is_refused() -> None:
    with pytest.raises(NothingToRollBackTo, match="no approved version before 2"):
        version_before(versions(NO, YES, YES), arn(2))


@pytest.mark.parametrize("serving", [None, "arn:aws:sagemaker:us-east-1:123456789012:model-package/others/1"])
def test_a_rollback_from_a_model_of_elsewhere_is_refused(serving: str | None) -> None:
    with pytest.raises(NothingToRollBackTo, match="no version of this group"):
        version_before(versions(YES, YES), serving)
