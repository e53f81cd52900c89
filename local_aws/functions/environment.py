"""A sandbox's environment variables: the function's own, and those that Lambda reserves."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from local_aws.functions.function import Function
from local_aws.process_environment import SYSTEM_PATH

# of the machine rather than of the server: without them libraries are not found
OF_THE_MACHINE = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
# "Reserved environment variables" in Lambda's developer guide: a function cannot be configured with them
RESERVED = frozenset(
    {
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
        "AWS_DEFAULT_REGION",
        "AWS_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_LAMBDA_RUNTIME_API",
        "LAMBDA_TASK_ROOT",
        "LAMBDA_RUNTIME_DIR",
    }
)


def sandbox_environment(
    function: Function, region: str, endpoint_url: str, task_root: Path, layers: Path, scratch: Path, stream: str
) -> dict[str, str]:
    """All of a sandbox's variables: nothing comes from the server's own environment but where libraries are.

    The function may set what Lambda does not reserve, AWS_ENDPOINT_URL included.
    """
    environment = {name: os.environ[name] for name in OF_THE_MACHINE if name in os.environ}
    environment |= {
        "PATH": f"{layers / 'bin'}:{Path(sys.executable).parent}:{SYSTEM_PATH}",
        "HOME": str(scratch),
        "TMPDIR": str(scratch),
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "TZ": ":UTC",
        "PYTHONIOENCODING": "UTF-8",
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_EC2_METADATA_DISABLED": "true",
        # nothing collects traces here
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
    }
    environment |= function.environment
    environment |= {
        "_HANDLER": function.handler,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.runtime}",
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory),
        "AWS_LAMBDA_FUNCTION_VERSION": function.version,
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": function.log_group,
        "AWS_LAMBDA_LOG_STREAM_NAME": stream,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "LAMBDA_TASK_ROOT": str(task_root),
        "LAMBDA_RUNTIME_DIR": str(Path(__file__).parent),
    }
    if function.logging.get("LogFormat") == "JSON":
        environment["AWS_LAMBDA_LOG_FORMAT"] = "JSON"
        environment["AWS_LAMBDA_LOG_LEVEL"] = function.logging.get("ApplicationLogLevel", "INFO")
    return environment
