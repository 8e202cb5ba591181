"""Asks for what a command needs besides the alerts, and carries it out."""

from collections.abc import Callable, Sequence
from typing import Final

from nicegui import context, ui

from stream_detector.alerting.commands import MAX_COMMENT, NEEDS_A_REASON, CommandName
from stream_detector.console.acting import LABELS, Wish, carry_out
from stream_detector.console.pages.frame import Frame
from stream_detector.console.parts import Parts
from stream_detector.console.plant import Standing
from stream_detector.console.users import Role
from stream_detector.errors import counted

_HOURS: Final = {
    0.5: "30 minutes",
    1: "1 hour",
    2: "2 hours",
    4: "4 hours",
    8: "8 hours",
    12: "12 hours",
}

_N_NAMED: Final = 20
"""Machines that a dialog names; of more it tells how many."""

_AT_ONCE: Final = frozenset({"acknowledge", "unshelve", "in-service"})
"""Nothing is asked: in a hurry each key counts."""

TITLES: Final[dict[CommandName, str]] = {
    "acknowledge": "Acknowledge",
    "shelve": "Shelve",
    "unshelve": "Unshelve",
    "comment": "Comment",
    "label": "Label",
    "out-of-service": "Take out of service",
    "in-service": "Put back in service",
}


class Asking:
    """Carries commands out on what is selected on a page.

    Parameters
    ----------
    parts : Parts
    frame : Frame
    targets : callable
        Gives the alerts that are meant.
    on_done : callable
        Called when a command was carried out on them.
    """

    def __init__(
        self,
        parts: Parts,
        frame: Frame,
        targets: Callable[[], Sequence[Standing]],
        on_done: Callable[[], object] = lambda: None,
    ) -> None:
        self._parts = parts
        self._frame = frame
        self._targets = targets
        self._on_done = on_done
        self._client = context.client

    def make_buttons(self) -> None:
        """Make a button for each command, if whoever looks may give them."""
        if self._frame.may(Role.OPERATOR):
            with ui.element("div").classes("tools"):
                for command, title in TITLES.items():
                    ui.button(title, on_click=lambda _, one=command: self.begin(one)).props(
                        "outline dense no-caps"
                    )

    async def begin(self, command: str) -> None:
        """Ask for what the command needs, or carry it out where that is nothing."""
        found = [one for one in TITLES if one == command]
        targets = list(self._targets())
        if not found or not self._frame.may(Role.OPERATOR):
            return
        if not targets:
            ui.notify("Select an alert first.", type="warning")
            return
        if found[0] in _AT_ONCE:
            await self._carry_out(Wish(found[0]), targets)
        else:
            self._ask(found[0], targets)

    def _ask(self, command: CommandName, targets: Sequence[Standing]) -> None:
        with ui.dialog() as dialog, ui.card():
            ui.label(f"{TITLES[command]}: {_named(targets)}").classes("title")
            hours = label = None
            if command == "shelve":
                hours = ui.select(_HOURS, value=1, label="For").props("outlined").classes("w-full")
            if command == "label":
                label = ui.radio(LABELS, value="useful")
            needed = command in NEEDS_A_REASON
            comment = ui.textarea("Why" if needed else "Comment (may be empty)")
            comment.props(f"outlined autofocus maxlength={MAX_COMMENT} counter").classes("w-full")

            async def confirm() -> None:
                if needed and not (comment.value or "").strip():
                    comment.props("error error-message='Say why: whoever comes next has to know.'")
                    return
                wish = Wish(
                    command,
                    comment=comment.value or "",
                    hours=None if hours is None else float(hours.value),
                    label=None if label is None else label.value,
                )
                dialog.close()
                await self._carry_out(wish, targets)

            with ui.row():
                ui.button(TITLES[command], on_click=confirm)
                ui.button("Cancel", on_click=dialog.close).props("flat")
        dialog.on("hide", dialog.delete)
        dialog.open()

    async def _carry_out(self, wish: Wish, targets: Sequence[Standing]) -> None:
        result = await carry_out(
            wish, targets, person=self._frame.person(), commands=self._parts.commands
        )
        self._on_done()
        # The dialog that asked is gone by now, and nothing can be said from within it any more.
        with self._client:
            ui.notify(
                result.text,
                type="positive" if result.is_good else "negative",
                multi_line=True,
                timeout=3000 if result.is_good else 15000,
            )
        self._frame.refresh()


def _named(targets: Sequence[Standing]) -> str:
    if len(targets) == 1:
        return f"{targets[0].state.machine}, {targets[0].state.rule}"
    machines = list(dict.fromkeys(one.state.machine for one in targets))
    n_more = len(machines) - _N_NAMED
    more = f" and {n_more} more" if n_more > 0 else ""
    return f"{counted(len(targets), 'alert')} of {', '.join(machines[:_N_NAMED])}{more}"
