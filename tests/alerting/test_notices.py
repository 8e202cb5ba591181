"""What is told of an alert to those who are elsewhere, and when."""

from collections.abc import Iterator

from stream_detector.alerting.alert_state import AlertState, Flood
from stream_detector.alerting.notices import (
    Notification,
    Wants,
    calls,
    of_flood,
)
from stream_detector.alerting.rules import Notify, Rule, Rules, read_rules
from stream_detector.alerting.untold import Untold
from tests.alerting.judged import at
from tests.alerting.told import Desk, alert, alert_id

ALL = Wants(Rules(), "webhook")


def from_high_on() -> Wants:
    rule = Rule(name="sheet-break", notify=Notify(webhook="high"))
    return Wants(Rules(rules=(rule,)), "webhook")


class Listener:
    """Somebody who is told at once whatever there is to tell."""

    def __init__(self, wants: Wants = ALL) -> None:
        self.untold = Untold(wants)

    def take(self, *states: AlertState) -> list[str]:
        """What is told after changes, e.g. ``raised 1``: the event and the alert's ``seq``."""
        for state in states:
            self.untold.take(state.version, state)
        return [f"{one.event} {one.id.rpartition('/')[2]}" for one in messages(self.untold)]


def messages(untold: Untold) -> Iterator[Notification]:
    """All there is to tell, told."""
    while (message := untold.next()) is not None:
        yield message
        untold.done()


def test_a_message_for_each_change_that_matters_and_none_for_a_heartbeat() -> None:
    desk, listener = Desk(), Listener()
    told: list[list[str]] = []
    for minute, event, priority in (
        (0, "raised", "medium"),
        (10, "updated", "medium"),
        (12, "escalated", "high"),
        (22, "updated", "high"),
        (30, "cleared", "high"),
    ):
        desk.tell(alert(event, minute, seq=len(told) + 1, raised=0, priority=priority))
        told.append(listener.take(desk.state()))

    assert told == [["raised 1"], [], ["escalated 3"], [], ["cleared 5"]]


def test_a_message_says_what_the_alert_says() -> None:
    desk = Desk()
    desk.tell(alert("raised", 0, seq=1, raised=0))
    untold = Untold(ALL)
    untold.take(1, desk.state())
    (message,) = messages(untold)

    assert (message.id, message.event) == (f"{alert_id(0)}/1", "raised")
    assert (message.machine, message.rule, message.priority) == ("pm3", "sheet-break", "medium")
    assert message.event_time == at(0)
    assert message.alert == desk.state().alert


def test_what_happened_while_nobody_listened_is_told_in_order() -> None:
    desk, listener = Desk(), Listener()
    desk.tell(alert("raised", 0, seq=1, raised=0))
    desk.tell(alert("cleared", 5, seq=2, raised=0))
    desk.tell(alert("raised", 60, seq=1, raised=60))

    assert listener.take(desk.state()) == ["raised 1", "cleared 2", "raised 1"]
    assert listener.take(desk.state()) == []


def test_of_an_alert_that_was_followed_by_another_one_the_message_is_left_out() -> None:
    desk = Desk()
    desk.tell(alert("raised", 0, seq=1, raised=0))
    desk.tell(alert("cleared", 5, seq=2, raised=0))
    desk.tell(alert("raised", 60, seq=1, raised=60))
    untold = Untold(ALL)
    untold.take(3, desk.state())

    message = untold.next()

    assert message is not None
    assert (message.alert_id, message.alert) == (alert_id(0), None)


def test_an_alert_that_is_shelved_is_told_when_it_comes_back_and_still_stands() -> None:
    desk, listener = Desk(), Listener()
    desk.ask("shelve", until=at(30), comment="felt change")
    desk.tell(alert("raised", 1, seq=1, raised=1))
    assert listener.take(desk.state()) == []

    desk.wait(until=31)

    assert listener.take(desk.state()) == ["raised 1"]


def test_of_an_alert_that_was_over_while_it_was_shelved_nothing_is_told() -> None:
    desk, listener = Desk(), Listener()
    desk.ask("shelve", until=at(30), comment="felt change")
    desk.tell(alert("raised", 1, seq=1, raised=1))
    listener.take(desk.state())
    desk.tell(alert("cleared", 9, seq=2, raised=1))
    listener.take(desk.state())
    desk.wait(until=31)

    assert listener.take(desk.state()) == []


def test_who_was_called_is_told_of_the_end_though_it_was_shelved_meanwhile() -> None:
    desk, listener = Desk(), Listener()
    desk.tell(alert("raised", 0, seq=1, raised=0))
    listener.take(desk.state())
    desk.ask("shelve", until=at(30), comment="seen")
    listener.take(desk.state())
    desk.tell(alert("cleared", 9, seq=2, raised=0))

    assert listener.take(desk.state()) == ["cleared 2"]


def test_who_wants_high_priorities_hears_of_an_alert_when_it_is_escalated() -> None:
    desk, listener = Desk(), Listener(from_high_on())
    desk.tell(alert("raised", 0, seq=1, raised=0))
    assert listener.take(desk.state()) == []
    desk.tell(alert("escalated", 2, seq=2, raised=0, priority="critical"))
    assert listener.take(desk.state()) == ["escalated 2"]
    desk.tell(alert("cleared", 9, seq=3, raised=0, priority="critical"))
    assert listener.take(desk.state()) == ["cleared 3"]


def test_who_never_heard_of_an_alert_does_not_hear_of_its_end() -> None:
    desk, listener = Desk(), Listener(from_high_on())
    desk.tell(alert("raised", 0, seq=1, raised=0))
    desk.tell(alert("cleared", 9, seq=2, raised=0))

    assert listener.take(desk.state()) == []


def test_an_alert_calls_while_it_is_open_and_nothing_silences_it() -> None:
    desk = Desk()
    desk.tell(alert("raised", 0, seq=1, raised=0))
    assert calls(desk.state(), ALL)
    desk.ask("acknowledge", alert_id=alert_id(0))
    assert calls(desk.state(), ALL), "acknowledging clears nothing"

    desk.ask("out-of-service", comment="rebuilt")
    assert not calls(desk.state(), ALL)
    desk.ask("in-service")
    assert calls(desk.state(), ALL)

    desk.tell(alert("updated", 10, seq=2, raised=0, mode="wash-up"))
    assert not calls(desk.state(), ALL)
    desk.tell(alert("cleared", 12, seq=3, raised=0))
    assert not calls(desk.state(), ALL)


def test_what_a_flood_holds_back_is_told_when_it_is_over() -> None:
    desk, listener = Desk(), Listener()
    for n in range(11):
        desk.tell(alert("raised", 0, seq=1, raised=0, machine=f"pm{n}", priority="low"))

    assert listener.take(desk.state("pm10")) == []
    desk.wait(until=30)
    assert listener.take(desk.state("pm10")) == ["raised 1"]


def test_a_flood_is_told_when_it_begins_and_when_it_is_over() -> None:
    began = Flood(active=True, began_at=at(0), ended_at=None, n_raised=11, alerts=("a",))
    over = Flood(active=False, began_at=at(0), ended_at=at(20), n_raised=12, alerts=("a", "b"))

    told = [of_flood(one) for one in (began, over)]

    assert [(one.event, one.event_time) for one in told] == [
        ("flood-began", at(0)),
        ("flood-ended", at(20)),
    ]
    assert told[0].id != told[1].id


def test_who_is_told_does_not_change_what_an_alert_says() -> None:
    quiet = read_rules('[[rules]]\nname = "odd"\nnotify = { webhook = "never" }')
    loud = read_rules('[[rules]]\nname = "odd"')

    assert quiet != loud
    assert quiet.digest == loud.digest
