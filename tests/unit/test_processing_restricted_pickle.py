"""The restricted unpickler: reads every dialect of CIFAR's files, and runs nothing."""

import os
import pickle
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from processing.python2_pickle import dump_python2
from processing.restricted_pickle import DamagedPickle, ForbiddenPickle, load_pickle

PIXELS = np.arange(2 * 3072, dtype=np.uint8).reshape(2, 3072)


class Calls:
    """Pickles as a call of any function: how a hostile pickle is made."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        return self.call


def hostile_pickles(evidence: Path) -> dict[str, bytes]:
    """Pickles that would create the file `evidence`, or reach for what could, if they were loaded plainly."""
    touch = f"touch {evidence}"
    write = f"open({str(evidence)!r}, 'w').close()"
    calls = {
        "os.system": Calls(os.system, touch),
        "subprocess": Calls(subprocess.call, ["touch", str(evidence)]),
        "eval": Calls(eval, write),
        "exec": Calls(exec, write),
        "getattr": Calls(getattr, "", "join"),
        "import": Calls(__import__, "os"),
        "open": Calls(open, str(evidence), "w"),
        "numpy load": Calls(np.load, str(evidence)),
    }
    pickles = {name: pickle.dumps({b"data": call}, protocol=2) for name, call in calls.items()}
    pickles["stack global"] = pickle.dumps(Calls(os.system, touch), protocol=4)
    pickles["text protocol"] = f"cos\nsystem\n(S'{touch}'\ntR.".encode()
    pickles["inst opcode"] = f"(S'{touch}'\nios\nsystem\n.".encode()
    pickles["python 2 builtins"] = f'c__builtin__\neval\n(S"{write}"\ntR.'.encode()
    pickles["dotted name"] = b"\x80\x04\x8c\x05numpy\x8c\x0edtype.__class__\x93."
    pickles["extension registry"] = b"\x80\x02\x82\x01."
    pickles["persistent id"] = b"\x80\x02X\x01\x00\x00\x00aQ."
    pickles["object array"] = pickle.dumps({b"data": np.array([Calls(os.system, touch)], dtype=object)}, protocol=2)
    pickles["state on a stand-in"] = b"\x80\x02cnumpy\ndtype\n}X\x08\x00\x00\x00__call__K\x01sb."
    return pickles


@pytest.mark.parametrize("name", sorted(hostile_pickles(Path("x"))))
def test_hostile_pickle_is_refused_and_nothing_is_run(name: str, tmp_path: Path) -> None:
    evidence = tmp_path / "evidence"
    with pytest.raises((ForbiddenPickle, DamagedPickle)):
        load_pickle(hostile_pickles(evidence)[name], "archive:train")
    assert not evidence.exists()


def test_refusal_names_the_place_and_the_thing_in_one_line() -> None:
    with pytest.raises(
        ForbiddenPickle, match=r"^archive:train wants to load posix\.system, .*do not use this archive$"
    ):
        load_pickle(pickle.dumps(Calls(os.system, "true"), protocol=2), "archive:train")


@pytest.mark.parametrize("protocol", [2, 3, 4])
def test_archives_written_again_by_python_3_are_read(protocol: int) -> None:
    loaded = load_pickle(pickle.dumps({b"data": PIXELS, b"fine_labels": [1, 300]}, protocol=protocol), "x")
    assert np.array_equal(loaded[b"data"], PIXELS)
    assert loaded[b"fine_labels"] == [1, 300]


def test_python_2_dialect_is_written_and_read_and_plain_pickle_agrees() -> None:
    entries = {
        b"data": PIXELS,
        b"filenames": [b"a", b"b" * 300],
        b"fine_labels": [0, 255, 256, 70_000],
        b"s": b"t",
    }
    dumped = dump_python2(entries)
    ours, plain = load_pickle(dumped, "x"), pickle.loads(dumped, encoding="bytes")
    assert ours.keys() == plain.keys() == entries.keys()
    for key, value in entries.items():
        assert np.array_equal(ours[key], value)
        assert np.array_equal(plain[key], value)
    assert plain[b"data"].dtype == np.uint8


@pytest.mark.parametrize(
    "array",
    [PIXELS.astype(np.int64), PIXELS.astype(np.float32), np.asfortranarray(PIXELS), np.array(["a"])],
    ids=["int64", "float32", "Fortran order", "text"],
)
def test_arrays_other_than_plain_uint8_are_refused(array: Any) -> None:
    with pytest.raises(DamagedPickle, match="array"):
        load_pickle(pickle.dumps({b"data": array}, protocol=2), "x")


def test_array_whose_shape_contradicts_its_bytes_is_refused() -> None:
    dumped = dump_python2({b"data": PIXELS}).replace(b"K\x02M\x00\x0c", b"K\x03M\x00\x0c")
    with pytest.raises(DamagedPickle, match="shape and number of bytes"):
        load_pickle(dumped, "x")


def test_every_truncation_is_refused() -> None:
    dumped = dump_python2({b"fine_labels": [1, 2], b"data": PIXELS[:1, :40]})
    for length in range(len(dumped)):
        with pytest.raises((DamagedPickle, ForbiddenPickle)):
            load_pickle(dumped[:length], "x")
