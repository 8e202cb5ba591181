"""The overview as a page."""

from nicegui import ui
from starlette.requests import Request

from stream_detector.console.pages.frame import Frame
from stream_detector.console.pages.region import Region
from stream_detector.console.pages.search import SearchBox
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
        self._frame = Frame(parts, request, "/")
        with ui.element("div").classes("page"):
            self._search = SearchBox("Search machines", self._frame.refresh)
            self._tiles = Region("overview")
        self._search.turn_by(self._tiles)
        self._frame.keep_live(self._show, lambda: parts.plant.version)

    def _show(self, now: float) -> None:
        clock, search = self._parts.clock, self._search
        view = overview(self._parts.plant, now=now, clock=clock, text=search.text, page=search.page)
        search.page = view.page
        self._tiles.show(render("overview.html", view=view, text=search.text))
