"""A sensor that fell silent while an alert was open says nothing of what it saw."""

import pytest
from msgspec import structs

from stream_detector.alerting.life import AlertLife
from stream_detector.alerting.rules import Rule
from tests.alerting.judged import judgements

RULE = Rule(name="odd", clear_share=0.8, off_delay=2, heartbeat_seconds=86400.0)
"""Clears after two readings below 0.8."""


@pytest.mark.parametrize(
    ("scores", "left_out", "told"),
    [
        # Sensors 1 and 2; what is left out of each reading stands below its score.
        ("#......", " 111111", "R      "),  # it fell silent: nobody knows
        ("#......", " 1111 1", "R    C "),  # seen again, and normal
        ("#......", " 1 1111", "R C    "),  # seen once among the readings below
        ("#......", " 121212", "R C    "),  # each seen in turn
        ("#......", "1111111", "R C    "),  # the alert never rested on it
        ("##.....", "1 11111", "R      "),  # the second reading that held it had it
        ("#.-....", "   1111", "R      "),  # readings below begin anew after one that is not
        ("#.-....", "  11 11", "R   C  "),
    ],
)
def test_an_alert_clears_only_when_the_sensors_it_was_raised_with_were_seen_again(
    scores: str, left_out: str, told: str
) -> None:
    life = AlertLife(RULE, machine="pm3")

    changes = [
        life.follow(structs.replace(one, left_out=frozenset(map(int, sensor.strip()))))
        for one, sensor in zip(judgements(scores), left_out, strict=True)
    ]

    letters = {"raised": "R", "cleared": "C"}
    assert "".join(letters[one.change] if one else " " for one in changes) == told


def test_the_outcome_closes_an_alert_whatever_was_seen() -> None:
    life = AlertLife(RULE, machine="pm3")
    (over, below) = judgements("#.")
    life.follow(over)
    life.follow(structs.replace(below, left_out=frozenset({1})))

    closed = life.close_by_outcome(below.time)

    assert closed is not None
    assert closed.reason == "outcome"
