"""The console put together: the one place that knows all its parts."""

import asyncio
import logging
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path
from typing import Final

import structlog
import uvicorn
from fastapi import FastAPI
from nicegui import app as pages
from nicegui import ui
from starlette.requests import Request
from starlette.staticfiles import StaticFiles

from stream_detector.command_line import Stopped, caller
from stream_detector.connections.listening import listen
from stream_detector.connections.operator_commands import OperatorCommands
from stream_detector.connections.settings import Settings
from stream_detector.console.accounts import Accounts
from stream_detector.console.feed import Feed
from stream_detector.console.gate import Gate
from stream_detector.console.no_page import HANDLERS
from stream_detector.console.pages.alert import AlertPage
from stream_detector.console.pages.alerts import AlertsPage
from stream_detector.console.pages.ledger import LedgerPage
from stream_detector.console.pages.machine import MachinePage
from stream_detector.console.pages.overview import OverviewPage
from stream_detector.console.pages.thresholds import ThresholdsPage
from stream_detector.console.parts import Parts
from stream_detector.console.place import Place, place
from stream_detector.console.plant import Plant
from stream_detector.console.sessions import Person, Sessions
from stream_detector.console.sign_in import SignIn
from stream_detector.console.throttle import Throttle
from stream_detector.console.tuning import Tuning, tuning
from stream_detector.console.users import Role, UsersFile
from stream_detector.console.words import Clock
from stream_detector.errors import SettingsError

log = structlog.get_logger()

_STATIC: Final = Path(__file__).with_name("static")

_RECONNECT_SECONDS: Final = 10.0
"""A browser that is back within this time goes on with its page as it was."""

_GOODBYE_SECONDS: Final = 2
_MAX_WEBSOCKET_BYTES: Final = 1_000_000


@dataclass(frozen=True)
class Plan:
    """How the page is to be served: the options of the command."""

    host: str
    port: int
    users: Path | None
    url: str | None
    proxy: str | None
    zone: tzinfo
    session_seconds: float


def serve(settings: Settings, plan: Plan, *, on_ready: Callable[[str], None]) -> None:
    """Check what the page needs, put it together, and serve it until told to stop.

    Parameters
    ----------
    settings : Settings
    plan : Plan
    on_ready : callable
        Told the address once it can be reached.

    Raises
    ------
    StreamDetectorError
        If something is missing or wrong.
    """
    if plan.proxy is not None and plan.url is None:
        raise SettingsError("--proxy is of use with --url only; give both, or neither")
    # First, so that a port of 0 is a number; nobody is let in before it is known who may.
    with listen(plan.host, plan.port, remedy="name another --port") as listening:
        port = listening.getsockname()[1]
        where = place(plan.host, port, url=plan.url, has_users=plan.users is not None)
        sessions = None
        if plan.users is not None:
            sessions = Sessions(UsersFile(plan.users), lifetime_seconds=plan.session_seconds)
        console = _Console(settings, plan, where, sessions, tuning(settings))
        with suppress(Stopped):
            asyncio.run(console.run(listening, on_ready))
    log.info("console.stopped")


class _Console:
    """The page, and what keeps it live, until told to stop."""

    def __init__(
        self,
        settings: Settings,
        plan: Plan,
        where: Place,
        sessions: Sessions | None,
        thresholds: Tuning | None,
    ) -> None:
        self._settings = settings
        self._plan = plan
        self._where = where
        self._sessions = sessions
        self._thresholds = thresholds
        self._plant = Plant()
        self._feed = Feed(settings, self._plant)

    async def run(self, listening: socket.socket, on_ready: Callable[[str], None]) -> None:
        async with (
            OperatorCommands(self._settings) as commands,
            Accounts(self._settings) as accounts,
        ):
            parts = Parts(
                plant=self._plant,
                clock=Clock(self._plan.zone),
                commands=commands,
                figures=accounts.figures,
                sessions=self._sessions,
                local=Person(caller(), Role.ENGINEER),
                tuning=self._thresholds,
            )
            server = uvicorn.Server(self._config(_make_app(parts, self._where)))
            following = asyncio.create_task(self._feed.run())
            # A page that shows nothing new is worse than none.
            following.add_done_callback(lambda _: setattr(server, "should_exit", True))
            on_ready(self._where.address)
            try:
                await server.serve([listening])
            finally:
                self._feed.end()
                await following

    def _config(self, app: FastAPI) -> uvicorn.Config:
        # It tells of each request and websocket, with what stands in their addresses.
        logging.getLogger("uvicorn").setLevel(logging.WARNING)
        return uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=self._plan.proxy is not None,
            forwarded_allow_ips=self._plan.proxy or "",
            timeout_graceful_shutdown=_GOODBYE_SECONDS,
            ws_max_size=_MAX_WEBSOCKET_BYTES,
        )


def _make_app(parts: Parts, where: Place) -> FastAPI:
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.router.routes.extend(SignIn(parts.sessions, Throttle()).routes())
    app.mount("/static", StaticFiles(directory=_STATIC))
    _add_pages(parts)
    ui.run_with(
        app,
        title="stream-detector",
        favicon=_STATIC / "icon.svg",
        dark=None,
        language="en-US",
        # Nothing is bound: what a page shows, it is told.
        binding_refresh_interval=None,
        reconnect_timeout=_RECONNECT_SECONDS,
        tailwind=False,
        show_welcome_message=False,
    )
    for what, handler in HANDLERS.items():
        pages.add_exception_handler(what, handler)
    app.add_middleware(Gate, place=where, sessions=parts.sessions, local=parts.local)
    return app


def _add_pages(parts: Parts) -> None:
    ui.add_head_html(
        '<link rel="stylesheet" href="/static/console.css">'
        '<script src="/static/console.js"></script>',
        shared=True,
    )

    @ui.page("/", title="Overview · stream-detector")
    def overview(request: Request) -> None:
        OverviewPage(parts, request)

    @ui.page("/alerts", title="Alerts · stream-detector")
    def alerts(request: Request) -> None:
        AlertsPage(parts, request)

    @ui.page("/alert", title="Alert · stream-detector")
    def alert(request: Request, machine: str = "", rule: str = "") -> None:
        AlertPage(parts, request, (machine, rule))

    @ui.page("/machine", title="Machine · stream-detector")
    def machine(request: Request, name: str = "") -> None:
        MachinePage(parts, request, name)

    @ui.page("/ledger", title="Ledger · stream-detector")
    def ledger(request: Request) -> None:
        LedgerPage(parts, request)

    @ui.page("/thresholds", title="Thresholds · stream-detector")
    def thresholds(request: Request) -> None:
        ThresholdsPage(parts, request)
