"""Unpickles what CIFAR files hold - containers, strings, numbers, one array - and cannot do anything else.

No name in the pickle is ever imported. The few that numpy arrays need map to the inert stand-ins below,
which only note what the pickle says; the array is made afterwards, from checked notes.
"""

import io
import math
import pickle
from typing import Any

import numpy as np
from numpy.typing import NDArray

from processing.exit_message import ProcessingFailure


class ForbiddenPickle(ProcessingFailure):
    """The pickle names something that CIFAR files never hold: loading it plainly could execute code."""


class DamagedPickle(ProcessingFailure):
    """The bytes are no pickle, or describe an array that contradicts itself."""


def load_pickle(data: bytes, where: str) -> Any:
    """The object in `data`; Python 2 strings come out as bytes, arrays as read-only numpy uint8 arrays.

    `where` names the source in messages. Arrays may stand in the top-level dict's values only, as in CIFAR
    files.

    Raises ForbiddenPickle and DamagedPickle.
    """
    try:
        loaded = _RestrictedUnpickler(data, where).load()
        if isinstance(loaded, dict):
            return {key: value.array() if isinstance(value, _Array) else value for key, value in loaded.items()}
        return loaded
    except ProcessingFailure:
        raise
    except (
        Exception,
        RecursionError,
        MemoryError,
    ) as error:  # hostile bytes can raise nearly anything in the loader
        reason = f"{type(error).__name__}: {error}"[:200]
        raise DamagedPickle(f"{where} cannot be unpickled ({reason}); fetch the archive again") from error


class _Array:
    """What a pickle says about an array: filled by BUILD, as numpy's own __setstate__ would be."""

    __slots__ = ("_raw", "_shape")

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, shape, dtype, fortran_order, raw = state
        if not isinstance(dtype, _Uint8) or fortran_order is not False or not isinstance(raw, bytes):
            raise ValueError("an array is not plain uint8 in C order")
        self._shape, self._raw = shape, raw

    def array(self) -> NDArray[np.uint8]:
        if any(type(length) is not int or length < 0 for length in self._shape):
            raise ValueError("an array's shape is not made of lengths")
        if math.prod(self._shape) != len(self._raw):
            raise ValueError("an array's shape and number of bytes differ")
        return np.frombuffer(self._raw, dtype=np.uint8).reshape(self._shape)


class _Uint8:
    """The only dtype CIFAR files hold."""

    __slots__ = ()

    def __setstate__(self, state: object) -> None:
        """Byte order and alignment: nothing that a byte has."""


# The stand-ins are instances without attributes: a pickle can neither set anything on them nor subclass them.
class _Reconstruct:
    __slots__ = ()

    def __call__(self, *_: object) -> _Array:
        return _Array()


class _Dtype:
    __slots__ = ()

    def __call__(self, code: object, *_: object) -> _Uint8:
        if code not in ("u1", b"u1", "|u1", b"|u1"):
            raise ValueError(f"an array has dtype {code!r}, not uint8")
        return _Uint8()


class _Ndarray:
    __slots__ = ()


class _EncodeLatin1:
    """How Python 3 writes bytes into a protocol 2 pickle."""

    __slots__ = ()

    def __call__(self, text: str, encoding: str) -> bytes:
        if encoding != "latin1":
            raise ValueError(f"bytes in encoding {encoding!r}")
        return text.encode("latin-1")


_STAND_INS = {
    ("numpy.core.multiarray", "_reconstruct"): _Reconstruct(),
    ("numpy._core.multiarray", "_reconstruct"): _Reconstruct(),
    ("numpy", "ndarray"): _Ndarray(),
    ("numpy", "dtype"): _Dtype(),
    ("_codecs", "encode"): _EncodeLatin1(),
}


class _RestrictedUnpickler(pickle.Unpickler):
    def __init__(self, data: bytes, where: str) -> None:
        super().__init__(io.BytesIO(data), encoding="bytes", fix_imports=False)
        self._where = where

    def find_class(self, module: str, name: str) -> Any:
        try:
            return _STAND_INS[module, name]
        except KeyError:
            raise ForbiddenPickle(
                f"{self._where} wants to load {module[:80]}.{name[:80]}, as CIFAR files never do; it could "
                "execute code; do not use this archive"
            ) from None

    def persistent_load(self, pid: object) -> Any:
        raise ForbiddenPickle(f"{self._where} refers to an object outside itself; do not use this archive")
