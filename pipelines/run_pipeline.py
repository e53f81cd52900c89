"""`run-pipeline`: creates or updates a pipeline, starts it and waits. AWS's own console script and flags.

What a build needs beyond those comes by environment variables (`pipelines.build_environment`). One exit code is our
own: 3 where a gate said no, to the model or to the retraining. Nothing failed then, and no build should.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

from botocore.exceptions import ClientError

from pipelines.atomic_text import write_text
from pipelines.build_environment import BuildEnvironment, read_environment
from pipelines.console import explain, run_reporting_errors
from pipelines.definition import check_definition, compile_definition
from pipelines.execution_start import (
    RetrainingUnderWay,
    Start,
    as_trained_before,
    start_described,
    with_push,
    with_retraining,
)
from pipelines.executions import failure, rejection
from pipelines.pipeline_module import BadArgument, check_role, pipeline_module, read_kwargs, read_tags
from pipelines.submission import ExecutionStatus, upsert_pipeline, wait_for_execution

POLL_SECONDS = 30.0
# A local AWS has no quota of calls and executions of a minute.
LOCAL_POLL_SECONDS = 1.0
FAILED, REFUSED = 1, 3


def main(argv: Sequence[str] | None = None) -> None:
    """Exits 2 without module name or role, 3 where a gate said no, 1 on an error or if the execution does not succeed
    otherwise; after one line on stderr."""
    parser = _parser()
    options = parser.parse_args(argv)
    if options.module_name is None or options.role_arn is None:
        parser.print_help(sys.stderr)
        sys.exit(2)
    sys.exit(run_reporting_errors(lambda: _run(options, read_environment(os.environ))))


def progress_printer(write: Callable[[str], object] = print) -> Callable[[ExecutionStatus], None]:
    """An `on_poll` for `wait_for_execution`: one line for each step that starts or changes, with time and
    reason."""
    seen: dict[str, str] = {}

    def show(execution: ExecutionStatus) -> None:
        for step in execution.steps:
            if seen.get(step.name) == step.status:
                continue
            seen[step.name] = step.status
            took = f" in {step.seconds:.0f} s" if step.seconds is not None else ""
            cached = " (cached)" if step.cached_from else ""
            reason = f": {step.failure_reason}" if step.failure_reason else ""
            write(f"{time.strftime('%H:%M:%S')} {step.name} {step.status}{took}{cached}{reason}")

    return show


def _run(options: argparse.Namespace, build: BuildEnvironment) -> int:
    check_role("--role-arn", options.role_arn)
    module = pipeline_module(options.module_name)
    kwargs = as_trained_before(module, read_kwargs(options.kwargs), build)
    pipeline = module.get_pipeline(**_with_role(kwargs, options))
    definition = _checked(compile_definition(pipeline))
    client = _register(options, kwargs, module, pipeline, definition)
    if not build.start:
        return 0
    try:
        start = _how_to_start(module, pipeline, definition, kwargs, build)
    except RetrainingUnderWay as refusal:
        print(f"refused: {refusal}", file=sys.stderr)
        return REFUSED
    arn = start_described(client, pipeline.name, start)
    _say(f"started execution {arn}")
    if build.arn_file:
        write_text(build.arn_file, f"{arn}\n")
    return _follow(client, arn) if build.wait else 0


def _register(
    options: argparse.Namespace, kwargs: dict[str, Any], module: ModuleType, pipeline: Any, definition: str
) -> Any:
    """Bring the pipeline up to date; the client of SageMaker that it was done with."""
    tags = _with_project_tags(module, read_tags(options.tags), kwargs)
    session = pipeline.sagemaker_session
    registered = upsert_pipeline(
        session.sagemaker_client,
        session.s3_client,
        name=pipeline.name,
        definition=definition,
        role_arn=options.role_arn,
        bucket=_bucket(kwargs, session),
        description=options.description,
        tags=tags,
    )
    _say(f"{'created' if registered.created else 'updated'} pipeline {registered.arn}")
    return session.sagemaker_client


def _with_project_tags(module: ModuleType, tags: list[dict[str, str]], kwargs: dict[str, Any]) -> list[dict[str, str]]:
    """The tags, and those of the SageMaker project. As in AWS's own template, one that cannot be asked is no
    reason not to go on: the stack may have been made without SageMaker."""
    if not hasattr(module, "get_pipeline_custom_tags"):
        return tags
    project = {key: kwargs[key] for key in ("region", "sagemaker_project_arn") if key in kwargs}
    try:
        return list(module.get_pipeline_custom_tags(tags, **project))
    except ClientError as error:
        _say(f"the project's tags are left out: {explain(error)}")
        return tags


def _how_to_start(
    module: ModuleType, pipeline: Any, definition: str, kwargs: dict[str, Any], build: BuildEnvironment
) -> Start:
    """With what the module starts its pipeline beyond the defaults, or with what a retraining is; and with why, in a
    build. Raises RetrainingUnderWay."""
    session = pipeline.sagemaker_session
    known = {parameter["Name"] for parameter in json.loads(definition)["Parameters"]}
    if build.retraining is not None:
        return with_retraining(build.retraining, session.sagemaker_client, pipeline.name, known, kwargs, _say)
    parameters = _own_parameters(module, session, kwargs)
    return Start(parameters) if build.push is None else with_push(build.push, parameters, known)


def _own_parameters(module: ModuleType, session: Any, kwargs: dict[str, Any]) -> dict[str, str]:
    if not hasattr(module, "get_execution_parameters"):
        return {}
    return dict(module.get_execution_parameters(session.sagemaker_client, session.s3_client, **kwargs))


def _follow(client: Any, arn: str) -> int:
    poll_seconds = POLL_SECONDS if client.meta.endpoint_url.startswith("https://") else LOCAL_POLL_SECONDS
    execution = wait_for_execution(client, arn, poll_seconds=poll_seconds, on_poll=progress_printer(_say))
    _say(f"execution {execution.status}")
    if execution.status == "Succeeded":
        return 0
    refused = rejection(execution)
    if refused:
        print(f"rejected: the model was not registered: {' '.join(refused.split())} ({arn})", file=sys.stderr)
        return REFUSED
    print(f"error: execution {execution.status}: {failure(execution)} ({arn})", file=sys.stderr)
    return FAILED


def _say(line: str) -> None:
    print(line, flush=True)


def _checked(definition: str) -> str:
    problems = check_definition(definition)
    if problems:
        raise BadArgument(f"the definition has {len(problems)} problems, nothing was sent; the first: {problems[0]}")
    return definition


def _with_role(kwargs: dict[str, Any], options: argparse.Namespace) -> dict[str, Any]:
    # The role that the pipeline runs as is also its jobs' role, unless kwargs say otherwise: AWS's template
    # does the same.
    return {"role": options.role_arn, **kwargs}


def _bucket(kwargs: dict[str, Any], session: Any) -> str:
    # Asking the session could call AWS: a bucket that was given is the one.
    return str(kwargs.get("default_bucket") or session._default_bucket_name_override or session.default_bucket())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "run-pipeline", description="Creates or updates and runs the pipeline for the pipeline script."
    )
    parser.add_argument("-n", "--module-name", dest="module_name", help="The module name of the pipeline to import.")
    parser.add_argument(
        "-kwargs",
        "--kwargs",
        dest="kwargs",
        help="Dict string of keyword arguments for the pipeline generation.",
    )
    parser.add_argument(
        "-role-arn",
        "--role-arn",
        dest="role_arn",
        default=os.environ.get("SAGEMAKER_PIPELINE_ROLE_ARN"),
        help="The role arn for the pipeline service execution role [env: SAGEMAKER_PIPELINE_ROLE_ARN].",
    )
    parser.add_argument("-description", "--description", dest="description", help="The description of the pipeline.")
    parser.add_argument(
        "-tags",
        "--tags",
        dest="tags",
        help='List of dict strings of \'[{"Key": "string", "Value": "string"}, ..]\'.',
    )
    return parser


if __name__ == "__main__":
    main()
