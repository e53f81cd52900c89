"""Linters that know AWS's own rules: cfn-lint from .venv-tools, and the SAM CLI where somebody has installed it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from pipelines.readiness.finding import Finding, judged
from pipelines.readiness.templates import Template

LINT_SECONDS = 300
CFN_LINT = Path(".venv-tools") / "bin" / "cfn-lint"
# "Validate statement resources match the actions": of its checks the one on policies that it leaves out unless asked
ACTIONS_AND_RESOURCES = "I3510"

# runs a command and gives exit code and both outputs
Run = Callable[[Sequence[str]], tuple[int, str]]


def run(command: Sequence[str]) -> tuple[int, str]:
    """Raises subprocess.TimeoutExpired, OSError."""
    # without telemetry, and without an account: validation is the program's own
    environment = {**os.environ, "SAM_CLI_TELEMETRY": "0", "AWS_EC2_METADATA_DISABLED": "true"}
    environment.setdefault("AWS_DEFAULT_REGION", "us-east-1")
    done = subprocess.run(command, capture_output=True, text=True, timeout=LINT_SECONDS, env=environment)
    return done.returncode, done.stdout + done.stderr


def cfn_lint(templates: list[Template], root: Path, runner: Run = run) -> Finding:
    """All templates through cfn-lint: properties, values, the actions that policies name, and whether each takes the
    kind of resource that its statement has."""
    program = root / CFN_LINT
    found = str(program) if program.exists() else shutil.which("cfn-lint")
    if found is None:
        return Finding("cfn-lint", None, "cfn-lint is not installed", "run `make lint-templates` once")
    try:
        command = [found, "--format", "json", "--include-checks", ACTIONS_AND_RESOURCES, "--"]
        code, output = runner([*command, *(str(template.path) for template in templates)])
        matches = json.loads(output[output.index("[") : output.rindex("]") + 1]) if "[" in output else []
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        return Finding("cfn-lint", None, f"{error}", "run `make lint-templates`")
    if code and not matches:
        return Finding("cfn-lint", False, _first_line(output), "run `make lint-templates`")
    problems = [
        f"{match['Rule']['Id']} {match['Filename']}:{match['Location']['Start']['LineNumber']}: {match['Message']}"
        for match in matches
    ]
    return judged("cfn-lint", problems, f"{len(templates)} templates, nothing to say", "correct the template")


def sam_validate(templates: list[Template], program: str | None = None, runner: Run = run) -> Finding:
    """The templates with SAM's transform through `sam validate --lint`."""
    found = program or shutil.which("sam")
    if found is None:
        return Finding("sam validate --lint", None, "there is no SAM CLI here", "install aws-sam-cli")
    wanted, problems = [template for template in templates if template.needs_sam], []
    for template in wanted:
        try:
            code, output = runner([found, "validate", "--lint", "--template-file", str(template.path)])
        except (OSError, subprocess.TimeoutExpired) as error:
            return Finding("sam validate --lint", None, f"{error}", "run it by hand")
        if code:
            problems.append(f"{template.name}: {_first_line(output)}")
    return judged("sam validate --lint", problems, f"{len(wanted)} templates are valid", "correct the template")


def _first_line(output: str) -> str:
    return next((line.strip() for line in output.splitlines() if line.strip()), "it failed and said nothing")
