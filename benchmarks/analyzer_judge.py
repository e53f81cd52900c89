"""The analyzer image's own judgement of rows of features: its baselining job, and its checks of a draw in memory."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local_aws.images.model_monitor.checks import distances, violations
from local_aws.images.model_monitor.column_profile import STRING
from local_aws.images.model_monitor.constraints_file import Constraints, read_constraints
from local_aws.images.model_monitor.data_quality import analyse
from local_aws.images.model_monitor.dataset_profile import DatasetProfile
from local_aws.images.model_monitor.job import Job
from local_aws.images.model_monitor.result_files import CONSTRAINTS, STATISTICS
from local_aws.images.model_monitor.statistics_file import BaselineColumn, read_statistics

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Baseline:
    """What the image made of a features.csv, with the constraints that it suggests."""

    constraints: Constraints
    statistics: Mapping[str, BaselineColumn]

    @classmethod
    def of(cls, rows: Sequence[Row]) -> Baseline:
        """A baselining job over the rows. Raises AnalysisFailed."""
        with tempfile.TemporaryDirectory() as folder:
            base = Path(folder)
            (base / "input").mkdir()
            (base / "output").mkdir()
            with (base / "input" / "features.csv").open("w", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, list(rows[0]))
                writer.writeheader()
                writer.writerows(rows)
            variables = {"dataset_format": json.dumps({"csv": {"header": True}})}
            variables |= {"dataset_source": str(base / "input"), "output_path": str(base / "output")}
            variables |= {"publish_cloudwatch_metrics": "Disabled"}
            with contextlib.redirect_stdout(io.StringIO()):
                analyse(Job.of(variables, base))
            return cls(read_constraints(base / "output" / CONSTRAINTS), read_statistics(base / "output" / STATISTICS))

    def violations(self, rows: Sequence[Row]) -> set[str]:
        """The features with a violation; with the check's name where it is another than drift."""
        texts = [name for name, column in self.statistics.items() if column.inferred_type == STRING]
        profile = DatasetProfile(texts)
        profile.add_rows(rows)
        found = violations(profile, self.constraints, distances(profile, self.constraints, self.statistics))
        drift = "baseline_drift_check"
        return {
            each.feature_name + ("" if each.constraint_check_type == drift else f" ({each.constraint_check_type})")
            for each in found
        }
