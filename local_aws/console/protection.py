"""What keeps pages of other sites, and content that is shown, from acting as a person at the console.

Listening on loopback does not: any page in the same browser can send requests here. So a change must be a POST of a
page of this console (Origin, Sec-Fetch-Site), carry the cookie that no other site's request has (SameSite=Strict), and
a token that only this process could have made for that cookie and that form. The front door has checked Host before.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets

from werkzeug.datastructures import Headers
from werkzeug.wrappers import Request, Response

PREFIX = "/_console"
TOKEN_FIELD = "token"  # noqa: S105  the name of a form's field
FORM_TYPE = "application/x-www-form-urlencoded"
# without the names below localhost, by which S3 answers with whatever somebody has stored
OWN_HOST = re.compile(r"(127\.0\.0\.1|localhost)(:\d+)?", re.IGNORECASE)
SESSION = re.compile(r"[A-Za-z0-9_-]{43}")


class ChangeRefused(Exception):
    """A request for a change that did not come from a form of this console; the message is for a person."""


class Protection:
    """The secret of one process, and what is made with it."""

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(32)

    def token(self, session: str, path: str) -> str:
        """What a form that is sent to `path` must carry, in the session of this cookie."""
        return hmac.new(self._secret, f"{session} {path}".encode(), hashlib.sha256).hexdigest()

    def check_change(self, request: Request) -> None:
        """Raises ChangeRefused."""
        site = request.headers.get("Sec-Fetch-Site")
        if site not in (None, "same-origin"):
            raise ChangeRefused("The request came from another site.")
        origin = request.headers.get("Origin")
        if origin is None and site is None:
            raise ChangeRefused(
                "The request does not say where it comes from: it has neither Origin nor Sec-Fetch-Site."
            )
        if origin is not None and origin != own_origin(request):
            raise ChangeRefused("The request came from another site.")
        if request.mimetype != FORM_TYPE:
            raise ChangeRefused("The request is not a form.")
        session = session_of(request)
        if session is None:
            raise ChangeRefused("The request has no session. Cookies must be on for this address.")
        given = request.form.get(TOKEN_FIELD, "")
        if not hmac.compare_digest(given.encode(), self.token(session, request.path).encode()):
            raise ChangeRefused(
                "The form is from another session, or from before the local AWS was started again. Load the page again."
            )


def is_own_host(request: Request) -> bool:
    """Whether the console was asked for by a name that is its own alone."""
    return OWN_HOST.fullmatch(request.host) is not None


def own_origin(request: Request) -> str:
    """The origin of this console, as the browser knows it."""
    return f"{request.scheme}://{request.host}"


def session_of(request: Request) -> str | None:
    """The session in the request's cookie, None where there is none that this console gave."""
    value = request.cookies.get(_cookie(request), "")
    return value if SESSION.fullmatch(value) else None


def new_session() -> str:
    """A session for somebody who has none."""
    return secrets.token_urlsafe(32)


def keep_session(request: Request, response: Response, session: str) -> None:
    """Set the cookie."""
    response.set_cookie(_cookie(request), session, path=f"{PREFIX}/", httponly=True, samesite="Strict")


def protect_page(request: Request, headers: Headers) -> None:
    """For pages of the console itself: nothing but its own style, script and evidence, and in nobody's frame."""
    here = f"{own_origin(request)}{PREFIX}/"
    policy = {
        "default-src": "'none'",
        "style-src": f"{here}static/",
        "script-src": f"{here}static/",
        "connect-src": here,
        "img-src": here,
        "frame-src": here,
        "form-action": here,
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }
    _protect(headers, policy)


def protect_content(request: Request, headers: Headers) -> None:
    """For what somebody has stored: a document without an origin, without scripts, that can load nothing."""
    policy = {
        "sandbox": "",
        "default-src": "'none'",
        "style-src": "'unsafe-inline'",
        "img-src": "data:",
        "font-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": own_origin(request),
    }
    _protect(headers, policy)


def _protect(headers: Headers, policy: dict[str, str]) -> None:
    headers["Content-Security-Policy"] = "; ".join(f"{name} {value}".strip() for name, value in policy.items())
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "same-origin"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
    headers.setdefault("Cache-Control", "no-store")


def _cookie(request: Request) -> str:
    """With the port, which cookies do not know: several local AWSs may run on one machine."""
    return f"local_aws_console_{request.host.rpartition(':')[2] if ':' in request.host else 80}"
