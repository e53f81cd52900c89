"""The ground-truth merger as a job runs it: its environment, its log, its summary, how it ends.

Environment, as the service sets it: dataset_source, ground_truth_source, output_path (folders); start_time and end_time
(YYYY-MM-DDTHH:MM:SSZ), where given, choose the captured hours. What is merged lies in the folders of its hours:
output_path/ENDPOINT/VARIANT/yyyy/mm/dd/hh/part-00000.jsonl.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from .errors import AnalysisFailed
from .lines import Damage
from .merge_index import GroundTruthIndex
from .merge_join import Merge, MergeSummary
from .merge_tree import Window
from .result_files import write_text

# begins as what readers of records leave out
SUMMARY_FILE = "_merge_summary.json"


@dataclass(frozen=True)
class MergeJob:
    """What the environment of a merge says."""

    captured: Path
    truth: Path
    output: Path
    window: Window

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> MergeJob:
        """Raises AnalysisFailed for a variable that is missing or cannot be read."""
        names = ("dataset_source", "ground_truth_source", "output_path")
        if missing := [name for name in names if not environment.get(name)]:
            raise AnalysisFailed(f"the environment names no {' and no '.join(missing)}")
        try:
            window = Window.of(environment.get("start_time"), environment.get("end_time"))
        except ValueError as error:
            raise AnalysisFailed(f"start_time and end_time are UTC times like 2021-05-06T22:00:00Z: {error}") from None
        captured, truth, output = (Path(environment[name]) for name in names)
        return cls(captured, truth, output, window)


def main() -> int:
    """Run the job of this process's environment; its exit code. The reason or the result is left in output/message."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    base = Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml"))
    try:
        message, code = completed(merge(MergeJob.of(os.environ), base)), 0
    except AnalysisFailed as error:
        message, code = f"Error: {error}", 1
    print(message, file=sys.stderr if code else sys.stdout, flush=True)
    (base / "output").mkdir(parents=True, exist_ok=True)
    (base / "output" / "message").write_text(message + "\n")
    return code


def merge(job: MergeJob, scratch: Path) -> MergeSummary:
    """Merge, tell the log what was found, and write the summary. `scratch` has room for an index of the ground truth.

    Raises AnalysisFailed where no captured record has ground truth.
    """
    with (
        tempfile.TemporaryDirectory(dir=scratch, prefix="ground-truth-") as folder,
        GroundTruthIndex(Path(folder) / "index.sqlite") as index,
    ):
        work = Merge(job.captured, job.truth, job.output, index)
        summary = work.run(job.window)
    for line in log_lines(summary, work.damaged_captures, work.damaged_truth):
        print(line, flush=True)
    write_text(job.output / SUMMARY_FILE, json.dumps(asdict(summary)) + "\n")
    if not summary.merged:
        raise AnalysisFailed(no_data(summary))
    return summary


def completed(summary: MergeSummary) -> str:
    """The message of a merge that succeeded."""
    return (
        f"Completed: Job completed successfully: {summary.merged} of {summary.captured} captured records "
        "merged with ground truth."
    )


def no_data(summary: MergeSummary) -> str:
    """Why nothing was merged, after the service's own words for a job without data."""
    unread = summary.captured_malformed + summary.ground_truth_malformed
    told = f" ({unread} lines could not be read, see the log)" if unread else ""
    if not summary.captured:
        return f"Job inputs had no data: there is no captured record in the window{told}"
    if not summary.ground_truth:
        return (
            f"Job inputs had no data: {summary.captured} records were captured in the window, and there is no ground "
            f"truth for it{told}"
        )
    return (
        f"Job inputs had no data: none of {summary.captured} captured records has ground truth, none of "
        f"{summary.ground_truth} ground truth records a captured one{told}; eventMetadata.eventId of ground truth "
        "must be the captured record's inferenceId, or its eventId where it has no inferenceId"
    )


def log_lines(summary: MergeSummary, captures: Damage, truth: Damage) -> list[str]:
    """What the log says of a merge: a line for each count that is not zero, and the first lines not used."""
    lines = [f"{name.replace('_', ' ')}: {count}" for name, count in asdict(summary).items() if count]
    for kind, damage in (("captured", captures), ("ground truth", truth)):
        lines += [f"not used, {kind}: {example}" for example in damage.examples]
        if damage.total > len(damage.examples):
            lines.append(f"and {damage.total - len(damage.examples)} more lines of {kind} that were not used")
    return lines
