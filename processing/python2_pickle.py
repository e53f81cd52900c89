"""Writes the pickle dialect of CIFAR's files: protocol 2 as Python 2 wrote it, with byte strings for text."""

import pickle
import struct
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Value = bytes | Sequence[bytes] | Sequence[int] | NDArray[np.uint8]


def dump_python2(entries: Mapping[bytes, Value]) -> bytes:
    """A dict of strings, lists of strings or of integers in 0..2**31-1, and uint8 arrays, pickled."""
    parts = [pickle.PROTO, b"\x02", pickle.EMPTY_DICT, pickle.MARK]
    for key, value in entries.items():
        parts += [_string(key), *_value(value)]
    return b"".join([*parts, pickle.SETITEMS, pickle.STOP])


def _value(value: Value) -> list[bytes]:
    if isinstance(value, bytes):
        return [_string(value)]
    if isinstance(value, np.ndarray):
        return _array(value)
    items = [_string(item) if isinstance(item, bytes) else _integer(item) for item in value]
    return [pickle.EMPTY_LIST, pickle.MARK, *items, pickle.APPENDS]


def _string(text: bytes) -> bytes:
    if len(text) < 256:
        return pickle.SHORT_BINSTRING + bytes([len(text)]) + text
    return pickle.BINSTRING + struct.pack("<i", len(text)) + text


def _integer(number: int) -> bytes:
    if number < 0x100:
        return pickle.BININT1 + bytes([number])
    if number < 0x10000:
        return pickle.BININT2 + struct.pack("<H", number)
    return pickle.BININT + struct.pack("<i", number)


def _array(array: NDArray[np.uint8]) -> list[bytes]:
    # _reconstruct(ndarray, (0,), 'b') and then the state (version, shape, dtype, Fortran order, bytes).
    return [
        *(pickle.GLOBAL, b"numpy.core.multiarray\n_reconstruct\n", pickle.GLOBAL, b"numpy\nndarray\n"),
        *(_integer(0), pickle.TUPLE1, _string(b"b"), pickle.TUPLE3, pickle.REDUCE),
        *(pickle.MARK, _integer(1), pickle.MARK, *map(_integer, array.shape), pickle.TUPLE),
        *_uint8_dtype(),
        *(pickle.NEWFALSE, pickle.BINSTRING, struct.pack("<i", array.nbytes), array.tobytes()),
        *(pickle.TUPLE, pickle.BUILD),
    ]


def _uint8_dtype() -> list[bytes]:
    # dtype('u1', 0, 1) and then the state (3, '|', None, None, None, -1, -1, 0).
    minus_one = pickle.BININT + struct.pack("<i", -1)
    return [
        *(
            pickle.GLOBAL,
            b"numpy\ndtype\n",
            _string(b"u1"),
            _integer(0),
            _integer(1),
            pickle.TUPLE3,
            pickle.REDUCE,
        ),
        *(pickle.MARK, _integer(3), _string(b"|"), pickle.NONE, pickle.NONE, pickle.NONE),
        *(minus_one, minus_one, _integer(0), pickle.TUPLE, pickle.BUILD),
    ]
