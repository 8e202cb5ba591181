"""The ledger and the figures as a page."""

import time
from typing import TYPE_CHECKING

from nicegui import ui
from starlette.requests import Request

from stream_detector.console.pages.frame import Frame
from stream_detector.console.pages.region import Region
from stream_detector.console.pages.search import SearchBox
from stream_detector.console.parts import Parts
from stream_detector.console.rendering import render
from stream_detector.console.views.ledger import ledger
from stream_detector.errors import ServiceError

if TYPE_CHECKING:
    from stream_detector.alerting.figures import Figures

_READ_SECONDS = 10.0


class LedgerPage:
    """What became of alerts and outcomes, newest first.

    Parameters
    ----------
    parts : Parts
    request : Request
    """

    def __init__(self, parts: Parts, request: Request) -> None:
        self._parts = parts
        self._figures: Figures | None = None
        Frame(parts, request, "/ledger")
        with ui.element("div").classes("page"):
            self._search = SearchBox("Search machines", self._show)
            self._all = Region("ledger")
        self._search.turn_by(self._all)
        ui.timer(_READ_SECONDS, self._read)

    async def _read(self) -> None:
        try:
            self._figures = await self._parts.figures()
        except ServiceError as error:
            self._all.show(render("fault.html", text=str(error)))
            return
        self._show()

    def _show(self) -> None:
        if self._figures is None:
            return
        search = self._search
        view = ledger(
            self._figures,
            self._parts.plant,
            now=time.time(),
            clock=self._parts.clock,
            text=search.text,
            page=search.page,
        )
        search.page = view.page
        self._all.show(render("ledger.html", view=view, text=search.text))
