"""What an operator sees of one alert, without a browser."""

from zoneinfo import ZoneInfo

import msgspec
import pytest

from stream_detector.alerting.alert_state import (
    Entry,
    Note,
    PastAlert,
    Shelving,
    State,
)
from stream_detector.console.drawing import Scale, value_ticks
from stream_detector.console.rendering import render
from stream_detector.console.views.alert import alert_detail
from stream_detector.console.views.alerts import Filter, alert_list
from stream_detector.console.views.machine import machine_view
from stream_detector.console.views.overview import overview
from stream_detector.console.words import Clock
from stream_detector.pipeline.messages import Contributor, HeadScore, Validated, WarningInfo
from tests.console.messages import alert_message, at, fault, plant_of, reading, score, standing

HELSINKI = Clock(ZoneInfo("Europe/Helsinki"))
NOW = at(20).timestamp()
KEY = ("pm3", "sheet-break")
STEAM = (Contributor("steam", 3.6, 3.0, "bar", 0.5), Contributor("draw", 4.1, 4.0, None, 0.25))


def test_a_shelf_of_what_never_was_a_machine_is_listed_and_makes_none() -> None:
    shelved = Shelving("bert", at(30), at(90), "service")
    plant = plant_of(
        score("pm3", 0, 1.0),
        standing("pm33", State.SHELVED, alert=None, shelved=shelved),
        standing("pm34", State.NORMAL, alert=None),
    )

    (tile,) = overview(plant, now=NOW, clock=HELSINKI).tiles
    (row,) = alert_list(plant, Filter(shown="aside"), now=NOW, clock=HELSINKI).rows
    detail = alert_detail(plant, ("pm33", "sheet-break"), now=NOW, clock=HELSINKI)

    assert (tile.machine, row.machine) == ("pm3", "pm33")
    assert detail is not None
    assert detail.state == row.state == "shelved until 22 Nov 06:30 by bert"
    assert "no longer kept" not in render("alert.html", view=detail)
    assert alert_list(plant, Filter(shown="normal"), now=NOW, clock=HELSINKI).rows == ()


def test_a_page_of_an_alert_tells_all_of_it() -> None:
    history = (
        Entry(at=at(10), what="raised", seq=1),
        Entry(at=at(14), what="acknowledged", by="anna", comment="on my way"),
    )
    plant = plant_of(
        *(score("pm3", 2 * n, 1.0 if n < 5 else 3.0, contributors=STEAM) for n in range(10)),
        *(reading("pm3", 2 * n, steam=3.0 + n) for n in range(10)),
        standing(
            "pm3", State.ACKNOWLEDGED, history=history, acknowledged=Note("anna", at(14), "on")
        ),
    )

    detail = alert_detail(plant, KEY, now=NOW, clock=HELSINKI)

    assert detail is not None
    assert dict(detail.facts)["raised"] == "22 Nov 05:10:00 EET (22 Nov 03:10:00 UTC)"
    assert dict(detail.facts)["lasting"] == "10 min"
    assert dict(detail.facts)["acknowledged"] == "by anna: on"
    assert detail.response == "Check the steam."
    assert detail.runbook_url == "https://plant.example/steam"
    assert [(one.sensor, one.actual, one.expected, one.percent) for one in detail.parts] == [
        ("steam", "3.6 bar", "3 bar", "41 %")
    ]
    assert [one.sensor for one in detail.sensors] == ["steam"]
    assert detail.chart is not None
    assert [one.kind for one in detail.chart.frame.events] == ["raised"]
    assert [(one.what, one.by, one.comment) for one in detail.history] == [
        ("acknowledged", "anna", "on my way"),
        ("raised", "", ""),
    ]
    assert dict(detail.evidence)["alert"] == "pm3.sheet-break.2026-11-22T03:10:00Z"


def test_the_history_says_what_was_about_an_alert_before() -> None:
    first, second = alert_message("pm3", 2), alert_message("pm3", 10)
    history = (
        Entry(at=at(1), what="closed", alert_id="forgotten", detail="early"),
        Entry(at=at(2), what="raised", alert_id=first.alert_id),
        Entry(at=at(10), what="raised", alert_id=second.alert_id),
        Entry(at=at(10), what="closed", alert_id=first.alert_id, detail="nuisance"),
        Entry(at=at(12), what="unshelved", by="anna"),
    )
    past = PastAlert(
        alert_id=first.alert_id,
        raised_at=at(2),
        cleared_at=at(6),
        occurrence=1,
        priority="medium",
        reason=None,
        acknowledged_by=None,
        label=None,
        fate="nuisance",
        lead_s=None,
    )
    plant = plant_of(standing("pm3", message=second, history=history, past=(past,)))

    detail = alert_detail(plant, KEY, now=NOW, clock=HELSINKI)

    assert detail is not None
    assert [(one.what, one.of) for one in detail.history] == [
        ("unshelved", ""),
        ("closed", "the alert of 22 Nov 05:02"),
        ("raised", ""),
        ("raised", "the alert of 22 Nov 05:02"),
        ("closed", "an alert before"),
    ]
    page = render("alert.html", view=detail)
    assert '<b>closed</b> <span class="dim">the alert of 22 Nov 05:02</span>: <' in page


def test_an_alert_that_is_over_still_says_what_it_was_about() -> None:
    raised = alert_message("pm3", 10)
    over = alert_message(
        "pm3", 10, event="cleared", score=None, contributors=(), response=None, evidence=None
    )
    plant = plant_of(score("pm3", 10, 3.0))
    plant.take_reason(alert_message("pm3", 4))
    plant.take_reason(raised)
    plant.take_reason(over)
    plant.take_alert(standing("pm3", State.RETURNED_UNACKNOWLEDGED, message=over))

    view = alert_detail(plant, ("pm3", "sheet-break"), now=NOW, clock=HELSINKI)
    (row,) = alert_list(plant, Filter(), now=NOW, clock=HELSINKI).rows

    assert view is not None
    assert [one.sensor for one in view.parts] == ["steam"]
    assert view.response == "Check the steam."
    # That of the raise, and so it says: the newest message has none.
    assert ("score", "3.37, threshold 2.00, at 22 Nov 05:10") in view.facts
    assert (row.score, row.sensors) == ("3.37", "steam 41 %")


def test_no_number_has_an_exponent() -> None:
    before = WarningInfo("break", 240.0, Validated(0.5, 183.82, 40_000))
    asked = {"kind": "budget", "per_day": 0.00002}
    seldom = (Contributor("steam", 9999.7, 0.00003, "bar", 0.5),)
    message = alert_message("pm3", 10, warning=before, threshold_source=asked, contributors=seldom)

    view = alert_detail(plant_of(standing("pm3", message=message)), KEY, now=NOW, clock=HELSINKI)

    assert view is not None
    assert dict(view.evidence)["model tested"] == (
        "50 % of outcomes warned of, 184 false alerts a day, 40000 new rows"
    )
    assert dict(view.evidence)["threshold asked"] == "budget 0.00002"
    assert [(one.actual, one.expected) for one in view.parts] == [("10000 bar", "0.00003 bar")]
    ticks = value_ticks(Scale(0.0, 0.00004, 100.0, 0.0)), value_ticks(Scale(0.0, 4e6, 100.0, 0.0))
    assert [one[1].text for one in ticks] == ["0.00001", "1000000"]


def test_what_another_alert_was_about_is_not_told_of_this_one() -> None:
    over = alert_message("pm3", 10, event="cleared", score=None, contributors=())
    plant = plant_of(standing("pm3", State.RETURNED_UNACKNOWLEDGED, message=over))
    plant.take_reason(alert_message("pm3", 4))

    (row,) = alert_list(plant, Filter(), now=NOW, clock=HELSINKI).rows

    assert (row.score, row.sensors) == ("-", "")


def test_an_alert_of_the_head_is_drawn_with_the_heads_score() -> None:
    heads = {
        8: HeadScore(0.1, 0.5, above=False, alarm=False),
        10: HeadScore(0.9, 0.5, above=True, alarm=True),
    }
    scores = (msgspec.structs.replace(score("pm3", n, 1.0), head=one) for n, one in heads.items())
    message = alert_message("pm3", 10, rule="break-likely", score=0.9, threshold=0.5)
    plant = plant_of(*scores, standing("pm3", rule="break-likely", message=message))

    detail = alert_detail(plant, ("pm3", "break-likely"), now=NOW, clock=HELSINKI)

    assert detail is not None
    assert detail.chart is not None
    assert len(detail.chart.alarms) == 1
    assert "score 0.90, threshold 0.50" in render("alert.html", view=detail)


def test_an_alert_whose_scores_are_gone_is_shown_without_a_chart() -> None:
    detail = alert_detail(plant_of(standing("pm3")), KEY, now=NOW, clock=HELSINKI)

    assert detail is not None
    assert detail.chart is None
    assert "no longer kept" in render("alert.html", view=detail)


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "JavaScript:alert(1)", "data:text/html,x", "//x"]
)
def test_an_address_that_could_be_a_script_is_no_link(url: str) -> None:
    message = msgspec.structs.replace(alert_message("pm3", 10), runbook_url=url)

    detail = alert_detail(plant_of(standing("pm3", message=message)), KEY, now=NOW, clock=HELSINKI)

    assert detail is not None
    assert detail.runbook_url is None


def test_markup_from_anybody_is_shown_as_text() -> None:
    evil = "<img src=x onerror=alert(1)>"
    message = alert_message(
        evil, 10, response=evil, contributors=(Contributor(evil, 1.0, 2.0, evil, 0.5),)
    )
    plant = plant_of(
        *(score(evil, 2 * n, 1.0, contributors=message.contributors, mode=evil) for n in range(9)),
        *(reading(evil, 2 * n, **{evil: 1.0 + n}) for n in range(9)),
        fault(evil, 5, evil),
        standing(
            evil,
            State.ACKNOWLEDGED,
            message=message,
            acknowledged=Note(evil, at(14), evil),
            history=(Entry(at=at(14), what="commented", by=evil, comment=evil),),
        ),
    )
    detail = alert_detail(plant, (evil, "sheet-break"), now=NOW, clock=HELSINKI)
    view = machine_view(plant, evil, length="1 h", sensors=(), now=NOW, clock=HELSINKI)
    listed = alert_list(plant, Filter(), now=NOW, clock=HELSINKI)

    pages = {
        "alert": render("alert.html", view=detail),
        "machine": render("machine.html", view=view),
        "overview": render(
            "overview.html", view=overview(plant, now=NOW, clock=HELSINKI), text=evil
        ),
        "alerts": render(
            "alerts.html",
            view=listed,
            selected=set(),
            cursor=None,
            may_act=True,
            all_selected=False,
        ),
        "missing": render("missing.html", what="machine", name=evil),
    }

    for name, page in pages.items():
        assert "<img" not in page, name
        assert "&lt;img" in page, name


def test_an_alert_that_has_stood_for_a_day_offers_to_make_a_new_model() -> None:
    plant = plant_of(
        standing("pm3; reboot", State.ACKNOWLEDGED, stale=True),
        standing("pm4", State.ACKNOWLEDGED),
        standing("pm5", State.NORMAL, stale=True),
    )
    old, new, over = (
        alert_detail(plant, (machine, "sheet-break"), now=NOW, clock=HELSINKI)
        for machine in ("pm3; reboot", "pm4", "pm5")
    )

    command = "python -m trainer refit --from-kafka / --machine 'pm3; reboot' --shadow"
    assert old is not None
    assert old.refit_command == command
    assert "label this alert a nuisance" in render("alert.html", view=old)
    for other in (new, over):
        assert other is not None
        assert other.refit_command is None
        assert 'id="refit"' not in render("alert.html", view=other)
