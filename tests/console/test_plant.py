"""What the page knows of the plant, and for how long."""

import numpy as np
import pytest

from stream_detector.alerting.alert_state import State
from stream_detector.console import machine as machines
from stream_detector.console.machine import MachineRecord
from stream_detector.console.plant import OutcomeSeen, Plant
from stream_detector.console.ring import Ring
from stream_detector.pipeline.messages import Contributor
from tests.console.messages import at, fault, plant_of, reading, score, standing


@pytest.mark.parametrize("n_rows", [0, 1, 63, 64, 65, 99, 100, 101, 250])
def test_a_ring_keeps_the_newest_rows_in_their_order(n_rows: int) -> None:
    ring = Ring(np.dtype([("time", "f8")]), capacity=100)

    for time in range(n_rows):
        ring.append((float(time),))

    expected = list(range(n_rows))[-100:]
    assert ring.rows()["time"].tolist() == expected
    assert ring.newest(3)["time"].tolist() == expected[-3:]
    assert len(ring) == len(expected)


def test_a_score_that_comes_again_is_no_news() -> None:
    plant = plant_of(score("pm3", 0, 1.0), score("pm3", 2, 1.5))
    version = plant.version

    plant.take_score(score("pm3", 2, 1.5), received_at=at(2).timestamp())
    plant.take_score(score("pm3", 0, 1.0), received_at=at(3).timestamp())

    assert plant.version == version
    assert plant.machines["pm3"].scores.rows()["score"].tolist() == [1.0, 1.5]


def test_of_two_states_of_an_alert_the_higher_version_counts() -> None:
    plant = plant_of(
        standing("pm3", State.ACKNOWLEDGED, version=3), standing("pm3", State.NORMAL, version=2)
    )

    assert plant.alerts["pm3", "sheet-break"].state.state is State.ACKNOWLEDGED


def test_names_without_end_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stream_detector.console.plant.MAX_MACHINES", 2)

    plant = plant_of(*(score(f"pm{n}", 0, 1.0) for n in range(5)), standing("pm9"))

    assert list(plant.machines) == ["pm0", "pm1"]
    assert plant.alerts == {}


def test_readings_alone_make_no_machine_and_are_there_when_one_is_judged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("stream_detector.console.plant.MAX_MACHINES", 2)
    refused = [reading(name, 0, steam=1.0) for name in ("", "m" * 300)]

    plant = plant_of(*refused, reading("pm3", 0, steam=3.5), *refused[:1], score("pm3", 2, 1.0))

    assert list(plant.machines) == ["pm3"]
    _, values = plant.machines["pm3"].values("steam", start=0.0, end=at(4).timestamp())
    assert values.tolist() == [3.5]


def test_faults_of_a_feed_stand_until_each_sensor_is_well_again() -> None:
    plant = plant_of(
        fault("pm3", 0, "steam", "draw"), fault("pm3", 2), fault("pm3", 4, "steam", event="ended")
    )

    found = plant.machines["pm3"].faults

    assert [(one.kind, one.since, one.sensors) for one in found] == [
        ("stuck", at(0), ("draw",)),
        ("stuck", at(2), ()),
    ]


def test_a_machine_is_silent_after_five_of_its_usual_steps_and_ten_seconds() -> None:
    # A reading every 2 minutes, the last one at minute 18.
    machine = plant_of(*(score("pm3", 2 * n, 1.0) for n in range(10))).machines["pm3"]
    last = at(18).timestamp()

    assert machine.pulse.silent_since(last + 610) is None
    assert machine.pulse.silent_since(last + 611) == last


@pytest.mark.parametrize(
    ("minutes_apart", "step"),
    [
        pytest.param(0.0, 120, id="held-up-and-come-at-once"),
        pytest.param(5.0, 300, id="played-slowly"),
        pytest.param(0.1, 120, id="played-fast"),
    ],
)
def test_the_usual_step_is_the_longer_one_of_those_of_kafka_and_the_machine(
    minutes_apart: float, step: float
) -> None:
    machine = MachineRecord("pm3")
    for n in range(40):  # a reading every 2 minutes
        arrived = at(minutes_apart * n).timestamp()
        machine.take_score(score("pm3", 2 * n, 1.0), received_at=arrived)
    last = at(minutes_apart * 39).timestamp()

    assert machine.pulse.silent_since(last + 5 * step + 10) is None
    assert machine.pulse.silent_since(last + 5 * step + 11) == last


def test_a_machine_is_silent_since_its_last_reading_however_late_that_was_judged() -> None:
    #  minute    0 2 4 ... 18                 60
    #  readings  x x x     x
    #  scores    x x x                        x    a worker was started again
    machine = plant_of(
        *(reading("pm3", 2 * n, steam=3.5) for n in range(10)),
        *(score("pm3", 2 * n, 1.0) for n in range(9)),
    ).machines["pm3"]
    machine.take_score(score("pm3", 18, 1.0), received_at=at(60).timestamp())

    assert machine.pulse.silent_since(at(61).timestamp()) == at(18).timestamp()


def test_a_machine_whose_readings_are_judged_late_is_not_silent_while_they_come() -> None:
    plant = plant_of(score("pm3", -2, 1.0), *(reading("pm3", 2 * n, steam=3.5) for n in range(31)))
    machine = plant.machines["pm3"]
    for n in range(10):
        machine.take_score(score("pm3", 2 * n, 1.0), received_at=at(60).timestamp())

    assert machine.pulse.silent_since(at(61).timestamp()) is None


def test_a_machine_of_which_no_readings_come_here_is_silent_since_its_last_score() -> None:
    machine = plant_of(
        reading("pm3", 0, steam=3.5), *(score("pm3", 2 * n, 1.0) for n in range(10))
    ).machines["pm3"]

    assert machine.pulse.silent_since(at(28).timestamp()) is None


def test_of_a_machine_heard_thrice_nobody_knows_what_is_usual() -> None:
    machine = plant_of(*(score("pm3", n, 1.0) for n in range(3))).machines["pm3"]

    assert machine.pulse.silent_since(at(1e6).timestamp()) is None


def test_the_page_is_stale_when_every_machine_is_silent() -> None:
    #  minute    0 1 2 3 4 5 6 7 ...          20
    #  pm1       x x x x x x                       silent from minute 10 on
    #  pm2       x x x x x x ............. x       not silent
    both = [score(name, n, 1.0) for n in range(6) for name in ("pm1", "pm2")]
    plant = plant_of(*both)
    now = at(20).timestamp()

    everything_silent = plant.stale_since(now)
    plant.take_score(score("pm2", 20, 1.0), received_at=now)

    assert everything_silent == at(5).timestamp()
    assert plant.stale_since(now) is None


def test_a_machine_heard_once_keeps_no_page_live_for_longer_than_the_others() -> None:
    #  minute    0 1 2 3 4 5             usual: one a minute, so 5 min 10 s may pass
    #  pm1       x x x x x x
    #  pm-1                  x           a slip of the pen, at minute 6
    plant = plant_of(*(score("pm1", n, 1.0) for n in range(6)), score("pm-1", 6, 1.0))
    last = at(6).timestamp()

    assert plant.stale_since(last + 310) is None
    assert plant.stale_since(last + 311) == last


def test_a_break_that_is_told_makes_no_page_live_that_has_no_scores() -> None:
    plant = plant_of(*(score("pm1", n, 1.0) for n in range(6)))

    plant.take_outcome(OutcomeSeen("pm1", at(20), "break"))

    assert plant.stale_since(at(20).timestamp()) == at(5).timestamp()


def test_the_page_is_stale_when_kafka_does_not_answer() -> None:
    plant = Plant()
    plant.heard_at = 100.0

    assert plant.stale_since(106.0) is None
    assert plant.stale_since(106.1) == 100.0


def test_a_sensor_has_what_it_gave_and_what_was_expected_of_it() -> None:
    steam = Contributor("steam", 3.6, 3.0, "bar", 0.5)
    plant = plant_of(
        score("pm3", 0, 1.0, contributors=(steam,)),
        score("pm3", 2, 1.0, contributors=(Contributor("draw", None, 4.0, None, 0.9),)),
        reading("pm3", 0, steam=3.5),
        reading("pm3", 2, steam=None, draw=4.25),
        reading("pm3", 4, draw=4.5),
    )
    machine = plant.machines["pm3"]
    span = {"start": at(0).timestamp(), "end": at(4).timestamp()}

    times, values = machine.values("draw", **span)
    told_at, actual, expected = machine.expected("steam", **span)
    _, unknown, _ = machine.expected("no such sensor", **span)

    assert times.tolist() == [at(minute).timestamp() for minute in (0, 2, 4)]
    np.testing.assert_array_equal(values, [np.nan, 4.25, 4.5])
    np.testing.assert_array_equal(machine.values("steam", **span)[1], [3.5, np.nan, np.nan])
    assert (told_at.tolist(), expected.tolist()) == ([at(0).timestamp()], [3.0])
    assert actual.tolist() == pytest.approx([3.6])
    assert machine.units == {"steam": "bar"}
    assert unknown.tolist() == []


def test_sensors_beyond_the_first_ones_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machines, "MAX_SENSORS", 2)
    machine = MachineRecord("pm3")

    machine.take_reading(reading("pm3", 0, a=1.0, b=2.0, c=3.0), received_at=0.0)

    assert machine.sensors == ["a", "b"]
    assert machine.values("c", start=0, end=2e9)[1].tolist() != [3.0]
