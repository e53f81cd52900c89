"""moto keeps its state in memory; this keeps it on disk too, so that a killed server can be started again.

A snapshot is a pickle without bodies (those are files of their own, see `bodies.py`). It is read back with an
allow-list, since a pickle is a program: only moto's own classes and plain containers may appear in it.
"""

from __future__ import annotations

import io
import logging
import os
import pickle
import threading
import time
from pathlib import Path
from typing import Any

import moto.backends
from moto.core.base_backend import BackendDict
from moto.s3.models import s3_backends
from moto.s3.utils import _VersionedKeyStore

from local_aws import parameter_snapshots
from local_aws.bodies import BodyFile, BodyFolder
from local_aws.moto_patches import MOTO_VERSION

LOGGER = logging.getLogger(__name__)

# in the order of saving: what refers to objects comes before they do
SERVICES = ("iam", "sts", "logs", "cloudwatch", "lambda", "sqs", "sns", "ssm", "secretsmanager", "s3")
ATTEMPTS = 20
GRACE_SECONDS = 60.0
SAFE_MODULES = ("moto", "collections", "datetime", "zoneinfo", "uuid", "decimal", "pytz")
SAFE_BUILTINS = {"dict", "list", "set", "frozenset", "tuple", "bytearray", "object", "complex", "range", "slice"}
SAFE_OTHERS = {
    ("re", "_compile"),
    ("requests.structures", "CaseInsensitiveDict"),
    ("copyreg", "_reconstructor"),
    ("local_aws.snapshot", "new_lock"),
    ("local_aws.snapshot", "new_rlock"),
    ("local_aws.snapshot", "new_condition"),
    ("local_aws.snapshot", "new_key_store"),
    *(("local_aws.parameter_snapshots", name) for name in ("new_parameters", "tag_factory", "new_tags")),
}
LOCK_TYPE = type(threading.Lock())
RLOCK_TYPE = type(threading.RLock())


class SnapshotUnreadable(RuntimeError):
    """The snapshot is of another moto version, damaged, or holds what no snapshot of ours would."""


def new_lock() -> Any:
    """A fresh lock, in the place of one that was pickled."""
    return threading.Lock()


def new_rlock() -> Any:
    """A fresh re-entrant lock, in the place of one that was pickled."""
    return threading.RLock()


def new_condition() -> threading.Condition:
    """A fresh condition, in the place of one that was pickled: nobody waits for it."""
    return threading.Condition()


def new_key_store(versions: dict[str, list[Any]]) -> _VersionedKeyStore:
    """A bucket's objects with all versions; its own way of setting an item would keep only the last one."""
    store = _VersionedKeyStore()
    for key, objects in versions.items():
        dict.__setitem__(store, key, objects)
    return store


class _Pickler(pickle.Pickler):
    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file, protocol=pickle.HIGHEST_PROTOCOL)
        self.bodies: set[str] = set()

    def persistent_id(self, value: Any) -> Any:
        if isinstance(value, BodyFile):
            self.bodies.add(value.name)
            return value.name
        return None

    def reducer_override(self, value: Any) -> Any:
        if isinstance(value, LOCK_TYPE):
            return new_lock, ()
        if isinstance(value, RLOCK_TYPE):
            return new_rlock, ()
        if isinstance(value, threading.Condition):
            return new_condition, ()
        if isinstance(value, _VersionedKeyStore):
            return new_key_store, (dict(dict.items(value)),)
        return parameter_snapshots.reduction(value)


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, folder: BodyFolder) -> None:
        super().__init__(file)
        self._folder = folder
        self.bodies: set[str] = set()

    def persistent_load(self, name: Any) -> BodyFile:
        self.bodies.add(name)
        return self._folder.open(name)

    def find_class(self, module: str, name: str) -> Any:
        top = module.split(".")[0]
        if top in SAFE_MODULES or (module == "builtins" and name in SAFE_BUILTINS) or (module, name) in SAFE_OTHERS:
            return super().find_class(module, name)
        raise SnapshotUnreadable(f"the snapshot names {module}.{name}, which no snapshot of this server holds")


class MotoSnapshot:
    """Saves each of moto's services to a file of its own whenever it changed, and loads them back at start."""

    def __init__(self, folder: Path, bodies: BodyFolder, seconds_between_saves: float = 1.0) -> None:
        folder.mkdir(exist_ok=True)
        self._folder = folder
        self._bodies = bodies
        self._pause = seconds_between_saves
        self._saving = threading.Lock()
        self._dirty: set[str] = set()
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._save_when_changed, name="moto-snapshot", daemon=True)

    def changed(self, service: str) -> None:
        """Note that a service changed; it is saved at once, or within about a second of the last time."""
        self._dirty.add(service)
        self._wake.set()

    def start(self) -> None:
        """Begin to save in the background."""
        self._thread.start()

    def close(self) -> None:
        """Save what is unsaved and end the background thread."""
        self._closing.set()
        self._wake.set()
        self._thread.join()
        self.save()

    def load(self) -> None:
        """Put what was saved, if anything was, into moto. Raises SnapshotUnreadable."""
        bodies: set[str] = set()
        for service in SERVICES:
            path = self._path(service)
            if path.exists():
                bodies |= self._load(service, path)
        self._bodies.keep_only(bodies)

    def save(self) -> None:
        """Save now. Returns when the state of this moment is on disk."""
        with self._saving:
            self._wake.clear()
            for service in SERVICES:
                if service in self._dirty:
                    self._dirty.discard(service)
                    try:
                        self._save(service)
                    except BaseException:
                        self.changed(service)
                        raise

    def _path(self, service: str) -> Path:
        return self._folder / f"{service}.pickle"

    def _load(self, service: str, path: Path) -> set[str]:
        unpickler = _Unpickler(io.BytesIO(path.read_bytes()), self._bodies)
        try:
            version, accounts, bucket_accounts = unpickler.load()
        except SnapshotUnreadable:
            raise
        except Exception as error:
            raise SnapshotUnreadable(f"{path} is damaged ({error}): move it away to start without it") from error
        if version != MOTO_VERSION:
            raise SnapshotUnreadable(f"{path} was written with moto {version}, this is moto {MOTO_VERSION}")
        for account, regions in accounts.items():
            for region, backend in regions.items():
                _backends(service)[account][region] = backend
        s3_backends.bucket_accounts.update(bucket_accounts)
        return unpickler.bodies

    def _save(self, service: str) -> None:
        content, bodies = _dump_consistently(service)
        path = self._path(service)
        partial = path.with_suffix(".partial")
        with open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(content)
        partial.replace(path)
        if service == "s3":
            self._bodies.keep_only(bodies, GRACE_SECONDS)

    def _save_when_changed(self) -> None:
        """A lone change is saved at once, many together; and never more than a tenth of the time goes into saving."""
        while not self._closing.is_set():
            self._wake.wait()
            began = time.monotonic()
            try:
                self.save()
            except Exception:
                LOGGER.exception("the state of moto could not be saved; trying again")
            self._closing.wait(max(self._pause, 10 * (time.monotonic() - began)))


def _dump_consistently(service: str) -> tuple[bytes, set[str]]:
    """Other threads go on changing the dictionaries: a dump that was disturbed is thrown away and made again."""
    for attempt in range(ATTEMPTS):
        file = io.BytesIO()
        pickler = _Pickler(file)
        try:
            accounts = {account: dict(regions.items()) for account, regions in list(_backends(service).items())}
            bucket_accounts = dict(s3_backends.bucket_accounts) if service == "s3" else {}
            pickler.dump((MOTO_VERSION, accounts, bucket_accounts))
        except RuntimeError:
            if attempt == ATTEMPTS - 1:
                raise
            continue
        return file.getvalue(), pickler.bodies
    raise AssertionError("unreachable")


def _backends(service: str) -> BackendDict[Any]:
    return moto.backends.get_backend(service)  # type: ignore[call-overload]
