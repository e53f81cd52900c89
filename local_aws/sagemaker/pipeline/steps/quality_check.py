"""QualityCheck: a processing job of the monitoring container that calculates a baseline, and checks against another.

https://docs.aws.amazon.com/sagemaker/latest/dg/pipelines-quality-clarify-baseline-lifecycle.html says which baseline
is which; the places of a baseline in the container are those of a monitoring schedule's job ("Container Contract
Inputs").
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from local_aws.objects import S3Uri
from local_aws.sagemaker.pipeline.expressions import expression_kind
from local_aws.sagemaker.pipeline.steps.base import BadStep, Call, Failure, Progress, Start
from local_aws.sagemaker.pipeline.steps.drift_baseline import PACKAGE_MEMBERS, Baseline, NoBaseline, earlier_baseline
from local_aws.sagemaker.pipeline.steps.processing import PROCESSING
from local_aws.sagemaker.pipeline.structure import Step

SUPPLIED = ("ModelPackageGroupName", "SuppliedBaselineStatistics", "SuppliedBaselineConstraints")
# with what a flag is where it is left out, as the SDK has it
FLAGS = {"SkipCheck": False, "FailOnViolation": True, "RegisterNewBaseline": False}
CALCULATED, USED = "CalculatedBaseline", "BaselineUsedForDriftCheck"
BASELINE_FOLDERS = {
    "Statistics": "/opt/ml/processing/baseline/stats",
    "Constraints": "/opt/ml/processing/baseline/constraints",
}
VIOLATIONS = "constraint_violations.json"
WITH_VIOLATIONS = "CompletedWithViolations"


@dataclass(frozen=True)
class QualityCheckStep:
    """Arguments: Arguments, a CreateProcessingJob request, and the members below. The properties are four URIs."""

    type: str = "QualityCheck"
    operation: str = "CreateProcessingJob"
    name_argument: str = "ProcessingJobName"
    variable: str | None = None
    # the developer guide's list, where the two configurations stand for what they put into the job's request;
    # FailOnViolation is younger than the list
    cache_keys: tuple[str, ...] | None = (
        *("Arguments.AppSpecification", "Arguments.Environment", "Arguments.ProcessingInputs"),
        *("CheckType", *FLAGS, *SUPPLIED),
    )
    members: tuple[str, ...] = ("CheckType", *FLAGS, *SUPPLIED)
    retryable: bool = False

    def check(self, step: Step) -> None:
        kind = step.arguments.get("CheckType")
        if kind not in PACKAGE_MEMBERS:
            raise BadStep(f"CheckType must be one of {', '.join(PACKAGE_MEMBERS)}, not {kind!r}")
        for flag in FLAGS:
            value = step.arguments.get(flag)
            if not (value is None or isinstance(value, bool) or expression_kind(value)):
                raise BadStep(f"{flag} must be true, false or an expression, not {value!r}")
        for member in SUPPLIED:
            value = step.arguments.get(member)
            if not (value is None or isinstance(value, str) or expression_kind(value)):
                raise BadStep(f"{member} must be a string or an expression, not {value!r}")
        outputs = (step.arguments["Arguments"].get("ProcessingOutputConfig") or {}).get("Outputs") or []
        if len(outputs) != 1:
            raise BadStep(f"Arguments: a QualityCheck step has one output, for its reports, not {len(outputs)}")

    def start(self, start: Start, call: Call) -> Progress:
        members, request = start.arguments, start.arguments["Arguments"]
        try:
            flags = _flags(members)
            needed = not (flags["SkipCheck"] and flags["RegisterNewBaseline"])
            earlier = earlier_baseline(members["CheckType"], members, call) if needed else None
        except (BadStep, NoBaseline) as error:
            return Progress("Failed", failure=Failure(f"ClientError: {error}."))
        reports = request["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["S3Uri"].rstrip("/")
        calculated = Baseline(f"{reports}/statistics.json", f"{reports}/constraints.json")
        if earlier and not flags["SkipCheck"]:
            request = _checking(request, earlier)
        used = earlier if earlier and not flags["RegisterNewBaseline"] else calculated
        job = PROCESSING.start(Start(start.step, request, start.resource_name), call)
        begun: dict[str, Any] = {
            "job": job.handle,
            "report": f"{reports}/{VIOLATIONS}",
            "fail_on_violation": flags.pop("FailOnViolation"),
            "properties": calculated.named(CALCULATED) | used.named(USED),
            "metadata": {
                "CheckType": members["CheckType"],
                **flags,
                "CheckJobArn": job.metadata["ProcessingJob"]["Arn"],
            },
        }
        if group := members.get("ModelPackageGroupName"):
            begun["metadata"]["ModelPackageGroupName"] = group
        return _progress(begun, "Executing")

    def poll(self, handle: str, call: Call) -> Progress:
        begun = json.loads(handle)
        job = PROCESSING.poll(begun["job"], call)
        told = str(job.properties.get("ExitMessage", ""))
        if job.status != "Succeeded" or not told.startswith(WITH_VIOLATIONS):
            return _progress(begun, job.status, job.failure)
        begun["metadata"]["ViolationReport"] = begun["report"]
        if not begun["fail_on_violation"]:
            return _progress(begun, "Succeeded")
        reason = f"ClientError: the check against the baseline found violations ({told}); see {begun['report']}"
        return _progress(begun, "Failed", Failure(reason))

    def stop(self, handle: str, call: Call) -> None:
        PROCESSING.stop(json.loads(handle)["job"], call)


def _flags(members: Mapping[str, Any]) -> dict[str, bool]:
    """The flags' values in this execution. Raises BadStep where an expression came to something else."""
    values = {flag: default if members.get(flag) is None else members[flag] for flag, default in FLAGS.items()}
    for flag, value in values.items():
        if not isinstance(value, bool):
            raise BadStep(f"{flag} must be true or false, not {value!r}")
    return values


def _checking(request: dict[str, Any], earlier: Baseline) -> dict[str, Any]:
    """The request with the earlier baseline mounted, and its files named to the container."""
    inputs, named = [], {}
    for member, folder in BASELINE_FOLDERS.items():
        uri = getattr(earlier, member)
        name = f"baseline_{member.lower()}"
        named[name] = f"{folder}/{PurePosixPath(S3Uri.parse(uri).key).name}"
        source = {"S3Uri": uri, "LocalPath": folder, "S3DataType": "S3Prefix", "S3InputMode": "File"}
        inputs.append({"InputName": name, "S3Input": source})
    return {
        **request,
        "ProcessingInputs": [*request.get("ProcessingInputs", []), *inputs],
        "Environment": {**request.get("Environment", {}), **named},
    }


def _progress(begun: dict[str, Any], status: str, failure: Failure | None = None) -> Progress:
    metadata = {"QualityCheck": begun["metadata"] | begun["properties"]}
    return Progress(status, metadata, begun["properties"], json.dumps(begun), failure)
