"""After a restart the log of the alerts says what no state that is left says any more."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream_detector.alerting.alert_state import AlertState
from stream_detector.alerting.notices import Wants
from stream_detector.alerting.recall import Recall
from stream_detector.alerting.rules import Notify, Rule, Rules
from stream_detector.alerting.untold import MAX_WAITING, Untold
from tests.alerting.judged import THREE, at
from tests.alerting.listening import (
    ALL,
    all_of,
    assert_nobody_waits_for_an_end,
    ids,
    short,
    told_meanwhile,
)
from tests.alerting.told import RULES, Alerts, Desk, alert, alert_id

chances = st.integers(0, 3)
speeds = st.integers(0, 3)

Log = list[tuple[bytes, datetime]]


class Site:
    """A book, the log of its alerts, and of one machine and rule each state by its offset."""

    def __init__(self) -> None:
        self.desk, self.log, self.states = Desk(), Log(), list[AlertState]()

    def tell(self, data: bytes) -> None:
        self.desk.tell(data)
        self.log.append((data, at(self.desk.minute)))
        self.states.append(self.desk.state())

    def tell_of_alerts(self, n_alerts: int) -> None:
        """One after the other, one an hour, each over after five minutes."""
        for minute in range(0, 60 * n_alerts, 60):
            self.tell(alert("raised", minute, seq=1, raised=minute))
            self.tell(alert("cleared", minute + 5, seq=2, raised=minute))

    def taken_up(
        self,
        *,
        told_below: int = 0,
        told_until: datetime = THREE,
        left: Collection[int] = (),
        wants: Wants = ALL,
    ) -> Untold:
        """What waits for somebody after a restart; of the states the last is left at least."""
        untold, recall = Untold(wants), Recall(RULES, told_below)
        if self.desk.book.flood is not None:
            recall.note(0, self.desk.book.flood)
        states = [(n, self.states[n]) for n in sorted({*left, len(self.states) - 1})]
        for offset, state in states:
            recall.note(offset, state)
            if offset < told_below:
                untold.know(state)
        for data, time in self.log:
            if time >= told_until and (found := recall.find(data, time)) is not None:
                untold.recall(found, told_until=told_until)
        for offset, state in states:
            if offset >= told_below and not recall.has_all_of(offset, state):
                untold.take(offset, state, told_until=told_until)
        return untold


def names(log: Iterable[tuple[bytes, datetime]]) -> list[str]:
    found = [msgspec.json.decode(data) for data, _ in log]
    return [f"{one['alert_id']}/{one['seq']}" for one in found if one["event"] != "updated"]


def test_all_that_a_history_has_left_out_is_told_as_it_was_sent() -> None:
    site = Site()
    site.tell_of_alerts(60)

    told = all_of(site.taken_up())

    assert ids(told) == names(site.log)
    assert [one.alert for one in told] == [msgspec.json.decode(data) for data, _ in site.log]


def test_what_is_too_much_is_dropped_whole_and_counted_as_without_a_restart() -> None:
    site = Site()
    site.tell_of_alerts(200)
    untold = site.taken_up()

    assert untold.n_dropped == 400 - MAX_WAITING
    assert ids(all_of(untold)) == names(site.log)[100:]


def test_what_the_book_has_not_taken_in_yet_is_left_to_it() -> None:
    site = Site()
    site.tell_of_alerts(40)
    site.log.append((alert("raised", 3000, seq=1, raised=3000), at(3000)))

    assert ids(all_of(site.taken_up())) == names(site.log)[:-1]


def test_a_repeat_in_the_log_is_told_once() -> None:
    site = Site()
    site.tell_of_alerts(40)
    site.log[6:6] = site.log[2:6]

    assert ids(all_of(site.taken_up())) == names(site.log[:6] + site.log[10:])


def test_messages_of_others_and_of_nobody_are_passed_over() -> None:
    site = Site()
    site.tell_of_alerts(30)
    odd = [b"{", b'{"schema": "data-quality/1.0"}', alert("raised", 1, seq=1, raised=1, rule="odd")]
    expected = names(site.log)
    site.log[3:3] = [(data, at(1)) for data in odd]

    assert ids(all_of(site.taken_up())) == expected


def test_an_end_whose_raise_was_told_before_the_log_begins_is_told() -> None:
    site = Site()
    site.tell_of_alerts(40)

    assert ids(all_of(site.taken_up(told_until=at(3)))) == names(site.log)[1:]


def test_a_flood_that_holds_back_the_newest_alert_silences_no_escalation_before_it() -> None:
    """Of low priority, and told from high on: what is held back was never to be told."""
    wants = Wants(
        Rules(rules=(Rule(name="sheet-break", notify=Notify(webhook="high")),)), "webhook"
    )
    site = Site()
    for minute in (0.5 * n for n in range(30)):
        site.tell(alert("raised", minute, seq=1, raised=minute, priority="low"))
        site.tell(alert("escalated", minute + 0.2, seq=2, raised=minute, priority="critical"))
        site.tell(alert("cleared", minute + 0.4, seq=3, raised=minute, priority="critical"))
    site.tell(alert("raised", 15, seq=1, raised=15, priority="low"))
    assert site.states[-1].held_back

    told = all_of(site.taken_up(wants=wants))

    assert short(told) == ["escalated 2", "cleared 3"] * 30


def test_what_was_raised_in_a_flood_is_not_told_once_it_is_over() -> None:
    site = Site()
    for n in range(30):
        site.tell(alert("raised", n, seq=1, raised=n, priority="low"))
        site.tell(alert("cleared", n + 0.5, seq=2, raised=n, priority="low"))
    before = [one.alert_id for one in site.states if one.open and not one.held_back]
    site.desk.wait(until=60)

    told = all_of(site.taken_up())

    assert [one.alert_id for one in told if one.event == "raised"] == before
    assert_nobody_waits_for_an_end(told, site.states[-1])


def test_what_a_mode_or_somebody_silenced_at_its_time_is_not_told_and_the_rest_is() -> None:
    #   0      60         120 shelved   180           240
    #   told   wash-up    not told      unshelved     told
    site = Site()
    for minute, mode in ((0, None), (60, "wash-up"), (120, None), (240, None)):
        if minute == 120:
            site.desk.ask("shelve", minute=110, until=at(180), comment="felt change")
        if minute == 240:
            site.desk.wait(until=180)
        site.tell(alert("raised", minute, seq=1, raised=minute, mode=mode))
        site.tell(alert("cleared", minute + 5, seq=2, raised=minute))

    told = all_of(site.taken_up())

    assert [one.alert_id for one in told] == [alert_id(0)] * 2 + [alert_id(240)] * 2


@pytest.mark.parametrize("left", [range(0), range(121)])
@pytest.mark.parametrize("end", ["unshelve", "time"])
def test_what_was_shelved_is_not_told_however_much_has_happened_since(
    left: Collection[int], end: str
) -> None:
    site = Site()
    site.desk.ask("shelve", minute=-10, until=at(700), comment="felt change")
    n_shelved = 60
    for minute in range(0, 10 * n_shelved, 10):
        site.tell(alert("raised", minute, seq=1, raised=minute))
        site.tell(alert("cleared", minute + 5, seq=2, raised=minute))
    if end == "unshelve":
        site.desk.ask("unshelve", minute=650)
    site.desk.wait(until=710)
    site.tell(alert("raised", 720, seq=1, raised=720))

    assert ids(all_of(site.taken_up(left=left))) == [f"{alert_id(720)}/1"]


def test_a_shelving_of_now_silences_nothing_that_came_and_went_before_it() -> None:
    site = Site()
    site.tell_of_alerts(40)
    site.desk.ask("shelve", minute=2500, until=at(3000), comment="felt change")
    site.states.append(site.desk.state())

    assert ids(all_of(site.taken_up())) == names(site.log)


@settings(deadline=None)
@given(
    life=st.lists(chances, min_size=2, max_size=150),
    n=st.lists(speeds, min_size=1),
    share=st.floats(0, 1),
    cleaned=st.integers(0, 150),
    behind=st.sampled_from([0, 10, 300]),
)
def test_after_a_restart_all_of_the_rest_is_told_whatever_kafka_has_compacted_away(
    life: list[int], n: list[int], share: float, cleaned: int, behind: int
) -> None:
    """Kafka compacts from the begin on."""
    site, alerts = Site(), Alerts("pm3", "sheet-break")
    for number, chance in enumerate(life):
        site.tell(alerts.next(30.0 * number, chance))
    stopped_at = 1 + int(share * (len(life) - 2))
    before = Untold(ALL)
    told = told_meanwhile(before, site.states[:stopped_at], n)
    told_below = stopped_at if before.undone_since is None else before.undone_since
    told_until = before.undone_at or site.states[stopped_at - 1].changed_at

    after = site.taken_up(
        told_below=told_below,
        told_until=told_until - timedelta(minutes=behind),
        left=range(cleaned, len(life)),
    )
    again = ids(all_of(after))

    expected = names(site.log)
    assert again == expected[len(expected) - len(again) :]
    assert {*ids(told), *again} == {*expected}
