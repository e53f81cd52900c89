"""What the project costs on AWS: stated prices times measured work, so that cents can be told from dollars.

`python -m pipelines.readiness.costs` prints the table of docs/costs.md. Prices are on-demand list prices of US East
(N. Virginia): an estimate, without free tiers, savings plans, tax and transfer between regions. docs/costs.md says of
each price whether it was looked up, where and when.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from processing.prices import USD_PER_HOUR

HOURS_A_MONTH = 730
DAYS_A_MONTH = 30

# Seconds of work, as measured on two cores with 800 training and 200 test images, 30 epochs. A real job is billed
# from its instance's start: pulling the image and starting takes START_SECONDS more, which is an assumption.
START_SECONDS = 150
PROCESSING_SECONDS = {"ExtractCifar": 3.8, "PerturbTestSet": 2.8, "EvaluateModel": 3.9}
TRAINING_SECONDS = 45.0
TRANSFORM_SECONDS = 13.5
# AWS's own analyzer runs Spark, minutes where the local one takes 0.6 s: an assumption, start included. It runs in both
# baseline steps of a training run, and in each execution of a monitoring schedule.
ANALYZER_SECONDS = 300
BASELINES = 2
# one picture at the endpoint, and each of the workflow's three functions, measured through the API
ENDPOINT_SECONDS = 0.024
FUNCTION_SECONDS = 0.015
# installation, lint and tests: the bar that `make test` keeps
BUILD_MINUTES = 8

# https://aws.amazon.com/sagemaker/ai/pricing/: serverless inference of 2 GB, and its data in and out
SERVERLESS_2GB_SECOND = 0.00004
SERVERLESS_GB = 0.016
# https://aws.amazon.com/step-functions/pricing/, /lambda/pricing/, /s3/pricing/, /eventbridge/pricing/
STATE_TRANSITION = 0.025 / 1000
LAMBDA_REQUEST, LAMBDA_GB_SECOND = 0.20 / 1e6, 0.0000166667
S3_PUT, S3_GET, S3_GB_MONTH = 0.005 / 1000, 0.0004 / 1000, 0.023
CUSTOM_EVENT = 1.00 / 1e6
# https://aws.amazon.com/cloudwatch/pricing/
# an alarm over an expression is billed for each metric in it
ALARM_METRIC_MONTH, COMPOSITE_ALARM_MONTH, METRIC_MONTH, DASHBOARD_MONTH = 0.10, 0.50, 0.30, 3.00
LOGS_GB = 0.50
# https://aws.amazon.com/codebuild/pricing/, https://aws.amazon.com/kms/pricing/
BUILD_TYPE, BUILD_MINUTE = "BUILD_GENERAL1_MEDIUM", 0.01  # Linux
KEY_MONTH = 1.00

# the defaults: pipelines/training/parameters.py, pipelines/deployment/settings.py, model_monitor/job_definition.py
PROCESSING_TYPE, TRAINING_TYPE, SERVING_TYPE, MONITOR_TYPE = (
    "ml.m5.xlarge",
    "ml.m5.2xlarge",
    "ml.m5.large",
    "ml.m5.large",
)
FUNCTIONS, FUNCTION_GB, TRANSITIONS = 3, 0.5, 6
INTAKE_TRANSITIONS = 3
# what a picture leaves behind: its captured record and the workflow's log lines
PICTURE_BYTES, LOG_BYTES = 3_000, 6_000
# model_monitor/template.yaml, and the metrics of both schedules (14 features by two, five figures of quality)
ALARM_METRICS, COMPOSITE_ALARMS, METRICS, DASHBOARDS = 37, 1, 33, 1


@dataclass(frozen=True)
class Cost:
    """A line of the table: US dollars for the unit that `what` names, and how they come about."""

    what: str
    usd: float
    basis: str


def costs() -> Iterator[Cost]:
    """The table, in its order."""
    yield Cost("one training run", training_run(), _training_basis())
    yield Cost(
        "endpoint, one instance, a month",
        endpoint_month(),
        f"one {SERVING_TYPE} all the time; scaling adds up to three more while they are needed",
    )
    for pictures in (10_000, 1_000_000):
        yield Cost(
            f"endpoint, serverless, {pictures:,} pictures a month",
            serverless_month(pictures),
            f"2 GB, {ENDPOINT_SECONDS * 1000:g} ms each, nothing while nobody asks; cold starts not counted",
        )
    for times, told in ((24, "hourly"), (1, "daily")):
        yield Cost(
            f"monitor, {told}, a month",
            monitor_month(times),
            f"{2 * times * DAYS_A_MONTH} jobs of about {ANALYZER_SECONDS // 60} min on {MONITOR_TYPE}, "
            f"alarms over {ALARM_METRICS} metrics and one over them all, {METRICS} metrics, dashboard, key",
        )
    yield Cost(
        "workflow, 1,000 pictures",
        workflow(1000),
        f"{TRANSITIONS + INTAKE_TRANSITIONS} transitions and {FUNCTIONS} functions each, logs, events; "
        "without the endpoint",
    )
    yield Cost(
        "one build", BUILD_MINUTES * BUILD_MINUTE, f"CodeBuild, medium, {BUILD_MINUTES} min, without the training"
    )


def training_run() -> float:
    """All jobs of one execution."""
    processing = sum(seconds + START_SECONDS for seconds in PROCESSING_SECONDS.values())
    baselines = BASELINES * ANALYZER_SECONDS
    return (
        _hours(processing + baselines) * USD_PER_HOUR[PROCESSING_TYPE]
        + _hours(TRAINING_SECONDS + START_SECONDS) * USD_PER_HOUR[TRAINING_TYPE]
        + _hours(TRANSFORM_SECONDS + START_SECONDS) * USD_PER_HOUR[SERVING_TYPE]
    )


def endpoint_month(instances: int = 1) -> float:
    return instances * HOURS_A_MONTH * USD_PER_HOUR[SERVING_TYPE]


def serverless_month(pictures: int) -> float:
    return pictures * (ENDPOINT_SECONDS * SERVERLESS_2GB_SECOND + PICTURE_BYTES / 1e9 * SERVERLESS_GB)


def monitor_month(times_a_day: int) -> float:
    """Data quality and model quality, `times_a_day` each, and what stands all the time."""
    jobs = 2 * times_a_day * DAYS_A_MONTH * _hours(ANALYZER_SECONDS) * USD_PER_HOUR[MONITOR_TYPE]
    standing = ALARM_METRICS * ALARM_METRIC_MONTH + COMPOSITE_ALARMS * COMPOSITE_ALARM_MONTH + METRICS * METRIC_MONTH
    return jobs + standing + DASHBOARDS * DASHBOARD_MONTH + KEY_MONTH


def workflow(pictures: int) -> float:
    """From an object's arrival to its assignment."""
    functions = FUNCTIONS * (LAMBDA_REQUEST + FUNCTION_SECONDS * FUNCTION_GB * LAMBDA_GB_SECOND)
    storage = S3_PUT + 2 * S3_GET
    one = (TRANSITIONS + INTAKE_TRANSITIONS) * STATE_TRANSITION + functions + storage + CUSTOM_EVENT
    return pictures * (one + LOG_BYTES / 1e9 * LOGS_GB)


def table() -> str:
    """In Markdown, as docs/costs.md has it."""
    rows = [f"| {cost.what} | {_dollars(cost.usd)} | {cost.basis} |" for cost in costs()]
    return "\n".join(["| what | US dollars | how it comes about |", "|---|---:|---|", *rows])


def _training_basis() -> str:
    jobs = f"{len(PROCESSING_SECONDS)} processing jobs and {BASELINES} baselines on {PROCESSING_TYPE}"
    training = f"training on {TRAINING_TYPE} ({TRAINING_SECONDS:.0f} s of work)"
    return f"{jobs}, {training}, transform on {SERVING_TYPE}; {START_SECONDS} s to start each"


def _hours(seconds: float) -> float:
    return seconds / 3600


def _dollars(usd: float) -> str:
    return f"{usd:.3f}" if usd < 1 else f"{usd:.2f}"


if __name__ == "__main__":
    print(table())
