"""What jobs would cost on AWS: an estimate from list prices, to tell cents from dollars."""

from processing.lineage import JobRecord

# On-demand prices of SageMaker processing, training and batch transform instances, US dollars an hour, as
# listed for US East (N. Virginia). Other regions, savings plans, storage and transfer are not in them. docs/costs.md
# says which of them were looked up, and where.
SOURCE = "aws.amazon.com/sagemaker/ai/pricing, us-east-1"
AS_OF = "2026"
USD_PER_HOUR = {
    "ml.t3.medium": 0.05,
    "ml.t3.large": 0.10,
    "ml.t3.xlarge": 0.20,
    "ml.m5.large": 0.115,
    "ml.m5.xlarge": 0.23,
    "ml.m5.2xlarge": 0.461,
    "ml.m5.4xlarge": 0.922,
    "ml.c5.xlarge": 0.204,
    "ml.c5.2xlarge": 0.408,
    "ml.c5.4xlarge": 0.816,
    "ml.c6i.large": 0.102,
    "ml.c6i.xlarge": 0.204,
    "ml.c6i.2xlarge": 0.408,
    "ml.c6i.4xlarge": 0.816,
    # with GPUs
    "ml.g4dn.xlarge": 0.736,
    "ml.g4dn.2xlarge": 0.94,
    "ml.g4dn.4xlarge": 1.505,
    "ml.g5.xlarge": 1.408,
    "ml.g5.2xlarge": 1.515,
    "ml.g5.4xlarge": 2.03,
    "ml.p3.2xlarge": 3.825,
}


def estimated_cost(job: JobRecord) -> float | None:
    """US dollars for the seconds that a job took on all its instances; None where time or price is unknown."""
    price = USD_PER_HOUR.get(job.instance_type)
    if price is None or job.seconds is None:
        return None
    return job.seconds / 3600 * price * job.instance_count
