"""`scones workflow`: deploys the inference workflow, shows how it does, and deletes it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli.options import JsonOption, StackOption, TargetChoice, TargetOption, connect
from pipelines.names import ENDPOINT_NAME, WORKFLOW_STACK_NAME

if TYPE_CHECKING:
    from pipelines.workflow.health import WorkflowHealth

workflow = typer.Typer(
    help="The inference workflow: from a picture to an assignment.", no_args_is_help=True, rich_markup_mode=None
)
WRONG_USAGE = 2
COUNTED = ("Started", "Succeeded", "Not sure", "Failed", "Running now")


@workflow.command()
def deploy(
    param: Annotated[
        list[str] | None, typer.Option("--param", help="NAME=VALUE of a parameter of the template; may be repeated.")
    ] = None,
    endpoint: Annotated[
        str | None, typer.Option("--endpoint", help=f"Endpoint to ask; at first {ENDPOINT_NAME}.", show_default=False)
    ] = None,
    stack: StackOption = WORKFLOW_STACK_NAME,
    target: TargetOption = TargetChoice.local,
    as_json: JsonOption = False,
) -> None:
    """Deploy inference_workflow/template.yaml, or bring what is deployed up to date with it.

    A parameter that is not given keeps the value that it has.
    """
    from pipelines.cli.run import read_parameters
    from pipelines.cli.screen import following, print_json
    from pipelines.workflow.stack import deploy_workflow, inert

    place = connect(target)
    values = {**({"EndpointName": endpoint} if endpoint else {}), **read_parameters(param or [])}
    with following("Deploying the workflow", hidden=as_json) as watch:
        made = deploy_workflow(place, stack, {"EndpointName": ENDPOINT_NAME}, values, watch=watch)
    remarks = inert(place, stack)
    if as_json:
        print_json({"stack": made.name, "status": made.status, "outputs": made.outputs, "remarks": remarks})
        return
    print(f"Stack {made.name} is {made.status}; it asks the endpoint {made.outputs['EndpointName']}.")
    for resource, remark in remarks.items():
        print(f"  {resource}: {remark}")
    print(
        f"Classify pictures: `scones classify FILE`, or put them under s3://{made.outputs['ImageBucketName']}/incoming/."
    )


@workflow.command()
def status(
    stack: StackOption = WORKFLOW_STACK_NAME,
    minutes: Annotated[int, typer.Option(min=1, max=1440, help="How far back executions are counted.")] = 60,
    target: TargetOption = TargetChoice.local,
    as_json: JsonOption = False,
) -> None:
    """Show the workflow: its stack, executions, queues, alarms and endpoint."""
    from dataclasses import asdict
    from datetime import datetime, timezone

    from pipelines.cli.screen import print_json
    from pipelines.workflow.health import look_at

    found = look_at(connect(target), stack, minutes, datetime.now(timezone.utc))
    if as_json:
        print_json(asdict(found))
    else:
        _show(found)


@workflow.command()
def delete(
    stack: StackOption = WORKFLOW_STACK_NAME,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    target: TargetOption = TargetChoice.local,
) -> None:
    """Delete the workflow's stack, with its queues and what waits in them. The bucket stays, with its pictures."""
    from pipelines.cli.screen import following
    from pipelines.workflow.stack import delete_workflow, require_stack

    place = connect(target)
    require_stack(place, stack)
    if not yes and not sys.stdin.isatty():
        print("scones: nobody to ask: say --yes to delete the workflow", file=sys.stderr)
        raise typer.Exit(WRONG_USAGE)
    if not yes:
        typer.confirm(f"Delete stack {stack} on {target.value}, with what waits in its queues?", abort=True)
    with following("Deleting the workflow") as watch:
        bucket = delete_workflow(place, stack, watch=watch)
    print(f"Stack {stack} is deleted." + (f" Bucket {bucket} stays, with its pictures." if bucket else ""))


def _show(found: WorkflowHealth) -> None:
    from rich.markup import escape

    from pipelines.cli.screen import console, facts, styled, table

    about = facts(found.stack)
    about.add_row("Stack", styled(found.status))
    about.add_row("Endpoint", f"{found.endpoint} is {styled(found.endpoint_status)}")
    about.add_row("Pictures", f"s3://{found.bucket}/incoming/")
    for queue in found.queues:
        about.add_row(queue.name, f"{queue.waiting} waiting, {queue.in_flight} being looked at")
    machines = table("State machine", *(f"{title}>" for title in COUNTED), title=f"Last {found.minutes} min")
    for one in found.state_machines:
        counts = (one.started, one.succeeded, one.not_sure, one.failed - one.not_sure, one.running)
        machines.add_row(one.name, *map(str, counts))
    alarms = table("Alarm", "State", "Reason")
    for alarm in found.alarms:
        alarms.add_row(alarm.name, styled(alarm.state), escape(alarm.reason))
    screen = console()
    for part in (about, machines, alarms):
        screen.print(part)
