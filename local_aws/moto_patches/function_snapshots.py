"""Lambda's backend in snapshots: what cannot be pickled is left out and made again."""

from __future__ import annotations

import weakref
from collections import defaultdict
from typing import Any

from moto.awslambda.models import LambdaFunction, LambdaStorage, LayerStorage
from moto.logs.models import logs_backends

from local_aws.moto_patches.replacing import replace


def install() -> None:
    """Leave out weak references, a factory of dictionaries, and another service's backend."""

    def function_state(function: LambdaFunction) -> dict[str, Any]:
        left_out = ("_DockerModel__docker_client", "logs_backend")
        return {name: value for name, value in function.__dict__.items() if name not in left_out}

    def set_function_state(function: LambdaFunction, state: dict[str, Any]) -> None:
        function.__dict__.update(state)
        function._DockerModel__docker_client = None  # type: ignore[attr-defined]
        function.logs_backend = logs_backends[function.account_id][function.region]

    def storage_state(storage: LambdaStorage) -> dict[str, Any]:
        return {**storage.__dict__, "_arns": None, "_aliases": dict(storage._aliases)}

    def set_storage_state(storage: LambdaStorage, state: dict[str, Any]) -> None:
        storage.__dict__.update(state)
        storage._aliases = defaultdict(dict, state["_aliases"])
        kept = [[group["latest"], *group["versions"]] for group in storage._functions.values()]
        storage._arns = weakref.WeakValueDictionary({fn.function_arn: fn for group in kept for fn in group if fn})

    def layer_state(storage: LayerStorage) -> dict[str, Any]:
        # moto writes nothing to these ARNs, and reads nothing from them
        return {"_layers": storage._layers}

    replace(LayerStorage, __getstate__=layer_state)
    replace(LambdaFunction, __getstate__=function_state)
    replace(LambdaFunction, __setstate__=set_function_state)
    replace(LambdaStorage, __getstate__=storage_state)
    replace(LambdaStorage, __setstate__=set_storage_state)
