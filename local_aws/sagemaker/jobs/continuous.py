"""Uploading while a container writes: Continuous processing outputs, and checkpoints."""

from __future__ import annotations

import threading
from pathlib import Path

from local_aws.objects import ObjectStore, S3Uri
from local_aws.sagemaker.jobs.control import JobFailed
from local_aws.sagemaker.jobs.outputs import below, files_below, upload_failure

LOOK_SECONDS = 0.5


class ContinuousUpload:
    """Copies a folder's new and changed files to S3 while the context lasts, and once more at its end.

    A file goes up when two looks in a row found it the same, so that one being written is not copied in the
    middle. What was uploaded stays, whatever becomes of the job, as in the service.
    """

    def __init__(self, objects: ObjectStore, folder: Path, uri: S3Uri) -> None:
        self._objects = objects
        self._folder = folder
        self._uri = uri
        self._seen = _states(folder)
        self._uploaded = dict(self._seen)
        self._over = threading.Event()
        self._failure: JobFailed | None = None
        self._thread = threading.Thread(target=self._watch, name=f"upload {uri}", daemon=True)

    def __enter__(self) -> ContinuousUpload:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, _error: object, _trace: object) -> None:
        """Upload what is left. Raises JobFailed where an upload failed, if nothing else was raised."""
        self._over.set()
        self._thread.join()
        self._seen = _states(self._folder)
        self._upload_settled(self._seen)
        if self._failure is not None and kind is None:
            raise self._failure

    def _watch(self) -> None:
        while not self._over.wait(LOOK_SECONDS) and self._failure is None:
            states = _states(self._folder)
            self._upload_settled({name: state for name, state in states.items() if self._seen.get(name) == state})
            self._seen = states

    def _upload_settled(self, states: dict[str, tuple[int, int]]) -> None:
        for name, state in states.items():
            if self._uploaded.get(name) == state:
                continue
            target = below(self._uri, name)
            try:
                self._objects.write(target.bucket, target.key, (self._folder / name).read_bytes())
                self._uploaded[name] = state
            except FileNotFoundError:
                continue  # removed or renamed since the look
            except OSError as error:
                self._failure = upload_failure(error, str(target))
            except Exception as error:
                self._failure = JobFailed(f"ClientError: Artifact upload failed:{error}")


def _states(folder: Path) -> dict[str, tuple[int, int]]:
    states = {}
    for path, name in files_below(folder):
        try:
            status = path.stat()
        except FileNotFoundError:
            continue
        states[name] = (status.st_mtime_ns, status.st_size)
    return states
