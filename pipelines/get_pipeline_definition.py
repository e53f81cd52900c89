"""`get-pipeline-definition`: compiles a pipeline and prints its definition. AWS's own console script, flags
and exit codes."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from pipelines.atomic_text import write_text
from pipelines.build_environment import read_environment
from pipelines.console import run_reporting_errors
from pipelines.definition import compile_definition
from pipelines.execution_start import as_trained_before
from pipelines.pipeline_module import pipeline_module, read_kwargs


def main(argv: Sequence[str] | None = None) -> None:
    """Exits 2 without a module name, 1 on an error, after one line on stderr."""
    parser = _parser()
    options = parser.parse_args(argv)
    if options.module_name is None:
        parser.print_help(sys.stderr)
        sys.exit(2)
    sys.exit(run_reporting_errors(lambda: _print_definition(options)))


def _print_definition(options: argparse.Namespace) -> int:
    module = pipeline_module(options.module_name)
    # what a build checks is what it will send
    kwargs = as_trained_before(module, read_kwargs(options.kwargs), read_environment(os.environ))
    definition = compile_definition(module.get_pipeline(**kwargs))
    if options.file_name:
        write_text(Path(options.file_name), definition)
    else:
        print(definition)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "get-pipeline-definition", description="Gets the pipeline definition for the pipeline script."
    )
    parser.add_argument("-n", "--module-name", dest="module_name", help="The module name of the pipeline to import.")
    parser.add_argument("-f", "--file-name", dest="file_name", help="The file to write the definition to, else stdout.")
    parser.add_argument(
        "-kwargs",
        "--kwargs",
        dest="kwargs",
        help="Dict string of keyword arguments for the pipeline; \"{'stage_code': False}\" uploads nothing.",
    )
    return parser


if __name__ == "__main__":
    main()
