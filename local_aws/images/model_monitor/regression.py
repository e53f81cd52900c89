"""The figures of a regression. Pure: samples to numbers, NaN where undefined.

Names: https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-model-quality-metrics.html
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .model_quality_samples import Samples


def figures(samples: Samples) -> dict[str, float]:
    """Mean absolute, mean squared and root of the mean squared error, and R²; R² needs labels that differ."""
    if not len(samples):
        return dict.fromkeys(("mae", "mse", "rmse", "r2"), math.nan)
    # a figure too large to be squared is no reason to fail
    with np.errstate(over="ignore", invalid="ignore"):
        errors = samples.labels - samples.predictions
        squared = float(np.square(errors).mean())
        spread = float(np.square(samples.labels - samples.labels.mean()).mean())
    return {
        "mae": float(np.abs(errors).mean()),
        "mse": squared,
        "rmse": math.sqrt(squared),
        "r2": 1 - squared / spread if spread else math.nan,
    }


def details(samples: Samples) -> dict[str, Any]:
    """Nothing more."""
    return {}
