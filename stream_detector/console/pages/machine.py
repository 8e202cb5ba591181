"""A machine as a page."""

from nicegui import ui
from starlette.requests import Request

from stream_detector.console.pages.frame import Frame
from stream_detector.console.pages.region import Region
from stream_detector.console.parts import Parts
from stream_detector.console.rendering import render
from stream_detector.console.views.machine import SPANS, machine_view


class MachinePage:
    """One machine in full.

    Parameters
    ----------
    parts : Parts
    request : Request
    name : str
        Of the machine.
    """

    def __init__(self, parts: Parts, request: Request, name: str) -> None:
        self._parts = parts
        self._name = name
        self._length = next(iter(SPANS))
        self._sensors: tuple[str, ...] = ()
        self._others: tuple[str, ...] = ()
        self._frame = Frame(parts, request, "/machine")
        with ui.element("div").classes("page"):
            with ui.element("div").classes("tools"):
                ui.select(
                    list(SPANS),
                    value=self._length,
                    label="Look back",
                    on_change=lambda event: self._look(event.value),
                ).props("outlined dense")
                self._choice = ui.select(
                    [],
                    label="Draw sensors too",
                    multiple=True,
                    with_input=True,
                    on_change=lambda event: self._draw(event.value),
                ).props("outlined dense use-chips")
            self._region = Region("machine")
        self._frame.keep_live(self._show, self._version)

    def _look(self, length: str) -> None:
        self._length = length if length in SPANS else self._length
        self._frame.refresh()

    def _draw(self, sensors: list[str]) -> None:
        self._sensors = tuple(sensors)
        self._frame.refresh()

    def _version(self) -> object:
        plant = self._parts.plant
        machine = plant.machines.get(self._name)
        return machine and machine.version, plant.alerts_version

    def _show(self, now: float) -> None:
        view = machine_view(
            self._parts.plant,
            self._name,
            length=self._length,
            sensors=self._sensors,
            now=now,
            clock=self._parts.clock,
        )
        if view is None:
            self._region.show(render("missing.html", what="machine", name=self._name))
            return
        others = (*self._sensors, *view.other_sensors)
        if others != self._others:
            self._others = others
            self._choice.set_options(sorted(others), value=list(self._sensors))
        self._region.show(render("machine.html", view=view))
