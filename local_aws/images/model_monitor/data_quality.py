"""The analysis of data quality: a baseline from a data set, or a data set held against its baseline."""

from __future__ import annotations

from dataclasses import asdict

from .checks import Violation, distances, violations
from .column_profile import STRING
from .constraints_file import Constraints, read_constraints, suggest
from .dataset_profile import DatasetProfile
from .datasets import profile_dataset
from .errors import AnalysisFailed
from .job import Job
from .lines import Damage
from .metrics_file import METRICS, write_metrics
from .result_files import CONSTRAINTS, STATISTICS, VIOLATIONS, write_json
from .statistics_file import BaselineColumn, read_statistics, statistics_of

Baseline = tuple[Constraints, dict[str, BaselineColumn]]


def analyse(job: Job) -> int:
    """Write the files of the contract. Returns the number of violations, 0 for a baselining job.

    Raises AnalysisFailed where there is nothing to analyse, or a file or script is not what it should be.
    """
    baseline = _baseline(job)
    as_text = [name for name, column in (baseline[1] if baseline else {}).items() if column.inferred_type == STRING]
    profile, damage = profile_dataset(job, as_text)
    _tell(profile, damage)
    if not profile.items:
        raise AnalysisFailed(f"There is no record to analyse in {job.dataset_source}{_summary(damage)}.")
    drifts = distances(profile, *baseline) if baseline else {}
    found = _check(job, profile, baseline[0], drifts) if baseline else []
    if job.publish_cloudwatch_metrics:
        _write_metrics(job, profile, baseline[0] if baseline else None, drifts)
    write_json(job.output_path / STATISTICS, statistics_of(profile, damage))
    write_json(job.output_path / CONSTRAINTS, suggest(profile))
    if job.post_analytics_processor_script:
        from .scripts import post_process

        post_process(job.post_analytics_processor_script)
    return len(found)


def _baseline(job: Job) -> Baseline | None:
    """None for a baselining job. Without statistics there is a baseline that nothing drifts from."""
    if job.baseline_constraints is None:
        if job.baseline_statistics is not None:
            raise AnalysisFailed("baseline_statistics is given without baseline_constraints, which say what to check.")
        return None
    constraints = read_constraints(job.baseline_constraints)
    if job.baseline_statistics is None:
        return constraints, {}
    statistics = read_statistics(job.baseline_statistics)
    lacking = [name for name in constraints.features if name not in statistics]
    if lacking:
        raise AnalysisFailed(
            f"{job.baseline_statistics.name} has no feature {lacking[0]!r}, which {job.baseline_constraints.name} "
            "names: both have to be of one baseline."
        )
    return constraints, statistics


def _check(job: Job, profile: DatasetProfile, constraints: Constraints, drifts: dict[str, float]) -> list[Violation]:
    if not profile.columns.keys() & constraints.features.keys():
        raise AnalysisFailed(
            f"The baseline is of other data: none of its features ({', '.join(constraints.features)[:300]}) is among "
            f"the columns ({', '.join(profile.columns)[:300]})."
        )
    for name, feature in constraints.features.items():
        column = profile.columns.get(name)
        if feature.is_non_negative and column is not None and column.min < 0:
            print(f"{name}: the baseline has no negative value, the least here is {column.min}.")
    found = violations(profile, constraints, drifts)
    write_json(job.output_path / VIOLATIONS, {"violations": [asdict(violation) for violation in found]})
    return found


def _write_metrics(
    job: Job, profile: DatasetProfile, constraints: Constraints | None, drifts: dict[str, float]
) -> None:
    dimensions = {"Endpoint": job.endpoint, "MonitoringSchedule": job.schedule}
    named = {name: value for name, value in dimensions.items() if value}
    features = constraints.features if constraints else {}
    general = constraints.config.emit_metrics if constraints else True
    emitted = {name: features[name].config.emit_metrics if name in features else general for name in profile.columns}
    if named and any(emitted.values()):
        write_metrics(job.base / METRICS, named, profile, drifts, emitted)


def _tell(profile: DatasetProfile, damage: Damage) -> None:
    print(f"{profile.items} records, {len(profile.columns)} columns{_summary(damage)}", flush=True)
    for example in damage.examples:
        print(f"not read: {example}", flush=True)


def _summary(damage: Damage) -> str:
    if not damage.total:
        return ""
    kinds = ", ".join(f"{count} {kind.replace('_', ' ')}" for kind, count in sorted(damage.counts.items()))
    return f"; {damage.total} lines could not be read: {kinds}"
