"""What an operator sees of the list of alerts, without a browser."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from stream_detector.alerting.alert_state import (
    MAX_HELD_BACK,
    Flood,
    Labelling,
    Note,
    Shelving,
    State,
)
from stream_detector.console.views.alert import alert_detail
from stream_detector.console.views.alerts import Filter, alert_list
from stream_detector.console.words import Clock
from tests.console.messages import at, plant_of, score, standing

HELSINKI = Clock(ZoneInfo("Europe/Helsinki"))
NOW = at(20).timestamp()


def test_alerts_are_in_the_order_in_which_to_look_at_them() -> None:
    plant = plant_of(
        standing("a", State.ACKNOWLEDGED, priority="critical"),
        standing("b", State.UNACKNOWLEDGED, priority="low", minute=10),
        standing("c", State.UNACKNOWLEDGED, priority="low", minute=12),
        standing("d", State.UNACKNOWLEDGED, priority="medium"),
        standing("e", State.RETURNED_UNACKNOWLEDGED, priority="critical"),
    )

    found = alert_list(plant, Filter(), now=NOW, clock=HELSINKI)

    assert [row.machine for row in found.rows] == ["d", "c", "b", "e", "a"]


@pytest.mark.parametrize(
    ("wanted", "machines"),
    [
        (Filter(), {"open", "seen"}),
        (Filter(shown="unacknowledged"), {"open"}),
        (Filter(shown="aside"), {"shelved"}),
        (Filter(shown="stale"), {"seen"}),
        (Filter(shown="unlabelled"), {"shelved", "over"}),
        (Filter(shown="normal"), {"over", "labelled"}),
        (Filter(shown="all"), {"open", "seen", "shelved", "over", "labelled"}),
        (Filter(shown="all", priority="high"), {"seen"}),
        (Filter(shown="all", text="SEEN"), {"seen"}),
        (Filter(shown="all", text="steam"), {"open", "seen", "shelved", "over", "labelled"}),
        (Filter(shown="all", text="no such thing"), set()),
    ],
)
def test_alerts_can_be_filtered(wanted: Filter, machines: set[str]) -> None:
    label = Labelling("anna", at(30), "nuisance", None)
    plant = plant_of(
        standing("open"),
        standing("seen", State.ACKNOWLEDGED, priority="critical", stale=True),
        standing("shelved", State.SHELVED),
        standing("over", State.NORMAL),
        standing("labelled", State.NORMAL, label=label),
    )

    found = alert_list(plant, wanted, now=NOW, clock=HELSINKI)

    assert {row.machine for row in found.rows} == machines


def test_utc_is_told_beside_the_plants_time_and_not_twice() -> None:
    plant = plant_of(standing("a"))

    here, there = (
        alert_list(plant, Filter(), now=NOW, clock=clock).rows[0]
        for clock in (HELSINKI, Clock(ZoneInfo("UTC")))
    )

    assert here.raised.endswith("05:10")
    assert (here.raised_utc, there.raised_utc) == ("03:10 UTC", "")


def test_a_row_says_who_did_what_and_until_when() -> None:
    note = Note("anna", at(30), "on my way")
    plant = plant_of(
        standing("a", State.ACKNOWLEDGED, acknowledged=note),
        standing("b", State.SHELVED, shelved=Shelving("bert", at(30), at(90), "service")),
        standing("c", State.OUT_OF_SERVICE, out_of_service=note),
    )

    rows = alert_list(plant, Filter(shown="all"), now=NOW, clock=HELSINKI).rows

    assert [row.state for row in rows] == [
        "acknowledged by anna",
        "shelved until 22 Nov 06:30 by bert",
        "out of service, by anna",
    ]
    assert (rows[0].raised, rows[0].raised_utc) == ("22 Nov 05:10", "03:10 UTC")


def test_ten_thousand_alerts_come_fifty_at_a_time() -> None:
    plant = plant_of(*(standing(f"pm{n % 500}", rule=f"rule-{n // 500}") for n in range(10_000)))

    found = alert_list(plant, Filter(page=199), now=NOW, clock=HELSINKI)

    assert (len(found.rows), found.n_found, found.n_pages) == (50, 10_000, 200)


def test_a_flood_is_told() -> None:
    plant = plant_of(standing("pm3"))
    plant.take_flood(
        Flood(active=True, began_at=at(0), ended_at=None, n_raised=23, alerts=("x", "y"))
    )

    found = alert_list(plant, Filter(), now=NOW, clock=HELSINKI)
    plant.take_flood(
        Flood(active=False, began_at=at(0), ended_at=at(9), n_raised=23, alerts=("x", "y"))
    )

    assert found.flood == (
        "FLOOD since 22 Nov 05:00: 23 alerts raised; 2 of low priority held back from notifications"
    )
    assert alert_list(plant, Filter(), now=NOW, clock=HELSINKI).flood is None


def test_a_flood_that_lists_all_it_can_may_hold_back_more() -> None:
    plant, alerts = plant_of(standing("pm3")), tuple(map(str, range(MAX_HELD_BACK)))
    plant.take_flood(Flood(active=True, began_at=at(0), ended_at=None, n_raised=300, alerts=alerts))

    found = alert_list(plant, Filter(), now=NOW, clock=HELSINKI)

    assert found.flood == (
        "FLOOD since 22 Nov 05:00: 300 alerts raised; at least 100 of low priority held back from "
        "notifications"
    )


def test_an_alert_ages_by_the_machines_time_also_while_the_machine_says_nothing() -> None:
    #  Kafka's time   10 h later than the machine's: a recording is played
    #  machine        raised at minute 10, newest score at minute 18, then nothing for 3 hours
    plant = plant_of(standing("pm3"))
    later = timedelta(hours=10).total_seconds()
    plant.take_score(score("pm3", 18, 3.0), received_at=at(18).timestamp() + later)
    now = at(18 + 180).timestamp() + later

    (row,) = alert_list(plant, Filter(), now=now, clock=HELSINKI).rows
    detail = alert_detail(plant, row.key, now=now, clock=HELSINKI)

    assert row.lasting == "3 h 08 min"
    assert detail is not None
    assert dict(detail.facts)["lasting"] == row.lasting


def test_an_alert_of_a_machine_whose_scores_are_gone_ages_by_our_clock() -> None:
    plant = plant_of(standing("pm3"))

    (row,) = alert_list(plant, Filter(), now=at(10 + 240).timestamp(), clock=HELSINKI).rows

    assert row.lasting == "4 h 00 min"
