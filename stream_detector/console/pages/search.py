"""A box to search in, and the pages of what is found."""

import re
from collections.abc import Callable
from typing import Final

from nicegui import ui

from stream_detector.console.pages.region import Region

_NUMBER: Final = re.compile(r"-?[0-9]{1,9}")


class SearchBox:
    """What somebody looks for on a page, and which page of it they see.

    Parameters
    ----------
    title : str
        Of the box.
    show : callable
        Shows what is found.
    """

    def __init__(self, title: str, show: Callable[[], None]) -> None:
        self.text, self.page = "", 0
        self._show = show
        with ui.element("div").classes("tools"):
            box = ui.input(title, on_change=lambda event: self._seek(event.value or ""))
            box.props("outlined dense clearable debounce=300").classes("search")

    def turn_by(self, region: Region) -> None:
        """Turn to the page whose number is clicked on in a region."""
        region.on_click(self._clicked)

    def _seek(self, text: str) -> None:
        self.text, self.page = text, 0
        self._show()

    def _clicked(self, act: str, key: str) -> None:
        number = page_number(key)
        if act == "page" and number is not None:
            self.page = number
            self._show()


def page_number(text: str) -> int | None:
    """Read the number of a page, which may be beyond the first and the last; None where it is none.

    Examples
    --------
    >>> page_number("7"), page_number("-1"), page_number("--7"), page_number("9" * 5000)
    (7, -1, None, None)
    """
    return int(text) if _NUMBER.fullmatch(text) else None
