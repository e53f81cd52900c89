"""Transform: runs a batch transform job."""

from local_aws.sagemaker.pipeline.steps.job import JobStep

TRANSFORM = JobStep(
    type="Transform",
    resource="TransformJob",
    cache_keys=("DataProcessing", "Environment", "ModelName", "TransformInput"),
)
