"""The standard deviation of metrics as the service has it: from five random samples of 80% of the data.

https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-model-quality-metrics.html
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from .model_quality_samples import Samples

FEWEST_SAMPLES = 200
DRAWS = 5
SHARE = 0.8
# so that the same data give the same figures
SEED = 20201201


def standard_deviations(samples: Samples, figures: Callable[[Samples], dict[str, float]]) -> dict[str, float]:
    """Of each metric that `figures` gives (with n - 1 in the denominator); NaN for fewer than 200 samples.

    NaN too where the metric is undefined in one of the draws.
    """
    if len(samples) < FEWEST_SAMPLES:
        return dict.fromkeys(figures(samples), math.nan)
    generator = np.random.default_rng(SEED)
    size = int(SHARE * len(samples))
    drawn = [figures(samples.take(generator.permutation(len(samples))[:size])) for _ in range(DRAWS)]
    return {name: float(np.std([values[name] for values in drawn], ddof=1)) for name in drawn[0]}
