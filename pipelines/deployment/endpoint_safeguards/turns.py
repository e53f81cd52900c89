"""Whose turn it is when several executions of the deployment pipeline want the same endpoint.

One at a time, in the order in which they were started; and whoever waits gives way to those that were started later,
so that the last one to be asked for is what serves in the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from .aws import Aws
from .errors import EndpointBusy, Refused
from .live import POLL_SECONDS, WAIT_SECONDS
from .packages import check_package, describe_package

# the most that a page of parameters holds; the pipeline has fewer
PAGE = 100


@dataclass(frozen=True)
class Turn:
    """`later` is the execution that this one gives way to, None for none; `waited` in seconds."""

    later: str | None
    waited: int


@dataclass(frozen=True)
class Execution:
    """An execution that runs; `endpoint_name` is "" where it has the pipeline's default."""

    arn: str
    started: datetime
    endpoint_name: str
    package_arn: str

    @property
    def place(self) -> tuple[datetime, str]:
        """By which the order is decided."""
        return self.started, self.arn


def wait_for_turn(aws: Aws, execution_arn: str, endpoint_name: str, group: str, sleep: Callable[[float], None]) -> Turn:
    """Wait until no execution for the endpoint is left that was started earlier, or one is there that came later.

    A later one counts if its package may be deployed. Raises EndpointBusy after WAIT_SECONDS.
    """
    waited = 0
    while True:
        executing = list(_executing(aws, execution_arn.split("/")[1]))
        mine = next((one for one in executing if one.arn == execution_arn), None)
        if mine is None:
            return Turn(None, waited)  # it is being stopped
        others = [one for one in executing if one is not mine and one.endpoint_name in ("", endpoint_name)]
        later = [one.arn for one in others if one.place > mine.place and _may_serve(aws, one.package_arn, group)]
        earlier = [one.arn for one in others if one.place < mine.place]
        if later or not earlier:
            return Turn(later[0] if later else None, waited)
        if waited >= WAIT_SECONDS:
            raise EndpointBusy(
                f"{earlier[0]} has been changing endpoint {endpoint_name} for {waited} s: try again later"
            )
        sleep(POLL_SECONDS)
        waited += POLL_SECONDS


def _executing(aws: Aws, pipeline: str) -> Iterator[Execution]:
    """What runs now, latest first."""
    answer = aws.sagemaker.list_pipeline_executions(
        PipelineName=pipeline, SortBy="CreationTime", SortOrder="Descending"
    )
    # those that run are among the latest: one page is enough
    for summary in answer["PipelineExecutionSummaries"]:
        if summary["PipelineExecutionStatus"] == "Executing":
            arn = summary["PipelineExecutionArn"]
            found = aws.sagemaker.list_pipeline_parameters_for_execution(PipelineExecutionArn=arn, MaxResults=PAGE)
            given = {parameter["Name"]: str(parameter["Value"]) for parameter in found["PipelineParameters"]}
            package = given.get("ModelPackageArn", "")
            yield Execution(arn, summary["StartTime"], given.get("EndpointName", ""), package)


def _may_serve(aws: Aws, package_arn: str, group: str) -> bool:
    try:
        check_package(describe_package(aws, package_arn), package_arn, group)
    except Refused:
        return False
    return True
