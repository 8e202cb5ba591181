"""The ledger of a plant: what became of every alert, and of every outcome."""

from datetime import timedelta

from stream_detector.alerting.book import Book
from stream_detector.alerting.figures import figures
from stream_detector.alerting.ledger import Ledger, labels
from tests.alerting.accounts import ledger, stood, told, warned
from tests.alerting.judged import at
from tests.alerting.told import RULES, Desk, alert, alert_id, outcome

HOUR = timedelta(hours=1)


def closings(found: Ledger, *, minute: float, desk: Desk | None = None) -> list[tuple[str, object]]:
    """What the alerts are closed as, each with its lead in seconds."""
    states = (desk or Desk(Book(RULES))).book.states
    made = figures(found, states, RULES, now=at(minute), trailing=HOUR)
    return [(one.closed_as, one.lead_s) for one in made.ledger.alerts]


def test_every_alert_is_closed_as_early_late_nuisance_or_unlabelled() -> None:
    #  minute   0      4       20      40        45         50
    #  alert    0------4 early
    #                          20------40 late
    #                                            45 open    50 of a rule without an outcome
    found = ledger(
        *warned(0, 4),
        *warned(20, 40),
        *stood((41, 44)),
        *stood((45, 46), rule="odd"),
        *stood((50, None)),
    )

    assert closings(found, minute=52) == [
        ("early", 240.0),
        ("late", 1200.0),
        ("nuisance", None),
        ("unlabelled", None),
        ("open", None),
    ]


def test_of_an_alert_that_is_over_nothing_is_known_until_its_horizon_is() -> None:
    found = ledger(*stood((0, 2)))

    assert closings(found, minute=4) == [("open", None)]
    found.tick(at(8))
    assert closings(found, minute=8) == [("nuisance", None)]


def test_of_an_alert_that_returned_nothing_is_known_until_the_horizon_is_over_again() -> None:
    found = ledger(*stood((0, 2)))
    found.tick(at(8))
    told(found, [alert("raised", 9, seq=3, raised=0, occurrence=2)])

    assert closings(found, minute=10) == [("open", None)]
    told(found, [alert("cleared", 10, seq=4, raised=0, occurrence=2)])
    assert closings(found, minute=11) == [("open", None)]
    found.tick(at(16))
    assert closings(found, minute=16) == [("nuisance", None)]


def test_what_an_operator_says_of_an_alert_overrules_what_followed() -> None:
    desk = Desk()
    for message in stood((0, 2), (60, None)):
        desk.tell(message)
    desk.ask("label", alert_id=alert_id(0), label="useful")
    desk.ask("label", alert_id=alert_id(60), label="nuisance")
    found = ledger(*stood((0, 2), (60, None)))

    assert labels(desk.book.states) == {alert_id(0): "useful", alert_id(60): "nuisance"}
    made = figures(found, desk.book.states, RULES, now=at(61), trailing=HOUR * 2)
    assert [(one.closed_as, one.labelled) for one in made.ledger.alerts] == [
        ("early", True),
        ("nuisance", True),
    ]


def test_every_outcome_is_warned_of_with_its_lead_or_missed() -> None:
    found = ledger(*warned(0, 4), *warned(20, 40), outcome(50), *warned(1, 3, machine="pm4"))

    made = figures(found, (), RULES, now=at(55), trailing=HOUR)

    assert [(one.machine, one.warned, one.lead_s) for one in made.ledger.outcomes] == [
        ("pm3", True, 240.0),
        ("pm3", False, None),
        ("pm3", False, None),
        ("pm4", True, 120.0),
    ]


def test_a_repeat_changes_nothing() -> None:
    once = ledger(*warned(0, 4), *stood((20, 26)))
    twice = told(ledger(*warned(0, 4), *stood((20, 26))), [*warned(0, 4), *stood((20, 26))])

    assert list(twice.alerts) == list(once.alerts)
    assert list(twice.outcomes) == list(once.outcomes)


def test_an_alert_that_returns_is_one_alert_with_two_calls() -> None:
    again = alert("raised", 20, seq=3, raised=0, occurrence=2)
    (found,) = ledger(*stood((0, 10)), again).alerts

    assert [(one.raised, one.cleared) for one in found.times] == [(at(0), at(10)), (at(20), None)]


def test_an_alert_of_which_the_raise_is_gone_stands_but_called_nobody() -> None:
    (found,) = ledger(alert("updated", 10, seq=7, raised=-600)).alerts

    assert (found.last.raised, found.last.called_at) == (at(-600), None)


def test_the_oldest_alerts_are_forgotten() -> None:
    found = told(Ledger(RULES, max_alerts=2), stood((0, 1), (60, 61), (120, 121)))

    assert [one.alert_id for one in found.alerts] == [alert_id(60), alert_id(120)]


def test_the_machines_time_goes_on_beside_kafkas() -> None:
    found = told(Ledger(RULES), stood((0, 2)), late=600)

    assert found.machine_time(at(605)) == at(5)
