"""What this project's resources are called, on AWS and here, unless somebody says otherwise."""

PIPELINE_NAME = "SconesTraining"
MODEL_PACKAGE_GROUP_NAME = "SconesDeliveryVehicles"
