"""The items of a map run that are a listing of S3.

moto's reader takes the first page alone, and fails where there is nothing, or where the number of items is limited.
"""

from __future__ import annotations

from typing import Any

from moto.stepfunctions.parser.asl.component.state.exec.state_map.item_reader.eval import resource_eval_s3 as reading
from moto.stepfunctions.parser.asl.component.state.exec.state_map.item_reader.eval.resource_output_transformer.transformer_json import (  # noqa: E501
    ResourceOutputTransformerJson,
)

from local_aws.moto_patches.replacing import replace
from local_aws.workflows import tasks


def install() -> None:
    """Repair moto's reader, for this process."""
    _limit_listings()
    reading.ResourceEvalS3._handle_list_objects_v2 = staticmethod(_list_objects)  # type: ignore[method-assign]


def _limit_listings() -> None:
    """MaxItems of a listing: what was read is an array already."""
    read = ResourceOutputTransformerJson._eval_body

    def eval_body(transformer: ResourceOutputTransformerJson, env: Any) -> None:
        if isinstance(env.stack[-2], list):
            config, items = env.stack.pop(), env.stack.pop()
            env.stack.append(items[: config["MaxItemsValue"]])
            return
        read(transformer, env)

    replace(ResourceOutputTransformerJson, _eval_body=eval_body)


def _list_objects(env: Any, resource_runtime_part: Any, state_credentials: Any) -> None:
    """All pages, and no error where there is nothing; as the service shapes the items."""
    client = tasks.client(resource_runtime_part.region, "s3")
    pages = client.get_paginator("list_objects_v2").paginate(**env.stack.pop())
    env.stack.append(
        [
            {
                "Etag": found["ETag"],
                "Key": found["Key"],
                "LastModified": int(found["LastModified"].timestamp()),
                "Size": found["Size"],
                "StorageClass": found.get("StorageClass", "STANDARD"),
            }
            for listed in pages
            for found in listed.get("Contents", [])
        ]
    )
