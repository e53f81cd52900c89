"""Messages between the server and a sandbox: two lengths of four bytes, a header in JSON, and a body.

To the sandbox goes an invocation: the header has what awslambdaric's InvocationRequest has, the body is the event.
From it come messages of kind `ready`, `init_error`, `result` and `error`, with the most memory that it used, in bytes.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

LENGTHS = struct.Struct(">II")


@dataclass(frozen=True)
class Message:
    """One message of a sandbox. `max_memory` is in bytes."""

    kind: str
    body: bytes
    max_memory: int


def invocation(header: Mapping[str, Any], event: bytes) -> bytes:
    """The bytes of an invocation."""
    encoded = json.dumps(header).encode()
    return LENGTHS.pack(len(encoded), len(event)) + encoded + event


class Inbox:
    """Puts messages together from the pieces that a socket delivers."""

    def __init__(self) -> None:
        self._pieces = bytearray()

    def feed(self, piece: bytes) -> None:
        """Take what was received."""
        self._pieces += piece

    def take(self) -> Message | None:
        """The next message, once all of it is here."""
        if len(self._pieces) < LENGTHS.size:
            return None
        header_length, body_length = LENGTHS.unpack_from(self._pieces)
        header_end = LENGTHS.size + header_length
        end = header_end + body_length
        if len(self._pieces) < end:
            return None
        header = json.loads(self._pieces[LENGTHS.size : header_end])
        body = bytes(self._pieces[header_end:end])
        del self._pieces[:end]
        return Message(header["kind"], body, header["max_memory"])
