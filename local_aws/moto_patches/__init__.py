"""Every change to moto, in one place, tied to the version it was written for."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import moto
import moto.s3.models
import moto.settings
from moto.core.common_models import BaseModel
from moto.s3.models import FakeKey

from local_aws.bodies import BodyFolder

if TYPE_CHECKING:
    from local_aws.moto_patches.function_invocations import Runner
    from local_aws.moto_patches.topics import Deliverer

MOTO_VERSION = "5.2.5"


class MotoVersionMismatch(RuntimeError):
    """The installed moto is not the one that these patches were written and tested for."""


def install(bodies: BodyFolder) -> None:
    """Patch moto for this process. Raises MotoVersionMismatch."""
    if moto.__version__ != MOTO_VERSION:
        raise MotoVersionMismatch(
            f"local_aws needs moto {MOTO_VERSION}, found {moto.__version__}: install the pinned requirements."
        )
    # moto would invite the pages of every web site to read what is here
    moto.settings.DISABLE_GLOBAL_CORS = True
    _forget_instances()
    _keep_bodies_in_files(bodies)
    # these import from this package, and what they patch
    from local_aws.moto_patches import (
        bucket_policies,
        conditional_writes,
        function_invocations,
        function_snapshots,
        functions,
        object_events,
        topics,
    )

    functions.install()
    function_invocations.install()
    function_snapshots.install()
    object_events.install()
    bucket_policies.install()
    conditional_writes.install()
    topics.install()


def invoke_with(runner: Runner) -> None:
    """Hand every invocation of a function inside moto to this runner."""
    from local_aws.moto_patches import function_invocations

    function_invocations.invoke_with(runner)


def deliver_with(deliverer: Deliverer) -> None:
    """Hand every message of a topic inside moto to this deliverer."""
    from local_aws.moto_patches import topics

    topics.deliver_with(deliverer)


def _forget_instances() -> None:
    """moto lists every object it ever made, for its own reset API: a server that runs for days cannot."""

    def create(cls: type, *_args: Any, **_kwargs: Any) -> Any:
        return object.__new__(cls)

    BaseModel.__new__ = create  # type: ignore[method-assign]


def _keep_bodies_in_files(bodies: BodyFolder) -> None:
    """S3 objects live in files, and a snapshot holds their names instead of their bytes."""

    def get_state(key: FakeKey) -> dict[str, Any]:
        return {name: value for name, value in key.__dict__.items() if name != "lock"}

    def set_state(key: FakeKey, state: dict[str, Any]) -> None:
        key.__dict__.update(state)
        key.lock = threading.Lock()

    tempfile = SimpleNamespace(SpooledTemporaryFile=lambda *_args, **_kwargs: bodies.new())
    moto.s3.models.tempfile = tempfile  # type: ignore[assignment]
    FakeKey.__getstate__ = get_state  # type: ignore[method-assign, assignment]
    FakeKey.__setstate__ = set_state  # type: ignore[method-assign, assignment]
