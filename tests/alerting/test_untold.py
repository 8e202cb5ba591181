"""What is told of alerts that come fast, or while nobody listens, or before a restart."""

import msgspec
import pytest

from stream_detector.alerting.alert_state import AlertState
from stream_detector.alerting.notices import Notification, Wants
from stream_detector.alerting.rules import Notify, Rule, Rules
from stream_detector.alerting.untold import MAX_WAITING, Untold
from tests.alerting.judged import at
from tests.alerting.listening import ALL, all_of, assert_nobody_waits_for_an_end, ids, short
from tests.alerting.told import Desk, alert, alert_id


def burst(desk: Desk, n_alerts: int, *, first: int = 0) -> list[AlertState]:
    """So many alerts one after the other, each over after five minutes."""
    states = []
    for minute in range(60 * first, 60 * (first + n_alerts), 60):
        desk.tell(alert("raised", minute, seq=1, raised=minute))
        states.append(desk.state())
        desk.tell(alert("cleared", minute + 5, seq=2, raised=minute))
        states.append(desk.state())
    return states


def test_an_alert_that_was_told_is_ended_though_hundreds_came_before_that_could_be() -> None:
    desk, untold = Desk(), Untold(ALL)
    first, *others = burst(desk, MAX_WAITING)
    untold.take(0, first)
    on_its_way = untold.next()
    assert on_its_way is not None
    for offset, state in enumerate(others, start=1):
        untold.take(offset, state)
    untold.done()
    told = all_of(untold)

    assert (on_its_way.event, on_its_way.id) == ("raised", f"{alert_id(0)}/1")
    assert (told[0].event, told[0].id) == ("cleared", f"{alert_id(0)}/2")
    #   of 300 alerts the first; then 150 are dropped of which nobody had heard, and the rest told
    assert told[1].id == f"{alert_id(60 * 151)}/1"
    assert len(told) == MAX_WAITING - 1
    assert untold.n_dropped == 2 * 300 - 1 - len(told)


def test_what_is_dropped_is_done() -> None:
    desk, untold = Desk(), Untold(ALL)
    for offset, state in enumerate(burst(desk, MAX_WAITING)):
        untold.take(offset, state)

    assert untold.undone_since == MAX_WAITING


def test_an_open_alert_that_is_escalated_for_ever_keeps_its_raise_and_its_newest() -> None:
    desk, untold = Desk(), Untold(ALL)
    desk.tell(alert("raised", 0, seq=1, raised=0))
    untold.take(0, desk.state())
    for n in range(1, 2 * MAX_WAITING):
        desk.tell(alert("escalated", n, seq=n + 1, raised=0, priority="high"))
        untold.take(n, desk.state())
    told = ids(all_of(untold))

    assert len(told) == MAX_WAITING
    assert (told[0], told[-1]) == (f"{alert_id(0)}/1", f"{alert_id(0)}/{2 * MAX_WAITING}")


def test_who_was_told_is_told_the_end_though_all_of_the_alert_is_gone_from_the_history() -> None:
    desk, untold = Desk(), Untold(ALL)
    states = burst(desk, 40)
    untold.know(states[0])
    untold.take(80, states[-1])
    told = all_of(untold)

    assert all(one.alert_id != alert_id(0) for one in states[-1].history)
    assert (told[0].event, told[0].alert_id) == ("cleared", alert_id(0))
    assert_nobody_waits_for_an_end([_raise_of(told[0]), *told], states[-1])


def test_an_alert_that_another_one_follows_is_over() -> None:
    desk, untold = Desk(), Untold(ALL)
    desk.tell(alert("raised", 0, seq=1, raised=0))
    untold.take(0, desk.state())
    desk.tell(alert("raised", 60, seq=1, raised=60))
    untold.take(1, desk.state())

    told = all_of(untold)
    assert short(told) == ["raised 1", "cleared 2", "raised 1"]
    assert [one.alert_id for one in told] == [alert_id(0), alert_id(0), alert_id(60)]


def test_an_alert_of_which_only_comments_are_left_is_ended_all_the_same() -> None:
    desk, untold = Desk(), Untold(ALL)
    desk.tell(alert("raised", 0, seq=1, raised=0))
    for _ in range(60):
        desk.ask("comment", alert_id=alert_id(0), comment="still there")
    untold.know(desk.state())
    desk.tell(alert("cleared", 5, seq=2, raised=0))
    untold.take(70, desk.state())

    assert short(all_of(untold)) == ["cleared 2"]


def test_who_was_called_is_told_the_end_of_a_shelved_alert_after_a_restart() -> None:
    #   raised, shelved          cleared
    #      told        restart
    desk, untold = Desk(), Untold(ALL)
    desk.tell(alert("raised", 0, seq=1, raised=0))
    desk.ask("shelve", minute=1, until=at(60), comment="felt change")
    untold.know(desk.state())
    desk.tell(alert("cleared", 9, seq=2, raised=0))
    untold.take(3, desk.state())

    assert short(all_of(untold)) == ["cleared 2"]


def test_an_alert_raised_while_it_was_shelved_is_told_after_a_restart_when_it_comes_back() -> None:
    desk, untold = Desk(), Untold(ALL)
    desk.ask("shelve", until=at(30), comment="felt change")
    desk.tell(alert("raised", 1, seq=1, raised=1))
    untold.know(desk.state())
    assert all_of(untold) == []
    desk.wait(until=31)
    untold.take(3, desk.state())

    assert short(all_of(untold)) == ["raised 1"]


def test_an_alert_that_is_shelved_before_anybody_heard_of_it_is_told_when_it_comes_back() -> None:
    desk, untold = Desk(), Untold(ALL)
    desk.tell(alert("raised", 0, seq=1, raised=0))
    untold.take(0, desk.state())
    desk.ask("shelve", until=at(30), comment="felt change")
    untold.take(1, desk.state())
    assert untold.next() is None
    assert untold.undone_since is None
    desk.wait(until=31)
    untold.take(2, desk.state())

    assert short(all_of(untold)) == ["raised 1"]


def test_alerts_that_came_and_went_are_told_though_a_later_one_is_suppressed_by_its_mode() -> None:
    desk, untold = Desk(), Untold(ALL)
    for offset, state in enumerate(burst(desk, 2)):
        untold.take(offset, state)
    desk.tell(alert("raised", 300, seq=1, raised=300, mode="wash-up"))
    untold.take(4, desk.state())

    assert short(all_of(untold)) == ["raised 1", "cleared 2"] * 2


@pytest.mark.parametrize(("priority", "told"), [("high", ["cleared 2"]), ("low", [])])
def test_an_end_whose_raise_is_gone_is_told_to_those_who_hear_of_such_alerts(
    priority: str, told: list[str]
) -> None:
    wants = Wants(
        Rules(rules=(Rule(name="sheet-break", notify=Notify(webhook="high")),)), "webhook"
    )
    desk, untold = Desk(), Untold(wants)
    desk.tell(alert("raised", 0, seq=1, raised=0, priority=priority))
    desk.tell(alert("cleared", 5, seq=2, raised=0, priority=priority))
    for _ in range(48):
        desk.ask("comment", alert_id=alert_id(0), comment="what was it?")
    assert desk.state().history[0].what == "cleared"
    untold.take(60, desk.state(), told_until=at(4))

    assert short(all_of(untold)) == told


def test_at_the_very_first_only_the_newest_alert_is_news() -> None:
    desk, untold = Desk(), Untold(ALL)
    burst(desk, 3)
    desk.tell(alert("raised", 300, seq=1, raised=300))
    untold.take(7, desk.state(), told_until=None)

    assert ids(all_of(untold)) == [f"{alert_id(300)}/1"]


def _raise_of(end: Notification) -> Notification:
    return msgspec.structs.replace(end, event="raised")


def test_who_is_told_late_is_told_what_was_known_at_the_time() -> None:
    desk, untold = Desk(), Untold(ALL)
    messages = [
        alert("raised", 0, seq=1, raised=0, score=4.5),
        alert("cleared", 5, seq=2, raised=0, score=1.5),
        alert("raised", 60, seq=1, raised=60, score=5.5),
    ]
    for offset, message in enumerate(messages):
        desk.tell(message)
        untold.take(offset, desk.state())

    told = all_of(untold)

    assert [one.alert for one in told] == [msgspec.json.decode(one) for one in messages]


def test_of_an_alert_that_another_one_followed_before_our_time_no_message_is_known() -> None:
    desk, untold = Desk(), Untold(ALL)
    states = burst(desk, 2)
    untold.take(0, states[-1])

    told = all_of(untold)

    assert [one.alert is None for one in told] == [True, True, False, False]


def test_alerts_that_a_restart_finds_gone_are_counted_as_dropped() -> None:
    desk, untold = Desk(), Untold(ALL)
    *_, newest = burst(desk, 40)

    untold.take(0, newest, told_until=at(0))

    assert untold.n_dropped == 1


@pytest.mark.parametrize("told", [0, 30, 39])
def test_none_are_where_the_history_reaches_back_to_what_was_told(told: int) -> None:
    desk, untold = Desk(), Untold(ALL)
    states = burst(desk, 40)
    for state in states[: 2 * told]:
        untold.know(state)

    for offset, state in enumerate(states[2 * told :], start=2 * told):
        untold.take(offset, state)

    assert untold.n_dropped == 0


def test_some_are_where_it_does_not() -> None:
    desk, untold = Desk(), Untold(ALL)
    states = burst(desk, 40)
    untold.know(states[1])

    untold.take(79, states[-1])

    assert untold.n_dropped == 1
