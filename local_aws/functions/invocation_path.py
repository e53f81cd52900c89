"""The paths of the requests that execute a function."""

from __future__ import annotations

import re
from typing import Any

PATH = re.compile(r"/2015-03-31/functions/(?P<function>[^/]+)/invocations/?")
ASYNC_PATH = re.compile(r"/2014-11-13/functions/(?P<function>[^/]+)/invoke-async/?")
STREAM_PATH = re.compile(r"/2021-11-15/functions/[^/]+/response-streaming-invocations/?")


def invokes_function(environ: dict[str, Any]) -> bool:
    """Whether a request for Lambda is Invoke, InvokeAsync or InvokeWithResponseStream."""
    path = path_of(environ)
    return any(pattern.fullmatch(path) for pattern in (PATH, ASYNC_PATH, STREAM_PATH))


def path_of(environ: dict[str, Any]) -> str:
    """The path as it was sent: a function's name may be an ARN, with encoded slashes and colons."""
    return str(environ.get("RAW_URI") or environ["PATH_INFO"]).split("?")[0]
