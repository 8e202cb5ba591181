"""An alert as a page."""

from collections.abc import Sequence

from nicegui import ui
from starlette.requests import Request

from stream_detector.console.pages.asking import Asking
from stream_detector.console.pages.frame import Frame
from stream_detector.console.pages.region import Region
from stream_detector.console.parts import Parts
from stream_detector.console.plant import Key, Standing
from stream_detector.console.rendering import render
from stream_detector.console.views.alert import alert_detail


class AlertPage:
    """One alert in full.

    Parameters
    ----------
    parts : Parts
    request : Request
    key : tuple of (machine, rule)
    """

    def __init__(self, parts: Parts, request: Request, key: Key) -> None:
        self._parts = parts
        self._key = key
        self._frame = Frame(parts, request, "/alert")
        self._asking = Asking(parts, self._frame, self._targets)
        with ui.element("div").classes("page"):
            self._commands = ui.element("div")
            with self._commands:
                self._asking.make_buttons()
            self._region = Region("alert")
        self._region.on_key(self._asking.begin)
        self._frame.keep_live(self._show, self._version)

    def _targets(self) -> Sequence[Standing]:
        found = self._parts.plant.alerts.get(self._key)
        return [] if found is None else [found]

    def _version(self) -> object:
        plant = self._parts.plant
        machine = plant.machines.get(self._key[0])
        return plant.alerts.get(self._key), machine and machine.version

    def _show(self, now: float) -> None:
        view = alert_detail(self._parts.plant, self._key, now=now, clock=self._parts.clock)
        self._commands.set_visibility(view is not None)
        if view is None:
            name = "/".join(self._key) if all(self._key) else ""
            self._region.show(render("missing.html", what="alert", name=name))
        else:
            self._region.show(render("alert.html", view=view))
