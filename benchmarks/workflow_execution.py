"""A warm execution of the whole inference workflow, against its three functions invoked by hand, one after another.

The bar: at most 1.5 times as long. The second function asks the endpoint, so that by hand there are three invocations
and one endpoint call as well; what remains is what Step Functions adds: states, history, records on disk. Both are
measured with boto3 over HTTP, from the first request until the last answer, in turns within one run; medians count.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.figure import Figure, Promise
from benchmarks.result_file import write_result
from benchmarks.serving_endpoints import build_net, configure, deploy, local_target, picture, upload_model
from benchmarks.turns import in_turns
from pipelines.names import WORKFLOW_STACK_NAME
from pipelines.session import Target
from pipelines.workflow.stack import Workflow, deploy_workflow, find_workflow

EXECUTION = Promise("a warm execution of the workflow over its functions by hand", "ratio", "at most", 1.5)
PROMISES = (EXECUTION,)
ENDPOINT = "workflow"
KEY = "pictures/one.png"
FUNCTIONS = ("serialize-image-data", "classify-image", "filter-low-confidence")
POLL_SECONDS = 0.001


def deployed(target: Target) -> Workflow:
    """An endpoint with an untrained net, and the workflow that asks it."""
    deploy(target, ENDPOINT, configure(target, ENDPOINT, upload_model(target, ENDPOINT, build_net()), capture=True))
    deploy_workflow(target, WORKFLOW_STACK_NAME, {"EndpointName": ENDPOINT}, {}, sleep=lambda seconds: time.sleep(0.1))
    return find_workflow(target, WORKFLOW_STACK_NAME)


def run(work_dir: Path) -> tuple[dict[str, Any], Figure]:
    """Medians in milliseconds, and their ratio."""
    with local_target(work_dir / "aws") as target:
        workflow = deployed(target)
        target.client("s3").put_object(Bucket=workflow.bucket, Key=KEY, Body=picture())
        # what is measured is not whether an untrained net is sure
        given = {"image_data": "", "s3_bucket": workflow.bucket, "s3_key": KEY, "threshold": 0.0}
        turns = in_turns(
            {
                "three functions by hand": by_hand(target.client("lambda"), workflow.stack, given),
                "the workflow": executed(target.client("stepfunctions"), workflow.state_machine_arn, given),
            }
        )
    rounded = {name: round(value, 3) for name, value in turns.medians().items()}
    return {"medians_ms": rounded}, EXECUTION.found(*turns.ratio("the workflow", ["three functions by hand"]))


def by_hand(functions: Any, stack: str, given: dict[str, Any]) -> Callable[[], object]:
    """The functions' answers handed on by us."""

    def invoke_all() -> dict[str, Any]:
        payload = given
        for name in FUNCTIONS:
            answer = functions.invoke(FunctionName=f"{stack}-{name}", Payload=json.dumps(payload))
            payload = json.loads(answer["Payload"].read())
            if "FunctionError" in answer:
                raise RuntimeError(f"{name} failed: {payload}")
        return payload

    return invoke_all


def executed(states: Any, machine: str, given: dict[str, Any]) -> Callable[[], object]:
    """An execution, looked at until it has ended."""

    def execute() -> dict[str, Any]:
        arn = states.start_execution(stateMachineArn=machine, name=uuid.uuid4().hex, input=json.dumps(given))
        while (found := states.describe_execution(executionArn=arn["executionArn"]))["status"] == "RUNNING":
            time.sleep(POLL_SECONDS)
        if found["status"] != "SUCCEEDED":
            raise RuntimeError(f"the execution failed: {found}")
        return dict(found)

    return execute


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        result, figure = run(Path(folder))
    for name, median in result["medians_ms"].items():
        print(f"{name:<26}{median:>8.2f} ms")
    print(f"{figure.value:.3f} times the functions by hand, bar {EXECUTION.bar}")
    print("passed" if figure.passed else "FAILED")
    write_result("workflow_execution", result, [figure])
    return 0 if figure.passed else 1


if __name__ == "__main__":
    sys.exit(main())
