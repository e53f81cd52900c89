"""What a build reports of a definition: JUnit by step, and the diff against what is live."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from botocore.exceptions import ClientError

from pipelines import definition_report
from pipelines.definition import check_definition

SOUND = {
    "Version": "2020-12-01",
    "Parameters": [{"Name": "Bar", "Type": "Float", "DefaultValue": 0.85}],
    "Steps": [
        {
            "Name": "First",
            "Type": "Fail",
            "Arguments": {"ErrorMessage": {"Std:Join": {"On": " ", "Values": ["below", {"Get": "Parameters.Bar"}]}}},
        },
        {"Name": "Second", "Type": "Fail", "Arguments": {"ErrorMessage": "no"}},
    ],
}


class Live:
    """SageMaker with one pipeline, or none; a target that speaks to it."""

    def __init__(self, definition: str | None, code: str = "ResourceNotFound") -> None:
        self.definition, self.code = definition, code

    def client(self, service: str) -> Live:
        assert service == "sagemaker"
        return self

    def describe_pipeline(self, PipelineName: str) -> dict[str, Any]:
        assert PipelineName == "P"
        if self.definition is None:
            raise ClientError({"Error": {"Code": self.code, "Message": "x"}}, "DescribePipeline")
        return {"PipelineDefinition": self.definition}


def report(monkeypatch: pytest.MonkeyPatch, file: Path, live: Live) -> int:
    monkeypatch.setattr(definition_report, "target_from_environment", lambda: live)
    with pytest.raises(SystemExit) as ended:
        definition_report.main([str(file), "--pipeline", "P"])
    assert isinstance(ended.value.code, int)
    return ended.value.code


def cases(file: Path) -> dict[str, str | None]:
    suite = ElementTree.parse(file).getroot()  # noqa: S314
    found = {str(case.get("name")): case.findtext("failure") for case in suite.iter("testcase")}
    assert int(str(suite.get("tests"))) == len(found)
    assert int(str(suite.get("failures"))) == sum(text is not None for text in found.values())
    return found


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "definition.json"
    path.write_text(json.dumps(SOUND))
    return path


def test_what_changes_is_told_and_is_no_failure(
    monkeypatch: pytest.MonkeyPatch, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    live = json.loads(json.dumps(SOUND))
    live["Parameters"][0]["DefaultValue"] = 0.8
    assert report(monkeypatch, file, Live(json.dumps(live))) == 0
    told = "~ Parameters.Bar.DefaultValue: 0.8 -> 0.85\n"
    assert file.with_suffix(".diff").read_text() == told and told in capsys.readouterr().out
    assert cases(file.with_suffix(".xml")) == {"First": None, "Second": None, "the rest": None}


def test_no_change_and_no_pipeline_are_told_too(monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
    assert report(monkeypatch, file, Live(json.dumps(SOUND, indent=2))) == 0
    assert file.with_suffix(".diff").read_text().startswith("No difference: pipeline P ")
    assert report(monkeypatch, file, Live(None)) == 0
    assert file.with_suffix(".diff").read_text() == "+ pipeline P: there is none yet\n"


def test_a_definition_that_the_service_would_not_take_fails_by_its_step(
    monkeypatch: pytest.MonkeyPatch, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = json.loads(json.dumps(SOUND))
    broken["Steps"][1]["Type"] = "Nope <&>"
    broken["Parameters"][0]["Type"] = "Text"
    file.write_text(json.dumps(broken))
    problems = check_definition(json.dumps(broken))
    assert report(monkeypatch, file, Live(json.dumps(SOUND))) == 1
    found = cases(file.with_suffix(".xml"))
    assert found["First"] is None
    assert "Nope <&>" in str(found["Second"]) and "Text" in str(found["the rest"])
    assert capsys.readouterr().err.splitlines() == [f"error: {problem}" for problem in problems]
    assert not file.with_suffix(".diff").exists()


def test_a_service_that_does_not_answer_is_an_error(
    monkeypatch: pytest.MonkeyPatch, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert report(monkeypatch, file, Live(None, "AccessDeniedException")) == 1
    assert capsys.readouterr().err == "error: DescribePipeline was refused: x (AccessDeniedException)\n"


@pytest.mark.parametrize(("text", "told"), [("{", "is no JSON"), ("[]", "it has no Steps"), ("{}", "it has no Steps")])
def test_what_is_no_definition_is_one_line(
    monkeypatch: pytest.MonkeyPatch, file: Path, capsys: pytest.CaptureFixture[str], text: str, told: str
) -> None:
    file.write_text(text)
    assert report(monkeypatch, file, Live(None)) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"error: {file}: ") and told in error and error.count("\n") == 1


def test_a_file_that_is_not_there_is_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert report(monkeypatch, tmp_path / "none.json", Live(None)) == 1
    assert capsys.readouterr().err.count("\n") == 1
