"""The score may raise the priority of an open alert; it never invents one."""

import pytest
from msgspec import structs

from stream_detector.alerting.life import AlertLife
from stream_detector.alerting.rules import Escalation, Rule
from tests.alerting.judged import THREE, changes, judgement, judgements, picture

RULE = Rule(
    name="odd",
    outcome="break",
    priority="medium",
    escalation=Escalation(to="high", over=3.0, count=2),
    off_delay=2,
    cooldown_seconds=0.0,
    heartbeat_seconds=86400.0,
)


def priorities(rule: Rule, drawing: str) -> list[tuple[str, str]]:
    return [(change.change.value, change.priority) for _, change in changes(rule, drawing)]


def test_an_alert_whose_score_stays_far_over_the_threshold_is_escalated() -> None:
    #  ! is 4 times the threshold: the raising reading, and two more in a row
    assert picture(RULE, "#!!") == "R E"


def test_without_an_escalation_the_rule_s_priority_stays() -> None:
    assert picture(structs.replace(RULE, escalation=None), "#!!!!!!") == "R      "


def test_the_raising_reading_does_not_count() -> None:
    assert picture(RULE, "!!#!#!#") == "R      "


def test_only_readings_in_a_row_count() -> None:
    assert picture(RULE, "#!#!#!!") == "R     E"


def test_it_is_escalated_once() -> None:
    assert picture(RULE, "#!!!!!!!!") == "R E      "


def test_the_higher_priority_stays_until_the_clear() -> None:
    assert priorities(RULE, "#!!#..") == [
        ("raised", "medium"),
        ("escalated", "high"),
        ("cleared", "high"),
    ]


def test_a_return_within_the_cooldown_begins_with_the_rule_s_priority_again() -> None:
    rule = structs.replace(RULE, cooldown_seconds=3600.0)

    assert priorities(rule, "#!!..#!!") == [
        ("raised", "medium"),
        ("escalated", "high"),
        ("cleared", "high"),
        ("raised", "medium"),
        ("escalated", "high"),
    ]


def test_an_escalation_stands_for_the_heartbeat() -> None:
    rule = structs.replace(RULE, heartbeat_seconds=360.0)

    #  minute               0 2 4 6 8 10
    assert picture(rule, "#!!###") == "R E  u"


def test_a_gap_begins_the_count_anew() -> None:
    #  the reading after the gap, which starts a run, is not counted either
    assert picture(RULE, "#!|!!!") == "R   E"


@pytest.mark.parametrize(("mode", "escalated"), [("wash-up", False), ("grade-42", True)])
def test_nothing_is_escalated_in_a_suppressed_mode(mode: str, *, escalated: bool) -> None:
    life = AlertLife(structs.replace(RULE, suppressed_modes=("wash-up",)), machine="pm3")
    life.follow(judgement(THREE, "#"))

    told = []
    for one in judgements("!!", start=THREE):
        life.note_mode(one.time, mode)
        told.append(life.follow(one))

    assert any(told) is escalated


def test_what_was_far_over_in_a_suppressed_mode_is_escalated_when_that_ends() -> None:
    life = AlertLife(structs.replace(RULE, suppressed_modes=("wash-up",)), machine="pm3")
    life.follow(judgement(THREE, "#"))
    life.note_mode(THREE, "wash-up")
    for one in judgements("!!", start=THREE):
        assert life.follow(one) is None

    life.note_mode(THREE, None)
    told = life.follow(judgement(THREE, "!"))

    assert told is not None
    assert told.priority == "high"
