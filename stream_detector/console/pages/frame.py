"""What every page has: its head with the clock, the banners, and a tick that keeps it live."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote

from nicegui import ui
from starlette.requests import Request

from stream_detector.console.gate import SIGN_IN
from stream_detector.console.pages.region import Region
from stream_detector.console.parts import Parts
from stream_detector.console.rendering import render
from stream_detector.console.sessions import Person
from stream_detector.console.sign_in import SIGN_OUT
from stream_detector.console.users import Role

_TICK_SECONDS: Final = 1.0
"""A second here and a quarter in the feed: a message is seen within two."""

_AT_LATEST_SECONDS: Final = 5.0
"""How old a view may be of which nothing has changed: how long ago things were has."""


@dataclass(slots=True)
class _Live:
    show: Callable[[float], None]
    version: Callable[[], object]
    shown: object
    at: float


class Frame:
    """A page: made once per browser tab, in the scope of NiceGUI's page function.

    Parameters
    ----------
    parts : Parts
    request : Request
        That asked for the page.
    here : str
        Path of the page, for the navigation.
    """

    def __init__(self, parts: Parts, request: Request, here: str) -> None:
        self._parts = parts
        self._token: str | None = request.scope["token"]
        self._live: _Live | None = None
        self._head = Region("top")
        self._banner = Region("banners")
        self._here = here
        self._again = f"{request.url.path}?{request.url.query}".removesuffix("?")
        self._show_head(time.time())
        ui.timer(_TICK_SECONDS, self._tick)

    def person(self) -> Person | None:
        """Give who looks at this page, as of now; None when the session is over."""
        sessions = self._parts.sessions
        if sessions is None:
            return self._parts.local
        return sessions.person(self._token, now=time.monotonic())

    def may(self, role: Role) -> bool:
        """Tell whether who looks at this page may do what a role may."""
        person = self.person()
        return person is not None and person.role >= role

    def keep_live(self, show: Callable[[float], None], version: Callable[[], object]) -> None:
        """Call ``show`` with the time now, and again whenever ``version`` gives something else."""
        now = time.time()
        self._live = _Live(show, version, version(), now)
        show(now)

    def refresh(self) -> None:
        """Show it again at once: somebody wants to see something else."""
        if self._live is not None:
            self._show_again(self._live, time.time())

    def _tick(self) -> None:
        if self.person() is None:
            # Nothing more is shown to who is signed out, wherever that happened.
            ui.navigate.to(f"{SIGN_IN}?next={quote(self._again, safe='')}")
            return
        now = time.time()
        self._show_head(now)
        live = self._live
        if live and (live.version() != live.shown or now - live.at > _AT_LATEST_SECONDS):
            self._show_again(live, now)

    def _show_again(self, live: _Live, now: float) -> None:
        live.shown, live.at = live.version(), now
        live.show(now)

    def _show_head(self, now: float) -> None:
        plant, clock, person = self._parts.plant, self._parts.clock, self.person()
        time_now = datetime.fromtimestamp(int(now), UTC)
        since = plant.stale_since(now)
        self._head.show(
            render(
                "head.html",
                here=self._here,
                plant_time=clock.plant(time_now),
                utc=None if clock.is_utc else clock.utc(time_now),
                person=person,
                signs_in=self._parts.sessions is not None,
                sign_out=SIGN_OUT,
            )
        )
        stale = None if since is None else clock.plant(since)
        self._banner.show(render("banners.html", stale=stale, loading=not plant.is_complete))
