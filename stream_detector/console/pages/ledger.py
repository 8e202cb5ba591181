"""The ledger and the figures as a page."""

from typing import TYPE_CHECKING

from nicegui import ui
from starlette.requests import Request

from stream_detector.console.pages.frame import Frame
from stream_detector.console.pages.region import Region
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
        self._text, self._page = "", 0
        self._figures: Figures | None = None
        Frame(parts, request, "/ledger")
        with ui.element("div").classes("page"):
            with ui.element("div").classes("tools"):
                search = ui.input(
                    "Search machines", on_change=lambda event: self._seek(event.value)
                )
                search.props("outlined dense clearable debounce=300").classes("search")
            self._all = Region("ledger")
        self._all.on_click(self._clicked)
        ui.timer(_READ_SECONDS, self._read)

    async def _read(self) -> None:
        try:
            self._figures = await self._parts.figures()
        except ServiceError as error:
            self._all.show(render("fault.html", text=str(error)))
            return
        self._show()

    def _seek(self, text: str | None) -> None:
        self._text, self._page = text or "", 0
        self._show()

    def _clicked(self, act: str, key: str) -> None:
        if act == "page" and key.lstrip("-").isdecimal():
            self._page = int(key)
            self._show()

    def _show(self) -> None:
        if self._figures is None:
            return
        view = ledger(self._figures, clock=self._parts.clock, text=self._text, page=self._page)
        self._page = view.page
        self._all.show(render("ledger.html", view=view, text=self._text))
