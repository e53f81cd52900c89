"""Today's data against the baseline: distances, and violations in the service's types and words.

https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-interpreting-violations.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from .column_profile import STRING, UNKNOWN, ColumnProfile
from .constraints_file import Constraints, FeatureConstraints
from .dataset_profile import DatasetProfile
from .distances import categorical_distance, numerical_distance
from .statistics_file import NUMERIC, BaselineColumn

# Completeness is a quotient: what is less by rounding alone is no violation.
ROUNDING = 1e-9
NAMED = 5


@dataclass(frozen=True)
class Violation:
    """One of constraint_violations.json; its attributes are the file's keys."""

    feature_name: str
    constraint_check_type: str
    description: str


def distances(
    profile: DatasetProfile, constraints: Constraints, baseline: Mapping[str, BaselineColumn]
) -> dict[str, float]:
    """By feature, for all that can be compared: of the same kind, with values on both sides."""
    found = {
        name: _distance(profile.columns[name], baseline[name], feature.config.robust)
        for name, feature in constraints.features.items()
        if feature.config.perform_comparison and name in profile.columns and name in baseline
    }
    return {name: distance for name, distance in found.items() if distance is not None}


def _distance(column: ColumnProfile, baseline: BaselineColumn, robust: bool) -> float | None:
    if not column.present or not baseline.present:
        return None
    if baseline.inferred_type in NUMERIC and column.inferred_type in NUMERIC and baseline.sketch is not None:
        return numerical_distance(column.sketch, baseline.sketch, robust)
    if baseline.inferred_type == column.inferred_type == STRING and baseline.categories is not None:
        return categorical_distance(column.categories, baseline.categories, robust)
    return None


def violations(profile: DatasetProfile, constraints: Constraints, drifts: Mapping[str, float]) -> list[Violation]:
    """By column in the baseline's order, then those of the columns as a whole."""
    found: list[Violation] = []
    for name, feature in constraints.features.items():
        if name in profile.columns and feature.config.evaluate_constraints:
            found += _feature_violations(profile, feature, drifts.get(name))
    if constraints.config.evaluate_constraints:
        found += _column_violations(profile, constraints)
    return found


def _feature_violations(
    profile: DatasetProfile, feature: FeatureConstraints, drift: float | None
) -> Iterator[Violation]:
    column = profile.columns[feature.name]
    checks = {
        "data_type_check": _data_type(column, feature),
        "completeness_check": _completeness(profile.completeness(feature.name), feature),
        "categorical_values_check": _categorical_values(column, feature),
        "baseline_drift_check": _baseline_drift(column, feature, drift),
    }
    for check, description in checks.items():
        if description:
            yield Violation(feature.name, check, description)


def _data_type(column: ColumnProfile, feature: FeatureConstraints) -> str | None:
    match = column.match(feature.inferred_type)
    threshold = feature.config.datatype_check_threshold
    if feature.inferred_type == UNKNOWN or match >= threshold:
        return None
    return (
        f"Data type match requirement is not met. Expected data type: {feature.inferred_type}, "
        f"Expected match: {100 * threshold}%. Observed: Only {100 * match}% of data is {feature.inferred_type}."
    )


def _completeness(completeness: float, feature: FeatureConstraints) -> str | None:
    if feature.completeness is None or completeness >= feature.completeness - ROUNDING:
        return None
    return (
        f"Data completeness requirement is not met. Expected completeness: {100 * feature.completeness}%. "
        f"Observed: Only {100 * completeness}% of data is complete."
    )


def _categorical_values(column: ColumnProfile, feature: FeatureConstraints) -> str | None:
    if feature.domains is None or column.inferred_type != STRING:
        return None
    match = sum(column.categories.count(value) for value in set(feature.domains)) / column.categories.total
    threshold = feature.config.domain_content_threshold
    if match >= threshold:
        return None
    common = [text for text, _ in column.categories.most_common(len(feature.domains) + NAMED)]
    unknown = [repr(text) for text in common if text not in feature.domains][:NAMED]
    return (
        f"Categorical values requirement is not met. Expected match: {100 * threshold}%. Observed: Only {100 * match}% "
        f"of values are of the baseline's domain; unknown are {', '.join(unknown)}."
    )


def _baseline_drift(column: ColumnProfile, feature: FeatureConstraints, drift: float | None) -> str | None:
    config = feature.config
    threshold = config.comparison_threshold
    if column.inferred_type == STRING and config.categorical_comparison_threshold is not None:
        threshold = config.categorical_comparison_threshold
    if drift is None or drift <= threshold:
        return None
    return f"Baseline drift distance: {round(drift, 6)} exceeds threshold: {threshold}"


def _column_violations(profile: DatasetProfile, constraints: Constraints) -> Iterator[Violation]:
    missing = [name for name in constraints.features if name not in profile.columns]
    extra = [name for name in profile.columns if name not in constraints.features]
    numbers = (
        f"Number of columns in current dataset: {len(profile.columns)}, "
        f"Number of columns in baseline constraints: {len(constraints.features)}."
    )
    for kind, names in (("Missing", missing), ("Extra", extra)):
        if names:
            told = ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")
            description = f"There are {kind.lower()} columns in current dataset. {numbers} {kind}: {told}."
            yield Violation(f"{kind} columns", f"{kind.lower()}_column_check", description)
