"""What an operator sees of one machine, without a browser."""

import re
from zoneinfo import ZoneInfo

from stream_detector.console.drawing import Scale, time_ticks
from stream_detector.console.plant import OutcomeSeen
from stream_detector.console.views.charts import score_chart
from stream_detector.console.views.heat import heat_map
from stream_detector.console.views.machine import machine_view
from stream_detector.console.words import Clock
from stream_detector.pipeline.messages import Contributor
from tests.console.messages import at, plant_of, reading, score

HELSINKI = Clock(ZoneInfo("Europe/Helsinki"))
NOW = at(20).timestamp()
KEY = ("pm3", "sheet-break")
STEAM = (Contributor("steam", 3.6, 3.0, "bar", 0.5), Contributor("draw", 4.1, 4.0, None, 0.25))


def test_a_machine_has_its_score_its_sensors_and_what_made_up_the_score() -> None:
    plant = plant_of(
        *(
            score(
                "pm3",
                2 * n,
                None if n == 4 else 2.5,
                alarm=n > 6,
                contributors=STEAM,
                quality="bad" if n == 4 else "good",
            )
            for n in range(10)
        ),
        *(reading("pm3", 2 * n, steam=3.0, other=1.0) for n in range(10)),
    )
    plant.take_outcome(OutcomeSeen("pm3", at(7), "break"))

    view = machine_view(plant, "pm3", length="1 h", sensors=("other",), now=NOW, clock=HELSINKI)

    assert view is not None
    assert view.chart is not None
    assert (len(view.chart.alarms), len(view.chart.unjudged)) == (1, 1)
    assert [one.text for one in view.chart.frame.events] == ["break"]
    assert view.chart.score.count("M") == 2  # no line across the reading without a score
    assert [one.sensor for one in view.sensors] == ["other", "steam", "draw"]
    assert view.heat is not None
    assert [row.sensor for row in view.heat.rows] == ["steam", "draw"]


def test_the_heat_map_shows_shares_of_the_threshold() -> None:
    #  share 0.5 of a score of 1.2 times the threshold: 60 % of the threshold, the highest level
    #  share 0.25: 30 %, the third
    plant = plant_of(*(score("pm3", 2 * n, 2.4, contributors=STEAM) for n in range(3)))

    drawn = heat_map(
        plant.machines["pm3"], start=at(0).timestamp(), end=at(4).timestamp(), clock=HELSINKI
    )

    assert drawn is not None
    steam, draw = drawn.rows
    assert [cell.level for cell in steam.cells] == [5, 5]
    assert [cell.level for cell in draw.cells] == [3, 3]
    assert steam.cells[0].text == "steam, 22 Nov 05:00: 60 % of the threshold"


def test_words_of_what_happened_close_together_are_never_over_each_other() -> None:
    plant = plant_of(*(score("pm3", n, 1.0) for n in range(100)))
    for minute in (2, 49, 51, 52, 98):
        plant.take_outcome(OutcomeSeen("pm3", at(minute), "break"))

    drawn = score_chart(
        plant.machines["pm3"],
        start=at(0).timestamp(),
        end=at(99).timestamp(),
        clock=HELSINKI,
        raised_at=at(50),
    )

    assert drawn is not None
    placed = [(one.text, one.word) for one in drawn.frame.events]
    assert [(text, word.down, word.anchor) for text, word in placed if word] == [
        ("raised", 12.0, "end"),
        ("break", 12.0, "end"),  # at the right end there is no room behind the line
        ("break", 12.0, "start"),
        ("break", 27.0, "start"),
        ("break", 27.0, "end"),
        ("break", 12.0, "start"),
    ]


def test_a_chart_is_thinned_out_but_keeps_the_peak() -> None:
    peak = 3333
    plant = plant_of(*(score("pm3", n, 9.0 if n == peak else 1.0) for n in range(5000)))

    drawn = score_chart(
        plant.machines["pm3"], start=at(0).timestamp(), end=at(4999).timestamp(), clock=HELSINKI
    )

    assert drawn is not None
    assert len(drawn.score) < 20_000
    heights = [float(y) for y in re.findall(r"[ML][\d.]+ ([\d.]+)", drawn.score)]
    assert min(heights) < 30 < sorted(heights)[1]


def test_times_are_marked_at_round_times_of_the_plant_over_the_change_of_the_clock() -> None:
    #  Helsinki puts its clocks back from 04:00 to 03:00 on 25 October 2026.
    start = at(0).replace(month=10, day=24, hour=21).timestamp()  # midnight there

    ticks = time_ticks(Scale(start, start + 7 * 3600, 0.0, 700.0), HELSINKI.zone)

    assert [tick.text for tick in ticks] == [
        *("25 Oct", "01:00", "02:00", "03:00", "03:00", "04:00", "05:00", "06:00"),
    ]
    assert [tick.at for tick in ticks] == [0, 100, 200, 300, 400, 500, 600, 700]
