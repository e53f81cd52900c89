"""`run-pipeline`: creates or updates a pipeline, starts it and waits. AWS's own console script, flags and
exit codes."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

from pipelines.console import run_reporting_errors
from pipelines.definition import check_definition, compile_definition
from pipelines.pipeline_module import BadArgument, pipeline_module, read_kwargs, read_tags
from pipelines.submission import ExecutionStatus, start_execution, upsert_pipeline, wait_for_execution

POLL_SECONDS = 30.0
# A local AWS has no quota of calls and executions of a minute.
LOCAL_POLL_SECONDS = 1.0


def main(argv: Sequence[str] | None = None) -> None:
    """Exits 2 without module name or role, 1 on an error or if the execution does not succeed, after one line
    on stderr."""
    parser = _parser()
    options = parser.parse_args(argv)
    if options.module_name is None or options.role_arn is None:
        parser.print_help(sys.stderr)
        sys.exit(2)
    sys.exit(run_reporting_errors(lambda: _run(options)))


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


def _run(options: argparse.Namespace) -> int:
    kwargs, tags = read_kwargs(options.kwargs), read_tags(options.tags)
    module = pipeline_module(options.module_name)
    pipeline = module.get_pipeline(**_with_role(kwargs, options))
    definition = _checked(compile_definition(pipeline))
    if hasattr(module, "get_pipeline_custom_tags"):
        project = {key: kwargs[key] for key in ("region", "sagemaker_project_arn") if key in kwargs}
        tags = module.get_pipeline_custom_tags(tags, **project)

    session = pipeline.sagemaker_session
    client = session.sagemaker_client
    registered = upsert_pipeline(
        client,
        session.s3_client,
        name=pipeline.name,
        definition=definition,
        role_arn=options.role_arn,
        bucket=_bucket(kwargs, session),
        description=options.description,
        tags=tags,
    )
    print(f"{'created' if registered.created else 'updated'} pipeline {registered.arn}", flush=True)
    arn = start_execution(client, pipeline.name, _execution_parameters(module, client, session.s3_client, kwargs))
    print(f"started execution {arn}", flush=True)
    return _follow(client, arn)


def _execution_parameters(module: ModuleType, sagemaker: Any, s3: Any, kwargs: dict[str, Any]) -> dict[str, str]:
    """What the module would start its pipeline with, beyond the defaults, if it says."""
    if not hasattr(module, "get_execution_parameters"):
        return {}
    return dict(module.get_execution_parameters(sagemaker, s3, **kwargs))


def _follow(client: Any, arn: str) -> int:
    poll_seconds = POLL_SECONDS if client.meta.endpoint_url.startswith("https://") else LOCAL_POLL_SECONDS
    execution = wait_for_execution(
        client, arn, poll_seconds=poll_seconds, on_poll=progress_printer(lambda line: print(line, flush=True))
    )
    print(f"execution {execution.status}", flush=True)
    if execution.status == "Succeeded":
        return 0
    reasons = [f"{step.name}: {step.failure_reason}" for step in execution.steps if step.failure_reason]
    why = "; ".join(reasons) or execution.failure_reason or "no reason given"
    print(f"error: execution {execution.status}: {' '.join(why.split())} ({arn})", file=sys.stderr)
    return 1


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
