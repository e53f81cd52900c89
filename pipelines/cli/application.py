"""All commands by name."""

from __future__ import annotations

import typer

from pipelines.cli import (
    classify,
    console,
    decide,
    definition,
    demo,
    deploy,
    doctor,
    endpoint,
    executions,
    invoke,
    logs,
    models,
    monitor,
    new,
    retrain,
    review,
    review_queue,
    rollback,
    run,
    server,
    stop,
    teardown,
    workflow,
)

app = typer.Typer(
    help="Train, gate, register and watch the model that tells bicycles from motorcycles, on AWS or on this machine.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain help: loading rich for it would double the time that --help takes
)

for command in (
    demo.demo,
    server.up,
    server.down,
    server.status,
    server.env,
    console.console,
    doctor.doctor,
    run.run,
    retrain.retrain,
    executions.executions,
    logs.logs,
    stop.stop,
    definition.definition,
    review.review,
    decide.approve,
    decide.reject,
    deploy.deploy,
    rollback.rollback,
    endpoint.endpoint,
    invoke.invoke,
    classify.classify,
    new.new,
    teardown.teardown,
):
    app.command()(command)
app.add_typer(models.models, name="models")
app.add_typer(monitor.monitor, name="monitor")
app.add_typer(workflow.workflow, name="workflow")
app.add_typer(review_queue.review_queue, name="review-queue")
