"""Options that several commands share, and what they stand for."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pipelines.session import Target


class TargetChoice(str, Enum):
    """Where a command goes."""

    local = "local"
    aws = "aws"


class DatasetChoice(str, Enum):
    """Which archive to train on."""

    auto = "auto"
    archive = "archive"
    download = "download"
    generated = "generated"


TargetOption = Annotated[TargetChoice, typer.Option("--target", help="The local AWS of this machine, or AWS.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for machines instead of tables.")]
StateOption = Annotated[
    Path | None, typer.Option("--state", help="Folder of the local AWS (default SCONES_STATE, else .scones).")
]
EndpointOption = Annotated[str, typer.Option("--endpoint", help="Name of the endpoint.")]
StackOption = Annotated[str, typer.Option("--stack", help="Name of the workflow's CloudFormation stack.")]
GroupOption = Annotated[str, typer.Option("--group", help="Model package group.")]
VersionArgument = Annotated[
    str, typer.Argument(help="Number of a version, or the ARN of its package.", metavar="VERSION")
]
ParamOption = Annotated[
    list[str] | None, typer.Option("--param", help="NAME=VALUE of a pipeline parameter; may be repeated.")
]
WaitOption = Annotated[bool, typer.Option("--wait", help="Follow the execution until it has ended.")]
# checked by the pipeline, which names those that it knows
AlgorithmOption = Annotated[
    str,
    typer.Option(
        "--algorithm", help="What trains: pytorch (the code of training/), pytorch-gpu, or image-classification."
    ),
]
PretrainOption = Annotated[
    bool, typer.Option("--pretrain", help="Let the net learn from the archive's other classes first (pytorch).")
]
ExecutionArgument = Annotated[str | None, typer.Argument(help="ARN or id of the execution; the newest if left out.")]
DatasetOption = Annotated[
    DatasetChoice,
    typer.Option(
        "--dataset",
        help="auto: the archive named by SCONES_CIFAR_ARCHIVE, else a cached one, a download, a drawn sample.",
    ),
]


def connect(choice: TargetChoice) -> Target:
    """The target of a command. Raises LocalServerNotRunning, TargetNotConfigured."""
    import os

    from pipelines.local_server import default_state, find
    from pipelines.session import open_target

    given = os.environ.get("SCONES_LOCAL_ENDPOINT") or os.environ.get("AWS_ENDPOINT_URL")
    if choice is TargetChoice.aws or given:
        return open_target(choice.value)
    return open_target("local", endpoint_url=find(default_state()).url)


def dataset_cache() -> Path:
    """Where downloaded and generated archives are kept: SCONES_CACHE, else the user's cache folder."""
    import os

    return Path(os.environ.get("SCONES_CACHE", Path.home() / ".cache" / "scones"))
