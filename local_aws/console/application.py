"""The console as a WSGI application: which page an address is, and what every answer is protected by."""

from __future__ import annotations

import logging
import mimetypes
import uuid
from collections.abc import Callable, Iterable
from typing import Any

from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from werkzeug.routing import Map, MapAdapter, Rule
from werkzeug.wrappers import Request, Response

from local_aws.console.pages import (
    alarms,
    builds,
    decision,
    endpoints,
    evidence,
    executions,
    logs,
    models,
    monitoring,
    overview,
    queues,
    rules,
    state_machines,
)
from local_aws.console.protection import (
    PREFIX,
    ChangeRefused,
    Protection,
    is_own_host,
    keep_session,
    new_session,
    protect_page,
    session_of,
)
from local_aws.console.rendering import STATIC_TYPES, Renderer, digest, static_file
from local_aws.console.sources import Sources
from local_aws.console.view import PageMissing, View, Visit
from local_aws.sagemaker.errors import ServiceError

LOGGER = logging.getLogger(__name__)
LARGEST_FORM = 64 * 1024
FRAGMENT_HEADER = "X-Fragment"

Answer = Callable[..., View | Response]
# path, endpoint, the section of the navigation that it belongs to, what answers
PAGES: tuple[tuple[str, str, str, Answer], ...] = (
    ("/", "overview", "overview", overview.overview),
    ("/executions", "executions", "executions", executions.executions),
    ("/executions/<pipeline>/<execution_id>", "execution", "executions", executions.execution),
    ("/models", "models", "models", models.models),
    ("/models/<name>", "group", "models", models.group),
    ("/models/<name>/<int:number>", "version", "models", models.version),
    ("/models/<group>/<int:number>/evidence", "evidence", "models", evidence.evidence),
    ("/models/<group>/<int:number>/evidence/content", "evidence_content", "models", evidence.evidence_content),
    ("/endpoints", "endpoints", "endpoints", endpoints.endpoints),
    ("/endpoints/<name>", "endpoint", "endpoints", endpoints.endpoint),
    ("/state-machines", "state_machines", "state_machines", state_machines.state_machines),
    ("/state-machines/<name>", "state_machine", "state_machines", state_machines.state_machine),
    ("/workflow-execution", "state_execution", "state_machines", state_machines.state_execution),
    ("/map-run", "map_run", "state_machines", state_machines.map_run),
    ("/builds", "builds", "builds", builds.builds),
    ("/builds/<project>/<uuid>", "build", "builds", builds.build),
    ("/reports", "report", "builds", builds.report),
    ("/queues", "queues", "queues", queues.queues),
    ("/rules", "rules", "rules", rules.rules),
    ("/alarms", "alarms", "alarms", alarms.alarms),
    ("/monitoring", "monitoring", "monitoring", monitoring.monitoring),
    ("/logs", "log_groups", "log_groups", logs.log_groups),
    ("/logs/streams", "log_streams", "log_groups", logs.log_streams),
    ("/logs/stream", "log_stream", "log_groups", logs.log_stream),
)
CHANGES: tuple[tuple[str, str, str, Answer], ...] = (
    ("/models/<name>/<int:number>/decision", "decision", "models", decision.decision),
)


class Console:
    """Answers everything under `/_console`, in any thread."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._protection = Protection()
        self._answers = {endpoint: answer for _, endpoint, _, answer in PAGES + CHANGES}
        self._sections = {endpoint: section for _, endpoint, section, _ in PAGES + CHANGES}
        paths = Map(
            [
                *(Rule(PREFIX + path, endpoint=name, methods=["GET"]) for path, name, _, _ in PAGES),
                *(Rule(PREFIX + path, endpoint=name, methods=["POST"]) for path, name, _, _ in CHANGES),
                Rule(f"{PREFIX}/static/<name>", endpoint="static", methods=["GET"]),
            ],
            strict_slashes=False,
            merge_slashes=False,
        )
        self._addresses: MapAdapter = paths.bind("127.0.0.1")
        self._renderer = Renderer(self._addresses)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        request = Request(environ)
        request.max_content_length = LARGEST_FORM
        session = session_of(request)
        visit = Visit(request, self._sources, self._protection, session or new_session())
        response = self._answer(visit)
        if "Content-Security-Policy" not in response.headers:
            protect_page(request, response.headers)
        if session is None and response.mimetype == "text/html" and response.status_code < 400:
            keep_session(request, response, visit.session)
        return response(environ, start_response)

    def _answer(self, visit: Visit) -> Response:
        try:
            return self._page(visit)
        except PageMissing as error:
            return self._problem(visit, 404, "Not found", str(error))
        except ChangeRefused as error:
            return self._problem(visit, 403, "Refused", f"{error} Nothing was changed.")
        except ServiceError as error:
            return self._problem(visit, error.http_status, error.code, error.message)
        except RequestEntityTooLarge:
            return self._problem(visit, 413, "Too large", "The form is too large. Nothing was changed.")
        except HTTPException as error:
            return self._problem(visit, error.code or 400, error.name, error.description or "")
        except Exception:
            number = uuid.uuid4().hex[:8]
            LOGGER.exception("page %s (%s) failed", visit.request.path, number)
            message = f"The page could not be made. The server's log has the reason, under {number}."
            return self._problem(visit, 500, "Internal failure", message)

    def _page(self, visit: Visit) -> Response:
        if not is_own_host(visit.request):
            raise PageMissing("The console answers by the names 127.0.0.1 and localhost alone.")
        endpoint, values = self._addresses.match(visit.request.path, visit.request.method)
        if endpoint == "static":
            return _static(**values)
        answer = self._answers[endpoint](visit, **values)
        return answer if isinstance(answer, Response) else self._render(visit, answer, self._sections[endpoint])

    def _problem(self, visit: Visit, status: int, title: str, message: str) -> Response:
        return self._render(visit, View("problem.html", title, {"message": message}, status=status), "")

    def _render(self, visit: Visit, view: View, section: str) -> Response:
        fragment = FRAGMENT_HEADER in visit.request.headers
        return self._renderer.page(view, section, self._sources.context.now(), fragment)


def _static(name: str) -> Response:
    try:
        content = static_file(name)
    except FileNotFoundError as error:
        raise PageMissing(f"There is no file {name}.") from error
    kind = STATIC_TYPES.get(name[name.rfind(".") :]) or mimetypes.guess_type(name)[0]
    response = Response(content, content_type=f"{kind}; charset=utf-8")
    response.headers["Cache-Control"] = "max-age=31536000, immutable"
    response.set_etag(digest(name))
    return response
