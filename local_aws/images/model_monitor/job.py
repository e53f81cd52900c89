"""What a monitoring job is to do: the environment of its container, read and checked.

https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-byoc-contract-inputs.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import AnalysisFailed

DATA_QUALITY, MODEL_QUALITY = "DATA_QUALITY", "MODEL_QUALITY"
CSV, JSON_LINES, CAPTURED, MERGED = "csv", "json", "sagemakerCaptureJson", "sagemakerMergeJson"
FORMATS = (CSV, JSON_LINES, CAPTURED, MERGED)
ENABLED, DISABLED = "Enabled", "Disabled"


@dataclass(frozen=True)
class Job:
    """The variables of the contract; `variables` has all of them for an analysis that knows more.

    `base` is the container's /opt/ml. Without `baseline_constraints` and `baseline_statistics` it is a baselining job.
    """

    base: Path
    analysis_type: str
    dataset_format: str
    format_options: Mapping[str, Any]
    dataset_source: Path
    output_path: Path
    baseline_constraints: Path | None
    baseline_statistics: Path | None
    record_preprocessor_script: Path | None
    post_analytics_processor_script: Path | None
    publish_cloudwatch_metrics: bool
    endpoint: str | None
    schedule: str | None
    end_time: str | None
    variables: Mapping[str, str]

    @classmethod
    def of(cls, variables: Mapping[str, str], base: Path) -> Job:
        """Raises AnalysisFailed, which names the variable that is missing or wrong."""
        kind, options = _dataset_format(_required(variables, "dataset_format"))
        return cls(
            base=base,
            analysis_type=_choice(variables, "analysis_type", (DATA_QUALITY, MODEL_QUALITY)),
            dataset_format=kind,
            format_options=options,
            dataset_source=Path(_required(variables, "dataset_source")),
            output_path=Path(_required(variables, "output_path")),
            baseline_constraints=_file(variables, "baseline_constraints"),
            baseline_statistics=_file(variables, "baseline_statistics"),
            record_preprocessor_script=_file(variables, "record_preprocessor_script"),
            post_analytics_processor_script=_file(variables, "post_analytics_processor_script"),
            publish_cloudwatch_metrics=_choice(variables, "publish_cloudwatch_metrics", (DISABLED, ENABLED)) == ENABLED,
            endpoint=variables.get("sagemaker_endpoint_name"),
            schedule=variables.get("sagemaker_monitoring_schedule_name"),
            end_time=variables.get("end_time"),
            variables=variables,
        )


def _required(variables: Mapping[str, str], name: str) -> str:
    if not variables.get(name):
        raise AnalysisFailed(f"The environment variable {name} is missing: the analyzer cannot do without it.")
    return variables[name]


def _choice(variables: Mapping[str, str], name: str, known: tuple[str, ...]) -> str:
    """The value, or the first one where there is none."""
    value = variables.get(name) or known[0]
    if value not in known:
        raise AnalysisFailed(f"The environment variable {name} is {value!r}: use one of {', '.join(known)}.")
    return value


def _file(variables: Mapping[str, str], name: str) -> Path | None:
    if not variables.get(name):
        return None
    path = Path(variables[name])
    if not path.is_file():
        raise AnalysisFailed(f"The environment variable {name} names {path}, where no file is.")
    return path


def _dataset_format(text: str) -> tuple[str, Mapping[str, Any]]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise AnalysisFailed(f"The environment variable dataset_format is no JSON: {error}.") from error
    kinds = list(value) if isinstance(value, dict) else []
    if len(kinds) != 1 or kinds[0] not in FORMATS:
        raise AnalysisFailed(f"The environment variable dataset_format is {text}: use one of {', '.join(FORMATS)}.")
    options = value[kinds[0]]
    return kinds[0], options if isinstance(options, dict) else {}
