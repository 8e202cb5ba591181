"""A part of a page that is shown again whenever it has changed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from nicegui.element import Element

_SCRIPT: Final = Path(__file__).parents[1] / "static" / "region.js"

_CLICKS: Final = """(event) => {
  const found = event.target.closest("[data-act]");
  if (!found || event.target.closest("a")) return;
  emit({act: found.dataset.act, key: found.dataset.key ?? ""});
}"""


class _Html(Element, component=_SCRIPT):
    """The region in the browser; NiceGUI finds components by their classes."""


class Region:
    """Shows HTML of our own templates, which write everything as text.

    Parameters
    ----------
    classes : str
        Of the style sheet.
    """

    def __init__(self, classes: str) -> None:
        self._element = _Html().classes(classes)
        self._shown = ""

    def show(self, html: str) -> None:
        """Show this; nothing is sent where it is what is shown already."""
        if html != self._shown:
            self._shown = html
            self._element.props["html"] = html
            self._element.update()

    def on_click(self, handle: Callable[[str, str], Any]) -> None:
        """Call with ``data-act`` and ``data-key`` of what is clicked on."""
        self._element.on("click", lambda event: handle(*_act(event.args)), js_handler=_CLICKS)

    def on_key(self, handle: Callable[[str], Any]) -> None:
        """Call with what a key stands for (``console.js``)."""
        self._element.classes("keys-here")
        self._element.on(
            "sdkey",
            lambda event: handle(str(event.args)),
            js_handler="(event) => emit(event.detail)",
        )


def _act(arguments: object) -> tuple[str, str]:
    """Read what a browser sent, which may be anything."""
    if not isinstance(arguments, dict):
        return "", ""
    return str(arguments.get("act", "")), str(arguments.get("key", ""))
