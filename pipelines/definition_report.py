"""What a build reports of a definition before it sends it: whether the service would take it, as JUnit, and what it
changes, as a diff against what is live.

    python -m pipelines.definition_report build/reports/definition.json --pipeline SconesTraining

writes definition.xml and definition.diff beside it. Neither loads the SDK.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from botocore.exceptions import ClientError

from pipelines.atomic_text import write_text
from pipelines.console import run_reporting_errors
from pipelines.definition import check_definition, diff_definitions
from pipelines.definition.problem import Problem
from pipelines.names import PIPELINE_NAME
from pipelines.pipeline_module import BadArgument
from pipelines.session import target_from_environment

SUITE, WHOLE = "definition", "the rest"


def main(argv: Sequence[str] | None = None) -> None:
    """Exits 1 if the service would not take the definition, or on an error; a difference is none."""
    parser = argparse.ArgumentParser("definition_report", description="Checks a definition, and says what it changes.")
    parser.add_argument("definition", type=Path, help="The file that get-pipeline-definition wrote.")
    parser.add_argument("--pipeline", default=PIPELINE_NAME, help="The pipeline to compare with what is live of it.")
    options = parser.parse_args(argv)
    sys.exit(run_reporting_errors(lambda: _report(options.definition, options.pipeline)))


def junit(definition: str, problems: Sequence[Problem]) -> str:
    """A test case for each step, and one for all that is outside of them, with the problems that each has."""
    names = [str(step.get("Name")) for step in _steps(definition)]
    by_name: dict[str, list[str]] = {name: [] for name in [*names, WHOLE]}
    for problem in problems:
        first, _, rest = problem.path.partition(".")
        step = rest.partition(".")[0].partition("[")[0]
        by_name[step if first == "Steps" and step in names else WHOLE].append(str(problem))
    failed = sum(1 for found in by_name.values() if found)
    suite = ElementTree.Element("testsuite", name=SUITE, tests=str(len(by_name)), failures=str(failed), errors="0")
    for name, found in by_name.items():
        case = ElementTree.SubElement(suite, "testcase", classname=SUITE, name=name, time="0")
        if found:
            ElementTree.SubElement(case, "failure", message=found[0]).text = "\n".join(found)
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def changes(sagemaker: Any, pipeline: str, definition: str) -> str:
    """What the definition changes of the pipeline that is live, one line a difference, or one that says that there is
    none."""
    try:
        live = sagemaker.describe_pipeline(PipelineName=pipeline)["PipelineDefinition"]
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("ResourceNotFound", "ResourceNotFoundException"):
            raise
        return f"+ pipeline {pipeline}: there is none yet\n"
    differences = diff_definitions(live, definition)
    return f"{differences}\n" if differences else f"No difference: pipeline {pipeline} is what this tree compiles to.\n"


def _report(file: Path, pipeline: str) -> int:
    definition = _read(file)
    problems = check_definition(definition)
    write_text(file.with_suffix(".xml"), junit(definition, problems))
    for problem in problems:
        print(f"error: {problem}", file=sys.stderr)
    if problems:
        return 1
    print(f"The definition is sound: {len(_steps(definition))} top-level steps, every argument fits the API's model.")
    told = changes(target_from_environment().client("sagemaker"), pipeline, definition)
    write_text(file.with_suffix(".diff"), told)
    print(told, end="")
    return 0


def _read(file: Path) -> str:
    text = file.read_text(encoding="utf-8")
    try:
        parsed = json.loads(text)
    except ValueError as error:
        raise BadArgument(f"{file}: is no JSON: {error}") from error
    if not isinstance(parsed, dict) or not isinstance(parsed.get("Steps"), list):
        raise BadArgument(f"{file}: is no definition of a pipeline: it has no Steps")
    return text


def _steps(definition: str) -> list[dict[str, Any]]:
    steps: list[dict[str, Any]] = json.loads(definition)["Steps"]
    return steps


if __name__ == "__main__":
    main()
