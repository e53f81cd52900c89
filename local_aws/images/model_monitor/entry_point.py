"""`process`: one analysis from the container's environment to its message and exit code."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from .errors import AnalysisFailed
from .job import MODEL_QUALITY, Job

NO_VIOLATIONS = "Completed: Job completed successfully with no violations."
VIOLATIONS = "CompletedWithViolations: Job completed successfully with {count} violations."


def main(arguments: list[str], variables: Mapping[str, str] = os.environ) -> int:
    """The exit code: 0 done, with or without violations, 1 failed, 2 wrong usage.

    What came of it, or the reason of the failure, is written to output/message below /opt/ml (SAGEMAKER_BASE_DIR).
    """
    if arguments != ["process"]:
        print("usage: sagemaker_model_monitor_analyzer.py process", file=sys.stderr)
        return 2
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # names of files and columns may be no UTF-8
    base = Path(variables.get("SAGEMAKER_BASE_DIR", "/opt/ml"))
    try:
        violations = analyse(Job.of(variables, base))
    except AnalysisFailed as error:
        return _end(base, f"Error: {error}", 1)
    return _end(base, VIOLATIONS.format(count=violations) if violations else NO_VIOLATIONS, 0)


def analyse(job: Job) -> int:
    """Run the analysis of the job's type. Returns the number of violations; raises AnalysisFailed."""
    if job.analysis_type == MODEL_QUALITY:
        from .model_quality import analyse as analysis
    else:
        from .data_quality import analyse as analysis
    return analysis(job)


def _end(base: Path, message: str, code: int) -> int:
    folder = base / "output"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "message").write_text(message, encoding="utf-8", errors="backslashreplace")
    print(message, file=sys.stderr if code else sys.stdout, flush=True)
    return code
