"""What became of an alert: early, late or a nuisance, as soon as it is known.

The horizon is four minutes, and the machine has been running for an hour at three o'clock.
"""

import pytest

from stream_detector.alerting.alert_state import AlertState
from tests.alerting.judged import at
from tests.alerting.told import Desk, alert, alert_id, in_short, outcome


def closed_by_outcome(desk: Desk, minute: float, *, raised: float, seq: int) -> None:
    """The outcome comes, as the pipeline tells it."""
    desk.tell(alert("cleared", minute, seq=seq, raised=raised, reason="outcome"))
    desk.tell(outcome(minute))


@pytest.mark.parametrize(("minute", "fate", "lead"), [(2, "early", 120), (4, "early", 240)])
def test_an_outcome_within_the_horizon_makes_an_alert_early(
    minute: float, fate: str, lead: float
) -> None:
    desk = Desk()
    desk.tell(alert("raised", 0, seq=1, raised=0))
    closed_by_outcome(desk, minute, raised=0, seq=2)

    assert (desk.state().fate, desk.state().lead_s) == (fate, lead)
    assert in_short(desk.kept) == ["raised", "cleared", "closed"]
    entry = desk.state().history[-1]
    assert (entry.what, entry.detail, entry.event_time) == ("closed", fate, at(minute))


def test_an_outcome_that_an_alert_waited_for_beyond_its_horizon_makes_it_late() -> None:
    desk = Desk()
    desk.tell(alert("raised", 0, seq=1, raised=0))
    closed_by_outcome(desk, 20, raised=0, seq=2)

    assert (desk.state().fate, desk.state().lead_s) == ("late", 1200)
    # And nothing else before that, though its horizon was over: the outcome is told next.
    assert in_short(desk.kept) == ["raised", "cleared", "closed"]


def test_an_alert_that_an_outcome_of_a_later_run_ended_was_a_nuisance() -> None:
    desk = Desk()
    desk.tell(alert("raised", 0, seq=1, raised=0))
    desk.tell(alert("cleared", 20, seq=2, raised=0, reason="outcome"))
    desk.tell(outcome(20, run_start=10))

    #  twenty minutes, the horizon of four, and one more
    assert in_short(desk.wait(until=25.5)) == ["closed"]
    assert desk.state().fate == "nuisance"


def test_of_an_alert_whose_rule_was_removed_nobody_knows_what_it_was() -> None:
    desk = Desk()
    desk.tell(alert("raised", 0, seq=1, raised=0))
    # As the pipeline tells it: of the rule there is only the name.
    warning = {"outcome": None, "horizon_s": 240.0, "validated": None}
    desk.tell(alert("cleared", 20, seq=2, raised=0, reason="rule-removed", warning=warning))

    assert in_short(desk.kept) == ["raised", "cleared", "closed"]
    assert (desk.state().open, desk.state().fate) == (False, "unlabelled")


def test_an_alert_that_cleared_before_the_outcome_was_early_all_the_same() -> None:
    desk = Desk()
    desk.tell(alert("raised", 0, seq=1, raised=0))
    desk.tell(alert("cleared", 2, seq=2, raised=0))
    desk.tell(outcome(3))

    assert (desk.state().fate, desk.state().lead_s) == ("early", 180)


@pytest.mark.parametrize("run_start", [1, None])
def test_an_outcome_of_another_run_was_not_warned_of(run_start: float | None) -> None:
    desk = Desk()
    desk.tell(alert("raised", 0, seq=1, raised=0))
    desk.tell(alert("cleared", 1, seq=2, raised=0))
    desk.tell(outcome(3, run_start=run_start))

    assert (desk.state().fate, desk.state().lead_s) == (None, None)


def test_an_alert_nothing_followed_was_a_nuisance_when_readings_are_beyond_its_horizon() -> None:
    desk = Desk()
    desk.tell(alert("raised", 0, seq=1, raised=0))

    assert in_short(desk.tell(alert("updated", 10, seq=2, raised=0))) == ["updated"]
    assert in_short(desk.tell(alert("cleared", 20, seq=3, raised=0))) == ["cleared", "closed"]
    assert (desk.state().fate, desk.state().lead_s) == ("nuisance", None)


def test_an_alert_that_clears_within_its_horizon_waits_for_what_follows() -> None:
    desk = Desk()
    desk.tell(alert("raised", 0, seq=1, raised=0))
    desk.tell(alert("cleared", 3, seq=2, raised=0))

    #  by Kafka's clock, four minutes and one more after it cleared
    assert desk.wait(until=7.5) == []
    assert in_short(desk.wait(until=8.5)) == ["closed"]
    assert desk.state().fate == "nuisance"


def test_an_outcome_that_comes_later_than_thought_makes_a_nuisance_early() -> None:
    desk = Desk()
    desk.tell(alert("raised", 0, seq=1, raised=0))
    desk.tell(alert("cleared", 2, seq=2, raised=0))
    desk.wait(until=60)
    assert desk.state().fate == "nuisance"

    desk.tell(outcome(3), minute=61)

    assert (desk.state().fate, desk.state().lead_s) == ("early", 180)


def test_an_outcome_told_again_changes_nothing() -> None:
    desk = Desk()
    desk.tell(alert("raised", 0, seq=1, raised=0))
    closed_by_outcome(desk, 2, raised=0, seq=2)

    assert desk.tell(outcome(2)) == []
    assert desk.tell(outcome(3)) == []


def test_of_a_rule_without_an_outcome_nobody_can_know() -> None:
    desk = Desk()
    desk.tell(alert("raised", 0, seq=1, raised=0, rule="odd"))
    desk.tell(alert("cleared", 1, seq=2, raised=0, rule="odd"))

    assert desk.state(rule="odd").fate == "unlabelled"
    assert desk.tell(outcome(2, rule="odd")) == []


def test_the_horizon_of_an_alert_that_returned_begins_with_its_return() -> None:
    desk = Desk()
    desk.tell(alert("raised", 0, seq=1, raised=0))
    desk.tell(alert("cleared", 10, seq=2, raised=0))
    assert desk.state().fate == "nuisance"
    desk.tell(alert("raised", 20, seq=3, raised=0, occurrence=2))
    assert desk.state().fate is None
    closed_by_outcome(desk, 22, raised=0, seq=4)

    assert (desk.state().fate, desk.state().lead_s) == ("early", 120)


def test_every_alert_within_the_horizon_before_an_outcome_was_early() -> None:
    desk = Desk()
    for minute in (0, 1, 3):
        desk.tell(alert("raised", minute, seq=1, raised=minute))
        desk.tell(alert("cleared", minute + 0.5, seq=2, raised=minute))
    desk.tell(outcome(4.5))

    state = desk.state()
    assert [(one.fate, one.lead_s) for one in state.past] == [("nuisance", None), ("early", 210)]
    assert (state.fate, state.lead_s) == ("early", 90)


def test_a_label_leaves_the_fate_as_it_was() -> None:
    desk = Desk()
    desk.tell(alert("raised", 0, seq=1, raised=0))
    closed_by_outcome(desk, 2, raised=0, seq=2)

    desk.ask("label", alert_id=alert_id(0), label="late")
    assert desk.state().fate == "early"

    desk.ask("label", alert_id=alert_id(0), label="unclear")
    assert (desk.state().label, desk.state().fate) == (None, "early")


def test_an_outcome_of_a_machine_that_never_had_an_alert_leaves_no_state() -> None:
    desk = Desk()

    assert desk.tell(outcome(0, machine="pm7")) == []
    assert desk.book.states == ()


def test_an_open_alert_is_never_closed_by_time() -> None:
    desk = Desk()
    desk.tell(alert("raised", 0, seq=1, raised=0))

    assert desk.wait(until=100_000) == []
    assert isinstance(desk.kept[-1], AlertState)
    assert desk.kept[-1].fate is None
