"""What the story of a machine looks like, on a terminal and in a file."""

import io
from collections.abc import Iterable

import pytest
from rich.console import Console

from stream_detector.replay.recording import LabelKind, Recording
from stream_detector.sandbox.demo.outputs import Told
from stream_detector.sandbox.demo.picture import Picture
from stream_detector.sandbox.demo.screen import Lines, Screen, View
from stream_detector.sandbox.demo.story import Story
from tests.sandbox.demo.messages import CADENCE, alert, recording, score

MINUTES = tuple(range(0, 40, 2))
EVENTFUL: tuple[Told, ...] = (
    *(score(minute, 0.2) for minute in range(0, 10, 2)),
    alert(10, "raised", raised=10),
    score(10, 3.37, alarm=True),
    score(12, 1.0, alarm=True),
)


BREAK_AT_14 = recording(*MINUTES, labelled=(14,))


def shown(
    view: View, output: io.StringIO, messages: Iterable[Told], streamed: Recording = BREAK_AT_14
) -> str:
    story = Story(streamed, cadence=CADENCE)
    view.show(story)
    for message in messages:
        story.take(message)
        view.show(story)
    story.finish()
    view.show(story)
    view.close()
    return output.getvalue()


def test_plain_lines_are_one_per_event_and_one_per_twentieth_of_the_readings() -> None:
    output = io.StringIO()

    text = shown(Lines(Screen(Console(file=output))), output, EVENTFUL)

    assert text.splitlines() == [
        "    22 Nov 03:00  score    0.20, threshold 2.00: normal",
        "    22 Nov 03:02  score    0.20, threshold 2.00: normal",
        "    22 Nov 03:04  score    0.20, threshold 2.00: normal",
        "    22 Nov 03:06  score    0.20, threshold 2.00: normal",
        "    22 Nov 03:08  score    0.20, threshold 2.00: normal",
        "    22 Nov 03:10  ALERT    score 3.37 over the threshold 2.00: felt_vacuum 47.12 kPa, "
        "expected 52.3 (41 %); draw missing, expected 2.5 (20 %); switch 1 (10 %)",
        "    22 Nov 03:10  score    3.37, threshold 2.00: ALERT",
        "    22 Nov 03:12  score    1.00, threshold 2.00: ALERT for 2 min",
        "    22 Nov 03:14  BREAK    4 min after the alert",
    ]


def last_picture(
    messages: Iterable[Told],
    *,
    streamed: Recording = BREAK_AT_14,
    width: int = 80,
    height: int = 30,
) -> list[str]:
    output = io.StringIO()
    console = Console(
        file=output, force_terminal=True, color_system=None, width=width, height=height
    )
    text = shown(Picture(console, title="SIMULATED machine"), output, messages, streamed)
    return text[text.rindex("╭") :].splitlines()


def test_the_picture_has_the_score_the_whole_stream_and_the_latest_events() -> None:
    rows = last_picture(EVENTFUL)

    assert "SIMULATED machine" in rows[0]
    assert "22 Nov 03:12  ALERT for 2 min" in rows[1]
    assert "score 1.00" in rows[2]
    assert "threshold 2.00" in rows[2]
    #  20 readings in 64 columns: the alert at the sixth, the break at the eighth
    alerts, breaks = (row.removeprefix("│ ").removesuffix(" │")[12:] for row in rows[5:7])
    assert alerts.index("▲") == 5 * 64 // 20
    assert breaks.index("✖") == 7 * 64 // 20
    assert "03:14  BREAK    4 min after the alert" in rows[9]
    assert "03:10  ALERT" in rows[10]
    assert "felt_vacuum 47.12 kPa" in rows[11]


@pytest.mark.parametrize(("width", "height"), [(40, 10), (80, 24), (250, 70)])
def test_the_picture_fits_into_the_terminal(width: int, height: int) -> None:
    rows = last_picture(EVENTFUL, width=width, height=height)

    assert max(map(len, rows)) <= width


@pytest.mark.parametrize(
    ("labelled", "kind", "row"),
    [
        ((4, 6), "event", "│ breaks "),
        ((4, 6), "rows", "│ anomalies "),
        (None, "event", "│  "),  # the times: nobody knows what broke
    ],
)
def test_below_the_alerts_stands_what_the_labels_tell_of(
    labelled: tuple[float, ...] | None, kind: LabelKind, row: str
) -> None:
    rows = last_picture(EVENTFUL, streamed=recording(*MINUTES, labelled=labelled, kind=kind))

    assert rows[5].startswith("│ alerts ")
    assert rows[6].startswith(row)


def test_the_picture_offers_ctrl_c_only_while_there_is_something_to_end() -> None:
    output = io.StringIO()
    console = Console(file=output, force_terminal=True, color_system=None, width=80, height=30)

    text = shown(Picture(console, title="SIMULATED machine"), output, EVENTFUL)

    *pictures, last = text.split("╭")[1:]
    assert all("Ctrl-C ends everything" in picture for picture in pictures)
    assert "Ctrl-C" not in last


def test_before_the_first_score_the_picture_says_what_it_waits_for() -> None:
    assert "waiting for the worker's first score" in last_picture(())[1]


def test_a_picture_is_drawn_on_a_terminal_only() -> None:
    terminal = Screen(Console(file=io.StringIO(), force_terminal=True))
    file = Screen(Console(file=io.StringIO()))

    with_picture = terminal.view(title="machine")
    with_picture.close()

    assert isinstance(with_picture, Picture)
    assert isinstance(file.view(title="machine"), Lines)
