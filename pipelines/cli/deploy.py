"""`scones deploy`: brings a registered version into service."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.cli.options import (
    EndpointOption,
    JsonOption,
    ParamOption,
    TargetChoice,
    TargetOption,
    WaitOption,
    connect,
)
from pipelines.names import DEPLOYMENT_PIPELINE_NAME, ENDPOINT_NAME, MODEL_PACKAGE_GROUP_NAME

if TYPE_CHECKING:
    from pipelines.registry import ModelVersion
    from pipelines.session import Target
    from pipelines.submission import ExecutionStatus

REFUSED = 3


def deploy(
    version: Annotated[int | None, typer.Argument(help="Version to deploy; the newest approved if left out.")] = None,
    param: ParamOption = None,
    endpoint: EndpointOption = ENDPOINT_NAME,
    wait: WaitOption = False,
    target: TargetOption = TargetChoice.local,
    as_json: JsonOption = False,
) -> None:
    """Start the deployment pipeline for an approved version: a new endpoint, or a blue/green update of a live one.

    Exit codes: 3 the version is not approved; with --wait also 0 it serves, 1 anything else.
    """
    from pipelines.registry import list_versions
    from pipelines.version_choice import VersionNotApproved, version_to_deploy

    place = connect(target)
    try:
        chosen = version_to_deploy(list_versions(place.client("sagemaker"), MODEL_PACKAGE_GROUP_NAME), version)
    except VersionNotApproved as error:
        print(f"scones: {error}", file=sys.stderr)
        raise typer.Exit(REFUSED) from None
    deploy_version(place, chosen, endpoint, param or [], wait=wait, as_json=as_json)


def deploy_version(
    place: Target, version: ModelVersion, endpoint: str, param: list[str], *, wait: bool, as_json: bool
) -> None:
    """Start the deployment of a version, follow it if asked to, and say how it ended."""
    from pipelines.cli.run import follow_until_end
    from pipelines.cli.screen import print_json

    arn = start_deployment(place, version.arn, endpoint, param)
    if not as_json:
        print(f"Deploying version {version.version} to {endpoint}: {arn}", flush=True)
    if wait:
        report_deployment(follow_until_end(place, arn, as_json), version, endpoint, as_json)
    elif as_json:
        print_json({"execution_arn": arn, "version": version.version, "endpoint": endpoint})
    else:
        print(f"Follow it with `scones executions --pipeline {DEPLOYMENT_PIPELINE_NAME}`.")


def start_deployment(place: Target, package_arn: str, endpoint: str, param: list[str]) -> str:
    """Bring the function and the pipeline up to date, and start it; returns the execution's ARN.

    Raises MalformedParameter, StackFailed, InvalidEndpointName.
    """
    from pipelines.cli.run import bring_stack_up_to_date, read_parameters, register_and_start
    from pipelines.deployment.endpoint_safeguards.endpoint_name import check_endpoint_name

    check_endpoint_name(endpoint)
    values = {"ModelPackageArn": package_arn, "EndpointName": endpoint, **read_parameters(param)}
    bring_stack_up_to_date(place)
    return register_and_start(place, DEPLOYMENT_PIPELINE_NAME, values)


def report_deployment(execution: ExecutionStatus, version: ModelVersion, endpoint: str, as_json: bool) -> None:
    """Say how a deployment that has ended did; exit code 1 where it did not succeed."""
    from dataclasses import asdict

    from pipelines.cli.screen import print_json
    from pipelines.executions import failure

    if as_json:
        print_json(asdict(execution))
    if execution.status != "Succeeded":
        print(f"scones: {failure(execution)}", file=sys.stderr)
        raise typer.Exit(1)
    if not as_json:
        print(outcome(execution, version.version, endpoint))


def outcome(execution: ExecutionStatus, version: Any, endpoint: str) -> str:
    """What a deployment that succeeded has changed, in a sentence."""
    from pipelines.executions import function_outputs

    plan = function_outputs(execution, "PlanDeployment")
    if plan.get("Action") == "none":
        return f"Nothing to change: {plan['Reason']}"
    if plan.get("Action") == "superseded":
        return f"Version {version} gave way: {plan['Reason']}"
    monitoring = _monitoring(execution)
    watched = f" Monitoring: {monitoring}." if monitoring else ""
    return f"Version {version} serves at {endpoint}. Look: `scones endpoint`, ask it: `scones invoke IMAGE`.{watched}"


def _monitoring(execution: ExecutionStatus) -> str:
    """What became of the endpoint's schedules, "" where it has none."""
    from pipelines.executions import function_outputs

    said = (function_outputs(execution, step.name).get("Monitoring", "") for step in execution.steps)
    return next((one for one in said if one and one != "nothing scheduled"), "")
