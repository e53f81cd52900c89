"""Who is at work, for what is kept of decisions."""

from __future__ import annotations

import getpass
from typing import Any


def caller(sts: Any) -> str:
    """The caller as AWS knows it, and the user of this machine: behind one role there may be many people."""
    return f"{getpass.getuser()} as {sts.get_caller_identity()['Arn']}"
