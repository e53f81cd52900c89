"""Requests a second with 16 clients, against the bare model's from 16 threads: at least 0.7 times as many.

No request may fail, and afterwards the capture record of every one of 10,000 requests exists exactly once. The bare
model is the serving code's own functions on the same bytes, called in this process.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks.result_file import write_result
from benchmarks.serving_endpoints import (
    CAPTURE_PREFIX,
    CLIENTS,
    build_net,
    configure,
    deploy,
    local_target,
    picture,
    runtime_client,
    upload_model,
)
from pipelines.session import Target

BAR = 0.7
REQUESTS = 10_000
BARE_CALLS = 2_000
ENDPOINT = "throughput"


def run(work_dir: Path, requests: int = REQUESTS) -> dict[str, Any]:
    """Rates of both sides, their ratio, the failures, and how many requests are not captured exactly once.

    The bare model is measured before and after, and the better of the two counts.
    """
    net, body = build_net(), picture()
    bare = bare_model(net, body)
    with local_target(work_dir / "aws") as target:
        model = upload_model(target, "throughput", net)
        deploy(target, ENDPOINT, configure(target, "throughput", model, capture=True))
        bare_rates = [rate(bare, BARE_CALLS)]
        runtime = runtime_client(target)
        failures: list[str] = []
        served = rate(lambda number: _invoke(runtime, body, number, failures), requests)
        bare_rates.append(rate(bare, BARE_CALLS))
        wrong = not_captured_once(target, requests)
    ratio = served / max(bare_rates)
    return {
        "clients": CLIENTS,
        "requests": requests,
        "bare_per_second": [round(each, 1) for each in bare_rates],
        "served_per_second": round(served, 1),
        "ratio": round(ratio, 3),
        "bar": BAR,
        "failed": len(failures),
        "failures": failures[:5],
        "not_captured_once": wrong,
        "passed": ratio >= BAR and not failures and not wrong,
    }


def rate(action: Callable[[int], object], calls: int) -> float:
    """Calls a second of `action(number)` from 16 threads."""
    began = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as pool:
        for _ in pool.map(action, range(calls)):
            pass
    return calls / (time.perf_counter() - began)


def bare_model(net: Any, body: bytes) -> Callable[[int], object]:
    """The picture's bytes to the answer's, without any server."""
    from inference import input_fn, output_fn, predict_fn

    return lambda _number: output_fn(predict_fn(input_fn(body, "image/png"), net), "application/json")


def not_captured_once(target: Target, requests: int) -> int:
    """How many of the requests have no capture record, or several. Deletes the endpoint, which writes them all."""
    sagemaker, s3 = target.client("sagemaker"), target.client("s3")
    sagemaker.delete_endpoint(EndpointName=ENDPOINT)
    sagemaker.get_waiter("endpoint_deleted").wait(EndpointName=ENDPOINT, WaiterConfig={"Delay": 1})
    seen: Counter[str] = Counter()
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=target.bucket, Prefix=f"{CAPTURE_PREFIX}/{ENDPOINT}/")
    for item in (item for page in pages for item in page.get("Contents", [])):
        lines = s3.get_object(Bucket=target.bucket, Key=item["Key"])["Body"].read().splitlines()
        seen.update(json.loads(line)["eventMetadata"]["inferenceId"] for line in lines)
    return sum(seen[str(number)] != 1 for number in range(requests))


def _invoke(runtime: Any, body: bytes, number: int, failures: list[str]) -> None:
    try:
        runtime.invoke_endpoint(EndpointName=ENDPOINT, Body=body, ContentType="image/png", InferenceId=str(number))[
            "Body"
        ].read()
    except Exception as error:
        failures.append(f"{type(error).__name__}: {error}")


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        result = run(Path(folder))
    print(f"bare model, {CLIENTS} threads     {max(result['bare_per_second']):>8.1f} a second")
    print(f"InvokeEndpoint, {CLIENTS} clients {result['served_per_second']:>8.1f} a second")
    print(f"{result['ratio']} times as many, bar {BAR}")
    print(
        f"of {result['requests']} requests {result['failed']} failed, {result['not_captured_once']} not captured once"
    )
    print("passed" if result["passed"] else "FAILED")
    write_result("invoke_throughput", result)
    return 0 if result["passed"] else 1


if __name__ == "__main__":
    sys.exit(main())
