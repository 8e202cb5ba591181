"""The ledger as the page shows it: what was told by hand, in words."""

from datetime import timedelta

import msgspec
import pytest

from stream_detector.alerting.alert_state import AlertState
from stream_detector.alerting.figures import Figures, figures
from stream_detector.alerting.ledger import Ledger
from stream_detector.console.plant import Plant
from stream_detector.console.views.ledger import LINES_PER_PAGE, LedgerView, ledger
from stream_detector.console.words import Clock, zone
from tests.alerting.accounts import stood, told, warned
from tests.alerting.judged import at
from tests.alerting.told import RULES, alert, outcome
from tests.console.messages import score

CLOCK = Clock(zone("Europe/Helsinki"))
"""Two hours ahead of UTC."""


def figures_of(*messages: bytes, states: tuple[AlertState, ...] = (), now: float) -> Figures:
    known = told(Ledger(RULES), messages)
    return figures(known, states, RULES, now=at(now), trailing=timedelta(days=30))


def view_of(*messages: bytes, now: float = 600, text: str = "", page: int = 0) -> LedgerView:
    return ledger(
        figures_of(*messages, now=now),
        Plant(),
        now=at(now).timestamp(),
        clock=CLOCK,
        text=text,
        page=page,
    )


@pytest.fixture(scope="module")
def day() -> LedgerView:
    """A warning of three minutes, a nuisance of five, a break out of nothing, and an open alert."""
    return view_of(
        *warned(10, 13),
        *stood((100, 105)),
        outcome(300),
        *stood((590, None), machine="pm4", priority="high"),
    )


def test_lines_say_newest_first_what_became_of_alerts_and_outcomes(day: LedgerView) -> None:
    found = [(one.time, one.machine, one.what, one.became) for one in day.lines]

    assert found == [
        ("22 Nov 14:50", "pm4", "high alert, 10 min", "open"),
        ("22 Nov 10:00", "pm3", "OUTCOME", "MISSED"),
        ("22 Nov 06:40", "pm3", "medium alert, 5 min", "nuisance"),
        ("22 Nov 05:13", "pm3", "OUTCOME", "warned of, 3 min ahead"),
        ("22 Nov 05:10", "pm3", "medium alert, 3 min", "early, 3 min ahead"),
    ]


def test_an_open_alert_has_stood_as_long_as_its_own_machine_lived_since() -> None:
    # Both were raised at minute 590; pm4 plays a recording, and is at minute 650 when it is 600.
    plant = Plant()
    played = score("pm4", 0, 1.0)
    plant.take_score(
        msgspec.structs.replace(played, event_time=at(650)), received_at=at(600).timestamp()
    )
    raised = figures_of(*stood((590, None)), *stood((590, None), machine="pm4"), now=600)

    view = ledger(raised, plant, now=at(601).timestamp(), clock=CLOCK)

    assert {one.machine: one.what for one in view.lines} == {
        "pm3": "medium alert, 11 min",
        "pm4": "medium alert, 61 min",
    }


def test_an_alert_that_returned_did_not_stand_all_the_time() -> None:
    view = view_of(*stood((10, 15)), alert("raised", 30, seq=3, raised=10), now=40)

    assert [one.what for one in view.lines] == ["medium alert, raised 2 times in 30 min"]


def test_a_scorecard_stands_beside_chance(day: LedgerView) -> None:
    four_minutes, *others = day.cards

    assert len(others) == 3
    assert four_minutes.ahead == "4 min"
    assert (four_minutes.outcomes, four_minutes.warned, four_minutes.missed) == (2, 1, 1)
    assert four_minutes.recall == "50 %"
    # Two alerts of pm3 in 9 h 50 min, four minutes each.
    assert four_minutes.by_chance == "1 %"
    assert four_minutes.lead == "3 min"


def test_a_figure_that_is_not_acceptable_says_so() -> None:
    many = [one for n in range(11) for one in stood((10 + n / 4, 10.2 + n / 4))]

    found = {one.name: one for one in view_of(*many).kpis}

    assert (found["Most in 10 minutes"].value, found["Most in 10 minutes"].is_above) == ("11", True)
    assert found["Most in 10 minutes"].acceptable == "at most 10"
    assert (found["Chattering"].value, found["Chattering"].is_above) == ("pm3/sheet-break", True)
    assert not found["Calls a day"].is_above


def test_of_some_minutes_there_is_no_rate_of_an_hour() -> None:
    found = {one.name: one.value for one in view_of(*stood((10, 15)), now=40).kpis}
    an_hour = {one.name: one.value for one in view_of(*stood((10, 15)), now=70).kpis}

    assert found["Calls an hour"] == found["Calls a day"] == "-"
    assert (an_hour["Calls an hour"], an_hour["Calls a day"]) == ("1.0", "24.0")


def test_a_page_holds_so_many_lines_and_there_is_none_beyond_the_last() -> None:
    many = [one for n in range(LINES_PER_PAGE + 1) for one in stood((10 * n, 10 * n + 5))]

    last = view_of(*many, page=7)

    assert (last.page, last.n_pages, last.n_found) == (1, 2, LINES_PER_PAGE + 1)
    assert [one.time for one in last.lines] == ["22 Nov 05:00"]


def test_a_search_finds_lines_by_the_machine() -> None:
    found = view_of(*stood((10, 15)), *stood((20, 25), machine="PM4"), text="pm4")

    assert [one.machine for one in found.lines] == ["PM4"]


def test_where_nothing_was_told_there_is_nothing_but_what_is_acceptable() -> None:
    empty = view_of()

    assert empty.lines == ()
    assert empty.cards[0].recall == "-"
    assert not any(one.is_above for one in empty.kpis)
