"""The demo as a picture on a terminal: the score now, the whole stream, the latest events."""

from collections.abc import Iterator
from typing import Final

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.text import Text

from stream_detector.sandbox.demo.story import Kind, Story
from stream_detector.sandbox.demo.words import clock

_STYLES: Final[dict[Kind, str]] = {
    "alert": "bold yellow",
    "cleared": "green",
    "break": "bold red",
    "label": "bold red",
    "feed": "dim",
    "refused": "red",
}
_BLOCKS: Final = "▁▂▃▄▅▆▇█"
_HIGHEST: Final = 2  # thresholds: a score that meets its threshold fills half
_WIDEST_BAR: Final = 80
_LABEL_WIDTH: Final = 12
_WIDEST: Final = 120
_EVENT_LINES, _LINES_AROUND_EVENTS = 12, 12


class Picture:
    """Draws the story anew whenever it is shown.

    Parameters
    ----------
    console : rich Console
    title : str
        What the data is.
    """

    def __init__(self, console: Console, *, title: str) -> None:
        self._console = console
        self._panel = Panel(
            "", title=Text(title, "bold"), subtitle=Text("Ctrl-C ends everything", "dim")
        )
        # Drawn when we say so: no second thread.
        self._live = Live(console=console, auto_refresh=False)
        self._live.start()

    def show(self, story: Story) -> None:
        """Draw the story."""
        width = min(self._console.width, _WIDEST) - 4
        parts = [
            *_now(story, width - _LABEL_WIDTH),
            Text(),
            *_stream(story, width - _LABEL_WIDTH),
            Text(),
            *_latest(story, min(_EVENT_LINES, self._console.height - _LINES_AROUND_EVENTS)),
        ]
        for part in parts:
            part.no_wrap, part.overflow = True, "ellipsis"
        self._panel.renderable, self._panel.width = Group(*parts), width + 4
        self._live.update(self._panel, refresh=True)

    def close(self) -> None:
        """Leave the last picture as it is; there is nothing any more that Ctrl-C could end."""
        self._panel.subtitle = None
        self._live.stop()


def _now(story: Story, width: int) -> Iterator[Text]:
    if not story.points:
        yield _row("now", Text("waiting for the worker's first score", "dim"))
        yield Text()
        return
    point = story.points[-1]
    style = "bold yellow" if point.alarm_since else "red" if point.share > 1 else "green"
    time = clock(point.time, cadence=story.cadence)
    yield _row("now", Text.assemble((f"{time}  ", "dim"), (point.state, style)))
    limit = min(width - len("┃ threshold 0.00"), _WIDEST_BAR) // 2
    bar = Text("█" * round(min(point.share, _HIGHEST) * limit), style)
    bar.append("·" * (2 * limit - len(bar)), "dim")
    threshold = Text(f" threshold {point.threshold:.2f}", "dim")
    score = "none" if point.score is None else f"{point.score:.2f}"
    yield _row(f"score {score}", bar[:limit] + Text("┃", "bold") + bar[limit:] + threshold)


def _stream(story: Story, width: int) -> Iterator[Text]:
    """Draw the whole stream from left to right: scores, and below what was raised and broke."""
    yield _row("scores", _scores(story, width))
    yield _row("alerts", _marks(story, width, kind="alert", mark="▲"))
    if story.labels.kind == "event":
        yield _row("breaks", _marks(story, width, kind="break", mark="✖"))
    elif story.labels.kind == "rows":
        yield _row("anomalies", _marks(story, width, kind="label", mark="✖"))
    first, last = (clock(time, cadence=story.cadence) for time in (story.start, story.end))
    between = width - len(first) - len(last)
    yield _row("", Text(f"{first}{'red: over the threshold':^{between}}{last}", "dim"))


def _scores(story: Story, width: int) -> Text:
    """Draw the highest score of each column; dots where the stream has not come yet."""
    highest: dict[int, float] = {}
    for point in story.points:
        column = _column(point.row, story, width)
        highest[column] = max(highest.get(column, 0.0), point.share)
    scores = Text()
    for column in range(width):
        ratio = highest.get(column)
        if ratio is None:
            scores.append("·" if column > max(highest, default=-1) else " ", "dim")
        else:
            block = int(min(ratio / _HIGHEST, 0.999) * len(_BLOCKS))
            scores.append(_BLOCKS[block], "red" if ratio > 1 else "green")
    return scores


def _marks(story: Story, width: int, *, kind: Kind, mark: str) -> Text:
    marked = {
        _column(story.row(event.time), story, width) for event in story.events if event.kind == kind
    }
    drawn = "".join(mark if column in marked else " " for column in range(width))
    return Text(drawn, _STYLES[kind])


def _column(row: int, story: Story, width: int) -> int:
    return row * width // story.n_rows


def _latest(story: Story, n_lines: int) -> Iterator[Text]:
    """Give the latest events, the newest first; only the newest alert with its sensors."""
    lines: list[Text] = []
    detailed = False
    for event in reversed(story.events):
        if len(lines) >= n_lines:
            break
        time = clock(event.time, cadence=story.cadence)
        heading = (f"{event.heading:9}", _STYLES[event.kind])
        lines.append(Text.assemble((f"{time}  ", "dim"), heading, event.text))
        if event.details and not detailed:
            detailed = True
            lines += [Text(" " * (len(time) + 11) + detail) for detail in event.details]
    lines += [Text()] * n_lines
    yield from lines[: max(n_lines, 0)]


def _row(label: str, content: Text) -> Text:
    return Text.assemble((f"{label:{_LABEL_WIDTH}}", "dim"), content)
