"""Requests a second with 16 clients, against the bare model's from 16 threads: at least 0.7 times as many.

No request may fail, and afterwards the capture record of every one of 10,000 requests exists exactly once. The bare
model is the serving code's own functions on the same bytes with plain PyTorch, called in this process.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

from benchmarks.figure import Figure, Promise, Spread, all_met
from benchmarks.result_file import write_result
from benchmarks.serving_endpoints import (
    CAPTURE_PREFIX,
    CLIENTS,
    build_net,
    configure,
    deploy,
    in_plain_pytorch,
    local_target,
    picture,
    runtime_client,
    upload_model,
)
from pipelines.session import Target

THROUGHPUT = Promise("requests a second with 16 clients over the bare model's", "ratio", "at least", 0.7)
FAILED = Promise("requests that failed, with 16 clients", "share", "at most", 0.0)
CAPTURED = Promise("requests captured exactly once", "share", "at least", 1.0)
PROMISES = (THROUGHPUT, FAILED, CAPTURED)
REQUESTS = 10_000
PARTS = 5  # the requests come in so many, each with a rate of its own
BARE_CALLS = 2_000
ENDPOINT = "throughput"


def run(work_dir: Path, requests: int = REQUESTS) -> tuple[dict[str, Any], list[Figure]]:
    """Rates of both sides, the failures, and how many requests are not captured exactly once.

    The bare model is measured before and after, and the better of the two counts.
    """
    net, body = build_net(), picture()
    bare = bare_model(net, body)
    with local_target(work_dir / "aws") as target:
        model = upload_model(target, "throughput", net)
        deploy(target, ENDPOINT, configure(target, "throughput", model, capture=True))
        bare_rates = [rate(bare, range(BARE_CALLS))]
        runtime = runtime_client(target)
        failures: list[str] = []
        served = [rate(lambda number: _invoke(runtime, body, number, failures), part) for part in _parts(requests)]
        bare_rates.append(rate(bare, range(BARE_CALLS)))
        wrong = not_captured_once(target, requests)
    each = [part / max(bare_rates) for part in served]
    figures = [
        # parts of the same size: the whole's rate is their harmonic mean
        THROUGHPUT.found(statistics.harmonic_mean(each), Spread.of(each)),
        FAILED.found(len(failures) / requests, Spread.of_share(len(failures), requests)),
        CAPTURED.found(1 - wrong / requests, Spread.of_share(requests - wrong, requests)),
    ]
    details = {
        "clients": CLIENTS,
        "requests": requests,
        "bare_per_second": [round(each, 1) for each in bare_rates],
        "served_per_second": [round(each, 1) for each in served],
        "failed": len(failures),
        "failures": failures[:5],
        "not_captured_once": wrong,
    }
    return details, figures


def _parts(requests: int) -> list[range]:
    bounds = [requests * part // PARTS for part in range(PARTS + 1)]
    return [range(start, end) for start, end in pairwise(bounds)]


def rate(action: Callable[[int], object], numbers: Sequence[int]) -> float:
    """Calls a second of `action(number)` from 16 threads."""
    began = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as pool:
        for _ in pool.map(action, numbers):
            pass
    return len(numbers) / (time.perf_counter() - began)


def bare_model(net: Any, body: bytes) -> Callable[[int], object]:
    """The picture's bytes to the answer's, without any server."""
    from inference import input_fn, output_fn, predict_fn

    model = in_plain_pytorch(net)
    return lambda _number: output_fn(predict_fn(input_fn(body, "image/png"), model), "application/json")


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


def main(arguments: Sequence[str] = ()) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=REQUESTS)
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        result, figures = run(Path(folder), given.requests)
    print(f"bare model, {CLIENTS} threads     {max(result['bare_per_second']):>8.1f} a second")
    print(f"InvokeEndpoint, {CLIENTS} clients {statistics.harmonic_mean(result['served_per_second']):>8.1f} a second")
    print(f"{figures[0].value:.3f} times as many, bar {THROUGHPUT.bar}")
    print(
        f"of {result['requests']} requests {result['failed']} failed, {result['not_captured_once']} not captured once"
    )
    passed = all_met(figures)
    print("passed" if passed else "FAILED")
    write_result("invoke_throughput", result, figures)
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
