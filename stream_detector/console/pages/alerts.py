"""The list of alerts as a page, to be worked on with the mouse or without it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from urllib.parse import urlencode

from nicegui import ui
from starlette.requests import Request

from stream_detector.alerting.alert_state import PRIORITIES
from stream_detector.console.pages.asking import Asking
from stream_detector.console.pages.frame import Frame
from stream_detector.console.pages.region import Region
from stream_detector.console.pages.search import page_number
from stream_detector.console.parts import Parts
from stream_detector.console.plant import Key, Standing
from stream_detector.console.rendering import render
from stream_detector.console.users import Role
from stream_detector.console.views.alerts import SHOWN, AlertList, Filter, alert_list


class AlertsPage:
    """Alerts, the most urgent first.

    Parameters
    ----------
    parts : Parts
    request : Request
    """

    def __init__(self, parts: Parts, request: Request) -> None:
        self._parts = parts
        self._filter = filter_of(request.query_params)
        self._address = address_of(self._filter)
        self._selected: set[Key] = set()
        self._cursor: Key | None = None
        self._view: AlertList | None = None
        self._frame = Frame(parts, request, "/alerts")
        self._asking = Asking(parts, self._frame, self._targets, on_done=self._deselect)
        with ui.element("div").classes("page"):
            self._make_filters()
            self._asking.make_buttons()
            self._list = Region("alert-list")
        self._list.on_click(self._clicked)
        self._list.on_key(self._pressed)
        self._frame.keep_live(self._show, self._version)

    def _make_filters(self) -> None:
        with ui.element("div").classes("tools"):
            search = ui.input(
                "Search machine, rule, sensor",
                value=self._filter.text,
                on_change=lambda event: self._narrow(text=event.value or ""),
            )
            search.props("outlined dense clearable debounce=300").classes("search")
            ui.select(
                {name: title for name, (title, _) in SHOWN.items()},
                value=self._filter.shown,
                label="Show",
                on_change=lambda event: self._narrow(shown=event.value),
            ).props("outlined dense")
            ui.select(
                {"": "all", **{one: f"{one} and above" for one in PRIORITIES[:-1]}},
                value=self._filter.priority,
                label="Priority",
                on_change=lambda event: self._narrow(priority=event.value or ""),
            ).props("outlined dense")

    def _narrow(self, **changes: str) -> None:
        self._filter = replace(self._filter, **changes, page=0)
        self._selected.clear()
        self._frame.refresh()

    def _version(self) -> object:
        return self._parts.plant.alerts_version

    def _targets(self) -> Sequence[Standing]:
        """Give what is selected; where nothing is, what the cursor is at."""
        keys = self._selected or ({self._cursor} if self._cursor else set())
        alerts = self._parts.plant.alerts
        return [alerts[key] for key in sorted(keys) if key in alerts]

    def _deselect(self) -> None:
        self._selected.clear()

    def _clicked(self, act: str, key: str) -> None:
        rows = self._view.rows if self._view else ()
        if act == "page":
            self._turn_to(page_number(key) or 0)
        elif act == "select-page":
            keys = {row.key for row in rows}
            self._selected = set() if keys <= self._selected else keys
        else:
            found = [row.key for row in rows if row.name == key]
            if not found:
                return
            self._cursor = found[0]
            if act == "select":
                self._selected ^= {found[0]}
        self._frame.refresh()

    async def _pressed(self, key: str) -> None:
        view = self._view
        match key:
            case "down" | "up":
                self._move(1 if key == "down" else -1)
            case "select" if self._cursor:
                self._selected ^= {self._cursor}
            case "clear":
                self._selected.clear()
            case "next" | "previous" if view:
                self._turn_to(view.page + (1 if key == "next" else -1))
            case "open" if self._cursor:
                ui.navigate.to(alert_path(self._cursor))
                return
            case _:
                await self._asking.begin(key)
                return
        self._frame.refresh()

    def _move(self, step: int) -> None:
        keys = [row.key for row in self._view.rows] if self._view else []
        if keys:
            at = keys.index(self._cursor) + step if self._cursor in keys else 0
            self._cursor = keys[min(max(at, 0), len(keys) - 1)]
            ui.run_javascript(
                "document.querySelector('tr.cursor')?.scrollIntoView({block: 'nearest'})"
            )

    def _turn_to(self, page: int) -> None:
        self._filter = replace(self._filter, page=page)
        self._selected.clear()

    def _show(self, now: float) -> None:
        view = alert_list(self._parts.plant, self._filter, now=now, clock=self._parts.clock)
        self._view = view
        self._filter = replace(self._filter, page=view.page)
        if (address := address_of(self._filter)) != self._address:
            # So that somebody who comes back from an alert is where they were.
            self._address = address
            ui.navigate.history.replace(address)
        keys = {row.key for row in view.rows}
        # What nobody sees any more is not meant by what they do next.
        self._selected &= keys
        if self._cursor not in keys:
            self._cursor = None
        self._list.show(
            render(
                "alerts.html",
                view=view,
                selected=self._selected,
                cursor=self._cursor,
                may_act=self._frame.may(Role.OPERATOR),
                all_selected=bool(keys) and keys <= self._selected,
            )
        )


def filter_of(query: Mapping[str, str]) -> Filter:
    """Read what an address asks for; what it does not say, or wrongly, is as usual.

    Examples
    --------
    >>> filter_of({"shown": "all", "priority": "urgent", "page": "2"})
    Filter(shown='all', priority='', text='', page=1)
    """
    shown, priority = query.get("shown", ""), query.get("priority", "")
    return Filter(
        shown=shown if shown in SHOWN else Filter.shown,
        priority=priority if priority in PRIORITIES[:-1] else Filter.priority,
        text=query.get("text", ""),
        page=max((page_number(query.get("page", "")) or 1) - 1, 0),
    )


def address_of(wanted: Filter) -> str:
    """Write the address of what somebody wants to see.

    Examples
    --------
    >>> address_of(Filter(text="pm 3", page=1)), address_of(Filter())
    ('/alerts?text=pm+3&page=2', '/alerts')
    """
    asked = {
        "shown": wanted.shown if wanted.shown != Filter.shown else "",
        "priority": wanted.priority,
        "text": wanted.text,
        "page": str(wanted.page + 1) if wanted.page else "",
    }
    query = urlencode({name: one for name, one in asked.items() if one})
    return f"/alerts?{query}" if query else "/alerts"


def alert_path(key: Key) -> str:
    """Give the path of an alert's page."""
    return "/alert?" + urlencode({"machine": key[0], "rule": key[1]})
