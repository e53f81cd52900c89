"""The one WSGI application: looks at a request and hands it to the service that answers it."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

WsgiApp = Callable[[dict[str, Any], Any], Iterable[bytes]]

HEALTH_PATH = "/_local_aws/health"
# an underscore cannot begin a bucket's name
CONSOLE_PATH = "/_console"
# signing name -> moto's name
MOTO_SERVICES = {
    **{name: name for name in ("s3", "iam", "sts", "logs", "lambda", "sqs", "sns", "ssm", "secretsmanager")},
    "monitoring": "cloudwatch",
}
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
LOOPBACK_HOST = re.compile(r"(127\.0\.0\.1|([a-z0-9.-]+\.)?localhost)(:\d+)?", re.IGNORECASE)
FOREIGN = "This local AWS answers programs of this machine, not pages of other sites.\n"
OTHER_DATA_PLANES = (
    "Of SageMaker's data planes this local AWS offers InvokeEndpoint alone: neither asynchronous invocations, nor "
    "response streams, nor feature stores or metrics."
)
CREDENTIAL_SCOPE = re.compile(r"Credential=[^/,\s]+/\d{8}/[^/]+/(?P<service>[^/]+)/aws4_request")


@dataclass(frozen=True)
class Service:
    """What is answered here and not by moto: the requests signed for `signing_name` that it `takes`."""

    signing_name: str
    app: WsgiApp
    takes: Callable[[dict[str, Any]], bool] = lambda environ: True


class FrontDoor:
    """Routes by the service in the request's signature; what nobody here executes is refused, never pretended."""

    def __init__(
        self,
        services: Sequence[Service],
        moto: WsgiApp,
        health: Callable[[], dict[str, Any]],
        changed: Callable[[str], None],
        console: WsgiApp,
    ):
        self._services = services
        self._moto = moto
        self._health = health
        self._changed = changed
        self._console = console

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if not is_local(environ.get("HTTP_HOST", ""), environ.get("HTTP_ORIGIN")):
            return _respond(start_response, "403 Forbidden", "text/plain", FOREIGN)
        if environ["PATH_INFO"] == HEALTH_PATH:
            return _respond(start_response, "200 OK", "application/json", json.dumps(self._health()))
        if "HTTP_AUTHORIZATION" not in environ:
            if f"{environ['PATH_INFO']}/".startswith(f"{CONSOLE_PATH}/"):
                return self._console(environ, start_response)
            start_response = _sandboxed(start_response)
        # moto wants the path before decoding: keys may hold an encoded slash
        environ.setdefault("RAW_URI", environ.get("REQUEST_URI", ""))
        name = service_of(environ)
        for service in self._services:
            if service.signing_name == name and service.takes(environ):
                return service.app(environ, start_response)
        if name == "sagemaker":
            return _refuse(environ, start_response, OTHER_DATA_PLANES)
        if name not in MOTO_SERVICES:
            return _refuse(environ, start_response, f"This local AWS does not offer the service {name!r}.")
        response = self._moto(environ, start_response)
        if environ["REQUEST_METHOD"] not in SAFE_METHODS:
            self._changed(MOTO_SERVICES[name])
        return response


class MotoApp:
    """moto's own WSGI application, loaded when it is first needed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._app: WsgiApp | None = None

    def load(self) -> WsgiApp:
        """The application. Safe from any thread; the first caller pays for the import."""
        with self._lock:
            if self._app is None:
                from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

                self._app = DomainDispatcherApplication(create_backend_app)
            return self._app

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        return self.load()(environ, start_response)


def is_local(host: str, origin: str | None) -> bool:
    """Whether a request comes from this machine's own programs, and not from a page in somebody's browser.

    Listening on loopback is not enough: a page can send requests there, and by DNS rebinding read the answers.
    """
    return LOOPBACK_HOST.fullmatch(host) is not None and (origin is None or urlsplit(origin).netloc == host)


def service_of(environ: dict[str, Any]) -> str:
    """The signing name of the service that a request is for; an unsigned request is one for S3."""
    match = CREDENTIAL_SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
    if match:
        return match["service"].lower()
    credential = parse_qs(environ.get("QUERY_STRING", "")).get("X-Amz-Credential", [""])[0].split("/")
    return credential[3].lower() if len(credential) == 5 else "s3"


def _sandboxed(start_response: Any) -> Any:
    """A page that somebody stored, and a browser opens by its address, must not act as one of this server's own."""

    def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
        return start_response(status, [*headers, ("Content-Security-Policy", "sandbox")], *rest)

    return start


def _refuse(environ: dict[str, Any], start_response: Any, message: str) -> Iterable[bytes]:
    code = "UnsupportedOperation"
    if environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        # the query protocol, the only one that answers in XML among the services refused here
        body = f"<ErrorResponse><Error><Code>{code}</Code><Message>{escape(message)}</Message></Error></ErrorResponse>"
        return _respond(start_response, "400 Bad Request", "text/xml", body, code)
    body = json.dumps({"__type": code, "message": message})
    return _respond(start_response, "400 Bad Request", "application/x-amz-json-1.1", body, code)


def _respond(start_response: Any, status: str, content_type: str, body: str, error: str = "") -> Iterable[bytes]:
    content = body.encode()
    headers = [("Content-Type", content_type), ("Content-Length", str(len(content)))]
    start_response(status, headers + ([("x-amzn-ErrorType", error)] if error else []))
    return [content]
