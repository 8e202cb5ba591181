"""The sign-in page: plain HTML, so nothing of the console itself is loaded before it."""

import asyncio
import time
from typing import Final
from urllib.parse import parse_qs

import structlog
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from stream_detector.console.gate import COOKIE, SIGN_IN
from stream_detector.console.rendering import render
from stream_detector.console.sessions import Sessions
from stream_detector.console.throttle import Throttle

log = structlog.get_logger()

SIGN_OUT: Final = "/sign-out"

_MAX_FORM_BYTES: Final = 10_000

_MAX_WAITING: Final = 20
"""Passwords are checked one at a time, 50 ms each; who would wait longer than a second is
sent away."""


class SignIn:
    """Signs people in and out.

    Parameters
    ----------
    sessions : Sessions or None
        None where nobody signs in.
    throttle : Throttle
    """

    def __init__(self, sessions: Sessions | None, throttle: Throttle) -> None:
        self._sessions = sessions
        self._throttle = throttle
        # One at a time: else a hundred tries at once would all come before the first wait.
        self._one_at_a_time = asyncio.Lock()
        self._n_waiting = 0

    def routes(self) -> list[Route]:
        """Give what is served."""
        return [
            Route(SIGN_IN, self.show, methods=["GET"]),
            Route(SIGN_IN, self.sign_in, methods=["POST"]),
            Route(SIGN_OUT, self.sign_out, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """Show the form, or go on where somebody is signed in already."""
        wanted = own_path(request.query_params.get("next", ""))
        if request.scope["person"] is not None:
            return RedirectResponse(wanted, status_code=303)
        return _form(wanted)

    async def sign_in(self, request: Request) -> Response:
        """Take a name and a password."""
        length = request.headers.get("content-length", "")
        if not length.isdecimal() or int(length) > _MAX_FORM_BYTES:
            return PlainTextResponse("This is no form of ours.\n", status_code=413)
        try:
            fields = parse_qs((await request.body()).decode())
        except (UnicodeDecodeError, ValueError):
            return PlainTextResponse("This is no form of ours.\n", status_code=400)
        name, password, wanted = (
            fields.get(field, [""])[0] for field in ("name", "password", "next")
        )
        if self._sessions is None:
            return RedirectResponse("/", status_code=303)
        if self._n_waiting >= _MAX_WAITING:
            return _form(
                own_path(wanted), fault="Too many sign in just now; try again.", status=503
            )
        self._n_waiting += 1
        try:
            async with self._one_at_a_time:
                return await self._check(request, self._sessions, name, password, own_path(wanted))
        finally:
            self._n_waiting -= 1

    async def sign_out(self, request: Request) -> Response:
        """End the session."""
        if self._sessions is not None and (token := request.scope["token"]):
            self._sessions.end(token)
        response = RedirectResponse(SIGN_IN, status_code=303)
        response.delete_cookie(COOKIE, secure=True, httponly=True, samesite="lax")
        return response

    async def _check(
        self, request: Request, sessions: Sessions, name: str, password: str, wanted: str
    ) -> Response:
        address = request.client.host if request.client else "unknown"
        wait = self._throttle.wait_seconds(name, address, now=time.monotonic())
        if wait > 0:
            seconds = int(wait) + 1
            fault = f"Too many wrong passwords. Try again in {seconds} s."
            response = _form(wanted, fault=fault, status=429)
            response.headers["retry-after"] = str(seconds)
            return response
        user = await asyncio.to_thread(sessions.check, name, password)
        if user is None:
            self._throttle.failed(name, address, now=time.monotonic())
            log.warning("sign_in.refused", address=address)
            return _form(wanted, fault="Name and password do not belong together.", status=401)
        self._throttle.succeeded(name)
        log.info("sign_in.done", user=name, address=address)
        response = RedirectResponse(wanted, status_code=303)
        response.set_cookie(
            COOKIE,
            sessions.begin(user, now=time.monotonic()),
            max_age=int(sessions.lifetime_seconds),
            secure=True,
            httponly=True,
            # Not strict: a link in a notification has to lead to its alert, not to the sign-in.
            samesite="lax",
        )
        return response


def own_path(text: str) -> str:
    r"""Give a path of this site, or ``/`` for what is anything else.

    Examples
    --------
    >>> own_path("/alert?machine=pm3")
    '/alert?machine=pm3'
    >>> own_path("//evil.example"), own_path("https://evil.example"), own_path("/\\evil.example")
    ('/', '/', '/')
    """
    own = text.startswith("/") and text[1:2] not in ("/", "\\") and text.isprintable()
    return text if own and not text.startswith(SIGN_IN) else "/"


def _form(wanted: str, *, fault: str | None = None, status: int = 200) -> Response:
    page = render("sign_in.html", wanted=wanted, fault=fault, action=SIGN_IN)
    return HTMLResponse(page, status_code=status, headers={"cache-control": "no-store"})
