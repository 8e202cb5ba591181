"""Whatever the scores, an alert keeps to its rules."""

from datetime import timedelta
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from stream_detector.alerting.life import AlertLife, Change, Transition
from stream_detector.alerting.policy import Judgement
from stream_detector.alerting.rules import Escalation, OnDelay, Rule
from tests.alerting.judged import THREE

seconds = st.sampled_from([0.0, 120.0, 600.0, 3600.0])


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    of = draw(st.integers(1, 5))
    return Rule(
        name="odd",
        outcome="break",
        on_delay=OnDelay(draw(st.integers(1, of)), of),
        clear_share=draw(st.sampled_from([0.5, 0.8, 1.0])),
        off_delay=draw(st.integers(1, 4)),
        cooldown_seconds=draw(seconds),
        escalation=draw(
            st.none() | st.builds(Escalation, st.just("high"), count=st.integers(1, 3))
        ),
        heartbeat_seconds=draw(st.sampled_from([60.0, 600.0, 3600.0])),
        suppressed_modes=draw(st.sampled_from([(), ("wash-up",)])),
        suppression_hold_seconds=draw(seconds),
    )


steps = st.tuples(
    st.sampled_from([120, 120, 120, 3600]),  # seconds since the step before
    st.sampled_from(["reading"] * 8 + ["first of run", "outcome", "unscored"]),
    st.floats(0, 2) | st.just(2.0),
    st.sampled_from([None, None, "wash-up"]),
    st.frozensets(st.integers(0, 2), max_size=2),  # sensors left out
)
walks = st.lists(steps, max_size=60)


def walk(
    lives: list[AlertLife], steps: list[tuple[Any, ...]], start: int = 0
) -> list[list[Transition | None]]:
    """Lead lives along the same steps, of which the first ones may be behind them already."""
    told: list[list[Transition | None]] = [[] for _ in lives]
    time = THREE
    for n, (seconds, what, score, mode, left_out) in enumerate(steps):
        time += timedelta(seconds=seconds)
        if n < start:
            continue
        first = what == "first of run"
        one = Judgement(time, score, 1.0, score > 1.0, first, left_out)
        for changes, life in zip(told, lives, strict=True):
            life.note_mode(time, mode)
            if what == "unscored":
                continue
            changes.append(life.close_by_outcome(time) if what == "outcome" else life.follow(one))
    return told


@given(rule=rules(), steps=walks)
def test_at_most_one_alert_is_open_and_it_is_told_of_in_order(
    rule: Rule, steps: list[tuple[Any, ...]]
) -> None:
    life = AlertLife(rule, machine="pm3")
    ((*told,),) = walk([life], steps)

    is_open, last = False, None
    for change in filter(None, told):
        assert (change.change is Change.RAISED) is not is_open
        if change.alert_id == (last and last.alert_id):
            assert last is not None
            assert change.seq == last.seq + 1
            assert change.occurrence == last.occurrence + (change.change is Change.RAISED)
        else:
            assert not is_open
            assert (change.change, change.seq, change.occurrence) == (Change.RAISED, 1, 1)
        assert (change.reason is not None) is (change.change is Change.CLEARED)
        is_open, last = change.change is not Change.CLEARED, change
    assert life.is_open is is_open


@given(rule=rules(), steps=walks)
def test_no_two_alerts_have_one_name(rule: Rule, steps: list[tuple[Any, ...]]) -> None:
    ((*told,),) = walk([AlertLife(rule, machine="pm3")], steps)

    names = [one.alert_id for one in told if one and one.seq == 1]
    assert len(set(names)) == len(names)


@given(rule=rules(), steps=walks)
def test_the_score_raises_a_priority_and_nothing_lowers_it_while_the_alert_is_open(
    rule: Rule, steps: list[tuple[Any, ...]]
) -> None:
    ((*told,),) = walk([AlertLife(rule, machine="pm3")], steps)

    priority: str | None = None
    for change in filter(None, told):
        if change.change is Change.RAISED:
            priority = rule.priority
        elif change.change is Change.ESCALATED:
            assert rule.escalation is not None
            assert (priority, change.priority) == (rule.priority, rule.escalation.to)
            priority = rule.escalation.to
        assert change.priority == priority


@given(rule=rules(), steps=walks)
def test_what_is_not_scored_changes_nothing_but_what_is_suppressed(
    rule: Rule, steps: list[tuple[Any, ...]]
) -> None:
    silent = [(seconds, "unscored", *rest) for seconds, _, *rest in steps]
    life = AlertLife(rule, machine="pm3")
    raised = life.follow(Judgement(THREE, 2.0, 1.0, over=True))

    ((*told,),) = walk([life], silent)

    assert not any(told)
    assert life.is_open is (raised is not None)


@settings(max_examples=300)  # few walks leave out just the sensor that would be missed
@given(rule=rules(), steps=walks)
def test_an_alert_returns_to_normal_only_by_low_readings_of_the_sensors_that_it_was_seen_by(
    rule: Rule, steps: list[tuple[Any, ...]]
) -> None:
    life = AlertLife(rule, machine="pm3")
    low: list[frozenset[int]] = []  # what was seen in each low reading, in a row, of this run
    seen_by: frozenset[int] = frozenset()
    time = THREE
    for seconds, what, score, mode, left_out in steps:
        time += timedelta(seconds=seconds)
        life.note_mode(time, mode)
        was_open, seen = life.is_open, frozenset(range(3)) - left_out
        if what in {"unscored", "outcome"}:
            if what == "outcome":
                life.close_by_outcome(time)
            continue
        first = what == "first of run"
        change = life.follow(Judgement(time, score, 1.0, score > 1.0, first, left_out))
        is_low = score < rule.clear_share
        low = [] if first or not (was_open and is_low) else [*low, seen]
        if change is not None and change.change is Change.RAISED:
            seen_by = seen
        elif was_open and not is_low and not first:
            seen_by |= seen
        cleared = change is not None and change.change is Change.CLEARED
        enough = len(low) >= rule.off_delay and seen_by <= frozenset().union(*low)
        assert cleared is (was_open and enough and not first)


@given(rule=rules(), steps=walks, restarts=st.sets(st.integers(0, 60)))
def test_a_life_goes_on_from_its_snapshot_whenever_it_is_taken(
    rule: Rule, steps: list[tuple[Any, ...]], restarts: set[int]
) -> None:
    life, restarted = AlertLife(rule, machine="pm3"), AlertLife(rule, machine="pm3")
    for n in range(len(steps)):
        if n in restarts:
            kept = msgspec.msgpack.decode(msgspec.msgpack.encode(restarted.snapshot()))
            restarted = AlertLife.restore(kept, rule, machine="pm3")
        original, again = walk([life, restarted], steps[: n + 1], start=n)
        assert again == original
        assert restarted.snapshot() == life.snapshot()
