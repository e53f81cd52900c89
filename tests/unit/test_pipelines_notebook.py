"""What the starter notebook calls: what is there already is taken up, and only that."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from pipelines import notebook
from pipelines.names import CLASSES, PIPELINE_NAME

VALUES = {"InputDataUri": "s3://bucket/data", "Epochs": "1"}


@dataclass(frozen=True)
class Past:
    """An execution as the service keeps it."""

    name: str
    status: str = "Succeeded"
    code: str = "now"
    values: tuple[tuple[str, str], ...] = (*VALUES.items(), ("TrainingReason", "any"))


def definition(code: str, commit: str) -> str:
    return json.dumps({"code": code, "facts": [f"code_version={commit}"], "metadata": {"code_version": commit}})


class Pages:
    def __init__(self, page: Any) -> None:
        self.page = page

    def paginate(self, **request: Any) -> list[dict[str, Any]]:
        return list(self.page(**request))


class SageMaker:
    """The training pipeline with executions, newest first, each with its definition; answers in pages of one."""

    def __init__(self, *past: Past) -> None:
        self.past = {f"arn:{one.name}": one for one in past}

    def describe_pipeline(self, PipelineName: str) -> dict[str, Any]:
        assert PipelineName == PIPELINE_NAME
        return {"PipelineDefinition": definition("now", "b" * 40 + "-modified")}

    def describe_pipeline_definition_for_execution(self, PipelineExecutionArn: str) -> dict[str, Any]:
        return {"PipelineDefinition": definition(self.past[PipelineExecutionArn].code, "a" * 40)}

    def get_paginator(self, operation: str) -> Pages:
        return Pages(
            {"list_pipeline_executions": self.list, "list_pipeline_parameters_for_execution": self.of}[operation]
        )

    def list(self, PipelineName: str, SortBy: str, SortOrder: str) -> Any:
        assert (SortBy, SortOrder) == ("CreationTime", "Descending")
        for arn, one in self.past.items():
            summary = {"PipelineExecutionArn": arn, "PipelineExecutionStatus": one.status}
            yield {"PipelineExecutionSummaries": [summary]}

    def of(self, PipelineExecutionArn: str) -> Any:
        for name, value in self.past[PipelineExecutionArn].values:
            yield {"PipelineParameters": [{"Name": name, "Value": value}]}


GOOD = Past("good")


@pytest.mark.parametrize(
    "newer",
    [
        replace(GOOD, name="newer", status="Failed"),
        replace(GOOD, name="newer", status="Stopped"),
        replace(GOOD, name="newer", status="Stopping"),
        replace(GOOD, name="newer", code="before"),
        replace(GOOD, name="newer", values=(("InputDataUri", "s3://bucket/data"), ("Epochs", "2"))),
        replace(GOOD, name="newer", values=(("InputDataUri", "s3://bucket/data"),)),
    ],
)
def test_an_execution_that_is_another_or_ended_otherwise_is_passed_over(newer: Past) -> None:
    assert notebook.earlier_execution(SageMaker(newer, GOOD), VALUES) == "arn:good"
    assert notebook.earlier_execution(SageMaker(newer), VALUES) is None


def test_the_newest_execution_that_goes_on_or_has_succeeded_is_taken_up() -> None:
    under_way = replace(GOOD, name="newer", status="Executing")
    assert notebook.earlier_execution(SageMaker(under_way, GOOD), VALUES) == "arn:newer"
    assert notebook.earlier_execution(SageMaker(), VALUES) is None


@dataclass(frozen=True)
class Seen:
    name: str
    share: float | None
    left_out: str = "no column"


def test_a_table_has_the_columns_asked_for_and_nothing_where_there_is_no_value() -> None:
    frame = notebook.table([Seen("a", 0.12345), Seen("b", None)], ["name", "share"], index=["x", "y"])
    assert frame.to_dict("index") == {"x": {"name": "a", "share": 0.123}, "y": {"name": "b", "share": ""}}
    assert list(notebook.table([], ["name"]).columns) == ["name"]


def test_the_archives_pictures_are_counted_by_split_and_class(cifar_archive_path: Path) -> None:
    found = notebook.pictures_in(cifar_archive_path)
    assert list(found) == [(split, name) for split in ("train", "test") for name in CLASSES]
    assert all(pictures.shape[1:] == (32, 32, 3) and len(pictures) > 0 for pictures in found.values())
    other = notebook.pictures_in(cifar_archive_path, CLASSES[::-1])
    assert (other["test", CLASSES[1]] == found["test", CLASSES[1]]).all()
