"""`scones retrain`: trains again as the champion was trained, with the new images, if it may."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

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
from pipelines.names import ENDPOINT_NAME, PIPELINE_NAME
from pipelines.training.algorithms import PYTORCH, algorithm_named

if TYPE_CHECKING:
    from pipelines.retraining.permission import Permission, RetrainingRefused
    from pipelines.session import Target

REFUSED = 3
WRONG_USAGE = 2

ReasonOption = Annotated[
    str, typer.Option("--reason", help="Why; it stays on the execution and the version.", show_default=False)
]
TriggerOption = Annotated[str, typer.Option("--trigger", help="Who or what asks for it.")]
ForceOption = Annotated[bool, typer.Option("--force", help="Despite cool-down and daily limit; still one at a time.")]


def retrain(
    reason: ReasonOption,
    trigger: TriggerOption = "user",
    force: ForceOption = False,
    wait: WaitOption = False,
    param: ParamOption = None,
    algorithm: Annotated[
        str | None, typer.Option("--algorithm", help="What trains; the champion's algorithm if left out.")
    ] = None,
    endpoint: EndpointOption = ENDPOINT_NAME,
    target: TargetOption = TargetChoice.local,
    as_json: JsonOption = False,
) -> None:
    """Train again as the champion was trained, with the new images: those that humans answered for, and those put
    to s3://BUCKET/scones/new-images/CLASS/.

    Exit codes: 3 there may be no retraining now, and since when there may; with --wait also 0 the model is
    registered, 3 the gate rejected it, 1 anything else.
    """
    from pipelines.cli.run import read_parameters, report, start
    from pipelines.cli.screen import print_json
    from pipelines.retraining.permission import RetrainingRefused
    from pipelines.retraining.reason import ReasonRefused, check_text

    try:
        reason, trigger = check_text(reason, "--reason"), check_text(trigger, "--trigger")
        given = read_parameters(param or [])
        chosen = algorithm_named(algorithm).name if algorithm else None
    except ReasonRefused as error:
        print(f"scones: {error}", file=sys.stderr)
        raise typer.Exit(WRONG_USAGE) from None
    place = connect(target)
    permission = _permission(place, endpoint, reason, trigger, force)
    try:
        permission.check()
        values = _prepare(place, endpoint, reason, trigger, given, chosen, quiet=as_json)
        arn = permission.start(lambda: start(place, PIPELINE_NAME, values))
    except RetrainingRefused as error:
        print(f"scones: {_refusal(error, force)}", file=sys.stderr)
        raise typer.Exit(REFUSED) from None
    if not as_json:
        print(f"Started {arn}", flush=True)
    elif not wait:
        print_json({"execution_arn": arn, "parameters": values})
    if wait:
        from pipelines.cli.run import follow_until_end

        report(follow_until_end(place, arn, as_json), as_json)
    elif not as_json:
        print("Follow it with `scones executions`, stop it with `scones stop`.")


def _permission(place: Target, endpoint: str, reason: str, trigger: str, force: bool) -> Permission:
    import uuid
    from datetime import datetime, timezone

    from model_monitor.request_retraining.decision import Trigger
    from pipelines.retraining.permission import Permission, limits_in_force

    asks = Trigger(
        id=str(uuid.uuid4()),
        name=trigger,
        arn=place.client("sts").get_caller_identity()["Arn"],
        endpoint=endpoint,
        reason=reason,
        occurred_at=datetime.now(timezone.utc),
    )
    return Permission(place, asks, limits_in_force(place, endpoint), force)


def _prepare(
    place: Target,
    endpoint: str,
    reason: str,
    trigger: str,
    given: dict[str, str],
    algorithm: str | None,
    quiet: bool,
) -> dict[str, str]:
    """All that an execution needs, the registered pipeline among it; the parameters to start it with."""
    from pipelines.cli.compile import Variant
    from pipelines.cli.options import DatasetChoice
    from pipelines.cli.run import bring_stack_up_to_date, make_ready_to_deploy, register, stage
    from pipelines.retraining import retraining_parameters
    from pipelines.retraining.recipe import champion_training

    def tell(line: str) -> None:
        if not quiet:
            print(f"{line[0].upper()}{line[1:]}", flush=True)

    champion = champion_training(place.client("sagemaker"))
    trained_by = algorithm or champion.algorithm or PYTORCH.name
    pretrain = algorithm_named(trained_by).brings_code and champion.pretrained
    values = retraining_parameters(
        place, reason, trigger, values=given, algorithm=trained_by, endpoint=endpoint, tell=tell
    )
    if "InputDataUri" not in values:
        values["InputDataUri"] = stage(place, DatasetChoice.auto)[1]
    make_ready_to_deploy(place)
    if values.get("ModelApprovalStatus") == "Approved":
        # the deployment's steps are this execution's own
        bring_stack_up_to_date(place)
    register(place, PIPELINE_NAME, values, Variant(trained_by, pretrain))
    return values


def _refusal(error: RetrainingRefused, force: bool) -> str:
    from pipelines.cli.screen import moment

    told = f"no retraining now: {error}"
    if error.until is None:
        return f"{told}: `scones executions` lists what runs"
    others = "" if force else "; --force goes before cool-down and daily limit"
    return f"{told}; allowed from {error.until.isoformat(timespec='seconds')} ({moment(error.until)} here){others}"
