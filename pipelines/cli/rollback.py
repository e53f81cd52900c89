"""`scones rollback`: goes back to the approved version before the one that serves."""

from __future__ import annotations

from pipelines.cli.options import (
    EndpointOption,
    JsonOption,
    ParamOption,
    TargetChoice,
    TargetOption,
    WaitOption,
    connect,
)
from pipelines.names import ENDPOINT_NAME, MODEL_PACKAGE_GROUP_NAME


def rollback(
    param: ParamOption = None,
    endpoint: EndpointOption = ENDPOINT_NAME,
    wait: WaitOption = False,
    target: TargetOption = TargetChoice.local,
    as_json: JsonOption = False,
) -> None:
    """Deploy the newest approved version before the one that serves now."""
    from pipelines.cli.deploy import deploy_version
    from pipelines.live_endpoint import describe_endpoint
    from pipelines.registry import list_versions
    from pipelines.version_choice import version_before

    place = connect(target)
    sagemaker = place.client("sagemaker")
    serving = describe_endpoint(sagemaker, endpoint).package_arn
    earlier = version_before(list_versions(sagemaker, MODEL_PACKAGE_GROUP_NAME), serving)
    if not as_json:
        now = str(serving).rsplit("/", 1)[-1]
        print(f"Version {now} serves; going back to version {earlier.version}, approved before it.", flush=True)
    deploy_version(place, earlier, endpoint, param or [], wait=wait, as_json=as_json)
