"""Bodies of S3 objects as files, and what a snapshot may hold."""

from __future__ import annotations

import io
import pickle

import pytest

from local_aws.bodies import BodyFolder
from local_aws.snapshot import SnapshotUnreadable, _Pickler, _Unpickler


@pytest.fixture
def folder(tmp_path):
    return BodyFolder(tmp_path / "bodies")


def test_a_body_reads_back_what_was_written_in_whole_and_in_part(folder):
    body = folder.new()
    body.write(b"hello world")
    body.seek(6)
    assert body.read() == b"world"
    body.seek(0)
    assert (body.read(5), body.read(1)) == (b"hello", b" ")


def test_truncating_and_writing_again_leaves_nothing_of_the_old_content(folder):
    body = folder.new()
    body.write(b"a long content")
    body.seek(0)
    body.truncate()
    body.write(b"short")
    body.seek(0)
    assert body.read() == b"short"


def test_bodies_that_no_snapshot_names_go(folder):
    kept, orphan = folder.new(), folder.new()
    kept.write(b"k")
    orphan.write(b"o")
    folder.keep_only({kept.name})
    assert [file.name for file in folder.path.iterdir()] == [kept.name]


def test_a_body_younger_than_the_grace_stays_since_its_object_may_be_on_its_way(tmp_path):
    now = [100.0]
    folder = BodyFolder(tmp_path, clock=lambda: now[0])
    body = folder.new()
    body.write(b"x")
    now[0] = 130.0
    folder.keep_only(set(), grace_seconds=60.0)
    assert list(tmp_path.iterdir())
    now[0] = 170.0
    folder.keep_only(set(), grace_seconds=60.0)
    assert not list(tmp_path.iterdir())


def test_copies_of_an_object_share_its_body(folder):
    import copy

    body = folder.new()
    body.write(b"content")
    twin = copy.deepcopy(body)
    twin.close()
    body.seek(0)
    assert body.read() == b"content"


def test_a_snapshot_keeps_bodies_by_name_and_locks_by_kind(folder):
    import threading

    body = folder.new()
    body.write(b"content")
    file = io.BytesIO()
    pickler = _Pickler(file)
    pickler.dump({"body": body, "lock": threading.Lock(), "again": threading.RLock()})
    assert pickler.bodies == {body.name}
    assert b"content" not in file.getvalue()
    restored = _Unpickler(io.BytesIO(file.getvalue()), folder).load()
    restored["body"].seek(0)
    assert restored["body"].read() == b"content"
    assert restored["lock"].acquire(blocking=False)
    assert restored["again"].acquire(blocking=False)


class Hostile:
    def __reduce__(self):
        return print, ("executed",)


def test_a_queue_is_kept_with_its_messages_and_can_be_waited_for_again(folder):
    from moto.sqs.models import sqs_backends

    backend = sqs_backends["123456789012"]["us-east-1"]
    queue = backend.create_queue("kept", tags={"a": "b"}, RedrivePolicy=None)
    try:
        backend.send_message("kept", "hello")
        file = io.BytesIO()
        _Pickler(file).dump(backend)
    finally:
        backend.delete_queue("kept")
    found = _Unpickler(io.BytesIO(file.getvalue()), folder).load().get_queue("kept")
    assert (found.queue_arn, found.tags) == (queue.queue_arn, {"a": "b"})
    assert [message.body for message in found.messages] == ["hello"]
    assert found.wait_for_messages(timeout=0) is None


def test_a_snapshot_that_would_run_code_is_refused(folder, capsys):
    with pytest.raises(SnapshotUnreadable, match=r"builtins\.print"):
        _Unpickler(io.BytesIO(pickle.dumps(Hostile())), folder).load()
    assert capsys.readouterr().out == ""
