"""The alert book: how alerts stand, by what they and the operators say."""

from typing import Any

import pytest

from stream_detector.alerting.alert_state import MAX_HISTORY, MAX_PAST, AlertState, State
from tests.alerting.judged import at
from tests.alerting.told import RULES, Desk, alert, alert_id, in_short


@pytest.fixture
def desk() -> Desk:
    """An alert was raised at three o'clock."""
    desk = Desk()
    desk.tell(alert("raised", 0, seq=1, raised=0))
    return desk


def test_a_raised_alert_is_unacknowledged_and_kept_as_it_was_sent(desk: Desk) -> None:
    state = desk.state()

    assert (state.state, state.open, state.version) == (State.UNACKNOWLEDGED, True, 1)
    assert (state.change, state.changed_at) == ("raised", at(0))
    assert state.alert is not None
    assert state.alert["score"] == 3.25
    (entry,) = state.history
    assert (entry.what, entry.seq, entry.alert_id) == ("raised", 1, alert_id(0))
    assert entry.detail == "medium"


def test_a_repeat_changes_nothing(desk: Desk) -> None:
    desk.tell(alert("updated", 10, seq=2, raised=0))

    assert desk.tell(alert("raised", 0, seq=1, raised=0)) == []
    assert desk.tell(alert("updated", 10, seq=2, raised=0)) == []


def test_a_heartbeat_is_not_in_the_history(desk: Desk) -> None:
    desk.tell(alert("updated", 10, seq=2, raised=0))

    state = desk.state()
    assert (state.change, state.version, len(state.history)) == ("updated", 2, 1)


def test_to_acknowledge_does_not_clear(desk: Desk) -> None:
    desk.ask("acknowledge", alert_id=alert_id(0), comment="seen", minute=1)

    state = desk.state()
    assert (state.state, state.open) == (State.ACKNOWLEDGED, True)
    assert state.acknowledged is not None
    assert (state.acknowledged.by, state.acknowledged.at) == ("anna", at(1))
    assert state.acknowledged.comment == "seen"


def test_what_was_acknowledged_and_clears_is_normal(desk: Desk) -> None:
    desk.ask("acknowledge", alert_id=alert_id(0))
    desk.tell(alert("cleared", 20, seq=2, raised=0))

    assert (desk.state().state, desk.state().open) == (State.NORMAL, False)


def test_what_clears_unseen_waits_to_be_seen(desk: Desk) -> None:
    desk.tell(alert("cleared", 20, seq=2, raised=0))
    assert desk.state().state is State.RETURNED_UNACKNOWLEDGED

    desk.ask("acknowledge", alert_id=alert_id(0))
    assert desk.state().state is State.NORMAL


@pytest.mark.parametrize(
    ("event", "properties"),
    [("escalated", {"priority": "high"}), ("raised", {"occurrence": 2})],
)
def test_an_escalation_and_a_return_have_to_be_seen_again(
    desk: Desk, event: str, properties: dict[str, Any]
) -> None:
    desk.ask("acknowledge", alert_id=alert_id(0))

    desk.tell(alert(event, 20, seq=2, raised=0, **properties))

    assert (desk.state().state, desk.state().acknowledged) == (State.UNACKNOWLEDGED, None)
    assert [entry.what for entry in desk.state().history] == ["raised", "acknowledged", event]


def test_a_newer_alert_puts_the_one_before_it_to_the_past(desk: Desk) -> None:
    desk.ask("acknowledge", alert_id=alert_id(0))
    desk.ask("label", alert_id=alert_id(0), label="useful")
    desk.tell(alert("cleared", 2, seq=2, raised=0, reason="outcome"))
    desk.tell(alert("raised", 3, seq=1, raised=3))

    state = desk.state()
    assert (state.state, state.label) == (State.UNACKNOWLEDGED, None)
    (past,) = state.past
    assert (past.alert_id, past.raised_at, past.cleared_at) == (alert_id(0), at(0), at(2))
    assert (past.acknowledged_by, past.label, past.reason) == ("anna", "useful", "outcome")


def test_an_older_alert_that_is_told_again_changes_nothing(desk: Desk) -> None:
    desk.tell(alert("cleared", 10, seq=2, raised=0))
    desk.tell(alert("raised", 50, seq=1, raised=50))

    assert desk.tell(alert("raised", 0, seq=1, raised=0), minute=60) == []
    assert desk.tell(alert("updated", 20, seq=3, raised=0), minute=60) == []


def test_alerts_of_machines_and_rules_are_told_apart(desk: Desk) -> None:
    desk.tell(alert("raised", 0, seq=1, raised=0, rule="odd"))
    desk.tell(alert("raised", 0, seq=1, raised=0, machine="pm4"))
    desk.ask("acknowledge", alert_id=alert_id(0, rule="odd"))

    assert [(one.key, one.state) for one in desk.book.states] == [
        ("pm3/sheet-break", State.UNACKNOWLEDGED),
        ("pm3/odd", State.ACKNOWLEDGED),
        ("pm4/sheet-break", State.UNACKNOWLEDGED),
    ]


def test_an_alert_in_a_mode_in_which_its_rule_raises_nothing_is_suppressed(desk: Desk) -> None:
    desk.tell(alert("updated", 10, seq=2, raised=0, mode="wash-up"))
    assert desk.state().state is State.SUPPRESSED

    desk.tell(alert("updated", 20, seq=3, raised=0, mode="grade-42"))
    assert desk.state().state is State.UNACKNOWLEDGED


def test_an_alert_is_stale_after_a_day_of_the_machine_s_time(desk: Desk) -> None:
    day = 24 * 60

    assert in_short(desk.tell(alert("updated", day - 1, seq=2, raised=0))) == ["updated"]
    assert in_short(desk.tell(alert("updated", day, seq=3, raised=0))) == ["stale"]
    assert desk.state().stale
    assert in_short(desk.tell(alert("updated", day + 10, seq=4, raised=0))) == ["updated"]
    desk.tell(alert("cleared", day + 20, seq=5, raised=0))
    assert not desk.state().stale


def test_out_of_service_says_more_than_shelved_and_that_more_than_the_alert(desk: Desk) -> None:
    desk.ask("out-of-service", comment="scanner away")
    desk.ask("shelve", until=at(60), comment="felt")
    assert desk.state().state is State.OUT_OF_SERVICE

    desk.ask("in-service")
    assert desk.state().state is State.SHELVED

    desk.ask("unshelve")
    assert desk.state().state is State.UNACKNOWLEDGED


def test_what_is_shelved_is_followed_all_the_same(desk: Desk) -> None:
    desk.ask("shelve", until=at(60), comment="felt", minute=1)
    desk.tell(alert("cleared", 20, seq=2, raised=0))
    desk.tell(alert("raised", 40, seq=1, raised=40))

    state = desk.state()
    assert (state.state, state.open) == (State.SHELVED, True)
    assert state.alert_id == alert_id(40)


def test_shelving_ends_by_itself(desk: Desk) -> None:
    desk.ask("shelve", until=at(60), comment="felt", minute=1)

    assert desk.wait(until=59.9) == []
    (back,) = desk.wait(until=61)

    assert isinstance(back, AlertState)
    assert (back.change, back.changed_at, back.shelved) == ("unshelved", at(60), None)
    assert back.state is State.UNACKNOWLEDGED
    assert (back.history[-1].by, back.history[-1].comment) == (None, "the time was up")
    assert desk.wait(until=62) == []


def test_to_shelve_again_counts_from_then_on(desk: Desk) -> None:
    desk.ask("shelve", until=at(60), comment="felt")
    desk.ask("shelve", until=at(90), comment="felt, still")

    assert desk.wait(until=60) == []
    assert in_short(desk.wait(until=90)) == ["unshelved"]


def test_each_change_has_the_next_version(desk: Desk) -> None:
    desk.ask("comment", alert_id=alert_id(0), comment="hm")
    desk.ask("shelve", until=at(60), comment="felt")
    desk.wait(until=60)

    assert [one.version for one in desk.kept if isinstance(one, AlertState)] == [1, 2, 3, 4]


def test_history_and_past_are_bounded(desk: Desk) -> None:
    for n in range(60):
        desk.ask("comment", alert_id=alert_id(0), comment=str(n))
    for n in range(1, 30):
        desk.tell(alert("raised", n, seq=1, raised=n))

    state = desk.state()
    assert (len(state.history), len(state.past)) == (MAX_HISTORY, MAX_PAST) == (50, 20)
    assert state.past[-1].alert_id == alert_id(28)
    # What is out of the book is unknown again.
    assert desk.ask("comment", alert_id=alert_id(8), comment="?").reason_code == "unknown-alert"
    assert desk.ask("comment", alert_id=alert_id(9), comment="?").status == "done"


def test_a_rule_that_is_gone_from_the_file_can_still_be_operated(desk: Desk) -> None:
    desk.tell(alert("raised", 0, seq=1, raised=0, rule="former"))

    assert desk.ask("out-of-service", rule="former", comment="gone").status == "done"
    assert "former" not in {rule.name for rule in RULES.rules}
