"""One alert from raise to clear."""

from datetime import timedelta

import pytest
from msgspec import structs

from stream_detector.alerting.life import AlertLife, Change, ClearReason
from stream_detector.alerting.policy import Judgement
from stream_detector.alerting.rules import SHEET_BREAK, OnDelay, Rule
from tests.alerting.judged import STEP, THREE, at, changes, judgement, judgements, picture


def rule(**settings: object) -> Rule:
    """Clears after two readings below 0.8; no cooldown and no heartbeat, if not told otherwise."""
    low = {"clear_share": 0.8, "off_delay": 2}
    patient = {"heartbeat_seconds": 86400.0, "cooldown_seconds": 0.0, **low}
    return Rule(name="odd", outcome="break", **{**patient, **settings})  # type: ignore[arg-type]


def test_the_default_rule_raises_at_once_and_clears_after_two_readings_below() -> None:
    #  - is below the threshold, but above 80 % of it
    drawing = "...##-#--..."

    assert picture(SHEET_BREAK, drawing) == "   R    C   "


@pytest.mark.parametrize(
    ("count", "of", "raising_reading"), [(1, 1, 0), (2, 3, 2), (3, 5, 4), (2, 2, 5), (3, 3, 9)]
)
def test_an_alert_needs_k_of_n_readings_over_the_threshold(
    count: int, of: int, raising_reading: int
) -> None:
    (first, *_) = changes(rule(on_delay=OnDelay(count, of)), "#-#-##-###")

    assert first[0] == raising_reading


def test_readings_that_were_over_are_told() -> None:
    ((_, raised),) = changes(rule(on_delay=OnDelay(2, 4)), ".#--#")

    assert raised.n_over == 2


def test_only_low_readings_in_a_row_clear_an_alert() -> None:
    #  - is below the threshold, but above 80 % of it
    drawing = "#.-.-.#.-.."

    assert picture(rule(), drawing) == "R         C"


def test_a_clear_says_why_and_keeps_the_name_of_its_alert() -> None:
    (_, raised), (number, cleared) = changes(rule(), "#..")

    assert number == 2
    assert (cleared.change, cleared.reason) == (Change.CLEARED, ClearReason.RETURNED_TO_NORMAL)
    assert raised.alert_id == cleared.alert_id == "pm3.odd.2026-11-22T03:00:00Z"
    assert (raised.seq, cleared.seq) == (1, 2)
    assert cleared.raised_at == THREE


def test_after_a_clear_readings_are_counted_anew() -> None:
    assert picture(rule(on_delay=OnDelay(2, 3)), "##..#..#-#") == " R C     R"


def test_a_new_alert_has_a_new_name() -> None:
    alerts = [change for _, change in changes(rule(), "#..#..")]

    assert [one.alert_id[-9:] for one in alerts] == ["03:00:00Z"] * 2 + ["03:06:00Z"] * 2
    assert [(one.seq, one.occurrence) for one in alerts] == [(1, 1), (2, 1)] * 2


def test_a_return_within_the_cooldown_goes_on_as_the_same_alert() -> None:
    #  minute  0  2  4  6  8 10 12 14 16
    #          R     C     R     C     R      cooldown 6 min
    alerts = [change for _, change in changes(rule(cooldown_seconds=360.0), "#...#...#")]

    assert {one.alert_id for one in alerts} == {"pm3.odd.2026-11-22T03:00:00Z"}
    assert {one.raised_at for one in alerts} == {THREE}
    assert [(one.change.value, one.seq, one.occurrence) for one in alerts] == [
        ("raised", 1, 1),
        ("cleared", 2, 1),
        ("raised", 3, 2),
        ("cleared", 4, 2),
        ("raised", 5, 3),
    ]


def test_the_cooldown_ends_when_its_time_is_over() -> None:
    alerts = [change for _, change in changes(rule(cooldown_seconds=360.0), "#....#")]

    assert [(one.occurrence, one.raised_at) for one in alerts] == [
        (1, at(0)),
        (1, at(0)),
        (1, at(10)),
    ]


def test_an_open_alert_says_so_now_and_then() -> None:
    drawing = "#" + 12 * "-"

    assert picture(rule(heartbeat_seconds=600.0), drawing) == "R    u    u  "


def test_a_heartbeat_has_the_count_of_the_readings_over() -> None:
    told = [change for _, change in changes(rule(heartbeat_seconds=240.0), "#--#-")]

    assert [(one.change.value, one.n_over) for one in told] == [
        ("raised", 1),
        ("updated", 0),
        ("updated", 0),
    ]


def test_an_outcome_closes_the_alert() -> None:
    life = AlertLife(rule(), machine="pm3")
    raised = life.follow(judgement(THREE, "#"))

    closed = life.close_by_outcome(at(4))

    assert raised is not None
    assert closed is not None
    assert closed.alert_id == raised.alert_id
    assert (closed.change, closed.reason) == (Change.CLEARED, ClearReason.OUTCOME)
    assert not life.is_open


def test_an_alert_whose_rule_is_gone_ends_with_a_reason_of_its_own() -> None:
    life = AlertLife(rule(heartbeat_seconds=120.0), machine="pm3")
    raised, _ = (life.follow(one) for one in judgements("#-"))
    kept = life.snapshot()

    # Taken up under a rule of which there is only the name.
    again = AlertLife.restore(kept, Rule(name=rule().name), machine="pm3")
    closed = again.close_unfollowed(at(4), ClearReason.RULE_REMOVED)

    assert raised is not None
    assert closed is not None
    assert (closed.alert_id, closed.seq, closed.occurrence) == (raised.alert_id, 3, 1)
    assert (closed.change, closed.reason) == (Change.CLEARED, ClearReason.RULE_REMOVED)
    assert not again.is_open
    assert again.close_unfollowed(at(6), ClearReason.RULE_REMOVED) is None


def test_an_outcome_without_an_alert_says_nothing() -> None:
    life = AlertLife(rule(), machine="pm3")
    life.follow(judgement(THREE, "."))

    assert life.close_by_outcome(at(2)) is None


def test_an_outcome_ends_the_cooldown() -> None:
    life = AlertLife(rule(cooldown_seconds=3600.0), machine="pm3")
    for one in judgements("#.."):
        life.follow(one)

    life.close_by_outcome(at(6))
    again = life.follow(judgement(at(8), "#"))

    assert again is not None
    assert (again.occurrence, again.raised_at) == (1, at(8))


def test_readings_before_an_outcome_do_not_count_after_it() -> None:
    life = AlertLife(rule(on_delay=OnDelay(2, 2)), machine="pm3")
    life.follow(judgement(at(0), "#"))
    life.close_by_outcome(at(2))

    assert life.follow(judgement(at(4), "#")) is None
    assert life.follow(judgement(at(6), "#")) is not None


def test_the_first_reading_of_a_run_raises_nothing() -> None:
    assert picture(rule(), "..|#.|##") == "     R"


def test_a_new_run_counts_readings_over_the_threshold_anew() -> None:
    assert picture(rule(on_delay=OnDelay(2, 2)), ".#|###") == "    R"


def test_an_alert_stays_open_over_a_gap_and_low_readings_are_counted_anew() -> None:
    #  the reading that starts the run is not counted either
    assert picture(rule(), "#.|...") == "R   C"


WASH_UP = rule(suppressed_modes=("wash-up",), suppression_hold_seconds=240.0)


def follow(
    rule: Rule, *steps: tuple[str, str | None], first_of_run: bool = False
) -> list[Change | None]:
    """What readings in these modes change, two minutes apart; a blank is one without a score."""
    life = AlertLife(rule, machine="pm3")
    told: list[Change | None] = []
    for n, (sign, mode) in enumerate(steps):
        time = THREE + n * STEP
        life.note_mode(time, mode)
        if sign == " ":
            told.append(None)
            continue
        one = structs.replace(judgement(time, sign), first_of_run=first_of_run and n == 0)
        change = life.follow(one)
        told.append(change and change.change)
    return told


def raises(*steps: tuple[str, str | None], first_of_run: bool = False) -> list[bool]:
    told = follow(WASH_UP, *steps, first_of_run=first_of_run)
    return [change is Change.RAISED for change in told]


def test_nothing_is_raised_in_a_suppressed_mode_nor_for_a_while_after_it() -> None:
    #  minute      0        2        4        6
    #           wash-up   wash-up           over
    assert raises(("#", "wash-up"), ("#", "wash-up"), ("#", "grade-42"), ("#", "grade-42")) == [
        False,
        False,
        False,
        True,
    ]


def test_a_run_that_starts_in_a_suppressed_mode_is_held_too() -> None:
    assert raises(("#", "wash-up"), ("#", None), ("#", None), first_of_run=True) == [
        False,
        False,
        True,
    ]


def test_a_suppressed_mode_without_a_score_is_held_too() -> None:
    #  minute      0         2          4       6
    #           no score  no score    held    raised
    assert raises((" ", "wash-up"), (" ", "wash-up"), ("#", None), ("#", None)) == [
        False,
        False,
        False,
        True,
    ]


def test_an_outcome_in_a_suppressed_mode_is_held_too() -> None:
    life = AlertLife(WASH_UP, machine="pm3")
    life.note_mode(at(0), "wash-up")
    life.close_by_outcome(at(0))

    told = []
    for minute in (2, 4):
        life.note_mode(at(minute), None)
        told.append(life.follow(judgement(at(minute), "#")) is not None)

    assert told == [False, True]


def test_other_modes_suppress_nothing() -> None:
    assert raises(("#", "grade-42")) == [True]


def test_readings_in_a_suppressed_mode_are_counted_all_the_same() -> None:
    slow = rule(suppressed_modes=("wash-up",), on_delay=OnDelay(3, 3))

    told = follow(slow, ("#", "wash-up"), ("#", "wash-up"), ("#", None))

    assert told == [None, None, Change.RAISED]


def test_an_open_alert_goes_on_in_a_suppressed_mode() -> None:
    told = follow(WASH_UP, ("#", None), (".", "wash-up"), (".", "wash-up"))

    assert told == [Change.RAISED, None, Change.CLEARED]


def test_time_is_that_of_the_machine() -> None:
    # An hour between two readings: the heartbeat is due at the second one.
    life = AlertLife(rule(heartbeat_seconds=600.0), machine="pm3")
    life.follow(judgement(THREE, "#"))

    told = life.follow(Judgement(THREE + timedelta(hours=1), 2.0, 1.0, over=True))

    assert told is not None
    assert told.change is Change.UPDATED
