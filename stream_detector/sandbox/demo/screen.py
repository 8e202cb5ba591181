"""How the demo is shown: live pictures on a terminal, plain lines elsewhere."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, Protocol

from rich.console import Console
from rich.text import Text

from stream_detector.sandbox.demo.lines import Lines
from stream_detector.sandbox.demo.picture import Picture
from stream_detector.sandbox.demo.story import Story

_N_PHASES: Final = 5


class View(Protocol):
    """What shows a story; to be closed in the end."""

    def show(self, story: Story) -> None:
        """Show how far the story has come."""

    def close(self) -> None:
        """Leave what was shown last as it is."""


def make_view(console: Console, *, title: str) -> View:
    """Give the view that suits the output."""
    return Picture(console, title=title) if _is_live(console) else Lines(console)


@contextmanager
def progress(console: Console) -> Iterator[Callable[[str], None]]:
    """Give a function that shows what is being done just now."""
    if _is_live(console):
        with console.status("") as status:
            yield lambda doing: status.update(Text(doing))
    else:
        said = set[str]()

        def tell(doing: str) -> None:
            if doing not in said:
                said.add(doing)
                say(console, f"    {doing}")

        yield tell


def announce(console: Console, phase: int, title: str, lines: Sequence[str] = ()) -> None:
    """Begin a phase."""
    heading = Text.assemble((f"\n{phase}/{_N_PHASES} ", "bold cyan"), (title, "bold"))
    console.print(heading, soft_wrap=True)
    for line in lines:
        say(console, f"    {line}".rstrip())


def say(console: Console, text: str) -> None:
    """Write a line as it is, however long."""
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def _is_live(console: Console) -> bool:
    return console.is_terminal and not console.is_dumb_terminal
