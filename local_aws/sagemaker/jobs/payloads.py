"""An input object of a batch transform as request payloads, and the responses as one output object."""

from __future__ import annotations

from collections.abc import Iterator

MEGABYTE = 1 << 20


class PayloadTooLarge(ValueError):
    """A record that does not fit into one request."""


def payloads(content: bytes, split_type: str, batch_strategy: str, max_payload_mb: int) -> Iterator[bytes]:
    """The bodies of the requests that carry `content`, in order.

    SplitType None: the whole object. Line: one line without its end (SingleRecord), or as many whole lines as
    fit into the payload (MultiRecord). A limit of 0 MB is none. Raises PayloadTooLarge.
    """
    limit = max_payload_mb * MEGABYTE
    if split_type == "None":
        yield _checked(content, limit, "The object")
        return
    batch: list[bytes] = []
    size = 0
    for line in _lines(content):
        _checked(line, limit, "A record")
        if batch_strategy == "SingleRecord":
            yield line
            continue
        if batch and limit and size + len(line) + 1 > limit:
            yield b"\n".join(batch)
            batch, size = [], 0
        batch.append(line)
        size += len(line) + 1
    if batch:
        yield b"\n".join(batch)


def assembled(response: bytes, assemble_with: str) -> bytes:
    """A response as it stands in the output object: with a line's end after it for AssembleWith Line."""
    return response + b"\n" if assemble_with == "Line" and not response.endswith(b"\n") else response


def _lines(content: bytes) -> Iterator[bytes]:
    start = 0
    while start < len(content):
        end = content.find(b"\n", start)
        end = len(content) if end < 0 else end
        if line := content[start:end].removesuffix(b"\r"):
            yield line
        start = end + 1


def _checked(record: bytes, limit: int, what: str) -> bytes:
    if limit and len(record) > limit:
        raise PayloadTooLarge(
            f"{what} has {len(record)} bytes, more than MaxPayloadInMB allows ({limit // MEGABYTE} MB)"
        )
    return record
