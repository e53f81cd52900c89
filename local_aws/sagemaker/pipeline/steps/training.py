"""Training: runs a training job."""

from local_aws.sagemaker.pipeline.steps.job import JobStep

TRAINING = JobStep(
    type="Training",
    resource="TrainingJob",
    variable="TrainingJobName",
    cache_keys=(
        "AlgorithmSpecification",
        "CheckpointConfig",
        "DebugHookConfig",
        "DebugRuleConfigurations",
        "Environment",
        "HyperParameters",
        "InputDataConfig",
    ),
)
