"""`scones up | down | status | env`: the local AWS of this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli.options import JsonOption, StateOption

if TYPE_CHECKING:
    from pipelines.local_server import LocalServer


def up(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0 takes a free one.")] = 0,
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Start the local AWS in the background."""
    from pipelines import local_server
    from pipelines.cli.screen import print_json

    folder = state or local_server.default_state()
    try:
        server = local_server.find(folder)
        news = "already running"
    except local_server.LocalServerNotRunning:
        server = local_server.start(folder, port)
        prepare_account(server)
        news = "ready"
    if as_json:
        print_json(_as_dict(server))
        return
    print(f"The local AWS is {news} at {server.url} (state in {folder}, log in {server.log_file}).")
    print('Next: `scones run --wait`, or `eval "$(scones env)"` to use the AWS CLI, boto3 or the SDK with it.')


def down(state: StateOption = None) -> None:
    """Stop the local AWS and every job it runs; its state is kept."""
    from pipelines import local_server

    folder = state or local_server.default_state()
    server = local_server.find(folder)
    local_server.stop(server)
    print(f"The local AWS at {server.url} is stopped; its state stays in {folder}.")


def status(state: StateOption = None, as_json: JsonOption = False) -> None:
    """Say whether the local AWS is running, and where. Exit code 1 if it is not."""
    from pipelines import local_server
    from pipelines.cli.screen import print_json

    server = local_server.find(state or local_server.default_state())
    if as_json:
        print_json(_as_dict(server))
        return
    print(f"The local AWS is running at {server.url} (process {server.pid}, state in {server.state}).")


def env(state: StateOption = None) -> None:
    """Print the exports that point the AWS CLI, boto3 and the SDK at the local AWS."""
    from pipelines import local_server
    from pipelines.session import open_target

    server = local_server.find(state or local_server.default_state())
    target = open_target("local", endpoint_url=server.url, environ={})
    variables = {
        "AWS_ENDPOINT_URL": server.url,
        "AWS_REGION": target.region,
        "AWS_DEFAULT_REGION": target.region,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "SAGEMAKER_PIPELINE_ROLE_ARN": target.role_arn,
        "ARTIFACT_BUCKET": target.bucket,
    }
    for name, value in variables.items():
        print(f"export {name}={value}")


def prepare_account(server: LocalServer) -> None:
    """Make what an AWS account has before this project arrives: the artifact bucket. Done twice, it changes nothing."""
    from pipelines.session import open_target

    target = open_target("local", endpoint_url=server.url, environ={})
    s3 = target.client("s3")
    if target.bucket not in {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}:
        s3.create_bucket(Bucket=target.bucket)


def _as_dict(server: LocalServer) -> dict[str, object]:
    return {
        "pid": server.pid,
        "port": server.port,
        "url": server.url,
        "region": server.region,
        "state": str(server.state),
    }
