"""Definitions as moto's grammar wants them, where it is narrower than the service's."""

from __future__ import annotations

import json
from typing import Any

PERCENTAGE = "ToleratedFailurePercentage"


def for_moto(definition: str) -> str:
    """The same definition; unchanged text where nothing had to be spelt otherwise."""
    changed = False

    def spelt(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal changed
        members = dict(pairs)
        if type(members.get(PERCENTAGE)) is int:
            # a number with a point is asked for
            members[PERCENTAGE] = float(members[PERCENTAGE])
            changed = True
        config = members.get("ReaderConfig")
        if isinstance(config, dict) and "InputType" not in config:
            # a listing has no type; as JSON it is an array
            members["ReaderConfig"] = {"InputType": "JSON", **config}
            changed = True
        return members

    document = json.loads(definition, object_pairs_hook=spelt)
    return json.dumps(document, ensure_ascii=False) if changed else definition
