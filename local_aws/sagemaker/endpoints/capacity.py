"""How many model server processes an instance runs."""

from __future__ import annotations

import os
import re

SIZE = re.compile(r"(?:(?P<times>\d*)x)?(?P<name>large|medium)")
# of types whose size does not say it
PROCESSORS_OF_MEDIUM = {"ml.t2.medium": 2}


def processors_of(instance_type: str) -> int:
    """The number of vCPUs of an instance type: `large` has 2, `xlarge` 4, `Nxlarge` 4 N (EC2's instance type pages)."""
    found = SIZE.fullmatch(instance_type.rsplit(".", 1)[-1])
    if found is None or found["name"] == "medium":
        return PROCESSORS_OF_MEDIUM.get(instance_type, 1)
    if found["times"] is None:
        return 2
    return 4 * int(found["times"] or 1)


def workers_of(instance_type: str) -> int:
    """One process for each vCPU, as the inference toolkit has it, and no more than this machine has."""
    return max(1, min(processors_of(instance_type), os.cpu_count() or 1))
