"""RejectModel: the execution fails, saying which check the candidate did not pass, with the figure and the
bar."""

from __future__ import annotations

from sagemaker.core.workflow.functions import Join
from sagemaker.mlops.workflow import FailStep

from pipelines.training.steps.evaluate_model import evaluated

NAME = "RejectModel"


def reject_model() -> FailStep:
    """The message reads: Model rejected: accuracy 0.81 is below AccuracyThreshold 0.85."""
    return FailStep(
        name=NAME,
        description="Ends the execution: the candidate is not good enough",
        error_message=Join(on=" ", values=["Model rejected:", evaluated("rejection")]),
    )
