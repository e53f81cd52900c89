"""Endpoints with what hangs on them: scaling targets, alarms, configurations, models.

An endpoint is ours by its name, or by the tag that every deployment gives it; a model by the version that it was made
from, or by its archive below this project's own prefix; a configuration by its models, or by where it captures to.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from pipelines.deployment.endpoint_safeguards.handler import PACKAGE_TAG
from pipelines.teardown.item import Item
from pipelines.teardown.missing import Sleep, is_missing, unless_missing, wait_until, wait_until_missing

# pipelines/deployment/endpoint_safeguards/alarms.py: two that stand, two that watch an update
ALARM_NAMES = ("{}-5xx-errors", "{}-model-latency", "{}-update-5xx-errors", "{}-update-model-latency")
# how the pipeline service begins the names of models; configurations have the prefix that the SDK asks for
MADE_BY_PIPELINES = "pipelines-"
CHANGING = frozenset({"Creating", "Updating", "RollingBack", "SystemUpdating"})


def own_endpoints(sagemaker: Any, name: str, group: str) -> list[str]:
    """Names of the project's endpoints."""
    pages = sagemaker.get_paginator("list_endpoints").paginate()
    found = [one for page in pages for one in page["Endpoints"]]
    return [one["EndpointName"] for one in found if one["EndpointName"] == name or _is_tagged(sagemaker, one, group)]


def endpoints(sagemaker: Any, names: list[str], sleep: Sleep = time.sleep) -> Iterator[Item]:
    """The endpoints; one that is being changed is waited for."""
    for name in names:

        def delete(name: str = name) -> None:
            unless_missing(lambda: wait_until(lambda: not _is_changing(sagemaker, name), f"change of {name}", sleep))
            unless_missing(lambda: sagemaker.delete_endpoint(EndpointName=name))
            wait_until_missing(lambda: sagemaker.describe_endpoint(EndpointName=name), f"endpoint {name}", sleep)

        yield Item("endpoint", name, delete, "answers nobody any more")


def scaling_targets(autoscaling: Any, endpoint_names: list[str]) -> Iterator[Item]:
    """What scales the endpoints' variants; the alarms of target tracking go with it."""
    prefixes = tuple(f"endpoint/{name}/variant/" for name in endpoint_names)
    pages = autoscaling.get_paginator("describe_scalable_targets").paginate(ServiceNamespace="sagemaker")
    for one in [one for page in pages for one in page["ScalableTargets"]]:
        if not one["ResourceId"].startswith(prefixes):
            continue

        def deregister(resource: str = one["ResourceId"], dimension: str = one["ScalableDimension"]) -> None:
            unless_missing(
                lambda: autoscaling.deregister_scalable_target(
                    ServiceNamespace="sagemaker", ResourceId=resource, ScalableDimension=dimension
                )
            )

        yield Item("scaling target", one["ResourceId"], deregister)


def alarms(cloudwatch: Any, endpoint_names: list[str]) -> Iterator[Item]:
    """The alarms that a deployment makes; those of stacks go with their stacks."""
    wanted = [form.format(name) for name in endpoint_names for form in ALARM_NAMES]
    if not wanted:
        return
    for one in cloudwatch.describe_alarms(AlarmNames=wanted)["MetricAlarms"]:

        def delete(name: str = one["AlarmName"]) -> None:
            cloudwatch.delete_alarms(AlarmNames=[name])

        yield Item("alarm", one["AlarmName"], delete)


def configurations_and_models(sagemaker: Any, group: str, archives: str) -> Iterator[Item]:
    """Configurations first, then the models. `archives` is the S3 URI that the project's own objects begin with."""
    models = _names(sagemaker.get_paginator("list_models"), "Models", "ModelName", NameContains=MADE_BY_PIPELINES)
    ours = {name for name in models if _is_own_model(sagemaker, name, group, archives)}
    configs = _names(sagemaker.get_paginator("list_endpoint_configs"), "EndpointConfigs", "EndpointConfigName")
    for name in configs:
        if not _is_own_configuration(sagemaker, name, ours, archives):
            continue

        def delete_config(name: str = name) -> None:
            unless_missing(lambda: sagemaker.delete_endpoint_config(EndpointConfigName=name))

        yield Item("endpoint configuration", name, delete_config)
    for name in sorted(ours):

        def delete_model(name: str = name) -> None:
            unless_missing(lambda: sagemaker.delete_model(ModelName=name))

        yield Item("model", name, delete_model)


def _is_tagged(sagemaker: Any, endpoint: dict[str, Any], group: str) -> bool:
    tags = sagemaker.list_tags(ResourceArn=endpoint["EndpointArn"])["Tags"]
    return any(tag["Key"] == PACKAGE_TAG and is_of_group(tag["Value"], group) for tag in tags)


def is_of_group(package_arn: str, group: str) -> bool:
    """Whether a model package belongs to the group; SageMaker writes names in ARNs in lower case."""
    return f":model-package/{group.lower()}/" in package_arn.lower()


def _is_changing(sagemaker: Any, name: str) -> bool:
    return sagemaker.describe_endpoint(EndpointName=name)["EndpointStatus"] in CHANGING


def _is_own_model(sagemaker: Any, name: str, group: str, archives: str) -> bool:
    found = sagemaker.describe_model(ModelName=name)
    containers = [*found.get("Containers", []), *([found["PrimaryContainer"]] if "PrimaryContainer" in found else [])]
    return any(
        is_of_group(one.get("ModelPackageName", ""), group) or one.get("ModelDataUrl", "").startswith(archives)
        for one in containers
    )


def _is_own_configuration(sagemaker: Any, name: str, models: set[str], archives: str) -> bool:
    try:
        found = sagemaker.describe_endpoint_config(EndpointConfigName=name)
    except ClientError as error:
        if is_missing(error):
            return False
        raise
    captured = found.get("DataCaptureConfig", {}).get("DestinationS3Uri", "")
    return captured.startswith(archives) or {one["ModelName"] for one in found["ProductionVariants"]} <= models


def _names(listing: Any, member: str, name: str, **wanted: str) -> list[str]:
    return [one[name] for page in listing.paginate(**wanted) for one in page[member]]
