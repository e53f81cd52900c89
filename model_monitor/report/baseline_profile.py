"""A baseline's statistics.json and constraints.json as what a comparison needs, feature by feature. Pure.

https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-interpreting-statistics.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model_monitor.baseline import BaselineUnusable

NUMERIC = frozenset({"Integral", "Fractional"})
DEFAULT_BAR = 0.1
# "Simple" and "Robust" are the SDK's words, the others those of the guide
ROBUST = frozenset({"Robust", "linf_robust"})
OVERRIDES = ("monitoringConfigOverrides", "monitoring_config_overrides")


@dataclass(frozen=True)
class Bucket:
    """How many values lie from `lower` on and below `upper`; the last bucket of a feature has its upper bound too."""

    lower: float
    upper: float
    count: int


@dataclass(frozen=True)
class FeatureBaseline:
    """A feature as it was. `values` are in order, with `ranks` values not above each: numbers only.

    `bar` is the distance above which the feature has drifted, None where it is not compared; `completeness` the share
    of records that have it at least, None where that is not asked.
    """

    name: str
    kind: str
    present: int
    missing: int
    values: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    ranks: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    buckets: tuple[Bucket, ...] = ()
    categories: Mapping[str, int] = field(default_factory=dict)
    bar: float | None = None
    robust: bool = True
    completeness: float | None = None

    @property
    def is_number(self) -> bool:
        return self.kind in NUMERIC

    @property
    def missing_share(self) -> float | None:
        return self.missing / (self.present + self.missing) if self.present + self.missing else None

    def quantile(self, share: float) -> float | None:
        """The smallest value that at least this share of values is not above; None without values."""
        if not len(self.values):
            return None
        return float(self.values[int(np.searchsorted(self.ranks, share * self.ranks[-1], side="left"))])


@dataclass(frozen=True)
class BaselineProfile:
    """`items` counts the records that the baseline was made of."""

    items: int
    features: Mapping[str, FeatureBaseline]


def profile_of(statistics: Mapping[str, Any], constraints: Mapping[str, Any]) -> BaselineProfile:
    """Features in the order of the statistics; those that only the constraints name are left out.

    Raises BaselineUnusable for what Model Monitor would not have written.
    """
    try:
        general = constraints.get("monitoring_config") or {}
        asked = {str(one["name"]): one for one in constraints.get("features") or ()}
        features = [_feature(one, asked.get(str(one["name"])), general) for one in statistics["features"]]
        return BaselineProfile(int(statistics["dataset"]["item_count"]), {one.name: one for one in features})
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise BaselineUnusable(f"the baseline is not what Model Monitor writes: {error!r}") from error


def _feature(one: Mapping[str, Any], asked: Mapping[str, Any] | None, general: Mapping[str, Any]) -> FeatureBaseline:
    kind = str(one.get("inferred_type", "Unknown"))
    figures = one.get("numerical_statistics" if kind in NUMERIC else "string_statistics") or {}
    common, distribution = figures.get("common") or {}, figures.get("distribution") or {}
    kll = distribution.get("kll") or {}
    values, ranks = _cumulated((kll.get("sketch") or {}).get("data") or [])
    return FeatureBaseline(
        name=str(one["name"]),
        kind=kind,
        present=int(common.get("num_present", 0)),
        missing=int(common.get("num_missing", 0)),
        values=values,
        ranks=ranks,
        buckets=tuple(
            Bucket(float(each["lower_bound"]), float(each["upper_bound"]), int(each["count"]))
            for each in kll.get("buckets") or ()
        ),
        categories={
            str(each["value"]): int(each["count"])
            for each in (distribution.get("categorical") or {}).get("buckets") or ()
        },
        **_bars(asked, general, kind),
    )


def _cumulated(levels: list[list[float]]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """A value of level h stands for 2^h of them."""
    values = np.concatenate([np.asarray(level, dtype=np.float64) for level in levels]) if levels else np.empty(0)
    if not np.isfinite(values).all():
        raise ValueError("a sketch has a number that is not finite")
    weights = np.repeat(np.array([1 << height for height in range(len(levels))], dtype=np.int64), [*map(len, levels)])
    order = np.argsort(values, kind="stable")
    return values[order], np.cumsum(weights[order])


def _bars(asked: Mapping[str, Any] | None, general: Mapping[str, Any], kind: str) -> dict[str, Any]:
    if asked is None:
        return {}
    own: Mapping[str, Any] = next((asked[key] for key in OVERRIDES if asked.get(key)), {})
    compared = {**(general.get("distribution_constraints") or {}), **(own.get("distribution_constraints") or {})}
    enabled = {**general, **own}.get("evaluate_constraints", "Enabled") == "Enabled"
    enabled = enabled and compared.get("perform_comparison", "Enabled") == "Enabled"
    bar = float(compared.get("comparison_threshold", DEFAULT_BAR))
    if kind == "String":
        bar = float(compared.get("categorical_comparison_threshold", bar))
    completeness = asked.get("completeness")
    return {
        "bar": bar if enabled else None,
        "robust": compared.get("comparison_method", "Robust") in ROBUST,
        "completeness": None if completeness is None else float(completeness),
    }
