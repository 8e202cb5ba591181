"""Every request and every websocket passes here first, and gets in or does not.

A request for another host is refused (a name that somebody points at this machine), and so is
everything that could change something and does not come from a page of ours. Who is not signed
in gets to the sign-in page and no further.
"""

import time
from typing import Final
from urllib.parse import quote

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stream_detector.console.place import Place
from stream_detector.console.sessions import Person, Sessions

COOKIE: Final = "__Host-stream-detector"
"""The prefix makes browsers insist: secure, for this host alone, set by nobody but us."""

SIGN_IN: Final = "/sign-in"

_FOR_EVERYBODY: Final = (SIGN_IN, "/static/")

_SAFE_METHODS: Final = ("GET", "HEAD")

_SECURITY_HEADERS: Final = {
    # Vue compiles its templates in the browser, so it cannot do without eval; nothing is loaded
    # from elsewhere, sent elsewhere, or shown in somebody else's frame.
    "content-security-policy": "default-src 'self'; "
    "script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
}


class Gate:
    """Middleware around all that is served; puts ``person`` and ``token`` into the scope.

    Parameters
    ----------
    app : ASGI application
    place : Place
    sessions : Sessions or None
        None where nobody signs in.
    local : Person
        Whose page it is then.
    """

    def __init__(
        self, app: ASGIApp, *, place: Place, sessions: Sessions | None, local: Person
    ) -> None:
        self._app = app
        self._place = place
        self._sessions = sessions
        self._local = local

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or answer it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        token = cookie_parser(headers.get("cookie", "")).get(COOKIE)
        person = self._person(token)
        refusal = self._refusal(scope, headers, person)
        if refusal is None:
            # NiceGUI writes what stands there into its pages; we are served at the root.
            kept = [one for one in scope["headers"] if one[0] != b"x-forwarded-prefix"]
            scope = {**scope, "headers": kept, "person": person, "token": token}
            await self._app(scope, receive, _with_security_headers(send))
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await refusal(scope, receive, _with_security_headers(send))

    def _person(self, token: str | None) -> Person | None:
        if self._sessions is None:
            return self._local
        return self._sessions.person(token, now=time.monotonic())

    def _refusal(self, scope: Scope, headers: Headers, person: Person | None) -> Response | None:
        host, origin, path = headers.get("host"), headers.get("origin"), scope["path"]
        if host not in self._place.hosts:
            return PlainTextResponse(
                f"This page is not served as {host}, but as "
                f"{' or '.join(sorted(self._place.origins))}; see --url.\n",
                status_code=421,
            )
        changes = scope["type"] == "websocket" or scope["method"] not in _SAFE_METHODS
        if changes and origin not in self._place.origins:
            return PlainTextResponse(
                f"Refused: this was sent by {origin or 'no page'}, not by a page of this site.\n",
                status_code=403,
            )
        if person is not None or path.startswith(_FOR_EVERYBODY):
            return None
        if "text/html" in headers.get("accept", ""):
            wanted = path + (f"?{scope['query_string'].decode()}" if scope["query_string"] else "")
            return RedirectResponse(f"{SIGN_IN}?next={quote(wanted, safe='')}", status_code=303)
        return PlainTextResponse("Sign in first: the session is over.\n", status_code=401)


def _with_security_headers(send: Send) -> Send:
    async def send_on(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _SECURITY_HEADERS.items():
                headers[name] = value
        await send(message)

    return send_on
