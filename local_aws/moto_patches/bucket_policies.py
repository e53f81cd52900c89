"""Bucket policies are kept and answered, and refuse nobody: as roles, they permit and deny nothing here.

moto takes a condition that it cannot judge for one that is met where it denies: a policy that denies what does not come
over TLS would close the bucket to everybody.
"""

from __future__ import annotations

from moto.iam.access_control import PermissionResult
from moto.s3.models import FakeBucket

from local_aws.moto_patches.replacing import replace


def install() -> None:
    """Patch moto for this process."""

    def get_permission(_bucket: FakeBucket, _action: str, _resource: str) -> PermissionResult:
        return PermissionResult.NEUTRAL

    replace(FakeBucket, get_permission=get_permission)
