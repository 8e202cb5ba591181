"""Thresholds as a page: change a budget, and see first what it would have done."""

import asyncio
import time
from typing import TYPE_CHECKING

from nicegui import ui
from starlette.requests import Request

from stream_detector.console import words
from stream_detector.console.pages.frame import Frame
from stream_detector.console.pages.region import Region
from stream_detector.console.parts import Parts
from stream_detector.console.rendering import render
from stream_detector.console.tuning import Tuning
from stream_detector.console.users import Role
from stream_detector.console.views.thresholds import (
    Preview,
    in_force_when,
    names,
    pasts_of,
    preview,
    threshold_rows,
)
from stream_detector.detection.threshold import HIGHEST_PER_DAY, Budget
from stream_detector.errors import StreamDetectorError
from stream_detector.pipeline.thresholds import ALL_MACHINES

if TYPE_CHECKING:
    from stream_detector.console.under_models import UnderModels

_READ_SECONDS = 5.0

_NO_BUDGET = f"False alerts a day have to be a number above 0, at most {HIGHEST_PER_DAY:g}."


class ThresholdsPage:
    """What is wanted and in force; an engineer may change budgets.

    Parameters
    ----------
    parts : Parts
    request : Request
    """

    def __init__(self, parts: Parts, request: Request) -> None:
        self._parts = parts
        self._frame = Frame(parts, request, "/thresholds")
        self._models: UnderModels | None = None
        self._fault = "Thresholds are being read: try again."
        """Why there are no models."""
        self._asked = 0
        with ui.element("div").classes("page"):
            tuning = parts.tuning
            if tuning is None:
                Region("panel").show(render("no_thresholds.html"))
                return
            self._make_form(tuning)
            self._preview = Region("preview")
            self._table = Region("thresholds")
        ui.timer(_READ_SECONDS, lambda: self._read(tuning))

    def _make_form(self, tuning: Tuning) -> None:
        with ui.element("div").classes("tools"):
            self._machine = ui.select(
                [ALL_MACHINES],
                value=ALL_MACHINES,
                label="Machine (* for all others)",
                with_input=True,
                on_change=lambda: self._look(tuning),
            ).props("outlined dense")
            self._budget = ui.number(
                "False alerts a day, each machine",
                # No limits here: NiceGUI would put another number in the place of what was typed.
                value=tuning.default_budget.per_day,
                on_change=lambda: self._look(tuning),
            ).props("outlined dense debounce=500")
            if self._frame.may(Role.ENGINEER):
                ui.button("Save", on_click=lambda: self._save(tuning))

    async def _read(self, tuning: Tuning) -> None:
        first = self._models is None
        try:
            models = self._models = await tuning.read()
        except StreamDetectorError as error:
            self._fault = str(error)
            self._table.show(render("fault.html", text=self._fault))
            return
        rows = threshold_rows(self._parts.plant, models, clock=self._parts.clock)
        if names(rows) != self._machine.options:
            self._machine.set_options(names(rows))
        bundles = list(dict.fromkeys(row.bundle for row in rows))
        self._table.show(render("thresholds.html", rows=rows, bundles=bundles))
        if first:
            await self._look(tuning)

    def _new(self) -> Budget | None:
        """Give the budget in the form; None while it is none."""
        try:
            return Budget(float(self._budget.value))
        except (TypeError, ValueError):
            return None

    async def _look(self, tuning: Tuning) -> None:
        """Show what the budget in the form would have done."""
        machine, new, models = str(self._machine.value), self._new(), self._models
        self._asked += 1
        asked = self._asked
        if models is None:
            return  # the first reading of them looks again
        under = models.of(machine)
        tuned, now = under.tuned, under.wanted_of(machine)
        if isinstance(tuned, str) or now is None:
            self._preview.show(render("fault.html", text=tuned))
            return
        if new is None:
            self._preview.show(render("fault.html", text=_NO_BUDGET))
            return
        pasts, n_machines = pasts_of(self._parts.plant, machine, models)

        def judge() -> Preview:
            return preview(
                pasts, n_machines, now=now, new=new, model=tuned.model, rules=tuning.rules
            )

        found = await asyncio.to_thread(judge)
        if asked == self._asked:  # nobody has asked for something else meanwhile
            self._preview.show(render("preview.html", view=found))

    async def _save(self, tuning: Tuning) -> None:
        person, machine, new = self._frame.person(), str(self._machine.value), self._new()
        if person is None or person.role < Role.ENGINEER:
            _refuse("Only an engineer who is signed in may.")
            return
        if new is None:
            _refuse(_NO_BUDGET)
            return
        if self._models is None:
            _refuse(self._fault)
            return
        try:
            await tuning.save(machine, new, by=person.name, seen=self._models)
        except StreamDetectorError as error:
            _refuse(str(error))
        else:
            asked = words.plain(new.per_day)
            plant, clock = self._parts.plant, self._parts.clock
            when = in_force_when(plant, machine, now=time.time(), clock=clock)
            ui.notify(f"Saved: {machine}, {asked} a day; {when}.", type="positive")
        await self._read(tuning)
        await self._look(tuning)


def _refuse(why: str) -> None:
    ui.notify(f"Not saved: {why}", type="negative", timeout=15000)
