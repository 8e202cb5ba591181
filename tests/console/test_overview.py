"""What an operator sees of all machines, without a browser."""

import re
from zoneinfo import ZoneInfo

import pytest

from stream_detector.alerting.alert_state import State
from stream_detector.alerting.rules import Priority
from stream_detector.console.rendering import render
from stream_detector.console.views import overview as overview_view
from stream_detector.console.views.overview import Head, overview
from stream_detector.console.views.sparkline import sparkline
from stream_detector.console.views.urgency import Mark
from stream_detector.console.words import Clock
from stream_detector.pipeline.messages import Contributor
from tests.console.messages import at, fault, plant_of, score, standing

HELSINKI = Clock(ZoneInfo("Europe/Helsinki"))
NOW = at(20).timestamp()
KEY = ("pm3", "sheet-break")
UNSEEN, SEEN, RETURNED = State.UNACKNOWLEDGED, State.ACKNOWLEDGED, State.RETURNED_UNACKNOWLEDGED
STEAM = (Contributor("steam", 3.6, 3.0, "bar", 0.5), Contributor("draw", 4.1, 4.0, None, 0.25))


def test_the_worst_machine_comes_first() -> None:
    plant = plant_of(
        *(score(name, n, 1.0) for n in range(15, 21) for name in ("a", "b", "c", "d", "e", "f")),
        score("silent", 0, 1.0),
        fault("d", 5, "steam"),
        standing("b", State.ACKNOWLEDGED, priority="critical"),
        standing("c", State.UNACKNOWLEDGED, priority="low"),
        standing("e", State.SHELVED, priority="critical"),
        standing("f", State.UNACKNOWLEDGED, priority="high"),
    )

    found = overview(plant, now=NOW, clock=HELSINKI)

    assert [tile.machine for tile in found.tiles][:4] == ["f", "c", "b", "d"]
    assert [(one.mark, one.text) for tile in found.tiles[:4] for one in tile.heads] == [
        ("high", "HIGH ALERT"),
        ("low", "LOW ALERT"),
        ("critical", "critical alert, acknowledged"),
        ("feed", "check the feed"),
    ]
    assert {tile.machine: tile.heads[0].mark for tile in found.tiles}["e"] == "aside"
    assert [(name, count) for name, _, count in found.counts if count] == [
        ("high to acknowledge", 1),
        ("low to acknowledge", 1),
        ("acknowledged", 1),
        ("set aside", 1),
    ]


def test_an_alert_that_is_over_and_that_nobody_saw_is_not_told_as_open() -> None:
    plant = plant_of(
        score("pm3", 0, 1.0), standing("pm3", State.RETURNED_UNACKNOWLEDGED, minute=10)
    )

    (tile,) = overview(plant, now=NOW, clock=HELSINKI).tiles

    assert [one.text for one in tile.heads] == ["medium alert over, not acknowledged"]
    assert tile.alerts == ("sheet-break: 22 Nov 05:10 to 22 Nov 05:30, not acknowledged",)


@pytest.mark.parametrize(
    ("by_rule", "told"),
    [
        (
            {"break": ("critical", RETURNED), "patient": ("low", SEEN)},
            [("critical", "critical alert over, not acknowledged", True)],
        ),
        (
            {"break": ("critical", SEEN), "patient": ("low", UNSEEN)},
            [("critical", "critical alert, acknowledged", False), ("low", "LOW ALERT", True)],
        ),
        (
            {"a": ("low", UNSEEN), "b": ("high", RETURNED), "c": ("critical", SEEN)},
            [
                ("critical", "critical alert, acknowledged", False),
                ("high", "high alert over, not acknowledged", True),
                ("low", "LOW ALERT", True),
            ],
        ),
        (
            {"a": ("high", UNSEEN), "b": ("high", SEEN), "c": ("low", UNSEEN)},
            [("high", "HIGH ALERT", True)],
        ),
    ],
)
def test_no_alert_hides_a_graver_or_a_more_urgent_one(
    by_rule: dict[str, tuple[Priority, State]], told: list[tuple[str, str, bool]]
) -> None:
    alerts = [standing("pm3", state, rule=rule, priority=p) for rule, (p, state) in by_rule.items()]
    found = overview(plant_of(score("pm3", 0, 1.0), *alerts), now=NOW, clock=HELSINKI)

    (tile,) = found.tiles
    page = render("overview.html", view=found, text="")

    assert [(one.mark, one.text, one.is_filled) for one in tile.heads] == told
    assert f'class="tile {told[0][0]} abnormal' in page
    tiles = page[page.index('<div class="tiles">') :]
    assert re.findall(r'aria-label="(\w+)(, not acknowledged)?" *>', tiles) == [
        (mark, ", not acknowledged" if is_filled else "") for mark, _, is_filled in told
    ]


def test_only_what_is_abnormal_has_a_mark() -> None:
    plant = plant_of(score("pm3", 0, 1.0), standing("pm4", State.NORMAL), score("pm4", 0, 1.0))

    page = render("overview.html", view=overview(plant, now=NOW, clock=HELSINKI), text="")

    tiles = page[page.index('<div class="tiles">') :]
    assert 'class="mark' not in tiles
    assert tiles.count("normal") == 2


def test_a_silent_machine_never_looks_normal() -> None:
    plant = plant_of(*(score("pm3", n, 1.0) for n in range(6)))

    (tile,) = overview(plant, now=NOW, clock=HELSINKI).tiles

    assert tile.heads == (Head(Mark.FEED, "check the feed", is_filled=True),)
    assert tile.feed == "NO DATA for 15 min"


def test_a_reading_that_could_not_be_judged_never_looks_normal() -> None:
    plant = plant_of(score("pm3", 0, None, quality="bad"))

    (tile,) = overview(plant, now=NOW, clock=HELSINKI).tiles

    assert tile.heads == (Head(Mark.FEED, "no judgement", is_filled=True),)
    assert tile.feed == "FEED bad: 2 of 5 sensors"


def test_machines_come_in_pages_and_can_be_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overview_view, "TILES_PER_PAGE", 2)
    plant = plant_of(*(score(f"pm{n}", 0, 1.0) for n in range(5)))

    last = overview(plant, now=NOW, clock=HELSINKI, page=9)
    searched = overview(plant, now=NOW, clock=HELSINKI, text="PM3")

    assert ([tile.machine for tile in last.tiles], last.page, last.n_pages) == (["pm4"], 2, 3)
    assert [tile.machine for tile in searched.tiles] == ["pm3"]


def test_a_sparkline_has_the_threshold_at_half_its_height_and_fills_what_is_over_it() -> None:
    #  score / threshold:  0.5  1.5  0.5     height 56: 0 at 54, 1 at 28, 2 at 2
    plant = plant_of(score("pm3", 0, 1.0), score("pm3", 2, 3.0), score("pm3", 4, 1.0))

    drawn = sparkline(plant.machines["pm3"])

    assert drawn is not None
    assert drawn.threshold_y == 28.0
    assert re.findall(r"[ML][\d.]+ ([\d.]+)", drawn.path) == ["41", "15", "41"]
    assert len(drawn.over) == 1
    assert drawn.text == "score 1.00, threshold 2.00"
