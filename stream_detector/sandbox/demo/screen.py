"""Where the demo is shown: a terminal gets a picture, a file or a pipe plain lines."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from operator import itemgetter
from typing import Final, Protocol

from rich.console import Console
from rich.text import Text

from stream_detector.sandbox.demo.picture import Picture
from stream_detector.sandbox.demo.story import Event, Point, Story
from stream_detector.sandbox.demo.words import clock, score_and_threshold

_N_PHASES: Final = 5
_INDENT: Final = "    "
_SCORE_LINES: Final = 20


class View(Protocol):
    """What shows a story; to be closed in the end."""

    def show(self, story: Story) -> None:
        """Show how far the story has come."""

    def close(self) -> None:
        """Leave what was shown last as it is."""


class Screen:
    """Writes the phases of the demo, and gives each the means that suit the output.

    Parameters
    ----------
    console : rich Console
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._is_live = console.is_terminal and not console.is_dumb_terminal

    def say(self, text: str) -> None:
        """Write a line as it is, however long."""
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def announce(self, phase: int, title: str, *lines: str) -> None:
        """Begin a phase."""
        heading = Text.assemble((f"\n{phase}/{_N_PHASES} ", "bold cyan"), (title, "bold"))
        self._console.print(heading, soft_wrap=True)
        for line in lines:
            self.say(f"{_INDENT}{line}")

    @contextmanager
    def progress(self) -> Iterator[Callable[[str], None]]:
        """Give a function that shows what is being done just now."""
        if self._is_live:
            with self._console.status("") as status:
                yield lambda doing: status.update(Text(doing))
        else:
            said = set[str]()

            def tell(doing: str) -> None:
                if doing not in said:
                    said.add(doing)
                    self.say(f"{_INDENT}{doing}")

            yield tell

    def view(self, *, title: str) -> View:
        """Begin to show a story; ``title`` says what its data is."""
        return Picture(self._console, title=title) if self._is_live else Lines(self)


class Lines:
    """Writes what is new, in the machine's time: each event, and the score now and then.

    Parameters
    ----------
    screen : Screen
    """

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._n_events = 0
        self._n_points = 0
        self._n_score_lines = 0

    def show(self, story: Story) -> None:
        """Write the new events, and the score after each twentieth of the readings."""
        lines = [(event.time, _text(event)) for event in story.events[self._n_events :]]
        for point in story.points[self._n_points :]:
            due = (point.row + 1) * _SCORE_LINES // story.n_rows
            if due > self._n_score_lines:
                self._n_score_lines = due
                lines.append((point.time, f"score    {_score(point)}"))
        self._n_events, self._n_points = len(story.events), len(story.points)
        for time, text in sorted(lines, key=itemgetter(0)):
            self._screen.say(f"{_INDENT}{clock(time, cadence=story.cadence)}  {text}")

    def close(self) -> None:
        """Leave the lines as they are."""


def _text(event: Event) -> str:
    details = f": {'; '.join(event.details)}" if event.details else ""
    return f"{event.heading:9}{event.text}{details}"


def _score(point: Point) -> str:
    score, threshold = score_and_threshold(point.score, point.threshold)
    return f"{score}, threshold {threshold}: {point.state}"
