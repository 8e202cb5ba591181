"""The demo in plain lines, for a file or a pipe: one per event, and the score now and then."""

from operator import itemgetter
from typing import Final

from rich.console import Console

from stream_detector.sandbox.demo.story import Event, Point, Story
from stream_detector.sandbox.demo.words import HEADINGS, clock

_SCORE_LINES: Final = 20


class Lines:
    """Writes what is new, in the machine's time.

    Parameters
    ----------
    console : rich Console
    """

    def __init__(self, console: Console) -> None:
        self._console = console
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
            self._say(f"{clock(time, cadence=story.cadence)}  {text}")

    def close(self) -> None:
        """Leave the lines as they are."""

    def _say(self, text: str) -> None:
        self._console.print(f"    {text}", markup=False, highlight=False, soft_wrap=True)


def _text(event: Event) -> str:
    details = f": {'; '.join(event.details)}" if event.details else ""
    return f"{HEADINGS[event.kind]:9}{event.text}{details}"


def _score(point: Point) -> str:
    score = "none" if point.score is None else f"{point.score:.2f}"
    return f"{score}, threshold {point.threshold:.2f}: {point.state}"
