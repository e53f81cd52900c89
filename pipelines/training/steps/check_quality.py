"""CheckQuality: is the candidate good enough to be registered?"""

from __future__ import annotations

from sagemaker.core.workflow.conditions import ConditionEquals
from sagemaker.mlops.workflow import ConditionStep, FailStep, ModelStep
from sagemaker.mlops.workflow.quality_check_step import QualityCheckStep

from pipelines.training.steps.evaluate_model import evaluated

NAME = "CheckQuality"
# The checks of processing/gates.py, in evaluation.json by their names.
GATES = ("accuracy", "champion")
PASSED = "passed"


def check_quality(accept: list[QualityCheckStep | ModelStep | ConditionStep], reject: FailStep) -> ConditionStep:
    """Accepts if every gate passed: accuracy >= AccuracyThreshold, and not significantly worse than the champion."""
    return ConditionStep(
        name=NAME,
        description="Accuracy must reach AccuracyThreshold and not fall behind the champion's",
        conditions=[ConditionEquals(left=evaluated(f"outcomes.{gate}"), right=PASSED) for gate in GATES],
        if_steps=accept,
        else_steps=[reject],
    )
