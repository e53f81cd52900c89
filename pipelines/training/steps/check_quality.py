"""CheckQuality: is the candidate good enough to be registered?"""

from __future__ import annotations

from sagemaker.core.workflow.conditions import ConditionGreaterThanOrEqualTo
from sagemaker.mlops.workflow import ConditionStep, FailStep, ModelStep

from pipelines.training.parameters import TrainingParameters
from pipelines.training.steps.evaluate_model import measured_accuracy

NAME = "CheckQuality"


def check_quality(
    parameters: TrainingParameters, accept: list[ModelStep | ConditionStep], reject: FailStep
) -> ConditionStep:
    """Accepts if accuracy >= AccuracyThreshold, rejects otherwise."""
    return ConditionStep(
        name=NAME,
        description="Accuracy on the test set must reach AccuracyThreshold",
        conditions=[ConditionGreaterThanOrEqualTo(left=measured_accuracy(), right=parameters.accuracy_threshold)],
        if_steps=accept,
        else_steps=[reject],
    )
