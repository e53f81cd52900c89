"""What an operator may set when starting an execution of the training pipeline. Imports the SageMaker SDK."""

from __future__ import annotations

from dataclasses import dataclass, fields

from sagemaker.core.workflow.parameters import Parameter, ParameterFloat, ParameterInteger, ParameterString

from pipelines.champion import CHAMPION_PREDICTIONS_URI
from pipelines.retraining.parameters import NEW_IMAGES_URI
from pipelines.retraining.reason import BY_HAND, TRAINING_REASON, TRAINING_TRIGGER, USER
from pipelines.training.algorithms import Algorithm

# fields that nothing reads but the code of training/
OF_OUR_CODE = frozenset({"seed", "use_pretrained_model"})
APPROVAL_STATUSES = ["PendingManualApproval", "Approved", "Rejected"]

# CPU types only: the image URIs are compiled in, and they are those of the CPU images.
PROCESSING_INSTANCE_TYPES = [
    "ml.t3.medium",
    "ml.t3.large",
    "ml.t3.xlarge",
    "ml.m5.large",
    "ml.m5.xlarge",
    "ml.m5.2xlarge",
    "ml.m5.4xlarge",
    "ml.c5.xlarge",
    "ml.c5.2xlarge",
]
# Only types that serve both batch transform and endpoints: what scored the test set must be able to serve.
INFERENCE_INSTANCE_TYPE = "ml.m5.large"
INFERENCE_INSTANCE_TYPES = [
    "ml.m5.large",
    "ml.m5.xlarge",
    "ml.m5.2xlarge",
    "ml.c5.xlarge",
    "ml.c5.2xlarge",
    "ml.c6i.large",
    "ml.c6i.xlarge",
    "ml.c6i.2xlarge",
]


@dataclass(frozen=True)
class TrainingParameters:
    """The parameters of the training pipeline, in the order in which the definition lists them.

    `left_out` are the fields that this definition does not declare, as setting them would change nothing.
    """

    input_data_uri: ParameterString
    processing_instance_type: ParameterString
    processing_instance_count: ParameterInteger
    training_instance_type: ParameterString
    inference_instance_type: ParameterString
    epochs: ParameterInteger
    learning_rate: ParameterFloat
    seed: ParameterInteger
    use_pretrained_model: ParameterInteger
    accuracy_threshold: ParameterFloat
    model_approval_status: ParameterString
    champion_predictions_uri: ParameterString
    endpoint_name: ParameterString
    new_images_uri: ParameterString
    training_reason: ParameterString
    training_trigger: ParameterString
    left_out: frozenset[str] = frozenset()

    def as_list(self) -> list[Parameter]:
        apart = {*self.left_out, "left_out"}
        return [getattr(self, field.name) for field in fields(self) if field.name not in apart]


def training_parameters(
    algorithm: Algorithm, input_data_uri: str, champion_predictions_uri: str, endpoint_name: str, new_images_uri: str
) -> TrainingParameters:
    """The parameters with their defaults, for training those of `algorithm`.

    `input_data_uri` is the S3 URI of the CIFAR-100 archive (one .tar.gz), `champion_predictions_uri` that of a
    predictions.csv to compare with, `endpoint_name` the endpoint that a model approved from the start is deployed to,
    `new_images_uri` a prefix with further training images, CLASS/….

    Reason and trigger must be such as a version's metadata holds: `pipelines.retraining.reason` makes them fit."""
    return TrainingParameters(
        input_data_uri=ParameterString("InputDataUri", default_value=input_data_uri),
        processing_instance_type=ParameterString(
            "ProcessingInstanceType", default_value="ml.m5.xlarge", enum_values=PROCESSING_INSTANCE_TYPES
        ),
        processing_instance_count=ParameterInteger("ProcessingInstanceCount", default_value=1),
        training_instance_type=ParameterString(
            "TrainingInstanceType",
            default_value=algorithm.training_instance_type,
            enum_values=list(algorithm.training_instance_types),
        ),
        inference_instance_type=ParameterString(
            "InferenceInstanceType", default_value=INFERENCE_INSTANCE_TYPE, enum_values=INFERENCE_INSTANCE_TYPES
        ),
        epochs=ParameterInteger("Epochs", default_value=algorithm.epochs),
        learning_rate=ParameterFloat("LearningRate", default_value=algorithm.learning_rate),
        seed=ParameterInteger("Seed", default_value=1),
        # 1: features of a net that has learnt ImageNet beside our own; 0: our own alone
        use_pretrained_model=ParameterInteger("UsePretrainedModel", default_value=1),
        accuracy_threshold=ParameterFloat("AccuracyThreshold", default_value=0.85),
        model_approval_status=ParameterString(
            "ModelApprovalStatus", default_value="PendingManualApproval", enum_values=APPROVAL_STATUSES
        ),
        champion_predictions_uri=ParameterString(CHAMPION_PREDICTIONS_URI, default_value=champion_predictions_uri),
        endpoint_name=ParameterString("EndpointName", default_value=endpoint_name),
        new_images_uri=ParameterString(NEW_IMAGES_URI, default_value=new_images_uri),
        training_reason=ParameterString(TRAINING_REASON, default_value=BY_HAND),
        training_trigger=ParameterString(TRAINING_TRIGGER, default_value=USER),
        left_out=frozenset() if algorithm.brings_code else OF_OUR_CODE,
    )
