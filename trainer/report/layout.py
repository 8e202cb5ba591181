"""What a report's page is made of, for the template to set."""

from typing import NamedTuple

from markupsafe import Markup

NOT_KEPT_BACK = "No row was kept back and scored; train with a hold-out to see this."
NO_LABELS = "The recording has no labels, so nobody knows which rows were to be warned at."


class Tile(NamedTuple):
    """A figure to see first, and what to hold it against."""

    name: str
    value: str
    beside: str


class Chart(NamedTuple):
    """A chart, or no ``svg`` and the reason as its ``note``; ``alt`` says what is to be seen."""

    title: str
    note: str
    svg: Markup | None = None
    alt: str = ""
    wide: bool = False


class Table(NamedTuple):
    """Rows of texts; the first text of a row is its name."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""
    wide: bool = False


class Section(NamedTuple):
    """A part of the page; ``note`` says what it is for, ``anchor`` what links to it name."""

    title: str
    anchor: str
    parts: tuple[Chart | Table, ...]
    note: str = ""


class Page(NamedTuple):
    """All of it; ``summary`` are headings with their sentences."""

    machine: str
    bundle: str
    tiles: tuple[Tile, ...]
    summary: tuple[tuple[str, tuple[str, ...]], ...]
    sections: tuple[Section, ...]
