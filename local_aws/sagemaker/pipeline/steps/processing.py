"""Processing: runs a processing job. Its property files are read when another step asks for them."""

from local_aws.sagemaker.pipeline.steps.job import JobStep

PROCESSING = JobStep(
    type="Processing",
    resource="ProcessingJob",
    variable="ProcessingJobName",
    cache_keys=("AppSpecification", "Environment", "ProcessingInputs"),
)
