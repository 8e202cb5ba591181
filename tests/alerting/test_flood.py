"""More alerts than anybody can look at: those of low priority are held back, and listed."""

from stream_detector.alerting.alert_state import MAX_HELD_BACK, AlertState, Flood
from tests.alerting.judged import at
from tests.alerting.told import Desk, alert, alert_id, in_short


def raise_alerts(
    desk: Desk, n: int, *, minute: float, priority: str = "low", first: int = 0
) -> None:
    for number in range(first, first + n):
        machine = f"m{number}"
        desk.tell(alert("raised", minute, seq=1, raised=minute, machine=machine, priority=priority))


def test_ten_alerts_within_ten_minutes_are_no_flood_and_one_more_is() -> None:
    desk = Desk()
    raise_alerts(desk, 10, minute=0)
    assert desk.book.flood is None

    raise_alerts(desk, 1, minute=9, first=10)

    flood = desk.book.flood
    assert flood == Flood(
        active=True,
        began_at=at(9),
        ended_at=None,
        n_raised=11,
        alerts=(alert_id(9, machine="m10"),),
    )
    assert desk.state("m10").held_back
    assert not desk.state("m9").held_back


def test_eleven_alerts_in_more_than_ten_minutes_are_no_flood() -> None:
    desk = Desk()
    raise_alerts(desk, 5, minute=0)
    raise_alerts(desk, 6, minute=10, first=5)

    assert desk.book.flood is None


def test_only_low_priorities_are_held_back() -> None:
    desk = Desk()
    raise_alerts(desk, 12, minute=0, priority="medium")

    assert desk.book.flood is not None
    assert (desk.book.flood.n_raised, desk.book.flood.alerts) == (12, ())
    assert not any(state.held_back for state in desk.book.states)


def test_a_flood_ends_when_fewer_than_five_were_raised_in_ten_minutes() -> None:
    desk = Desk()
    raise_alerts(desk, 11, minute=0)
    raise_alerts(desk, 5, minute=6, first=11)

    assert desk.wait(until=15.9) == []
    ended = desk.wait(until=16)

    flood = desk.book.flood
    assert flood is not None
    assert (flood.active, flood.ended_at, flood.n_raised) == (False, at(16), 16)
    # What was held back is held back no longer, and told so.
    assert in_short(ended) == ["flood", *["flood-ended"] * 6]
    assert not any(state.held_back for state in desk.book.states)
    assert desk.wait(until=17) == []


def test_an_alert_that_is_held_back_stays_so_until_its_priority_rises() -> None:
    desk = Desk()
    raise_alerts(desk, 11, minute=0)
    told = {"machine": "m10", "raised": 0}

    desk.tell(alert("updated", 2, seq=2, priority="low", **told))  # type: ignore[arg-type]
    assert desk.state("m10").held_back

    desk.tell(alert("escalated", 4, seq=3, priority="high", **told))  # type: ignore[arg-type]
    assert not desk.state("m10").held_back


def test_a_flood_lists_a_hundred_and_counts_all() -> None:
    desk = Desk()
    raise_alerts(desk, 150, minute=0)

    flood = desk.book.flood
    assert flood is not None
    assert (len(flood.alerts), flood.n_raised) == (MAX_HELD_BACK, 150) == (100, 150)


def test_an_alert_that_is_raised_after_the_flood_is_held_back_no_more() -> None:
    desk = Desk()
    raise_alerts(desk, 11, minute=0)
    desk.wait(until=20)

    raise_alerts(desk, 1, minute=21, first=11)

    (last,) = desk.kept[-1:]
    assert isinstance(last, AlertState)
    assert not last.held_back


def test_a_flood_goes_on_with_whoever_takes_the_book_up() -> None:
    desk = Desk()
    raise_alerts(desk, 11, minute=0)
    taken_up = desk.taken_up()

    assert taken_up.book.flood == desk.book.flood
    assert in_short(taken_up.wait(until=10)) == ["flood", "flood-ended"]


def test_what_was_raised_before_counts_with_whoever_takes_the_book_up() -> None:
    desk = Desk()
    raise_alerts(desk, 10, minute=0)
    taken_up = desk.taken_up()

    raise_alerts(taken_up, 1, minute=5, first=10)

    assert taken_up.book.flood is not None
