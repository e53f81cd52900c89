"""buildspec.yml: the keys that CodeBuild documents, names that fit the code's, and what each makes of a failure.

https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html has no schema; the one here is its syntax
section, less what this project has no use for (batch, proxy, cache, users).
"""

from __future__ import annotations

import inspect
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from pipelines import build_environment, names
from pipelines.deployment.pipeline import get_pipeline as get_deployment_pipeline
from pipelines.pipeline_module import read_kwargs, read_tags
from pipelines.readiness.templates import read_template
from pipelines.training.pipeline import get_pipeline as get_training_pipeline
from tests.waiting import PATIENCE_SECONDS

ROOT = Path(__file__).resolve().parents[2]
TEXTS = {"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 1}
VARIABLES = {"type": "object", "propertyNames": {"pattern": "^[A-Za-z_][A-Za-z0-9_]*$"}}
FILES = {
    "files": TEXTS,
    "name": {"type": "string"},
    "discard-paths": {"enum": [True, False, "yes", "no"]},
    "base-directory": {"type": "string"},
    "exclude-paths": TEXTS,
}
PHASE = {
    "type": "object",
    "properties": {"on-failure": {"enum": ["ABORT", "CONTINUE"]}, "commands": TEXTS, "finally": TEXTS},
    "required": ["commands"],
    "additionalProperties": False,
}
INSTALL = {**PHASE, "properties": {**PHASE["properties"], "runtime-versions": {"type": "object"}}}  # type: ignore[dict-item]
FORMATS = ["JUNITXML", "CUCUMBERJSON", "NUNITXML", "NUNIT3XML", "TESTNGXML", "VISUALSTUDIOTRX", "CLOVERXML"]
SCHEMA = {
    "type": "object",
    "properties": {
        "version": {"const": 0.2},
        "env": {
            "type": "object",
            "properties": {
                "shell": {"enum": ["bash", "/bin/sh", "powershell.exe", "cmd.exe"]},
                "variables": {**VARIABLES, "additionalProperties": {"type": "string"}},
                "parameter-store": VARIABLES,
                "secrets-manager": VARIABLES,
                "exported-variables": TEXTS,
                "git-credential-helper": {"enum": ["no", "yes"]},
            },
            "additionalProperties": False,
        },
        "phases": {
            "type": "object",
            "properties": {"install": INSTALL, "pre_build": PHASE, "build": PHASE, "post_build": PHASE},
            "additionalProperties": False,
            "minProperties": 1,
        },
        "reports": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "properties": {**FILES, "file-format": {"enum": FORMATS}},
                "required": ["files"],
                "additionalProperties": False,
            },
        },
        "artifacts": {
            "type": "object",
            "properties": {**FILES, "s3-prefix": {"type": "string"}, "secondary-artifacts": {"type": "object"}},
            "required": ["files"],
            "additionalProperties": False,
        },
    },
    "required": ["version", "phases"],
    "additionalProperties": False,
}
# CodeBuild's own
GIVEN = {"CODEBUILD_RESOLVED_SOURCE_VERSION"}


@pytest.fixture(scope="module")
def buildspec() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "buildspec.yml").read_text(encoding="utf-8"))
    return loaded


@pytest.fixture(scope="module")
def of_the_project() -> dict[str, Any]:
    template = read_template(ROOT / "pipelines" / "retraining" / "template.yaml")
    variables = template.resources["Build"]["Properties"]["Environment"]["EnvironmentVariables"]
    return {one["Name"]: one["Value"] for one in variables}


def test_it_has_the_keys_that_codebuild_knows(buildspec: dict[str, Any]) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(buildspec, SCHEMA)


@pytest.mark.parametrize(
    "change",
    [
        {"phases": {"compile": {"commands": ["x"]}}},
        {"phases": {"build": {"command": ["x"]}}},
        {"phases": {"build": {"commands": [{"echo": "a"}]}}},
        {"env": {"variables": {"A-B": "x"}}},
        {"artifacts": {"base-directory": "x"}},
    ],
)
def test_the_schema_takes_nothing_else(buildspec: dict[str, Any], change: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**buildspec, **change}, SCHEMA)


def test_every_variable_is_set_by_somebody(buildspec: dict[str, Any], of_the_project: dict[str, Any]) -> None:
    text = "\n".join(command for _, command in _commands(buildspec))
    used = set(re.findall(r"\$\{?([A-Z][A-Z0-9_]*)", text))
    made = set(re.findall(r"export ([A-Z_]+)=", text))
    assert used - made - GIVEN <= set(buildspec["env"]["variables"]) | set(of_the_project)
    assert set(buildspec["env"]["exported-variables"]) <= made
    # what the project sets, somebody reads
    read = used | {value for value in vars(build_environment).values() if isinstance(value, str)}
    assert set(of_the_project) <= read


def test_the_defaults_are_this_projects_names(buildspec: dict[str, Any], of_the_project: dict[str, Any]) -> None:
    variables = buildspec["env"]["variables"]
    assert variables["TRAINING_PIPELINE_NAME"] == names.PIPELINE_NAME
    assert variables["DEPLOYMENT_PIPELINE_NAME"] == names.DEPLOYMENT_PIPELINE_NAME
    ours = {build_environment.WAIT, build_environment.REASON, build_environment.TRIGGER, build_environment.REQUEST_ID}
    assert ours <= set(variables) and ours <= set(of_the_project)
    assert build_environment.ARN_FILE in variables and build_environment.START == "START_EXECUTION"


def _commands(buildspec: dict[str, Any]) -> list[tuple[str, str]]:
    found = []
    for phase in ("install", "pre_build", "build", "post_build"):
        section = buildspec["phases"][phase]
        found += [(phase, command) for command in [*section["commands"], *section.get("finally", [])]]
    return found


class Build:
    """The buildspec's commands in a shell, with programs on the path that write down how they were called."""

    def __init__(self, folder: Path, buildspec: dict[str, Any]) -> None:
        self.folder, self.buildspec = folder, buildspec
        self.variables = {**buildspec["env"]["variables"], "AWS_REGION": "us-east-1", "ARTIFACT_BUCKET": "data"}
        self.variables["SAGEMAKER_PIPELINE_ROLE_ARN"] = "arn:aws:iam::123456789012:role/r"
        self.programs = folder / "bin"
        self.programs.mkdir()
        for name in ("python", "ruff", "mypy", "get-pipeline-definition"):
            self.program(name, "exit 0")
        self.program("run-pipeline", self._starts(0))

    def _starts(self, code: int) -> str:
        return f'[ "$START_EXECUTION" = false ] || echo arn:execution > "$PIPELINE_EXECUTION_ARN_FILE"; exit {code}'

    def program(self, name: str, then: str) -> None:
        path = self.programs / name
        log = self.folder / "calls"
        path.write_text(f"#!/bin/bash\nprintf '%s\\0' {name} \"$@\" >> {log}; echo >> {log}\n{then}\n")
        path.chmod(0o755)

    def execution_ends(self, code: int) -> None:
        self.program("run-pipeline", self._starts(code))

    def run(self) -> str | None:
        """The phase that failed first, None if all went well; variables go from one command to the next."""
        failed: str | None = None
        kept = self.folder / "env.sh"
        kept.write_text("".join(f"export {name}={_quoted(value)}\n" for name, value in self.variables.items()))
        for phase in ("install", "pre_build", "build", "post_build"):
            if failed in ("install", "pre_build"):
                break
            section = self.buildspec["phases"][phase]
            for command in section["commands"]:
                if self._command(command, kept):
                    failed = failed or phase
                    break
            for command in section.get("finally", []):
                assert self._command(command, kept) == 0
        return failed

    def _command(self, command: str, kept: Path) -> int:
        script = f". {kept}\nset -a\n{command}\ncode=$?\nexport -p > {kept}\nexit $code\n"
        path = f"{self.programs}:{os.environ['PATH']}"
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=self.folder,
            env={"PATH": path},
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
        )
        self.said = done.stdout
        return done.returncode

    @property
    def calls(self) -> list[list[str]]:
        lines = (self.folder / "calls").read_text().split("\0\n")
        return [line.split("\0") for line in lines if line]


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "'\\''") + "'"


@pytest.fixture
def build(tmp_path: Path, buildspec: dict[str, Any]) -> Build:
    return Build(tmp_path, buildspec)


def test_a_push_lints_tests_and_trains(build: Build) -> None:
    assert build.run() is None
    called = [call[0] if call[0] != "python" else call[2] for call in build.calls]
    linted = ["ruff", "ruff", "mypy"]
    checked = ["get-pipeline-definition", "pipelines.definition_report"]
    assert called == ["pip", "pip", "pip", *linted, *checked, "pytest", "run-pipeline", "run-pipeline"]
    assert build.said == "Execution arn:execution\n"


def test_a_retraining_checks_and_trains(build: Build) -> None:
    build.variables["RETRAINING_REASON"] = "\"; touch x; $(touch x) `touch x` ' \\"
    assert build.run() is None
    called = [call[0] if call[0] != "python" else call[2] for call in build.calls]
    assert called == ["pip", "pip", "get-pipeline-definition", "pipelines.definition_report", "run-pipeline"]
    assert not (build.folder / "x").exists()
    assert not [call for call in build.calls if any("touch" in argument for argument in call)]


def test_what_is_called_has_awss_flags_and_kwargs_that_the_pipelines_take(build: Build) -> None:
    build.variables |= {"SAGEMAKER_PROJECT_NAME": "scones", "SAGEMAKER_PROJECT_ID": "p-1", "CODE_VERSION": "seed.zip"}
    assert build.run() is None
    deploy, train = (call for call in build.calls if call[0] == "run-pipeline")
    (define,) = (call for call in build.calls if call[0] == "get-pipeline-definition")
    modules = {
        "pipelines.training.pipeline": get_training_pipeline,
        "pipelines.deployment.pipeline": get_deployment_pipeline,
    }
    for call in (deploy, train, define):
        options = dict(zip(call[1::2], call[2::2], strict=True))
        kwargs = read_kwargs(options["--kwargs"])
        inspect.signature(modules[options["--module-name"]]).bind(**kwargs)
        assert kwargs["default_bucket"] == "data" and "kms_key" not in kwargs
        if call[0] == "run-pipeline":
            assert set(options) == {"--module-name", "--role-arn", "--tags", "--kwargs"}
            assert [tag["Value"] for tag in read_tags(options["--tags"])] == ["scones", "p-1"]
        else:
            assert set(options) == {"--module-name", "--kwargs", "--file-name"} and kwargs["stage_code"] is False
    assert read_kwargs(train[-1])["code_version"] == "seed.zip"


@pytest.mark.parametrize(
    ("program", "phase"),
    [("ruff", "pre_build"), ("mypy", "pre_build"), ("get-pipeline-definition", "pre_build"), ("run-pipeline", "build")],
)
def test_each_failure_is_the_builds(build: Build, program: str, phase: str) -> None:
    build.program(program, "exit 1")
    assert build.run() == phase


@pytest.mark.parametrize(("argument", "phase"), [("pip", "install"), ("pytest", "build"), ("pipelines.*", "pre_build")])
def test_each_failure_of_a_module_is_the_builds(build: Build, argument: str, phase: str) -> None:
    build.program("python", f"case $2 in {argument}) exit 1;; esac")
    assert build.run() == phase


@pytest.mark.parametrize(("code", "phase"), [(0, None), (1, "build"), (2, "build"), (3, None)])
def test_a_rejected_model_is_no_failure_and_every_other_bad_end_is(build: Build, code: int, phase: str | None) -> None:
    build.variables |= {"RETRAINING_REASON": "drift", "WAIT_FOR_EXECUTION": "true"}
    build.execution_ends(code)
    assert build.run() == phase
    # a build that failed says which execution it was, too
    assert build.said == "Execution arn:execution\n"


def test_without_an_execution_the_build_says_so(build: Build) -> None:
    build.variables["RETRAINING_REASON"] = "drift, while another execution is under way"
    build.program("run-pipeline", "exit 3")
    assert build.run() is None
    assert build.said == "Execution none, as the lines above say\n"
