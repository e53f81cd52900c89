"""The project's CloudFormation stacks: rules, functions, state machines, queues, alarms and roles go with them."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any

from pipelines.stacks import Sleep, StackMissing, delete_stack
from pipelines.teardown.item import Item

# what a stack's description begins with, up to its details
CLAUSE = re.compile(r" - |: |\. ")


def own_stacks(
    cloudformation: Any, names: tuple[str, ...], prefixes: tuple[str, ...], sleep: Sleep = time.sleep
) -> Iterator[Item]:
    """Stacks of these names, in this order, then those whose names begin so. Nested ones go with theirs."""
    there = _stacks(cloudformation)
    begin_so = sorted(name for name in there if name not in names and name.startswith(prefixes))
    for name in [*(name for name in names if name in there), *begin_so]:

        def delete(name: str = name) -> None:
            try:
                delete_stack(cloudformation, name, sleep=sleep)
            except StackMissing:
                return

        yield Item("stack", name, delete, there[name])


def _stacks(cloudformation: Any) -> dict[str, str]:
    """Names of the stacks that are there, and what each is for, by its own description."""
    pages = cloudformation.get_paginator("describe_stacks").paginate()
    return {
        one["StackName"]: CLAUSE.split(one.get("Description", ""), 1)[0]
        for page in pages
        for one in page["Stacks"]
        if one["StackStatus"] != "DELETE_COMPLETE" and "ParentId" not in one
    }
