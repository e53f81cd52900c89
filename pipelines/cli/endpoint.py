"""`scones endpoint`: what serves, and how it does."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli.options import EndpointOption, JsonOption, TargetChoice, TargetOption, connect
from pipelines.names import ENDPOINT_NAME

if TYPE_CHECKING:
    from pipelines.live_endpoint import LiveEndpoint, Traffic, Variant


def endpoint(
    name: EndpointOption = ENDPOINT_NAME,
    minutes: Annotated[int, typer.Option(min=1, max=1440, help="How far back requests and latency look.")] = 15,
    target: TargetOption = TargetChoice.local,
    as_json: JsonOption = False,
) -> None:
    """Show the endpoint: status, variants, model version, instances, and its latest requests."""
    from datetime import datetime, timezone

    from pipelines.cli.screen import print_json
    from pipelines.live_endpoint import describe_endpoint, recent_traffic

    place = connect(target)
    found = describe_endpoint(place.client("sagemaker"), name)
    traffic = recent_traffic(place.client("cloudwatch"), found, minutes, datetime.now(timezone.utc))
    if as_json:
        print_json({**asdict(found), "package_arn": found.package_arn, "traffic": asdict(traffic)})
    else:
        _show(found, traffic)


def _show(found: LiveEndpoint, traffic: Traffic) -> None:
    from rich.markup import escape

    from pipelines.cli.screen import console, facts, moment, styled, table

    about = facts(found.name)
    about.add_row("Status", styled(found.status))
    if found.failure_reason:
        about.add_row("Reason", escape(found.failure_reason))
    about.add_row("Changed", moment(found.modified))
    capture = f"{found.capture_percent} % of requests, to {found.capture_uri}" if found.capture_uri else "off"
    about.add_row("Data capture", capture)
    about.add_row(f"Last {traffic.minutes} min", _requests(traffic))
    variants = table("Variant", "Version>", "Capacity", "Weight>")
    for variant in found.variants:
        variants.add_row(variant.name, _version(variant), _capacity(variant), f"{variant.weight:g}")
    screen = console()
    screen.print(about)
    screen.print(variants)


def _requests(traffic: Traffic) -> str:
    if not traffic.invocations:
        return "no requests"
    said = f"{traffic.invocations} requests, {traffic.errors_4xx} refused (4xx), {traffic.errors_5xx} failed (5xx)"
    if traffic.p50_ms is None or traffic.p99_ms is None:
        return said
    return f"{said}; model latency p50 {traffic.p50_ms:.1f} ms, p99 {traffic.p99_ms:.1f} ms"


def _version(variant: Variant) -> str:
    return variant.package_arn.rsplit("/", 1)[-1] if variant.package_arn else "none"


def _capacity(variant: Variant) -> str:
    if variant.serverless_memory_mb is not None:
        return f"serverless, {variant.serverless_memory_mb} MB, {variant.serverless_max_concurrency} at a time"
    wanted = f", {variant.desired_count} wanted" if variant.desired_count != variant.current_count else ""
    return f"{variant.current_count} x {variant.instance_type}{wanted}"
