"""Records survive the process, change as a whole, and take their tags with them."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from local_aws.sagemaker.store import Record, RecordExists, RecordNotFound, Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "records.sqlite")
    yield opened
    opened.close()


def test_a_record_is_read_back_as_it_was_written_datetimes_included(store: Store) -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=timezone.utc)
    body = {"Text": "é", "When": moment, "Deep": [{"At": moment}], "None": None}
    written = store.insert("Model", "m", "arn:m", body, "InService")
    assert store.get("Model", "m") == written
    assert store.find_arn("arn:m").body == body
    assert written.created == written.modified
    assert written.created.tzinfo is not None
    assert written.created.microsecond % 1000 == 0


def test_names_are_unique_within_a_kind_only(store: Store) -> None:
    store.insert("Model", "m", "arn:m", {})
    store.insert("Pipeline", "m", "arn:p", {})
    with pytest.raises(RecordExists):
        store.insert("Model", "m", "arn:other", {})


def test_what_is_not_there_is_not_found(store: Store) -> None:
    with pytest.raises(RecordNotFound):
        store.get("Model", "m")
    with pytest.raises(RecordNotFound):
        store.find_arn("arn:m")
    with pytest.raises(RecordNotFound):
        store.delete("Model", "m")
    with pytest.raises(RecordNotFound):
        store.update("Model", "m", "Failed")


def test_an_update_merges_into_the_body_and_keeps_the_status_that_it_does_not_set(store: Store) -> None:
    store.insert("Model", "m", "arn:m", {"a": 1, "b": 2}, "Creating")
    assert store.update("Model", "m", b=3).status == "Creating"
    record = store.update("Model", "m", "InService", c=4)
    assert (record.status, record.body) == ("InService", {"a": 1, "b": 3, "c": 4})
    assert store.get("Model", "m") == record


def test_an_edit_that_raises_changes_nothing(store: Store) -> None:
    before = store.insert("Model", "m", "arn:m", {"a": 1}, "Creating")

    def fail(record: Record) -> tuple[str | None, dict[str, Any]]:
        record.body["a"] = 2
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        store.edit("Model", "m", fail)
    assert store.get("Model", "m") == Record(**{**vars(before), "body": {"a": 1}})


def test_edits_from_many_threads_lose_nothing(store: Store) -> None:
    store.insert("Counter", "c", "arn:c", {"n": 0})

    def count_up() -> None:
        for _ in range(25):
            store.edit("Counter", "c", lambda record: (None, {"n": record.body["n"] + 1}))

    threads = [threading.Thread(target=count_up) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.get("Counter", "c").body == {"n": 200}


def test_all_records_of_a_kind_come_oldest_first_and_by_status(store: Store) -> None:
    for name, status in (("z", "Failed"), ("a", "InProgress"), ("m", "Completed")):
        store.insert("Job", name, f"arn:{name}", {}, status)
    assert [record.name for record in store.all("Job")] == ["z", "a", "m"]
    assert [record.name for record in store.all("Job", ["Completed", "Failed"])] == ["z", "m"]
    assert store.all("Job", []) == []


def test_tags_are_replaced_by_key_and_go_with_the_record(store: Store) -> None:
    store.insert("Model", "m", "arn:m", {})
    store.put_tags("arn:m", {"b": "1", "a": "1"})
    store.put_tags("arn:m", {"b": "2"})
    store.remove_tags("arn:m", ["a", "never-there"])
    assert store.tags("arn:m") == {"b": "2"}
    store.delete("Model", "m")
    assert store.tags("arn:m") == {}


def test_a_record_cannot_hold_what_json_cannot(store: Store) -> None:
    with pytest.raises(TypeError, match="a record cannot hold a set"):
        store.insert("Model", "m", "arn:m", {"a": {1}})
    assert store.all("Model") == []


def test_records_of_a_killed_process_are_there_for_the_next(tmp_path: Path) -> None:
    path = tmp_path / "records.sqlite"
    code = (
        "import os, pathlib, signal, sys\n"
        "from local_aws.sagemaker.store import Store\n"
        "store = Store(pathlib.Path(sys.argv[1]))\n"
        "store.insert('Job', 'j', 'arn:j', {'a': 1}, 'InProgress')\n"
        "store.put_tags('arn:j', {'k': 'v'})\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    killed = subprocess.run([sys.executable, "-c", code, str(path)], check=False)
    assert killed.returncode == -signal.SIGKILL
    store = Store(path)
    assert (store.get("Job", "j").status, store.tags("arn:j")) == ("InProgress", {"k": "v"})
    store.close()
