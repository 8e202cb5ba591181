"""The overview as a page."""

from nicegui import ui
from starlette.requests import Request

from stream_detector.console.pages.frame import Frame
from stream_detector.console.pages.region import Region
from stream_detector.console.parts import Parts
from stream_detector.console.rendering import render
from stream_detector.console.views.overview import overview


class OverviewPage:
    """Every machine, the worst first.

    Parameters
    ----------
    parts : Parts
    request : Request
    """

    def __init__(self, parts: Parts, request: Request) -> None:
        self._parts = parts
        self._text, self._page = "", 0
        self._frame = Frame(parts, request, "/")
        with ui.element("div").classes("page"):
            with ui.element("div").classes("tools"):
                search = ui.input(
                    "Search machines", on_change=lambda event: self._seek(event.value)
                )
                search.props("outlined dense clearable debounce=300").classes("search")
            self._tiles = Region("overview")
        self._tiles.on_click(self._clicked)
        self._frame.keep_live(self._show, lambda: parts.plant.version)

    def _seek(self, text: str | None) -> None:
        self._text, self._page = text or "", 0
        self._frame.refresh()

    def _clicked(self, act: str, key: str) -> None:
        if act == "page" and key.lstrip("-").isdecimal():
            self._page = int(key)
            self._frame.refresh()

    def _show(self, now: float) -> None:
        clock = self._parts.clock
        view = overview(self._parts.plant, now=now, clock=clock, text=self._text, page=self._page)
        self._page = view.page
        self._tiles.show(render("overview.html", view=view, text=self._text))
