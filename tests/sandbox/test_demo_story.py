"""The story of a streamed machine, and what it looks like."""

import io
from collections.abc import Iterable

import pytest
from rich.console import Console

from stream_detector.sandbox.demo_lines import Lines
from stream_detector.sandbox.demo_outputs import DeadLetter, Told
from stream_detector.sandbox.demo_picture import Picture
from stream_detector.sandbox.demo_story import Story
from stream_detector.sandbox.demo_view import View, make_view
from tests.sandbox.demo_messages import CADENCE, alert, at, feed_fault, recording, score

MINUTES = tuple(range(0, 40, 2))


def told(*messages: Told, labelled: tuple[float, ...] = (), finish: bool = True) -> Story:
    story = Story(recording(*MINUTES, labelled=labelled), cadence=CADENCE)
    for message in messages:
        story.take(message)
    if finish:
        story.finish()
    return story


def lines(story: Story) -> list[tuple[str, str]]:
    return [(event.kind, event.text) for event in story.events]


def test_an_alert_tells_score_threshold_and_its_top_three_sensors() -> None:
    story = told(alert(4, "raised", raised=4))

    assert lines(story) == [("alert", "score 3.37 over the threshold 2.00")]
    assert story.events[0].details == (
        "felt_vacuum 47.12 kPa, expected 52.3 (41 %)",
        "draw missing, expected 2.5 (20 %)",
        "switch 1 (10 %)",
    )


def test_a_break_tells_how_long_ago_the_open_alert_was_raised() -> None:
    #  minute  4       10
    #          raised  break
    story = told(
        alert(4, "raised", raised=4),
        alert(10, "cleared", raised=4, reason="outcome"),
        labelled=(10,),
    )

    assert lines(story)[1:] == [
        ("break", "6 min after the alert"),
        ("cleared", "after 6 min: the break came"),
    ]
    assert story.alerts == [(at(4), at(10))]


def test_a_break_that_no_alert_foretold_is_told_when_its_time_has_come() -> None:
    #  minute  4       8      10     14
    #          raised  clear  break  score
    story = told(
        alert(4, "raised", raised=4),
        alert(8, "cleared", raised=4, reason="returned-to-normal"),
        score(14, 0.4),
        labelled=(10, 16),
        finish=False,
    )

    assert lines(story)[1:] == [
        ("cleared", "after 4 min: returned to normal"),
        ("break", "without an alert"),
    ]


def test_a_break_after_the_last_message_is_told_in_the_end() -> None:
    assert lines(told(labelled=(38,))) == [("break", "without an alert")]


def test_an_alert_that_returns_calls_again_and_so_counts_again() -> None:
    story = told(
        alert(4, "raised", raised=4),
        alert(8, "cleared", raised=4, reason="returned-to-normal"),
        alert(10, "raised", raised=4, occurrence=2),
        score(12, 3.0, alarm=True),
    )

    assert story.alerts == [(at(4), at(8)), (at(10), None)]
    assert lines(story)[-1] == ("alert", "score 3.37 again over the threshold 2.00")
    assert story.points[-1].state == "ALERT for 2 min"


def test_that_an_alert_still_stands_is_no_event() -> None:
    assert lines(told(alert(14, "updated", raised=4))) == []


@pytest.mark.parametrize(
    ("value", "state"),
    [(2.0, "normal"), (2.1, "over the threshold"), (None, "no score, quality bad")],
)
def test_a_reading_is_told_in_words(value: float | None, state: str) -> None:
    assert told(score(0, value)).points[0].state == state


def test_only_scored_readings_count_as_running() -> None:
    story = told(score(0, 0.4), score(2, None), score(4, 0.5))

    assert story.running == 2 * CADENCE


def test_a_standstill_is_told_once_with_its_length() -> None:
    story = Story(recording(0, 2, 46, 48), cadence=CADENCE)
    story.take(feed_fault(22, "silence", "began"))
    story.take(feed_fault(46, "silence", "ended"))

    assert lines(story) == [("feed", "readings again after 44 min of standstill")]


def test_faults_of_sensors_are_told_by_name() -> None:
    story = told(
        feed_fault(4, "stuck", "began", "steam", "draw"),
        feed_fault(6, "stuck", "ended", "steam"),
        feed_fault(8, "frozen", "began"),
        feed_fault(10, "frozen", "ended"),
        feed_fault(12, "second-partition", "began"),
    )

    assert [text for _, text in lines(story)] == [
        "steam, draw: one value all the time, left out",
        "steam: moves again",
        "all sensors stand still: no score",
        "the sensors move again",
        "second-partition began",
    ]


def test_refused_readings_are_counted_and_the_first_one_is_told() -> None:
    story = told(DeadLetter("too old"), DeadLetter("too old"))

    assert lines(story) == [("refused", "a reading: too old")]
    assert story.n_refused == 2


def test_rows_labelled_as_anomalous_are_told_by_their_stretch() -> None:
    streamed = recording(*MINUTES, labelled=(6, 8, 20), kind="rows")
    story = Story(streamed, cadence=CADENCE)
    story.finish()

    assert lines(story) == [
        ("label", "anomalous from here, for 4 min"),
        ("label", "anomalous from here, for 2 min"),
    ]


EVENTFUL: tuple[Told, ...] = (
    *(score(minute, 0.2) for minute in range(0, 10, 2)),
    alert(10, "raised", raised=10),
    score(10, 3.37, alarm=True),
    score(12, 1.0, alarm=True),
)


def shown(view: View, output: io.StringIO, messages: Iterable[Told]) -> str:
    story = Story(recording(*MINUTES, labelled=(14,)), cadence=CADENCE)
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

    text = shown(Lines(Console(file=output)), output, EVENTFUL)

    assert text.splitlines() == [
        "    22 Nov 03:00  score    0.20, threshold 2.00: normal",
        "    22 Nov 03:02  score    0.20, threshold 2.00: normal",
        "    22 Nov 03:04  score    0.20, threshold 2.00: normal",
        "    22 Nov 03:06  score    0.20, threshold 2.00: normal",
        "    22 Nov 03:08  score    0.20, threshold 2.00: normal",
        "    22 Nov 03:10  ALERT    score 3.37 over the threshold 2.00: felt_vacuum 47.12 kPa, "
        "expected 52.3 (41 %); draw missing, expected 2.5 (20 %); switch 1 (10 %)",
        "    22 Nov 03:10  score    3.37, threshold 2.00: ALERT for 0 s",
        "    22 Nov 03:12  score    1.00, threshold 2.00: ALERT for 2 min",
        "    22 Nov 03:14  BREAK    4 min after the alert",
    ]


def last_picture(messages: Iterable[Told], *, width: int = 80, height: int = 30) -> list[str]:
    output = io.StringIO()
    console = Console(
        file=output, force_terminal=True, color_system=None, width=width, height=height
    )
    text = shown(Picture(console, title="SIMULATED machine"), output, messages)
    return text[text.rindex("╭") :].splitlines()


def test_the_picture_has_the_score_the_whole_stream_and_the_latest_events() -> None:
    rows = last_picture(EVENTFUL)

    assert "SIMULATED machine" in rows[0]
    assert "22 Nov 03:12  ALERT for 2 min" in rows[1]
    assert "score 1.00" in rows[2]
    assert "threshold 2.00" in rows[2]
    #  20 readings in 65 columns: the alert at the sixth, the break at the eighth
    alerts, breaks = (row.removeprefix("│ ").removesuffix(" │")[11:] for row in rows[5:7])
    assert alerts.index("▲") == int(5 * 65 / 20)
    assert breaks.index("✖") == int(7 * 65 / 20)
    assert "03:14  BREAK    4 min after the alert" in rows[9]
    assert "03:10  ALERT" in rows[10]
    assert "felt_vacuum 47.12 kPa" in rows[11]


@pytest.mark.parametrize(("width", "height"), [(40, 10), (80, 24), (250, 70)])
def test_the_picture_fits_into_the_terminal(width: int, height: int) -> None:
    rows = last_picture(EVENTFUL, width=width, height=height)

    assert max(map(len, rows)) <= width


def test_before_the_first_score_the_picture_says_what_it_waits_for() -> None:
    assert "waiting for the worker's first score" in last_picture(())[1]


def test_a_picture_is_drawn_on_a_terminal_only() -> None:
    terminal = Console(file=io.StringIO(), force_terminal=True)
    file = Console(file=io.StringIO())

    with_picture = make_view(terminal, title="machine")
    with_picture.close()

    assert isinstance(with_picture, Picture)
    assert isinstance(make_view(file, title="machine"), Lines)
