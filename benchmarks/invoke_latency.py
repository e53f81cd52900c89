"""How long one picture through InvokeEndpoint takes, with boto3 over HTTP, against what cannot be avoided.

The bar: at most 3 times the bare forward pass and a plain HTTP round trip to a server that does nothing; and with
data capture at most 1.1 times as long as without. All are measured in turns within one run; medians count.
"""

from __future__ import annotations

import http.client
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.figure import Figure, Promise
from benchmarks.result_file import write_result
from benchmarks.serving_endpoints import (
    build_net,
    configure,
    deploy,
    in_plain_pytorch,
    local_target,
    picture,
    runtime_client,
    upload_model,
)
from benchmarks.turns import in_turns

LATENCY = Promise("a picture through InvokeEndpoint over forward pass and plain HTTP", "ratio", "at most", 3.0)
CAPTURE = Promise("InvokeEndpoint with data capture over without", "ratio", "at most", 1.10)
PROMISES = (LATENCY, CAPTURE)

# A server that does nothing, in a process of its own, on connections that stay open.
IDLE_SERVER = """
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"[]")
    def log_message(self, *args):
        pass
server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
"""


def run(work_dir: Path) -> tuple[dict[str, Any], list[Figure]]:
    """Medians in milliseconds, and the two ratios."""
    net, body = build_net(), picture()
    with local_target(work_dir / "aws") as target, idle_server() as port:
        model = upload_model(target, "latency", net)
        deploy(target, "captured", configure(target, "captured", model, capture=True))
        deploy(target, "plain", configure(target, "plain", model))
        runtime = runtime_client(target)
        turns = in_turns(
            {
                "forward pass": forward_pass(net, body),
                "plain HTTP round trip": round_trip(port, body),
                "InvokeEndpoint": lambda: invoke(runtime, "plain", body),
                "InvokeEndpoint, captured": lambda: invoke(runtime, "captured", body),
            }
        )
    figures = [
        LATENCY.found(*turns.ratio("InvokeEndpoint", ["forward pass", "plain HTTP round trip"])),
        CAPTURE.found(*turns.ratio("InvokeEndpoint, captured", ["InvokeEndpoint"])),
    ]
    return {"medians_ms": {name: round(value, 3) for name, value in turns.medians().items()}}, figures


def forward_pass(net: Any, body: bytes) -> Callable[[], object]:
    """The model on one decoded picture and its mirror image, in this process, in plain PyTorch."""
    from inference import input_fn, predict_fn

    model, pixels = in_plain_pytorch(net), input_fn(body, "image/png")
    return lambda: predict_fn(pixels, model)


def round_trip(port: int, body: bytes) -> Callable[[], object]:
    """A POST of the picture on an open connection."""
    connection = http.client.HTTPConnection("127.0.0.1", port)

    def post() -> bytes:
        connection.request("POST", "/", body, {"Content-Type": "image/png"})
        return connection.getresponse().read()

    return post


def invoke(runtime: Any, endpoint: str, body: bytes) -> bytes:
    """One request; the answer's body. Raises ClientError."""
    answer = runtime.invoke_endpoint(
        EndpointName=endpoint, Body=body, ContentType="image/png", Accept="application/json"
    )
    content: bytes = answer["Body"].read()
    return content


@contextmanager
def idle_server() -> Iterator[int]:
    """The port of a server that answers and does nothing else."""
    process = subprocess.Popen([sys.executable, "-c", IDLE_SERVER], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.wait()


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        result, (latency, capture) = run(Path(folder))
    for name, median in result["medians_ms"].items():
        print(f"{name:<26}{median:>8.2f} ms")
    print(f"{latency.value:.3f} times what cannot be avoided, bar {LATENCY.bar}")
    print(f"{capture.value:.3f} times as long with capture, bar {CAPTURE.bar}")
    passed = latency.passed and capture.passed
    print("passed" if passed else "FAILED")
    write_result("invoke_latency", result, [latency, capture])
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
