"""Functions as moto keeps them, seen as the runner needs them."""

from __future__ import annotations

import re

from moto.awslambda.exceptions import LambdaClientError
from moto.awslambda.models import LambdaBackend, LambdaFunction

from local_aws.functions.function import Function, FunctionNotFound

# name, partial ARN or ARN, with or without a qualifier: the pattern of NamespacedFunctionName
NAME = re.compile(
    r"(?:arn:aws[a-zA-Z-]*:lambda:)?(?:(?P<region>[a-z]{2}(?:-[a-z]+)+-\d):)?(?:(?P<account>\d{12}):)?(?:function:)?"
    r"(?P<name>[a-zA-Z0-9-_.]+)(?::(?P<qualifier>\$LATEST|[a-zA-Z0-9-_]+))?"
)


class Catalogue:
    """The functions of one region."""

    def __init__(self, backend: LambdaBackend) -> None:
        self._backend = backend

    def find(self, function: str, qualifier: str | None = None) -> Function:
        """The function of this name or ARN, at a version or alias. Raises FunctionNotFound."""
        match = NAME.fullmatch(function)
        ours = match and match["region"] in (None, self._backend.region_name)
        if not match or not ours or match["account"] not in (None, self._backend.account_id):
            raise FunctionNotFound(f"Function not found: {function}")
        try:
            found = self._backend.get_function(match["name"], match["qualifier"] or qualifier)
        except LambdaClientError as error:
            raise FunctionNotFound(error.message) from error
        return self._seen(found)

    def _seen(self, kept: LambdaFunction) -> Function:
        arns = tuple(layer["Arn"] for layer in kept.layers)
        layers = (self._backend.layers_versions_by_arn(arn) for arn in arns)
        logging = dict(getattr(kept, "logging_config", None) or {})
        retries = [config.config.get("MaximumRetryAttempts", 2) for config in kept.event_invoke_config]
        concurrency = kept.reserved_concurrency
        return Function(
            name=kept.function_name,
            version=str(kept.version),
            arn=kept.function_arn,
            runtime=str(kept.run_time),
            handler=str(kept.handler),
            timeout=int(kept.timeout),
            memory=int(kept.memory_size),
            log_group=logging.get("LogGroup") or f"/aws/lambda/{kept.function_name}",
            code_sha256=kept.code_sha_256,
            layer_arns=arns,
            environment={name: str(value) for name, value in kept.environment_vars.items()},
            logging=logging,
            code=kept.code_bytes,
            layers=tuple(layer.code_bytes for layer in layers if layer is not None),
            reserved_concurrency=None if concurrency is None else int(concurrency),
            retries=retries[0] if retries else 2,
        )
