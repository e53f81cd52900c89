"""Updates of an endpoint under steady load: to another version, then to a model that is broken. No request may fail."""

from __future__ import annotations

import json
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from benchmarks.figure import Figure, Promise, Spread, all_met
from benchmarks.invoke_latency import invoke
from benchmarks.result_file import write_result
from benchmarks.serving_endpoints import (
    build_net,
    configure,
    deploy,
    local_target,
    picture,
    runtime_client,
    upload_model,
    wait_until_settled,
)
from pipelines.session import Target

TO_NEW = Promise("requests that failed during an update to another version", "share", "at most", 0.0)
TO_BROKEN = Promise("requests that failed during an update to a broken model", "share", "at most", 0.0)
RIGHT = Promise("updates that ended as they should: which version serves, and the reason", "share", "at least", 1.0)
PROMISES = (TO_NEW, TO_BROKEN, RIGHT)
CLIENTS = 4
PAUSE_SECONDS = 0.02
ENDPOINT = "updated"


class SteadyLoad:
    """Clients that go on asking until the end; what they were told, and how often they were not."""

    def __init__(self, target: Target) -> None:
        self._runtime, self._body = runtime_client(target), picture()
        self._over = threading.Event()
        self.answers: list[tuple[float, ...]] = []
        self.failures: list[str] = []
        self._threads = [threading.Thread(target=self._ask) for _ in range(CLIENTS)]

    def __enter__(self) -> SteadyLoad:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _ask(self) -> None:
        while not self._over.wait(PAUSE_SECONDS):
            try:
                self.answers.append(tuple(json.loads(invoke(self._runtime, ENDPOINT, self._body))))
            except Exception as error:
                self.failures.append(f"{type(error).__name__}: {error}")


def run(work_dir: Path) -> tuple[dict[str, Any], list[Figure]]:
    """Requests and failures of both updates, and what the endpoint says after each."""
    with local_target(work_dir / "aws") as target:
        models = {name: upload_model(target, name, build_net(seed)) for seed, name in enumerate(("first", "second"))}
        models["broken"] = upload_model(target, "broken", None)
        for name, model in models.items():
            configure(target, name, model)
        deploy(target, ENDPOINT, "first")
        good, broken = update_under_load(target, "second"), update_under_load(target, "broken")
    checks = {
        "new_version_serves": good["config"] == "second" and good["last"] != good["first"],
        "old_version_still_serves": broken["config"] == "second" and broken["last"] == broken["first"] == good["last"],
        "reason_is_given": bool(broken["reason"]),
    }
    held = sum(checks.values())
    figures = [
        _failed(TO_NEW, good),
        _failed(TO_BROKEN, broken),
        RIGHT.found(held / len(checks)),
    ]
    return {"to_a_new_version": good, "to_a_broken_model": broken, **checks}, figures


def _failed(promise: Promise, update: dict[str, Any]) -> Figure:
    failed, requests = update["failed"], update["requests"]
    return promise.found(failed / requests, Spread.of_share(failed, requests))


def update_under_load(target: Target, config: str) -> dict[str, Any]:
    """Update while clients ask; their first and last answer, and the endpoint's state at the end."""
    with SteadyLoad(target) as load:
        _wait_for_more(load, CLIENTS)
        began = time.perf_counter()
        target.client("sagemaker").update_endpoint(EndpointName=ENDPOINT, EndpointConfigName=config)
        found = wait_until_settled(target, ENDPOINT)
        seconds = time.perf_counter() - began
        _wait_for_more(load, 2 * CLIENTS)
    return {
        "seconds": round(seconds, 1),
        "requests": len(load.answers) + len(load.failures),
        "failed": len(load.failures),
        "failures": load.failures[:5],
        "first": load.answers[0],
        "last": load.answers[-1],
        "status": found["EndpointStatus"],
        "config": found["EndpointConfigName"],
        "reason": found.get("FailureReason"),
    }


def _wait_for_more(load: SteadyLoad, count: int) -> None:
    """Until the clients had so many answers more, whatever they were."""
    wanted = len(load.answers) + len(load.failures) + count
    while len(load.answers) + len(load.failures) < wanted:
        time.sleep(0.01)


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        result, figures = run(Path(folder))
    for name in ("to_a_new_version", "to_a_broken_model"):
        update = result[name]
        print(
            f"{name.replace('_', ' '):<20}{update['requests']:>6} requests in {update['seconds']} s, "
            f"{update['failed']} failed; {update['status']} with {update['config']}"
        )
    print(f"reason: {result['to_a_broken_model']['reason']}")
    passed = all_met(figures)
    print("passed" if passed else f"FAILED: {result}")
    write_result("endpoint_update", result, figures)
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
