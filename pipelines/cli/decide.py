"""`scones approve` and `scones reject`: an approver's decision, and what follows from it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli.options import (
    EndpointOption,
    GroupOption,
    JsonOption,
    TargetChoice,
    TargetOption,
    VersionArgument,
    WaitOption,
    connect,
)
from pipelines.names import DEPLOYMENT_PIPELINE_NAME, ENDPOINT_NAME, MODEL_PACKAGE_GROUP_NAME

if TYPE_CHECKING:
    from pipelines.decisions import Decision
    from pipelines.registry import ModelVersion
    from pipelines.session import Target

REFUSED = 3
WRONG_USAGE = 2
STARTED_WITHIN = 180.0
POLL_SECONDS = 0.5

ReasonOption = Annotated[str, typer.Option("--reason", help="Why; it stays in the registry.", show_default=False)]
ForceOption = Annotated[bool, typer.Option("--force", help="Decide again on a version that is decided already.")]


def approve(
    version: VersionArgument,
    reason: ReasonOption,
    force: ForceOption = False,
    wait: WaitOption = False,
    group: GroupOption = MODEL_PACKAGE_GROUP_NAME,
    target: TargetOption = TargetChoice.local,
    as_json: JsonOption = False,
) -> None:
    """Approve a version. The event of that starts its deployment; --wait follows it.

    Exit codes: 3 the version is not one to decide on; with --wait also 0 it serves, 1 anything else.
    """
    from pipelines.cli.screen import print_json
    from pipelines.decisions import APPROVED

    place = connect(target)
    chosen, decision = _decide(place, group, version, APPROVED, reason, force)
    if as_json and not wait:
        print_json(_shown(chosen, decision))
    elif not as_json:
        print(f"Version {chosen.version} is approved. Its deployment starts by itself.", flush=True)
    if wait:
        _follow(place, chosen, decision, as_json)
    elif not as_json:
        print(f"Follow it with `scones executions --pipeline {DEPLOYMENT_PIPELINE_NAME}`.")


def reject(
    version: VersionArgument,
    reason: ReasonOption,
    force: ForceOption = False,
    group: GroupOption = MODEL_PACKAGE_GROUP_NAME,
    endpoint: EndpointOption = ENDPOINT_NAME,
    target: TargetOption = TargetChoice.local,
    as_json: JsonOption = False,
) -> None:
    """Reject a version. One that serves goes on serving until another is deployed.

    Exit code 3: the version is not one to decide on.
    """
    from pipelines.cli.screen import print_json
    from pipelines.decisions import REJECTED
    from pipelines.live_endpoint import serving_package

    place = connect(target)
    chosen, decision = _decide(place, group, version, REJECTED, reason, force)
    serves = serving_package(place.client("sagemaker"), endpoint) == chosen.arn
    if as_json:
        print_json({**_shown(chosen, decision), "serves": serves})
        return
    print(f"Version {chosen.version} is rejected.")
    if serves:
        print(f"It serves at {endpoint}, and goes on: `scones rollback --wait` goes back to the version before it.")


def _decide(
    place: Target, group: str, version: str, status: str, reason: str, force: bool
) -> tuple[ModelVersion, Decision]:
    from datetime import datetime, timezone

    from pipelines.decisions import Decision, DecisionRefused, ReasonMissing, check_decidable, check_reason, decide
    from pipelines.identity import caller
    from pipelines.registry import find_in_group

    try:
        reason = check_reason(reason)
    except ReasonMissing as error:
        print(f"scones: {error}", file=sys.stderr)
        raise typer.Exit(WRONG_USAGE) from None
    sagemaker = place.client("sagemaker")
    chosen = find_in_group(sagemaker, group, version)
    try:
        check_decidable(chosen, status, force)
    except DecisionRefused as error:
        print(f"scones: {error}", file=sys.stderr)
        raise typer.Exit(REFUSED) from None
    decision = Decision(status, reason, caller(place.client("sts")), datetime.now(timezone.utc))
    decide(sagemaker, chosen, decision)
    return chosen, decision


def _follow(place: Target, version: ModelVersion, decision: Decision, as_json: bool) -> None:
    from pipelines.cli.deploy import report_deployment
    from pipelines.cli.run import follow_until_end

    arn = wait_for_deployment(place, version.arn, decision)
    if arn is None:
        print(
            f"scones: no deployment of version {version.version} has started within {STARTED_WITHIN:.0f} s: "
            f"`scones deploy {version.version}` starts it, and brings the rule up to date that should have",
            file=sys.stderr,
        )
        raise typer.Exit(1)
    report_deployment(follow_until_end(place, arn, as_json), version, ENDPOINT_NAME, as_json)


def wait_for_deployment(place: Target, package_arn: str, decision: Decision) -> str | None:
    """The execution that the approval's event starts; None where none has started within STARTED_WITHIN."""
    import time

    from pipelines.cli.compile import spinner
    from pipelines.decisions import deployment_of

    deadline = time.monotonic() + STARTED_WITHIN
    with spinner("Waiting for the deployment to start"):
        while (arn := deployment_of(place.client("sagemaker"), package_arn, decision.at)) is None:
            if time.monotonic() > deadline:
                return None
            time.sleep(POLL_SECONDS)
    return arn


def _shown(version: ModelVersion, decision: Decision) -> dict[str, object]:
    return {
        "version": version.version,
        "arn": version.arn,
        "approval_status": decision.status,
        "reason": decision.reason,
        "decided_by": decision.by,
        "decided_at": decision.at,
    }
