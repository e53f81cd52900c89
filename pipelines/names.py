"""What this project's resources are called, on AWS and here, unless somebody says otherwise."""

PIPELINE_NAME = "SconesTraining"
MODEL_PACKAGE_GROUP_NAME = "SconesDeliveryVehicles"
DEPLOYMENT_PIPELINE_NAME = "SconesDeployment"
ENDPOINT_NAME = "scones-delivery-vehicles"
SAFEGUARDS_FUNCTION_NAME = "scones-endpoint-safeguards"
WORKFLOW_STACK_NAME = "scones-workflow"
MONITOR_STACK_NAME = "scones-monitor"
RETRAINING_STACK_NAME = "scones-retraining"
BUILD_PROJECT_NAME = "scones-training"
GROUND_TRUTH_PREFIX = "scones/ground-truth"
# in the order of the model's answer: [p_bicycle, p_motorcycle]
CLASSES = ("bicycle", "motorcycle")
