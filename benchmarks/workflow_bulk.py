"""2,000 pictures through the bulk workflow, twice: all accounted for, none twice, and no memory kept for them.

The bar: every object of the prefix is in the results exactly once. And the server keeps nothing but the history: once
logs and objects of the first run are deleted, the second one leaves it at most a tenth larger than the first one did.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks.figure import Figure, Promise, Spread
from benchmarks.result_file import write_result
from benchmarks.serving_endpoints import local_target, picture
from benchmarks.workflow_execution import deployed
from pipelines import local_server
from pipelines.session import Target
from pipelines.workflow.bulk import BulkOutcome, classify_prefix, stage_all
from pipelines.workflow.classification import Picture
from pipelines.workflow.stack import Workflow

ONCE = Promise("pictures of the bulk workflow accounted for exactly once", "share", "at least", 1.0)
MEMORY = Promise("the server's memory after a second bulk run over after the first", "ratio", "at most", 1.10)
PROMISES = (ONCE, MEMORY)
PICTURES = 2_000
# what the deployment stands on
KEPT = ("models/", "scones/")


def run(work_dir: Path) -> tuple[dict[str, Any], list[Figure]]:
    """Counts, seconds and megabytes of both runs."""
    files = _pictures(work_dir / "pictures")
    with local_target(work_dir / "aws") as target:
        workflow = deployed(target)
        server = local_server.find(work_dir / "aws").pid
        runs = [_once(target, workflow, files, server)]
        _delete_history(target, workflow)
        runs.append(_once(target, workflow, files, server))
    growth = runs[1]["server_mb"] / runs[0]["server_mb"]
    # what was counted too much or too little is as wrong as what came twice
    shares = [one["once"] / max(PICTURES, one["pictures"], one["counted"]) for one in runs]
    return {"runs": runs}, [ONCE.found(min(shares), Spread.of(shares)), MEMORY.found(growth, Spread.of([growth]))]


def _pictures(folder: Path) -> list[Picture]:
    """One picture under many names: how often it is counted is what is looked at."""
    folder.mkdir()
    body = picture()
    files = [folder / f"{number:05}.png" for number in range(PICTURES)]
    for file in files:
        file.write_bytes(body)
    return [Picture(str(file), file) for file in files]


def _once(target: Target, workflow: Workflow, files: list[Picture], server: int) -> dict[str, Any]:
    prefix = stage_all(target.client, workflow, files)
    began = time.perf_counter()
    outcome = classify_prefix(target.client("stepfunctions"), workflow, prefix, threshold=0.0)
    seconds = time.perf_counter() - began
    if outcome.error:
        raise RuntimeError(f"the bulk execution failed: {outcome}")
    seen = _results(target, workflow, outcome)
    return {
        "pictures": len(seen),
        "once": sum(times == 1 for times in seen.values()),
        "counted": outcome.images,
        "seconds": round(seconds, 1),
        "pictures_a_second": round(PICTURES / seconds, 1),
        "server_mb": _resident_mb(server),
    }


def _results(target: Target, workflow: Workflow, outcome: BulkOutcome) -> Counter[str]:
    """How often each object is in the result files."""
    s3 = target.client("s3")
    folder = str(outcome.summary).removeprefix(f"s3://{workflow.bucket}/").rpartition("/")[0]
    listed = s3.list_objects_v2(Bucket=workflow.bucket, Prefix=f"{folder}/")["Contents"]
    seen: Counter[str] = Counter()
    for item in listed:
        if "_" in item["Key"].rpartition("/")[2]:  # SUCCEEDED_0.json, FAILED_0.json
            body = s3.get_object(Bucket=workflow.bucket, Key=item["Key"])["Body"].read()
            seen.update(json.loads(result["Input"])["s3_key"] for result in json.loads(body))
    return seen


def _delete_history(target: Target, workflow: Workflow) -> None:
    s3, logs = target.client("s3"), target.client("logs")
    for bucket in (workflow.bucket, target.bucket):
        for page in list(s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)):
            keys = [{"Key": item["Key"]} for item in page.get("Contents", []) if not item["Key"].startswith(KEPT)]
            if keys:
                s3.delete_objects(Bucket=bucket, Delete={"Objects": keys, "Quiet": True})
    for groups in logs.get_paginator("describe_log_groups").paginate():
        for group in groups["logGroups"]:
            name = group["logGroupName"]
            # all of them first: pages move while streams are deleted
            pages = list(logs.get_paginator("describe_log_streams").paginate(logGroupName=name))
            for stream in (stream for page in pages for stream in page["logStreams"]):
                logs.delete_log_stream(logGroupName=name, logStreamName=stream["logStreamName"])


def _resident_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return round(int(line.split()[1]) / 1024, 1)
    raise RuntimeError(f"the kernel does not say how much memory process {pid} has")


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        result, (once, memory) = run(Path(folder))
    for number, one in enumerate(result["runs"], start=1):
        print(f"run {number}: {one['once']} of {PICTURES} once, {one['seconds']} s, server {one['server_mb']} MB")
    print(f"{memory.value:.3f} times the memory after the second run, bar {MEMORY.bar}")
    passed = once.passed and memory.passed
    print("passed" if passed else "FAILED")
    write_result("workflow_bulk", result, [once, memory])
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
