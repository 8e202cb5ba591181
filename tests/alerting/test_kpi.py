"""The figures of ISA-18.2, worked out by hand. Three o'clock begins a period of ten minutes."""

from datetime import timedelta

import pytest

from stream_detector.alerting.kpi import Kpis, kpis
from stream_detector.alerting.ledger import Ledger
from stream_detector.alerting.news import decode_news
from tests.alerting.accounts import ledger, stood, told
from tests.alerting.judged import at
from tests.alerting.told import RULES, Desk, alert, alert_id


def figures_of(*messages: bytes, until: float = 119, desk: Desk | None = None) -> Kpis:
    found = ledger(*messages)
    states = desk.book.states if desk else ()
    return kpis(found.alerts, states, start=at(0), end=at(until))


def many(count: int, *, minute: float, name: str = "pm", priority: str = "low") -> list[bytes]:
    """So many machines call at once."""
    return [
        message
        for n in range(count)
        for message in stood((minute, minute + 5), machine=f"{name}{n}", priority=priority)
    ]


def test_calls_of_one_machine_may_reach_kafka_at_once() -> None:
    """A recording is played faster than Kafka's clock tells times apart."""
    played = Ledger(RULES)
    for messages in (stood((10, 15)), stood((70, 75))):
        for message in messages:
            news = decode_news(message)
            assert isinstance(news, tuple)
            played.fold(*news, at(100))

    assert kpis(played.alerts, (), start=at(0), end=at(119)).n_calls == 2


def test_two_hours_by_hand() -> None:
    #  period   0    1    2    3    4    5   ...  11
    #  calls    2   11    6    4    0    0   ...   1
    found = figures_of(
        *many(2, minute=1, name="a", priority="medium"),
        *many(11, minute=11, name="b"),
        *many(6, minute=21, name="c"),
        *many(4, minute=31, name="d"),
        *stood((115, None), machine="e", priority="critical"),
        until=119.999,
    )

    assert found.n_calls == 24
    assert found.per_hour == pytest.approx(12, rel=1e-4)
    assert found.per_day == pytest.approx(288, rel=1e-4)
    assert found.per_10_min == pytest.approx(2, rel=1e-4)
    assert found.most_in_10_min == 11
    assert found.flood_periods_share == pytest.approx(1 / 12)
    # From more than ten on until fewer than five: periods 1 and 2.
    assert (found.n_floods, found.longest_flood_s) == (1, 1200)
    assert found.flood_share == pytest.approx(2 / 12, rel=1e-4)
    assert found.busy_hours_share == 0
    assert found.top_10_share == pytest.approx(10 / 24)
    assert found.by_priority == {
        "low": pytest.approx(21 / 24),
        "medium": pytest.approx(2 / 24),
        "high": 0,
        "critical": pytest.approx(1 / 24),
    }


def test_an_hour_with_more_than_thirty_is_a_busy_one() -> None:
    found = figures_of(*many(31, minute=5), until=119.999)

    assert found.busy_hours_share == 0.5


def test_ten_in_ten_minutes_are_no_flood() -> None:
    assert figures_of(*many(10, minute=5)).n_floods == 0


def test_a_flood_that_lasts_counts() -> None:
    found = figures_of(*many(11, minute=5), *many(5, minute=15, name="b"), until=60)

    assert (found.n_floods, found.flood_share, found.longest_flood_s) == (1, 1 / 3, 1200)


def test_in_the_first_minutes_nothing_is_told_of_times_that_were_not_yet() -> None:
    found = figures_of(*many(32, minute=5), until=8)

    assert (found.n_calls, found.most_in_10_min) == (32, 32)
    assert (found.per_day, found.per_hour, found.per_10_min) == (None, None, None)
    assert (found.flood_periods_share, found.busy_hours_share, found.flood_share) == (None,) * 3
    assert (found.n_floods, found.longest_flood_s) == (1, 480)


@pytest.mark.parametrize(("minutes", "chatters"), [((0, 0.5, 1), True), ((0, 0.5, 1.1), False)])
def test_three_raises_within_a_minute_chatter(minutes: tuple[float, ...], chatters: bool) -> None:  # noqa: FBT001
    times = [(minute, minute + 0.1) for minute in minutes]

    found = figures_of(*stood(*times), *stood((0.2, 5), machine="pm4"))

    assert found.chattering == (("pm3/sheet-break",) if chatters else ())


def test_what_returns_to_normal_within_a_minute_is_fleeting_not_what_ends_otherwise() -> None:
    found = figures_of(
        *stood((0, 1), (60, 61.1)),
        *stood((0, 0.5), machine="pm4", reason="outcome"),
        *stood((0, 0.5), machine="pm5", reason="rule-removed"),
    )

    assert found.n_fleeting == 1


def test_calls_are_counted_when_they_reached_the_operator() -> None:
    found = told(Ledger(RULES), stood((0, 5)), late=30)

    assert kpis(found.alerts, (), start=at(0), end=at(20)).n_calls == 0
    assert kpis(found.alerts, (), start=at(20), end=at(40)).n_calls == 1


def test_how_alerts_stand_now() -> None:
    desk = Desk()
    for machine in ("pm3", "pm4", "pm5"):
        desk.tell(alert("raised", 0, seq=1, raised=0, machine=machine))
    desk.tell(alert("updated", 24 * 60, seq=2, raised=0))
    desk.ask("acknowledge", alert_id=alert_id(0, machine="pm4"))
    desk.ask("shelve", machine="pm5", until=at(24 * 60 + 60), comment="felt", minute=24 * 60)
    desk.ask("out-of-service", machine="pm6", comment="rebuilt")
    desk.tell(alert("raised", 0, seq=1, raised=0, machine="pm7"))
    desk.tell(alert("cleared", 5, seq=2, raised=0, machine="pm7"))

    found = figures_of(desk=desk)

    assert (found.n_standing, found.n_stale, found.n_unacknowledged) == (3, 1, 2)
    assert found.n_returned_unacknowledged == 1
    assert (found.n_shelved, found.n_out_of_service) == (1, 1)


def test_nothing_was_told() -> None:
    found = figures_of()

    assert (found.n_calls, found.most_in_10_min, found.top_10_share) == (0, 0, 0)
    assert found.span_s == timedelta(minutes=119).total_seconds()
