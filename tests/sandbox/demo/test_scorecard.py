"""The scorecard in plain words, with figures worked out by hand."""

from datetime import timedelta

from stream_detector.pipeline.messages import AlertMessage
from stream_detector.sandbox.demo.outputs import DeadLetter, Told
from stream_detector.sandbox.demo.scorecard import scorecard_lines
from stream_detector.sandbox.demo.story import Story
from tests.sandbox.demo.messages import CADENCE, alert, recording, score

HORIZON = timedelta(minutes=4)
DAY = tuple(range(0, 1442, 2))
"""Minutes of 720 steps of two minutes: a day."""


def alarm(begin: float, end: float, reason: str = "returned-to-normal") -> list[AlertMessage]:
    return [
        alert(begin, "raised", raised=begin),
        alert(end, "cleared", raised=begin, reason=reason),
    ]


def card(story: Story, *messages: Told) -> list[str]:
    for message in messages:
        story.take(message)
    # Half of the day was running.
    for minute in DAY[:360]:
        story.take(score(minute, 0.5))
    return scorecard_lines(story, horizon=HORIZON, budget_per_day=6.0)


def test_breaks_are_warned_of_or_missed_and_the_other_alerts_are_a_nuisance() -> None:
    story = Story(recording(*DAY, labelled=(104, 210, 400)), cadence=CADENCE)

    lines = card(
        story,
        *alarm(100, 104, "outcome"),  # 4 minutes ahead
        *alarm(200, 204),  # 10 minutes ahead
        *alarm(300, 364),
    )

    #  by chance: 1 - (1 - 4 / 1440) ** 3, the same with 10, 30 and 60 minutes
    #  nuisance: 2 in half a day; in alarm: 4 + 4 + 64 of 1440 minutes
    assert lines == [
        "Breaks           3",
        "Warned of        1 (33 %) within 4 min before the break; lead times: 4 min",
        "By chance        1 %, if as many alerts were raised at random times",
        "Missed           2",
        "Nuisance alerts  4.0 a day, asked for: 6 (2 of 3 alerts had no break within 4 min)",
        "Looking ahead        4 min   10 min   30 min   60 min",
        "  warned of              1        2        2        2",
        "  by chance            1 %      2 %      6 %     12 %",
        "In alarm         5 % of the time running",
    ]


def test_without_an_alert_all_breaks_are_missed() -> None:
    lines = card(Story(recording(*DAY, labelled=(104,)), cadence=CADENCE))

    assert "Warned of        0 (0 %) within 4 min before the break" in lines
    assert "Nuisance alerts  0.0 a day, asked for: 6 (0 of 0 alerts had no break within 4 min)" in (
        lines
    )


def test_an_alert_before_a_standstill_did_not_warn_of_what_came_after_it() -> None:
    #  The machine stands still from minute 100 to 700; the break is four minutes after that.
    running = (*range(0, 102, 2), *range(700, 1442, 2))
    story = Story(recording(*running, labelled=(704,)), cadence=CADENCE)

    lines = card(story, *alarm(90, 704, "outcome"))

    # Within 4, 10, 30 and 60 minutes.
    assert next(line for line in lines if "warned of" in line).split()[2:] == ["0"] * 4
    # In alarm for 14 of 840 minutes that it ran.
    assert lines[-1] == "In alarm         2 % of the time running"


def test_many_lead_times_are_told_as_a_range() -> None:
    breaks = tuple(range(100, 700, 100))
    story = Story(recording(*DAY, labelled=breaks), cadence=CADENCE)
    alarms = [alarm(time - (2 if time < 500 else 4), time, "outcome") for time in breaks]

    lines = card(story, *(message for messages in alarms for message in messages))

    assert lines[1] == (
        "Warned of        6 (100 %) within 4 min before the break; lead times: 2 min to 4 min"
    )


def test_without_labels_the_scorecard_says_that_nobody_can_tell() -> None:
    lines = card(Story(recording(*DAY, labelled=None), cadence=CADENCE), *alarm(100, 172))

    assert lines == [
        "Without labels nobody can tell which alerts were right; --label-column gives them.",
        "Alerts           1, 2.0 a day; asked for: 6 false ones",
        "In alarm         5 % of the time running",
    ]


def test_when_the_labels_tell_of_nothing_every_alert_is_a_nuisance() -> None:
    lines = card(Story(recording(*DAY), cadence=CADENCE), *alarm(100, 172))

    assert lines[0] == "The labels tell of nothing in this part: every alert is a nuisance."


def test_stretches_labelled_as_anomalous_are_found_by_an_alert_inside() -> None:
    #  stretches of 144 minutes: a tenth of the day each
    first, second = (tuple(m for m in DAY if begin <= m <= begin + 144) for begin in (200, 600))
    story = Story(recording(*DAY, labelled=first + second, kind="rows"), cadence=CADENCE)

    lines = card(story, *alarm(100, 104), *alarm(210, 214))

    #  by chance: 1 - 0.9 ** 2
    assert lines == [
        "Anomalies        2, as labelled",
        "Found            1 (50 %): an alert was raised inside",
        "By chance        19 %, if as many alerts were raised at random times",
        "Missed           1",
        "Nuisance alerts  2.0 a day, asked for: 6 (1 of 2 alerts were raised outside)",
        "In alarm         1 % of the time running",
    ]


def test_refused_readings_are_told() -> None:
    story = Story(recording(*DAY), cadence=CADENCE)

    assert card(story, DeadLetter("too old"))[-1] == ("Refused readings 1")
