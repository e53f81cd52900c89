"""constraints.json: what is asked of the data. Suggested from a profile, and read as a baseline.

https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-byoc-constraints.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .column_profile import STRING, ColumnProfile
from .dataset_profile import DatasetProfile
from .documents import Document, read_document
from .job import DISABLED, ENABLED
from .statistics_file import NUMERIC, TYPES

# deequ suggests a domain for columns of at most so many categories (ColumnProfiler), ...
DOMAIN_VALUES = 120
# ... at most a tenth of which occur only once (CategoricalRangeRule).
SINGLE_VALUES = 0.1

SIMPLE, ROBUST = ("Simple", "linf_simple"), ("Robust", "linf_robust")


@dataclass(frozen=True)
class MonitoringConfig:
    """How a feature is checked; the defaults are those of the SDK's DataQualityMonitoringConfig."""

    evaluate_constraints: bool = True
    emit_metrics: bool = True
    datatype_check_threshold: float = 1.0
    domain_content_threshold: float = 1.0
    perform_comparison: bool = True
    comparison_threshold: float = 0.1
    robust: bool = True
    categorical_comparison_threshold: float | None = None


@dataclass(frozen=True)
class FeatureConstraints:
    """One feature's; `config` has its overrides in it. None is what is not asked."""

    name: str
    inferred_type: str
    completeness: float | None
    is_non_negative: bool
    domains: tuple[str, ...] | None
    config: MonitoringConfig


@dataclass(frozen=True)
class Constraints:
    """A baseline's: by feature, and what holds for columns that it does not name."""

    features: Mapping[str, FeatureConstraints]
    config: MonitoringConfig


def suggest(profile: DatasetProfile) -> dict[str, Any]:
    """The document that the data at hand would satisfy."""
    return {
        "version": 0.0,
        "features": [_suggested(name, column, profile) for name, column in profile.columns.items()],
        "monitoring_config": {
            "evaluate_constraints": ENABLED,
            "emit_metrics": ENABLED,
            "datatype_check_threshold": 1.0,
            "domain_content_threshold": 1.0,
            "distribution_constraints": {
                "perform_comparison": ENABLED,
                "comparison_threshold": 0.1,
                "comparison_method": "Robust",
                "categorical_comparison_threshold": 0.1,
                "categorical_drift_method": "LInfinity",
            },
        },
    }


def _suggested(name: str, column: ColumnProfile, profile: DatasetProfile) -> dict[str, Any]:
    kind = column.inferred_type
    feature: dict[str, Any] = {"name": name, "inferred_type": kind, "completeness": profile.completeness(name)}
    if kind in NUMERIC:
        feature["num_constraints"] = {"is_non_negative": column.min >= 0}
    elif kind == STRING and (domains := _domains(column)):
        feature["string_constraints"] = {"domains": domains}
    return feature


def _domains(column: ColumnProfile) -> list[str]:
    if not column.categories.exact or column.categories.distinct > DOMAIN_VALUES:
        return []
    counts = column.categories.most_common(DOMAIN_VALUES)
    once = sum(count == 1 for _, count in counts)
    return [text for text, _ in counts] if once <= SINGLE_VALUES * len(counts) else []


def read_constraints(path: Path) -> Constraints:
    """Raises AnalysisFailed, which names the key that is unknown or of the wrong type."""
    document = read_document(path)
    document.allow("version", "features", "monitoring_config")
    document.version()
    general = document.optional("monitoring_config")
    config = _config(general, MonitoringConfig()) if general else MonitoringConfig()
    features = {}
    for item in document.items("features"):
        feature = _feature(item, config)
        if feature.name in features:
            item.get("name").refuse("a name of its own: another feature has it")
        features[feature.name] = feature
    return Constraints(features, config)


def _feature(feature: Document, config: MonitoringConfig) -> FeatureConstraints:
    # the guide has the one name of the overrides, the SDK's Constraints.set_monitoring writes the other
    overrides = ("monitoringConfigOverrides", "monitoring_config_overrides")
    feature.allow("name", "inferred_type", "completeness", "num_constraints", "string_constraints", *overrides)
    for key in overrides:
        if found := feature.optional(key):
            config = _config(found, config)
    numbers, texts = feature.optional("num_constraints"), feature.optional("string_constraints")
    if numbers:
        numbers.allow("is_non_negative")
    if texts:
        texts.allow("domains")
    return FeatureConstraints(
        name=feature.text("name"),
        inferred_type=feature.choice("inferred_type", TYPES),
        completeness=feature.share("completeness") if feature.has("completeness") else None,
        is_non_negative=bool(numbers and numbers.has("is_non_negative") and numbers.flag("is_non_negative")),
        domains=tuple(texts.texts("domains")) if texts and texts.has("domains") else None,
        config=config,
    )


def _config(document: Document, config: MonitoringConfig) -> MonitoringConfig:
    """`config` with what the document says."""
    switches, thresholds = (
        ("evaluate_constraints", "emit_metrics"),
        ("datatype_check_threshold", "domain_content_threshold"),
    )
    document.allow(*switches, *thresholds, "distribution_constraints")
    changes = _switches(document, switches) | _thresholds(document, thresholds)
    distribution = document.optional("distribution_constraints")
    return replace(config, **changes, **(_distribution(distribution) if distribution else {}))


def _distribution(document: Document) -> dict[str, Any]:
    switches, thresholds = ("perform_comparison",), ("comparison_threshold", "categorical_comparison_threshold")
    document.allow(*switches, *thresholds, "comparison_method", "categorical_drift_method")
    changes = _switches(document, switches) | _thresholds(document, thresholds)
    if document.has("comparison_method"):
        changes["robust"] = document.choice("comparison_method", (*SIMPLE, *ROBUST)) in ROBUST
    if document.has("categorical_drift_method"):
        # the guide names ChiSquared, too, without saying how its figure is held against the threshold
        document.choice("categorical_drift_method", ("LInfinity",))
    return changes


def _switches(document: Document, keys: tuple[str, ...]) -> dict[str, Any]:
    return {key: document.choice(key, (ENABLED, DISABLED)) == ENABLED for key in keys if document.has(key)}


def _thresholds(document: Document, keys: tuple[str, ...]) -> dict[str, Any]:
    return {key: document.share(key) for key in keys if document.has(key)}
