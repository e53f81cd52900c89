"""The step types, by the word of the definition. A further type is a further file here and a line below."""

from local_aws.sagemaker.pipeline.steps.base import StepType
from local_aws.sagemaker.pipeline.steps.condition import ConditionStep
from local_aws.sagemaker.pipeline.steps.endpoint import EndpointStep
from local_aws.sagemaker.pipeline.steps.endpoint_config import EndpointConfigStep
from local_aws.sagemaker.pipeline.steps.fail import FailStep
from local_aws.sagemaker.pipeline.steps.lambda_function import LambdaStep
from local_aws.sagemaker.pipeline.steps.model import ModelStep
from local_aws.sagemaker.pipeline.steps.processing import PROCESSING
from local_aws.sagemaker.pipeline.steps.quality_check import QualityCheckStep
from local_aws.sagemaker.pipeline.steps.register_model import RegisterModelStep
from local_aws.sagemaker.pipeline.steps.training import TRAINING
from local_aws.sagemaker.pipeline.steps.transform import TRANSFORM

_ALL: tuple[StepType, ...] = (
    PROCESSING,
    TRAINING,
    TRANSFORM,
    ModelStep(),
    RegisterModelStep(),
    EndpointConfigStep(),
    EndpointStep(),
    LambdaStep(),
    QualityCheckStep(),
    ConditionStep(),
    FailStep(),
)
STEP_TYPES: dict[str, StepType] = {step_type.type: step_type for step_type in _ALL}
