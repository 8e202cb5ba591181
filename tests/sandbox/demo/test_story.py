"""The story of a streamed machine."""

import pytest

from stream_detector.sandbox.demo.outputs import DeadLetter, Told
from stream_detector.sandbox.demo.story import Story
from tests.sandbox.demo.messages import CADENCE, alert, at, feed_fault, recording, score

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


def test_a_score_hardly_over_the_threshold_is_told_with_the_digits_that_show_it() -> None:
    story = told(alert(4, "raised", raised=4, score=2.0012))

    assert lines(story) == [("alert", "score 2.001 over the threshold 2.000")]


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
        ("break", "without an open alert"),
    ]


def test_a_break_after_the_last_message_is_told_in_the_end() -> None:
    assert lines(told(labelled=(38,))) == [("break", "without an open alert")]


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
