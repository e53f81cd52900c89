"""CheckApproval: a model that is registered as Approved is deployed by the execution that trained it."""

from __future__ import annotations

from sagemaker.core.workflow.conditions import ConditionEquals
from sagemaker.mlops.workflow import ConditionStep, ModelStep
from sagemaker.mlops.workflow.steps import Step

from pipelines.training.parameters import TrainingParameters

NAME = "CheckApproval"


def check_approval(parameters: TrainingParameters, register: ModelStep, deployment: list[Step]) -> ConditionStep:
    """Deploys if ModelApprovalStatus is Approved; else the execution ends with the registered model."""
    return ConditionStep(
        name=NAME,
        description="Deploys what was approved from the start",
        depends_on=[register],
        conditions=[ConditionEquals(left=parameters.model_approval_status, right="Approved")],
        if_steps=deployment,
        else_steps=[],
    )
